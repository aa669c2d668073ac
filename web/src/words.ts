// Why: the page in words: every sentence in every language, looked up by name. The sentences themselves stand in
// words_table.ts.
import { effect } from '@preact/signals'
import { kept } from './parts/memory'
import { table } from './words_table'

export const languages = [
  { id: 'en', name: 'English' },
  { id: 'de', name: 'Deutsch' },
  { id: 'zh', name: '中文' },
] as const
export type Language = (typeof languages)[number]['id']
export type WordKey = keyof typeof table

const ids = languages.map(({ id }) => id)

// The first of the person's languages that the page speaks.
export function bestLanguage(wanted: readonly string[]): Language {
  for (const each of wanted) {
    const id = each.slice(0, 2).toLowerCase()
    if ((ids as string[]).includes(id)) return id as Language
  }
  return 'en'
}

export const language = kept<Language>('language', ids, bestLanguage(globalThis.navigator?.languages ?? []))

let column = 0
effect(() => void (column = ids.indexOf(language.value)))

// Whoever calls this while it draws is drawn again in the next language.
export function t(key: WordKey, ...given: (string | number)[]): string {
  void language.value
  const words = table[key][column] ?? table[key][0]
  return given.length ? words.replace(/\{(\d)\}/g, (_, at: string) => String(given[Number(at)] ?? '')) : words
}

// For names that come from elsewhere.
export const wordOr = (key: string, other: string): string => (Object.hasOwn(table, key) ? t(key as WordKey) : other)

// Words that were kept: as they are, or the name of such words after an "@".
export const saved = (words: string): string => (words.startsWith('@') ? wordOr(words.slice(1), words) : words)
