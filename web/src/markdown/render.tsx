// Why: tokens become nodes. Whatever a model wrote is text, or one of the few elements below, without attributes of its
// own except the address of a link, which leads to http, https or mailto only. Pictures become links: loading them would
// tell their server who reads.
import type { ComponentChildren, VNode } from 'preact'
import type { Tokens } from 'marked'
import { CodeBlock } from './code'
import { childrenOf, decoded, safeAddress, type MathToken, type Piece } from './lexer'
import { Formula } from './math'
import { t } from '../words'

type Nodes = ComponentChildren

export function nodesOf(pieces: Piece[], open = false): Nodes {
  return pieces.map((piece, at) => nodeOf(piece, open && at === pieces.length - 1))
}

const inside = (piece: Piece) => nodesOf(childrenOf(piece))

// `open`: more of it may still come.
function nodeOf(piece: Piece, open: boolean): Nodes {
  switch (piece.type) {
    case 'space':
    case 'def':
      return null
    case 'code':
      return <CodeBlock text={(piece as Tokens.Code).text} language={(piece as Tokens.Code).lang ?? ''} open={open} />
    case 'heading':
      return heading(piece as Tokens.Heading)
    case 'hr':
      return <hr />
    case 'blockquote':
      return <blockquote>{inside(piece)}</blockquote>
    case 'list':
      return list(piece as Tokens.List)
    case 'checkbox':
      return <input type="checkbox" disabled checked={(piece as Tokens.Checkbox).checked} aria-label={t('md.task')} />
    case 'table':
      return table(piece as Tokens.Table)
    case 'paragraph':
      return <p>{inside(piece)}</p>
    case 'math':
      return <Formula text={(piece as MathToken).text} display={(piece as MathToken).display} />
    default:
      return inlineNodeOf(piece)
  }
}

function inlineNodeOf(piece: Piece): Nodes {
  switch (piece.type) {
    case 'strong':
      return <strong>{inside(piece)}</strong>
    case 'em':
      return <em>{inside(piece)}</em>
    case 'del':
      return <del>{inside(piece)}</del>
    case 'codespan':
      return <code>{(piece as Tokens.Codespan).text}</code>
    case 'br':
      return <br />
    case 'link':
      return link((piece as Tokens.Link).href, inside(piece))
    case 'image':
      return link((piece as Tokens.Image).href, t('md.picture', decoded((piece as Tokens.Image).text || '…')))
    case 'html':
      return /^<br\s*\/?>$/i.test(piece.raw.trim()) ? <br /> : piece.raw
    case 'plain':
      return <p class="plain">{piece.raw}</p>
    case 'escape':
      return (piece as Tokens.Escape).text
    case 'text':
      return childrenOf(piece).length ? inside(piece) : decoded((piece as Tokens.Text).text)
    default:
      return piece.raw
  }
}

// The page's own headings end at the third level.
function heading(piece: Tokens.Heading): VNode {
  const Level = `h${Math.min(6, piece.depth + 2)}` as 'h3'
  return <Level class={`md-h${piece.depth}`}>{inside(piece)}</Level>
}

function list(piece: Tokens.List): VNode {
  const items = piece.items.map((item) => <li class={item.task ? 'task' : undefined}>{inside(item)}</li>)
  return piece.ordered ? <ol start={Number(piece.start) || undefined}>{items}</ol> : <ul>{items}</ul>
}

function table(piece: Tokens.Table): VNode {
  const aligned = (cell: Tokens.TableCell) => (cell.align ? `to-${cell.align}` : undefined)
  return (
    <div class="table" role="group" tabIndex={0} aria-label={t('md.table')}>
      <table>
        <thead>
          <tr>
            {piece.header.map((cell) => (
              <th scope="col" class={aligned(cell)}>
                {inside(cell as unknown as Piece)}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {piece.rows.map((row) => (
            <tr>
              {row.map((cell) => (
                <td class={aligned(cell)}>{inside(cell as unknown as Piece)}</td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  )
}

function link(address: string, words: Nodes): Nodes {
  const href = safeAddress(address)
  if (!href) return <span class="no-link">{words}</span>
  return (
    <a href={href} rel="noopener noreferrer nofollow" target="_blank" title={href}>
      {words}
    </a>
  )
}
