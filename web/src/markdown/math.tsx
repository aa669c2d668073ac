// Why: formulas. Temml reads TeX and gives a tree, of which only elements and attributes of MathML that are listed here
// come into the page; so nothing that it makes of hostile TeX can be anything else.
// What holds: what cannot be read is shown as it was written.
import { signal } from '@preact/signals'
import { useLayoutEffect, useRef } from 'preact/hooks'

interface TreeNode {
  type?: string
  text?: string
  attributes?: Record<string, unknown>
  style?: Record<string, string>
  classes?: string[]
  children?: TreeNode[]
}

type Reader = (text: string, options: object) => TreeNode
const reader = signal<Reader | undefined>(undefined)
let asked = false

function load() {
  if (asked) return
  asked = true
  import('temml').then((found) => {
    const temml = (found.default ?? found) as unknown as { __renderToMathMLTree: Reader }
    reader.value = temml.__renderToMathMLTree
  }, () => (asked = false))
}

const elements = new Set(
  ('math mi mn mo ms mtext mspace mrow mfrac msqrt mroot mstyle merror mpadded mphantom menclose msub msup msubsup munder ' +
    'mover munderover mmultiscripts mprescripts none mtable mtr mtd maction semantics').split(' '),
)
const attributes = new Set(
  ('display displaystyle scriptlevel mathvariant stretchy fence separator form lspace rspace minsize maxsize largeop symmetric ' +
    'movablelimits accent accentunder linethickness width height depth voffset columnalign rowspacing columnspacing ' +
    'columnlines rowlines notation mathsize mathcolor mathbackground').split(' '),
)
const styles = new Set(
  ('color background-color border border-top border-bottom border-left border-right padding padding-left padding-right ' +
    'padding-top padding-bottom margin-left margin-right text-align vertical-align font-weight font-style width').split(' '),
)
const space = 'http://www.w3.org/1998/Math/MathML'

function append(to: Element, node: TreeNode) {
  if (node.text !== undefined && !node.type) {
    to.append(node.text)
    return
  }
  let inner = to
  if (node.type && elements.has(node.type)) {
    inner = document.createElementNS(space, node.type)
    for (const [name, value] of Object.entries(node.attributes ?? {}))
      if (attributes.has(name)) inner.setAttribute(name, String(value))
    applyStyles(inner as HTMLElement, node.style ?? {})
    const classes = (node.classes ?? []).filter((name) => /^tml-[a-z-]+$/.test(name))
    if (classes.length) inner.setAttribute('class', classes.join(' '))
    to.append(inner)
  }
  for (const child of node.children ?? []) append(inner, child)
}

// Through element.style, which the content security policy allows.
function applyStyles(element: HTMLElement, wanted: Record<string, string>) {
  for (const [name, value] of Object.entries(wanted)) {
    const dashed = name.replace(/[A-Z]/g, (letter) => '-' + letter.toLowerCase())
    if (styles.has(dashed) && !/url|\(/i.test(String(value))) element.style?.setProperty(dashed, String(value))
  }
}

export function mathNodes(read: Reader, text: string, display: boolean): Element | undefined {
  try {
    const tree = read(text, {
      displayMode: display, trust: false, throwOnError: true, strict: false, maxExpand: 500, maxSize: [20, 20], annotate: false,
    })
    const holder = document.createElement('span')
    append(holder, tree)
    return holder.firstElementChild ?? undefined
  } catch {
    return undefined
  }
}

export function Formula({ text, display }: { text: string; display: boolean }) {
  const place = useRef<HTMLSpanElement>(null)
  const read = reader.value
  if (!read) load()
  useLayoutEffect(() => {
    const made = read && text.length <= 8000 ? mathNodes(read, text, display) : undefined
    place.current?.replaceChildren(made ?? text)
    place.current?.classList.toggle('unread', !!read && !made)
  }, [read, text, display])
  return <span ref={place} class={display ? 'formula display' : 'formula'} />
}
