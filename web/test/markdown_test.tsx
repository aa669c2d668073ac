// The renderer: what is Markdown looks like it, and nothing else ever comes into the page.
import { render } from 'preact'
import { act } from 'preact/test-utils'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { decoded, lex, safeAddress } from '../src/markdown/lexer'
import { counts, GrowingMarkdown, Markdown } from '../src/markdown/markdown'
import { hostile } from './hostile.mjs'

function shown(text: string): HTMLElement {
  const place = document.createElement('div')
  render(<Markdown text={text} />, place)
  return place
}

describe('Markdown', () => {
  it('has emphasis, code, lists, quotes and headings below those of the page', () => {
    const place = shown('# A\n\n**b** *c* ~~d~~ `e`\n\n- f\n- g\n\n3. h\n\n> i\n\n---')
    expect(place.querySelector('h3')?.textContent).toBe('A')
    expect(place.querySelector('h1, h2')).toBeNull()
    expect(['strong', 'em', 'del', 'code', 'li', 'blockquote', 'hr'].map((name) => place.querySelectorAll(name).length)).toEqual([1, 1, 1, 1, 3, 1, 1])
    expect(place.querySelector('ol')?.getAttribute('start')).toBe('3')
  })

  it('has tables with their alignment', () => {
    const place = shown('| a | b |\n|:-:|--:|\n| 1 | **2** |')
    expect([...place.querySelectorAll('th')].map((cell) => cell.className)).toEqual(['to-center', 'to-right'])
    expect(place.querySelector('td strong')?.textContent).toBe('2')
  })

  it('has code with its language', () => {
    const place = shown('```py\nprint(1)\n```')
    expect(place.querySelector('.language')?.textContent).toBe('py')
    expect(place.querySelector('pre code')?.textContent).toBe('print(1)')
  })

  it('reads formulas before escapes and emphasis', () => {
    const kinds = (text: string) => JSON.stringify(lex(text)).match(/"type":"math","raw":"[^"]*","text":"((?:[^"\\]|\\.)*)"/g)?.length ?? 0
    expect(kinds('$a_1*b_2*c$')).toBe(1)
    expect(kinds('$$\n\\frac{1}{2}\n$$')).toBe(1)
    expect(kinds('\\(x\\) and \\[y\\]')).toBe(2)
    expect(kinds('It costs $5 and $6.')).toBe(0)
    expect(kinds('from $HOME to $PATH')).toBe(0)
    expect(kinds('`$a$`')).toBe(0)
    expect(kinds('```\n$a$\n```')).toBe(0)
    const token = lex('$a_1 \\times b_2$')[0] as unknown as { tokens: { text: string }[] }
    expect(token.tokens[0]!.text).toBe('a_1 \\times b_2')
  })

  it('reads entities as text', () => {
    expect(decoded('&lt;b&gt; &#38; &#x26; &nosuch; &constructor; &#0; &#xD800;')).toBe('<b> & & &nosuch; &constructor; \ufffd \ufffd')
    expect(shown('&lt;b&gt;x&lt;/b&gt;').querySelector('b')).toBeNull()
    expect(shown('&lt;b&gt;').textContent).toBe('<b>')
  })

  it('leads nowhere but to the web and mail', () => {
    for (const address of ['http://a.example', 'https://a.example/x?y#z', 'mailto:a@b.example']) expect(safeAddress(address)).toBeTruthy()
    for (const address of ['javascript:1', ' javascript:1', 'JAVASCRIPT:1', 'java\nscript:1', 'java&#9;script:1', 'data:,x', 'file:///x', '/x', '#x', '//x', 'x', '', 'blob:http://x'])
      expect(safeAddress(address), address).toBeUndefined()
    const link = shown('[a](https://a.example)').querySelector('a')!
    expect(link.rel).toContain('noopener')
    expect(link.getAttribute('href')).toBe('https://a.example/')
  })

  it('shows HTML as it was written', () => {
    for (const text of ['<b>x</b>', 'a <i>b</i> c', '<div>\nx\n</div>']) {
      const place = shown(text)
      expect(place.querySelector('b, i, div')).toBeNull()
      expect(place.textContent).toBe(text)
    }
    expect(shown('a<br>b').querySelector('br')).not.toBeNull()
  })
})

describe('a growing answer', () => {
  afterEach(() => vi.unstubAllGlobals())

  it('of 20 KB that comes at once has one block parsed per frame at most, and ends as a finished one', async () => {
    let frames: ((now: number) => void)[] = []
    let now = 0
    vi.stubGlobal('requestAnimationFrame', (work: (now: number) => void) => frames.push(work))
    vi.stubGlobal('cancelAnimationFrame', () => {})
    const text = Array.from({ length: 60 }, (_, at) => `## ${at}\n\nSome **bold** text and \`code\`.\n\n- one\n- two\n\n| a | b |\n|--|--|\n| 1 | 2 |\n\n\`\`\`\nlet a = ${at}\n\`\`\`\n\nIt costs $${at}. ${'word '.repeat(50)}`).join('\n\n')
    expect(text.length).toBeGreaterThan(20_000)
    const place = document.createElement('div')
    let most = 0
    const frame = async () => {
      const due = frames
      frames = []
      const before = counts.parsed
      now += 16
      await act(() => due.forEach((work) => work(now)))
      most = Math.max(most, counts.parsed - before)
      return due.length
    }
    await act(() => render(<GrowingMarkdown text={text} growing />, place))
    for (let count = 0; count < 50; count += 1) await frame()
    await act(() => render(<GrowingMarkdown text={text} growing={false} />, place))
    while (await frame());
    expect(most).toBe(1)
    expect(place.innerHTML).toBe(shown(text).innerHTML)
  }, 60_000)
})

const allowed = new Set(
  'P STRONG EM DEL CODE PRE UL OL LI BLOCKQUOTE HR H3 H4 H5 H6 TABLE THEAD TBODY TR TH TD A BR SPAN FIGURE FIGCAPTION BUTTON DIV INPUT svg path'.split(' '),
)
const attributes = new Set(
  'class href rel target title tabindex aria-label scope start role type disabled checked viewBox width height aria-hidden focusable d fill stroke stroke-width stroke-linecap stroke-linejoin'.split(' '),
)

describe('hostile texts', () => {
  it('are of more than sixty kinds', () => expect(hostile.length).toBeGreaterThan(60))

  it.each(hostile as [string, string][])('%s', (_name, text) => {
    const begun = performance.now()
    const place = shown(text)
    const took = performance.now() - begun
    for (const element of place.querySelectorAll('*')) {
      expect(allowed.has(element.tagName) || allowed.has(element.tagName.toLowerCase()), element.tagName).toBe(true)
      for (const { name } of element.attributes) expect(attributes.has(name), `${element.tagName} ${name}`).toBe(true)
      if (element.tagName === 'A') expect(element.getAttribute('href')).toMatch(/^(https?|mailto):/)
    }
    expect(took).toBeLessThan(3000)
  })
})
