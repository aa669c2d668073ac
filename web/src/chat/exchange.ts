// Why: conversations as files. JSON Lines hold everything, with every branch and picture; Markdown is for reading.
// What holds: an import adds conversations and changes none. One that cannot be read adds nothing, and says which line is
// wrong. Names in the file are not taken over: two imports are two copies.
import { group, one, put } from '../store/database'
import { newId } from '../parts/ids'
import { blobOfUri, blobUri, bytesOf } from './attachments'
import type { Attachment, Chat, Message, StoredBytes } from '../store/types'
import { t } from '../words'

const version = 1

export async function exportJsonl(ids: string[]): Promise<string> {
  const lines: string[] = []
  for (const id of ids) {
    const chat = await one('chats', id)
    if (!chat) continue
    const { id: name, ...rest } = chat
    lines.push(JSON.stringify({ type: 'eai.chat', version, id: name, ...rest }))
    for (const message of (await group('messages', id)).sort((a, b) => a.at - b.at)) {
      const { chat: _, touched: __, ...fields } = message
      const attachments = await Promise.all((message.attachments ?? []).map(withBytes))
      lines.push(JSON.stringify({ type: 'eai.message', ...fields, ...(attachments.length ? { attachments } : {}) }))
    }
  }
  return lines.map((line) => line + '\n').join('')
}

async function withBytes(attachment: Attachment) {
  if (attachment.text !== undefined) return attachment
  const bytes = await bytesOf(attachment.id)
  return bytes ? { ...attachment, data: await blobUri(bytes) } : attachment
}

export function exportMarkdown(chat: Chat, path: Message[]): string {
  const out = [`# ${chat.title || t('chat.untitled')}`]
  if (chat.settings.system) out.push(`> ${chat.settings.system.replace(/\n/g, '\n> ')}`)
  for (const message of path) {
    const who = message.role === 'user' ? t('chat.you') : message.role === 'tool' ? t('chat.tool') : message.model?.name || t('chat.model')
    out.push(`## ${who}`)
    for (const file of message.attachments ?? []) out.push(`*${file.name}*`)
    if (message.reasoning) out.push(`<details><summary>${t('chat.reasoning')}</summary>\n\n${message.reasoning}\n\n</details>`)
    for (const call of message.calls ?? []) out.push('```json\n' + JSON.stringify({ [call.name]: call.arguments }) + '\n```')
    if (message.text) out.push(message.text)
  }
  return out.join('\n\n') + '\n'
}

export class BadImport extends Error {}

interface Found {
  chats: Chat[]
  messages: Message[]
  bytes: StoredBytes[]
}

type Fields = Record<string, unknown>

function reader(value: unknown, line: number) {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw new BadImport(t('import.line', line))
  const fields = value as Fields
  const bad = (name: string) => new BadImport(t('import.field', line, name))
  return {
    fields,
    text: (name: string, needed = false) => {
      const found = fields[name]
      if (typeof found === 'string') return found
      if (found === undefined || found === null) {
        if (needed) throw bad(name)
        return undefined
      }
      throw bad(name)
    },
    number: (name: string) => {
      const found = fields[name]
      if (found === undefined || found === null) return undefined
      if (typeof found !== 'number' || !Number.isFinite(found)) throw bad(name)
      return found
    },
    bad,
  }
}

export function readJsonl(text: string): Found {
  const out: Found = { chats: [], messages: [], bytes: [] }
  let names = new Map<string, string>() // of messages, in the file and here
  text.split('\n').forEach((each, index) => {
    if (!each.trim()) return
    const line = index + 1
    const value = parsed(each, line)
    const read = reader(value, line)
    if (read.fields.type === 'eai.chat') {
      names = new Map()
      out.chats.push(chatOf(read))
    } else if (read.fields.type === 'eai.message' && out.chats.length) {
      takeMessage(out, read, names)
    } else {
      throw new BadImport(t('import.line', line))
    }
  })
  if (!out.chats.length) throw new BadImport(t('import.none'))
  for (const chat of out.chats) endWell(chat, out.messages)
  return out
}

function parsed(line: string, number: number): unknown {
  try {
    return JSON.parse(line)
  } catch {
    throw new BadImport(t('import.line', number))
  }
}

type Reader = ReturnType<typeof reader>

