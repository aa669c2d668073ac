// How a growing answer is cut: whatever the pieces in which it comes, the blocks are the same.
import { describe, expect, it } from 'vitest'
import { blocksOf, BlockSplitter, closed } from '../src/markdown/blocks'
import { nextShown } from '../src/markdown/markdown'

const texts = [
  'one\n\ntwo\n\nthree',
  '```\na\n\nb\n```\n\nafter',
  '~~~~\n```\n\n~~~\n\n~~~~\n\nafter',
  '- a\n\n- b\n\n- c\n\nafter',
  '1. a\n\n   more\n\n2. b\n\nafter',
  '$$\na\n\nb\n$$\n\nafter',
  '\\[\na\n\nb\n\\]\n\nafter',
  '| a |\n|---|\n| 1 |\n\nafter\n\n\n\nend\n',
  '```\nnever ends\n\nx',
  '\n\n\nfirst',
]

describe('blocks', () => {
  it('put together are the text', () => {
    for (const text of texts) expect(blocksOf(text).join('')).toBe(text)
  })

  it('are the same however the text comes', () => {
    for (const text of texts) {
      for (const size of [1, 2, 3, 7]) {
        const splitter = new BlockSplitter()
        for (let end = size; end < text.length + size; end += size) splitter.feed(text.slice(0, end))
        expect([...splitter.blocks, splitter.rest].filter(Boolean)).toEqual(blocksOf(text))
      }
    }
  })

  it('keep together what belongs together', () => {
    expect(blocksOf(texts[1]!)).toEqual(['```\na\n\nb\n```\n\n', 'after'])
    expect(blocksOf(texts[2]!)).toHaveLength(2)
    expect(blocksOf(texts[3]!)).toEqual(['- a\n\n- b\n\n- c\n\n', 'after'])
    expect(blocksOf(texts[4]!)).toHaveLength(2)
    expect(blocksOf(texts[5]!)).toHaveLength(2)
    expect(blocksOf(texts[6]!)).toHaveLength(2)
  })

  it('begin anew with another text', () => {
    const splitter = new BlockSplitter()
    splitter.feed('a\n\nb')
    splitter.feed('c')
    expect(splitter.blocks).toEqual([])
    expect(splitter.rest).toBe('c')
  })

  it('close for display what is open', () => {
    expect(closed('a **b')).toBe('a **b**')
    expect(closed('a **b**')).toBe('a **b**')
    expect(closed('a `b')).toBe('a `b`')
    expect(closed('a `**` b')).toBe('a `**` b')
    expect(closed('```\n**a')).toBe('```\n**a')
    expect(closed('$$\nx')).toBe('$$\nx\n$$')
    expect(closed('a **')).toBe('a **')
  })

  it('come one per frame, however many there are', () => {
    const splitter = new BlockSplitter()
    splitter.feed(Array.from({ length: 200 }, (_, at) => `Paragraph ${at}.`).join('\n\n'))
    let shown = { whole: 0, rest: '' }
    let frames = 0
    for (let next = nextShown(splitter, shown); next; next = nextShown(splitter, shown)) {
      const fresh = next.whole - shown.whole + (next.rest && next.rest !== shown.rest ? 1 : 0)
      expect(fresh).toBe(1)
      shown = next
      frames += 1
    }
    expect(frames).toBe(200)
    expect(shown).toEqual({ whole: 199, rest: splitter.rest })
  })
})
