// Why: the page's one live region, for those who listen. It gets whole sentences, a few at a time, and never every token.
import { signal } from '@preact/signals'
import { t } from '../words'

export const announced = signal('')
let odd = false

// The same words twice are two announcements: the region's text must differ for that.
export function announce(words: string) {
  odd = !odd
  announced.value = words + (odd ? '' : '\u00a0')
}

const every = 1500

// What is spoken of Markdown.
export function spoken(text: string): string {
  return text
    .replace(/```[^\n]*\n[^]*?(?:```|$)/g, ' ' + t('speech.code') + ' ')
    .replace(/!?\[([^\]]*)\]\([^)]*\)/g, '$1')
    .replace(/[*_`#>|~]+/g, '')
    .replace(/\s+/g, ' ')
    .trim()
}

// Where the last whole sentence of a text ends; 0: there is none. Inside of code there are none.
export function sentencesEnd(text: string): number {
  const open = text.split('```').length % 2 === 0
  const scope = open ? text.slice(0, text.lastIndexOf('```')) : text
  let end = 0
  for (const found of scope.matchAll(/[.!?…:](?=[\s"'”’)])|[。！？]|\n/g)) end = found.index + found[0].length
  return end
}

// The way of one answer into the region.
export function announceAnswer() {
  let waiting = ''
  let last = 0
  const say = (text: string) => {
    const words = spoken(text)
    if (words) announce(words)
    last = performance.now()
  }
  return {
    add(text: string) {
      waiting += text
      if (performance.now() - last < every) return
      const end = sentencesEnd(waiting)
      if (!end) return
      say(waiting.slice(0, end))
      waiting = waiting.slice(end)
    },
    end(error = '') {
      say(error ? waiting + ' ' + error : waiting + ' ' + t('speech.end'))
      waiting = ''
    },
  }
}
