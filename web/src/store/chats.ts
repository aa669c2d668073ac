// Why: all conversations of this browser, and the one that is open.
// What holds: another tab's changes appear here. An answer whose tab has gone is marked as cut, once.
import { signal } from '@preact/signals'
import { all, group, one, onNews, put, remove, StoreError } from './database'
import { Conversation } from './conversation'
import { keepInTab, keptJson, ofTab } from '../parts/memory'
import { newId } from '../parts/ids'
import type { Chat, ChatSettings, Message } from './types'

export const chats = signal<Chat[]>([])
export const chatsKnown = signal(false)
export const current = signal<Conversation | undefined>(undefined)

// Those that are open or that answer.
const opened = new Map<string, Conversation>()
export const answering = signal<ReadonlySet<string>>(new Set()) // ids of conversations

const isSettings = (value: unknown): value is ChatSettings => typeof value === 'object' && value !== null && !Array.isArray(value)
export const firstSettings = keptJson<ChatSettings>('settings', {}, isSettings)

const newest = (list: Chat[]) => list.sort((a, b) => b.updated - a.updated)

export async function readChats() {
  chats.value = newest(await all('chats'))
  chatsKnown.value = true
}

// A conversation that has not begun yet keeps its name over a reload, and with it what was written down for it.
export function begin(): Conversation {
  const now = Date.now()
  const id = ofTab('new') ?? newId()
  keepInTab('new', id)
  const chat = { id, title: '', created: now, updated: now, leaf: null, settings: { ...firstSettings.peek() } }
  current.value = new Conversation(chat, [], true)
  return current.value
}

// Pictures that were attached to something that was never sent.
const day = 24 * 3600 * 1000
export async function sweepBytes() {
  const known = new Set((await all('chats')).map((chat) => chat.id))
  const old = (await all('bytes')).filter((row) => !known.has(row.chat) && (row.at ?? 0) < Date.now() - day)
  if (old.length) await remove({ bytes: old.map((row) => row.id) }).catch(() => {})
}

export async function openChat(id: string): Promise<Conversation | undefined> {
  const known = opened.get(id) ?? (current.peek()?.id === id ? current.peek() : undefined)
  if (known) return (current.value = known)
  const chat = await one('chats', id)
  if (!chat) return undefined
  const messages = await endDeadAnswers(await group('messages', id))
  const conversation = new Conversation(chat, messages)
  opened.set(id, conversation)
  for (const other of opened.keys()) if (other !== id && !answering.peek().has(other)) opened.delete(other)
  return (current.value = conversation)
}

// Called whenever something of a conversation was kept.
export function noteKept(conversation: Conversation) {
  opened.set(conversation.id, conversation)
  if (ofTab('new') === conversation.id) keepInTab('new', null)
  const chat = conversation.chat.peek()
  chats.value = newest([chat, ...chats.peek().filter((other) => other.id !== chat.id)])
}

export const lockOf = (message: string) => 'eai-answer-' + message

// Whether the tab that writes this answer is still there. Without locks (no secure context), whether it wrote lately.
async function isAlive(message: Message): Promise<boolean> {
  if (!navigator.locks) return Date.now() - (message.touched ?? message.at) < 4000
  const held = (await navigator.locks.query()).held ?? []
  return held.some((lock) => lock.name === lockOf(message.id))
}

async function endDeadAnswers(messages: Message[]): Promise<Message[]> {
  const out: Message[] = []
  for (const message of messages) {
    const dead = message.state === 'growing' && !(await isAlive(message))
    out.push(dead ? { ...message, state: message.text || message.reasoning ? 'cut' : 'failed', why: '@why.closed' } : message)
  }
  const changed = out.filter((message, at) => message !== messages[at])
  if (changed.length) await put({ messages: changed }).catch(() => {})
  return out
}

export async function removeChats(ids: string[]) {
  const messages = (await Promise.all(ids.map((id) => group('messages', id)))).flat()
  const bytes = (await Promise.all(ids.map((id) => group('bytes', id)))).flat()
  await remove({ chats: ids, messages: messages.map((row) => row.id), bytes: bytes.map((row) => row.id) })
  for (const id of ids) opened.delete(id)
  chats.value = chats.peek().filter((chat) => !ids.includes(chat.id))
  if (current.peek() && ids.includes(current.peek()!.id)) current.value = undefined
}

export async function rename(id: string, title: string) {
  const open = opened.get(id)
  if (open) {
    await open.change({ title })
    return noteKept(open)
  }
  const chat = await one('chats', id)
  if (chat) await put({ chats: [{ ...chat, title }] }).catch((why) => { if (!(why instanceof StoreError)) throw why })
  await readChats()
}

export interface Hit {
  chat: Chat
  message?: string
  before: string
  match: string
  after: string
}

// Conversations in which all words occur, the newest first; each with the place where the first word stands.
export async function search(words: string, limit = 50): Promise<Hit[]> {
  const wanted = words.toLocaleLowerCase().split(/\s+/).filter(Boolean)
  if (!wanted.length) return []
  const messages = (await all('messages')).sort((a, b) => a.at - b.at)
  const byChat = new Map<string, Message[]>()
  for (const message of messages) byChat.set(message.chat, [...(byChat.get(message.chat) ?? []), message])
  const out: Hit[] = []
  for (const chat of chats.peek()) {
    const texts = [{ id: undefined, text: chat.title }, ...(byChat.get(chat.id) ?? []).map(({ id, text }) => ({ id, text }))]
    const lower = texts.map(({ text }) => text.toLocaleLowerCase())
    if (!wanted.every((word) => lower.some((text) => text.includes(word)))) continue
    // A place in a message says more than one in the title.
    const at = Math.max(lower.findIndex((text, index) => index > 0 && text.includes(wanted[0]!)), 0)
    out.push({ chat, message: texts[at]!.id, ...cutOut(texts[at]!.text, wanted[0]!) })
    if (out.length >= limit) break
  }
  return out
}

function cutOut(text: string, word: string) {
  const flat = text.replace(/\s+/g, ' ')
  const at = flat.toLocaleLowerCase().indexOf(word)
  if (at < 0) return { before: flat.slice(0, 80), match: '', after: '' }
  const from = Math.max(0, at - 30)
  return {
    before: (from > 0 ? '…' : '') + flat.slice(from, at),
    match: flat.slice(at, at + word.length),
    after: flat.slice(at + word.length, at + word.length + 60),
  }
}

export function hearOtherTabs() {
  onNews(async (news) => {
    if (!news.chats.length) return
    await readChats()
    for (const id of news.chats) {
      const open = opened.get(id)
      const chat = await one('chats', id)
      if (!chat) {
        opened.delete(id)
        if (current.peek()?.id === id) current.value = undefined
      } else if (open && !answering.peek().has(id)) {
        open.take(await group('messages', id))
        open.chat.value = { ...chat, leaf: followedLeaf(open, chat) }
      }
    }
  })
}

// The branch that this tab shows stays, unless the other tab has made it longer.
function followedLeaf(open: Conversation, chat: Chat): string | null {
  const now = open.chat.peek().leaf
  return now && !open.pathTo(chat.leaf).includes(now) ? now : chat.leaf
}
