// Prism's languages, in a file of their own that is loaded with the first block of code. Its components find each other
// through a global name.
import './prism_core'
import 'prismjs/components/prism-markup'
import 'prismjs/components/prism-css'
import 'prismjs/components/prism-clike'
import 'prismjs/components/prism-javascript'
import 'prismjs/components/prism-typescript'
import 'prismjs/components/prism-python'
import 'prismjs/components/prism-bash'
import 'prismjs/components/prism-json'
import 'prismjs/components/prism-c'
import 'prismjs/components/prism-cpp'
import 'prismjs/components/prism-rust'
import 'prismjs/components/prism-go'
import 'prismjs/components/prism-java'
import 'prismjs/components/prism-sql'
import 'prismjs/components/prism-yaml'
import 'prismjs/components/prism-toml'
import 'prismjs/components/prism-diff'
import type { Grammar, Token } from 'prismjs'

interface PrismCore {
  languages: Record<string, Grammar>
  tokenize(text: string, grammar: Grammar): (string | Token)[]
}

const prism = (globalThis as unknown as { Prism: PrismCore }).Prism

const others: Record<string, string> = {
  js: 'javascript', jsx: 'javascript', mjs: 'javascript', ts: 'typescript', tsx: 'typescript', py: 'python', sh: 'bash',
  shell: 'bash', zsh: 'bash', console: 'bash', html: 'markup', xml: 'markup', svg: 'markup', 'c++': 'cpp', cc: 'cpp', h: 'cpp',
  hpp: 'cpp', rs: 'rust', golang: 'go', yml: 'yaml', patch: 'diff', json5: 'json', jsonc: 'json',
}

export function tokensOf(text: string, language: string): (string | Token)[] | undefined {
  const name = Object.hasOwn(others, language) ? others[language]! : language
  const grammar = Object.hasOwn(prism.languages, name) ? prism.languages[name] : undefined
  return grammar && typeof grammar === 'object' ? prism.tokenize(text, grammar) : undefined
}
