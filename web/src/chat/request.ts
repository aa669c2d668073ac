// Why: a branch of a conversation as the body of POST /v1/chat/completions.
import type { ChatSettings, Message } from '../store/types'

type Part = { type: 'text'; text: string } | { type: 'image_url'; image_url: { url: string } }
export interface SentMessage {
  role: string
  content: string | Part[]
  reasoning_content?: string
  tool_call_id?: string
  tool_calls?: { id: string; type: 'function'; function: { name: string; arguments: string } }[]
}

// The text of a file, in a fence that it cannot end.
export function fileText(name: string, text: string): string {
  const longest = Math.max(2, ...Array.from(text.matchAll(/^`{3,}/gm), (found) => found[0].length))
  const fence = '`'.repeat(longest + 1)
  return `${name}:\n\n${fence}\n${text.replace(/\n$/, '')}\n${fence}`
}

const wordsOf = (message: Message): string =>
  [...(message.attachments ?? []).filter((each) => each.text !== undefined).map((each) => fileText(each.name, each.text!)), message.text]
    .filter(Boolean)
    .join('\n\n')

export async function sentMessages(path: Message[], system: string | undefined, pictureOf: (id: string) => Promise<string>): Promise<SentMessage[]> {
  const out: SentMessage[] = []
  if (system?.trim()) out.push({ role: 'system', content: system })
  for (const message of path) {
    if (message.role === 'tool') {
      out.push({ role: 'tool', content: message.text, tool_call_id: message.call ?? '' })
      continue
    }
    const text = wordsOf(message)
    const pictures = (message.attachments ?? []).filter((each) => each.text === undefined)
    const parts = await Promise.all(
      pictures.map(async (each): Promise<Part> => ({ type: 'image_url', image_url: { url: await pictureOf(each.id) } })),
    )
    const sent: SentMessage = { role: message.role, content: parts.length ? [...parts, { type: 'text', text }] : text }
    if (message.calls?.length)
      sent.tool_calls = message.calls.map(({ id, name, arguments: given }) => ({ id, type: 'function', function: { name, arguments: given } }))
    out.push(sent)
  }
  return out
}

// The tools that a person has written down; throws words about what is wrong with them.
export function toolsOf(text: string | undefined): unknown[] | undefined {
  if (!text?.trim()) return undefined
  const value: unknown = JSON.parse(text)
  if (!Array.isArray(value)) throw new SyntaxError('[…]')
  return value.length ? value : undefined
}

export function settingsFields(settings: ChatSettings): Record<string, unknown> {
  const out: Record<string, unknown> = {
    temperature: settings.temperature, top_p: settings.topP, top_k: settings.topK, min_p: settings.minP,
    max_tokens: settings.maxTokens, seed: settings.seed,
    reasoning_effort: settings.thinking === 'off' ? 'none' : undefined,
  }
  try {
    out.tools = toolsOf(settings.tools)
  } catch {
    // The settings say that they are not JSON.
  }
  return Object.fromEntries(Object.entries(out).filter(([, value]) => value !== undefined))
}

export const titleOf = (text: string): string => {
  const line = text.split('\n').map((each) => each.replace(/^[#>\s*-]+/, '').trim()).find(Boolean) ?? ''
  return line.length > 60 ? line.slice(0, 59).trimEnd() + '…' : line
}

// What the model reads and writes if the last answer is followed by another question; undefined: nobody has counted yet.
export function usedTokens(path: Message[]): number | undefined {
  for (const message of path.slice().reverse())
    if (message.usage?.prompt !== undefined) return message.usage.prompt + (message.usage.generated ?? 0)
  return undefined
}

