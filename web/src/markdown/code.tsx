// Why: a block of code, with its language, colours and a button that copies it.
// What holds: characters that change the direction of text, and so show other code than a compiler reads, are shown as
// marks. Long code, and code that is still growing, stays without colours.
import { signal } from '@preact/signals'
import { memo } from '../parts/memo'
import type { ComponentChildren } from 'preact'
import type { Token } from 'prismjs'
import { CopyButton } from '../parts/copy'
import { t } from '../words'

type Tokenize = (text: string, language: string) => (string | Token)[] | undefined
const tokenize = signal<Tokenize | undefined>(undefined)
let asked = false

function load() {
  if (asked) return
  asked = true
  import('./prism').then((found) => (tokenize.value = found.tokensOf), () => (asked = false))
}

const longest = 30_000
const longestLine = 2_000
const turning = /[\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]/

function marked(text: string): ComponentChildren {
  if (!turning.test(text)) return text
  return text.split(/([\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069])/).map((part) =>
    part.length === 1 && turning.test(part) ? (
      <span class="turning">{'U+' + part.charCodeAt(0).toString(16).toUpperCase().padStart(4, '0')}</span>
    ) : (
      part
    ),
  )
}

function colored(tokens: (string | Token)[], level = 0): ComponentChildren {
  return tokens.map((token) => {
    if (typeof token === 'string') return marked(token)
    const inner = token.content
    const list = typeof inner === 'string' ? [inner] : Array.isArray(inner) ? inner : [inner]
    return <span class={`k-${token.type}`}>{level < 20 ? colored(list, level + 1) : String(inner)}</span>
  })
}

function colorsOf(text: string, language: string, read: Tokenize | undefined): ComponentChildren {
  if (!read || text.length > longest || text.split('\n').some((line) => line.length > longestLine)) return marked(text)
  try {
    const tokens = read(text, language)
    return tokens ? colored(tokens) : marked(text)
  } catch {
    return marked(text)
  }
}

export const CodeBlock = memo(function CodeBlock(props: { text: string; language: string; open: boolean }) {
  const language = (props.language.trim().split(/[\s{,]/)[0] ?? '').toLowerCase().slice(0, 20)
  const read = tokenize.value
  if (language && !read) load()
  const plain = !language || (props.open && props.text.length > 4000)
  return (
    <figure class="code">
      <figcaption>
        <span class="language">{language || t('md.code')}</span>
        <CopyButton text={() => props.text} label={t('md.copy-code')} />
      </figcaption>
      <pre tabIndex={0} aria-label={t('md.code')}>
        <code>{plain ? marked(props.text) : colorsOf(props.text, language, read)}</code>
      </pre>
    </figure>
  )
})
