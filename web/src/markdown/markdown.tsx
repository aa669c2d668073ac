// Why: a message as nodes. A finished one is cut into blocks that are parsed once; a growing one shows per frame one
// block more, or its open end anew, and never parses more than one block in a frame.
import { useEffect, useMemo, useRef, useState } from 'preact/hooks'
import { memo } from '../parts/memo'
import { BlockSplitter, blocksOf, closed } from './blocks'
import { lex } from './lexer'
import { nodesOf } from './render'

export const counts = { parsed: 0 } // blocks, for tests and measurements

function parse(text: string) {
  counts.parsed += 1
  return lex(text)
}

const Block = memo(function Block({ text, open }: { text: string; open: boolean }) {
  return <>{nodesOf(parse(open ? closed(text) : text), open)}</>
})

export const Markdown = memo(function Markdown({ text }: { text: string }) {
  const blocks = useMemo(() => blocksOf(text), [text])
  return (
    <>
      {blocks.map((block, at) => (
        <Block key={at} text={block} open={false} />
      ))}
    </>
  )
})

interface Shown {
  whole: number
  rest: string
}

// What the next frame shows: one block more, or the open end.
export function nextShown(splitter: BlockSplitter, now: Shown): Shown | undefined {
  if (now.whole < splitter.blocks.length) return { whole: now.whole + 1, rest: '' }
  return now.rest === splitter.rest ? undefined : { whole: now.whole, rest: splitter.rest }
}

// `growing` ends with the last of it: the end is parsed once more then, since nothing has to be closed for display.
export function GrowingMarkdown({ text, growing }: { text: string; growing: boolean }) {
  const splitter = useRef<BlockSplitter>(undefined)
  splitter.current ??= new BlockSplitter()
  splitter.current.feed(text)
  const shown = useRef<Shown>({ whole: 0, rest: '' })
  const frame = useRef(0)
  const resting = useRef(0) // until when a long end is not parsed again, so that other work has its turn
  const [, draw] = useState(0)
  useEffect(() => {
    if (frame.current || !nextShown(splitter.current!, shown.current)) return
    const step = (now: number) => {
      const next = nextShown(splitter.current!, shown.current)
      if (next && next.whole === shown.current.whole && now < resting.current) {
        frame.current = requestAnimationFrame(step)
        return
      }
      frame.current = 0
      if (!next) return
      resting.current = now + Math.min(500, next.rest.length / 100)
      shown.current = next
      draw((count) => count + 1)
    }
    frame.current = requestAnimationFrame(step)
  })
  useEffect(() => () => cancelAnimationFrame(frame.current), [])
  const { whole, rest } = shown.current
  return (
    <>
      {splitter.current.blocks.slice(0, whole).map((block, at) => (
        <Block key={at} text={block} open={false} />
      ))}
      {rest && <Block key={whole} text={rest} open={growing || rest !== splitter.current.rest} />}
    </>
  )
}
