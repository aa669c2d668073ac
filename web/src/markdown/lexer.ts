// Why: a model's words become tokens here, and tokens become nodes (render.tsx). No string of HTML is ever made.
// What holds: any text gives tokens, in reasonable time. What nests too deeply, is too long or makes the lexer fail comes
// back as one token of plain text. Formulas are read before escapes and emphasis, which would eat their \, _ and *.
import { Lexer, Marked, type Token, type TokenizerExtension } from 'marked'

export const longestBlock = 60_000 // characters of a block that is still parsed
const deepest = 40

export interface MathToken {
  type: 'math'
  raw: string
  text: string
  display: boolean
}

export interface PlainToken {
  type: 'plain'
  raw: string
  text: string
}

export type Piece = Token | MathToken | PlainToken

function math(raw: string, text: string, display: boolean): MathToken | undefined {
  return text.trim() ? { type: 'math', raw, text: text.trim(), display } : undefined
}

const blockMath: TokenizerExtension = {
  name: 'blockMath',
  level: 'block',
  start: (source) => source.match(/^ {0,3}(?:\$\$|\\\[)/m)?.index,
  tokenizer(source) {
    const found = /^ {0,3}(?:\$\$([^$]{1,8000}?)\$\$|\\\[([^]{1,8000}?)\\\])[ \t]*(?:\n|$)/.exec(source)
    return found ? math(found[0], found[1] ?? found[2] ?? '', true) : undefined
  },
}

const inlineMath: TokenizerExtension = {
  name: 'inlineMath',
  level: 'inline',
  start: (source) => source.match(/\$|\\\(|\\\[/)?.index,
  tokenizer(source) {
    const long = /^(?:\$\$([^$]{1,8000}?)\$\$|\\\[([^]{1,8000}?)\\\])/.exec(source)
    if (long) return math(long[0], long[1] ?? long[2] ?? '', true)
    // A dollar is one of money if a blank follows it, or a digit the second one.
    const short = /^(?:\$(?![\s$])([^$\n]{0,2000}?[^\s$\\])\$(?!\d)|\\\(([^]{1,2000}?)\\\))/.exec(source)
    return short ? math(short[0], short[1] ?? short[2] ?? '', false) : undefined
  },
}

const { defaults } = new Marked({ gfm: true }).use({ extensions: [blockMath, inlineMath] })

const plain = (text: string): PlainToken[] => [{ type: 'plain', raw: text, text }]

// Before the lexer is asked: it recurses for every level.
function nestsTooDeeply(text: string) {
  if (/^(?:[ \t]*>){40}/m.test(text)) return true
  if (/^(?:[ \t]*(?:[-*+]|\d{1,9}[.)])[ \t]+){40}/m.test(text)) return true
  return /[[!*_~$]{200}|(?:\[[^\]\n]?){60}/.test(text)
}

// What the lexer compares with all that follows it: more than this costs seconds, and no person writes so.
const tooManyMarks = (text: string) => text.length > 6000 && (text.match(/[*_$]/g)?.length ?? 0) > 3000 && !/^ {0,3}(?:```|~~~)/.test(text)


export function lex(text: string): Piece[] {
  if (text.length > longestBlock || nestsTooDeeply(text) || tooManyMarks(text)) return plain(text)
  try {
    const tokens = new Lexer(defaults).lex(text) as Piece[]
    return depthOf(tokens, 0) > deepest ? plain(text) : tokens
  } catch {
    return plain(text)
  }
}

export function childrenOf(piece: Piece): Piece[] {
  const found = piece as { tokens?: Piece[]; items?: Piece[] }
  return found.tokens ?? found.items ?? []
}

function depthOf(pieces: Piece[], level: number): number {
  if (level > deepest) return level
  return pieces.reduce((most, piece) => Math.max(most, depthOf(childrenOf(piece), level + 1)), level)
}

const named: Record<string, string> = {
  amp: '&', lt: '<', gt: '>', quot: '"', apos: "'", nbsp: '\u00a0', copy: '©', reg: '®', trade: '™', hellip: '…', mdash: '—',
  ndash: '–', lsquo: '‘', rsquo: '’', ldquo: '“', rdquo: '”', laquo: '«', raquo: '»', bull: '•', middot: '·', times: '×',
  divide: '÷', plusmn: '±', deg: '°', euro: '€', pound: '£', yen: '¥', cent: '¢', sect: '§', para: '¶', larr: '←', uarr: '↑',
  rarr: '→', darr: '↓', harr: '↔', le: '≤', ge: '≥', ne: '≠', asymp: '≈', infin: '∞', sum: '∑', radic: '√', alpha: 'α',
  beta: 'β', gamma: 'γ', delta: 'δ', lambda: 'λ', mu: 'µ', pi: 'π', sigma: 'σ', omega: 'ω', auml: 'ä', ouml: 'ö', uuml: 'ü',
  szlig: 'ß', eacute: 'é', egrave: 'è', agrave: 'à', ccedil: 'ç', ntilde: 'ñ',
}

// The usual entities; others stay as they are written. What comes out is text, whatever it looks like.
export function decoded(text: string): string {
  if (!text.includes('&')) return text
  return text.replace(/&(?:#(\d{1,7})|#[xX]([0-9a-fA-F]{1,6})|([a-zA-Z]{2,8}));/g, (whole, decimal, hex, name) => {
    if (name) return Object.hasOwn(named, name) ? named[name]! : whole
    const code = decimal ? Number(decimal) : parseInt(hex, 16)
    return code > 0 && code <= 0x10ffff && !(code >= 0xd800 && code < 0xe000) ? String.fromCodePoint(code) : '\ufffd'
  })
}

// Where a link of a model may lead; undefined: nowhere, and it is shown as text.
export function safeAddress(address: string): string | undefined {
  try {
    const url = new URL(decoded(address).trim())
    return ['http:', 'https:', 'mailto:'].includes(url.protocol) ? url.href : undefined
  } catch {
    return undefined
  }
}