function chatOf(read: Reader): Chat {
  const settings = read.fields.settings
  const now = Date.now()
  return {
    id: newId(), title: read.text('title') ?? '', created: read.number('created') ?? now, updated: read.number('updated') ?? now,
    leaf: read.text('leaf') ?? null, settings: settings && typeof settings === 'object' ? settingsOf(settings as Fields, read) : {},
  }
}

function settingsOf(fields: Fields, read: Reader): Chat['settings'] {
  const out: Fields = {}
  for (const name of ['system', 'tools']) if (typeof fields[name] === 'string') out[name] = fields[name]
  for (const name of ['temperature', 'topP', 'topK', 'minP', 'maxTokens', 'seed']) {
    if (fields[name] === undefined) continue
    if (typeof fields[name] !== 'number') throw read.bad('settings.' + name)
    out[name] = fields[name]
  }
  if (fields.thinking === 'off') out.thinking = 'off'
  return out
}

function takeMessage(out: Found, read: Reader, names: Map<string, string>) {
  const chat = out.chats[out.chats.length - 1]!
  const role = read.text('role', true)!
  if (!['user', 'assistant', 'tool'].includes(role)) throw read.bad('role')
  const parent = read.text('parent')
  if (parent && !names.has(parent)) throw read.bad('parent')
  const message: Message = {
    id: newId(), chat: chat.id, parent: parent ? names.get(parent)! : null, role: role as Message['role'],
    at: read.number('at') ?? Date.now(), text: read.text('text', true)!,
  }
  const name = read.text('id', true)!
  if (names.has(name)) throw read.bad('id')
  names.set(name, message.id)
  if (chat.leaf === name) chat.leaf = message.id
  const reasoning = read.text('reasoning'), why = read.text('why'), finish = read.text('finish'), call = read.text('call')
  Object.assign(message, reasoning && { reasoning }, why && { why }, finish && { finish }, call && { call })
  const state = read.text('state')
  if (state) message.state = state === 'stopped' || state === 'failed' ? state : 'cut'
  if (state === 'growing') message.why = '@why.closed'
  takeParts(out, message, read)
  out.messages.push(message)
}

function takeParts(out: Found, message: Message, read: Reader) {
  const { calls, model, usage, attachments } = read.fields
  if (Array.isArray(calls))
    message.calls = calls.map((call: Fields) => ({ id: String(call?.id ?? ''), name: String(call?.name ?? ''), arguments: String(call?.arguments ?? '') }))
  if (model && typeof model === 'object') {
    const { hash, name } = model as Fields
    message.model = { hash: String(hash ?? ''), name: String(name ?? '') }
  }
  if (usage && typeof usage === 'object') {
    const { prompt, generated, rate } = usage as Fields
    const number = (value: unknown) => (typeof value === 'number' ? value : undefined)
    message.usage = { prompt: number(prompt), generated: number(generated), rate: number(rate) }
  }
  if (Array.isArray(attachments) && attachments.length) message.attachments = attachments.map((each) => attachmentOf(out, message, each, read))
}

function attachmentOf(out: Found, message: Message, value: unknown, read: Reader): Attachment {
  if (!value || typeof value !== 'object') throw read.bad('attachments')
  const { name, type, size, text, data } = value as Fields
  const made: Attachment = { id: newId(), name: String(name ?? ''), type: String(type ?? ''), size: Number(size) || 0 }
  if (typeof text === 'string') return { ...made, text }
  const bytes = typeof data === 'string' ? blobOfUri(data) : undefined
  if (data !== undefined && !bytes) throw read.bad('attachments.data')
  if (bytes) out.bytes.push({ id: made.id, chat: message.chat, bytes })
  return made
}

// A branch that is shown must be there.
function endWell(chat: Chat, messages: Message[]) {
  const own = messages.filter((message) => message.chat === chat.id)
  if (!own.some((message) => message.id === chat.leaf)) chat.leaf = own[own.length - 1]?.id ?? null
}

export async function importJsonl(text: string): Promise<Chat[]> {
  const found = readJsonl(text)
  await put({ chats: found.chats, messages: found.messages, bytes: found.bytes })
  return found.chats
}

// Gives a file to the person.
export function download(name: string, bytes: Blob) {
  const link = document.createElement('a')
  link.href = URL.createObjectURL(bytes)
  link.download = name
  link.click()
  setTimeout(() => URL.revokeObjectURL(link.href), 60_000)
}

export const fileName = (title: string, ending: string) =>
  (title.replace(/[^\p{L}\p{N} _-]+/gu, '').trim().slice(0, 60) || 'eai') + ending
