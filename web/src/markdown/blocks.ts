// Why: while an answer grows, only its last block may cost anything. So its text is cut into blocks that are whole, each
// of which is parsed once, and a rest that is parsed again as it grows.
// What holds: the blocks and the rest, put together, are the text. A block ends at a blank line outside fenced code and
// formulas, if what follows it cannot belong to what stands before it: a further item of a list, or an indented line.

const fenceStart = /^ {0,3}(`{3,}|~{3,})/
const maybeItem = /^(?:[-*+]|\d{1,9}[.)]?)$/ // what may become one
const listItem = /^ {0,3}(?:[-*+]|\d{1,9}[.)])(?:\s|$)/

export class BlockSplitter {
  readonly blocks: string[] = []
  rest = ''
  private text = ''
  private blockStart = 0
  private lineStart = 0
  private fence = '' // what ends the open fence or formula; empty outside of both
  private blank = false // whether the line before is blank, and so the next one may begin a block
  private inList = false // whether the block that is open begins with an item

  // `text` is what was given before, and more.
  feed(text: string) {
    if (!text.startsWith(this.text)) this.reset()
    this.text = text
    for (let end = text.indexOf('\n', this.lineStart); end >= 0; end = text.indexOf('\n', this.lineStart)) {
      this.takeLine(text.slice(this.lineStart, end))
      this.lineStart = end + 1
    }
    this.takeOpenLine(text.slice(this.lineStart, this.lineStart + 20))
    this.rest = text.slice(this.blockStart)
  }

  private reset() {
    this.blocks.length = 0
    this.blockStart = this.lineStart = 0
    this.fence = ''
    this.blank = this.inList = false
  }

  private takeLine(line: string) {
    if (this.fence) {
      if (endsFence(line, this.fence)) this.fence = ''
      this.blank = false
      return
    }
    if (!line.trim()) {
      this.blank = true
      return
    }
    if (this.blank && this.mayBegin(line)) this.cut()
    if (this.lineStart === this.blockStart) this.inList = listItem.test(line)
    this.blank = false
    this.fence = fenceOf(line)
  }

  // A line that still grows begins a block as soon as it cannot be an item of the list before it.
  private takeOpenLine(start: string) {
    if (this.fence || !this.blank || !start || (this.inList && maybeItem.test(start))) return
    if (this.mayBegin(start)) this.cut()
  }

  private mayBegin(line: string) {
    if (/^\s/.test(line)) return false
    return !(this.inList && listItem.test(line))
  }

  private cut() {
    if (this.lineStart === this.blockStart) return
    this.blocks.push(this.text.slice(this.blockStart, this.lineStart))
    this.blockStart = this.lineStart
  }
}

function fenceOf(line: string) {
  const code = fenceStart.exec(line)
  if (code) return code[1]!
  const start = line.trim()
  if (start.startsWith('$$')) return start.indexOf('$$', 2) < 0 ? '$$' : ''
  return start.startsWith('\\[') && !start.includes('\\]') ? '\\]' : ''
}

function endsFence(line: string, fence: string) {
  if (fence === '$$' || fence === '\\]') return line.includes(fence)
  const found = fenceStart.exec(line)
  return !!found && found[1]![0] === fence[0] && found[1]!.length >= fence.length && line.trim() === found[1]
}

export function blocksOf(text: string): string[] {
  const splitter = new BlockSplitter()
  splitter.feed(text)
  return splitter.rest ? [...splitter.blocks, splitter.rest] : splitter.blocks.slice()
}

// The rest of a growing answer, made so that what is not closed yet does not flicker: an open fence, formula or emphasis
// is closed for display.
export function closed(rest: string): string {
  const lines = rest.split('\n')
  let fence = ''
  for (const line of lines) {
    if (fence) {
      if (endsFence(line, fence)) fence = ''
    } else {
      fence = fenceOf(line)
    }
  }
  if (fence === '$$' || fence === '\\]') return rest + '\n' + fence
  if (fence) return rest
  return rest + closingMarks(lines[lines.length - 1]!)
}

function closingMarks(line: string) {
  if (line.length > 4000) return ''
  const outside = line.replace(/\\./g, '').replace(/`+[^`]*`+/g, '')
  if (outside.includes('`')) return '`'
  const strong = outside.split('**').length - 1
  return strong % 2 === 1 && !/\*\*\s*$/.test(outside) ? '**' : ''
}
