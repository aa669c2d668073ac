// Why: one conversation as a tree: every message knows which one it follows, so that an edited or repeated message begins
// a branch and nothing is ever overwritten.
// What holds: each message is a signal of its own; a growing answer wakes its own component and no other one.
import { computed, signal, type Signal } from '@preact/signals'
import { put, StoreError } from './database'
import type { Chat, Message } from './types'

export class Conversation {
  readonly chat: Signal<Chat>
  readonly messages = new Map<string, Signal<Message>>()
  private readonly shape = signal(0) // changes when messages come or go
  private unsaved = new Set<string>()

  // `fresh`: nothing of it is kept yet.
  constructor(chat: Chat, messages: Message[], private fresh = false) {
    this.chat = signal(chat)
    this.take(messages)
  }

  get id() {
    return this.chat.peek().id
  }

  // The branch that is shown, from its first message.
  readonly path = computed<string[]>(() => {
    void this.shape.value
    return this.pathTo(this.chat.value.leaf)
  })

  pathTo(leaf: string | null): string[] {
    const out: string[] = []
    const seen = new Set<string>()
    for (let id = leaf; id && !seen.has(id); ) {
      const message = this.messages.get(id)?.peek()
      if (!message) break
      seen.add(id)
      out.push(id)
      id = message.parent
    }
    return out.reverse()
  }

  at(id: string): Message {
    return this.messages.get(id)!.peek()
  }

  // The messages that follow the same one, in the order in which they came; a message is among its own.
  siblings(id: string): string[] {
    void this.shape.value
    const { parent, role } = this.at(id)
    return this.inOrder((message) => message.parent === parent && (message.role === role || role !== 'tool'))
  }

  private inOrder(fits: (message: Message) => boolean): string[] {
    return [...this.messages.values()]
      .map((each) => each.peek())
      .filter(fits)
      .sort((a, b) => a.at - b.at || (a.id < b.id ? -1 : 1))
      .map((message) => message.id)
  }

  // Shows the branch through this message, up to its newest end.
  async choose(id: string) {
    let leaf = id
    for (;;) {
      const next = this.inOrder((message) => message.parent === leaf).pop()
      if (!next) break
      leaf = next
    }
    await this.change({ leaf })
  }

  async change(fields: Partial<Chat>) {
    this.chat.value = { ...this.chat.peek(), ...fields }
    if (!this.fresh) await this.keep({ chats: [this.chat.peek()] })
  }

  // Appends messages and shows the branch that ends with the last one.
  async add(messages: Message[], title?: string) {
    for (const message of messages) this.messages.set(message.id, signal(message))
    const now = this.chat.peek()
    this.chat.value = {
      ...now, leaf: messages[messages.length - 1]!.id, updated: Date.now(), title: now.title || title || '',
    }
    this.shape.value += 1
    this.fresh = false
    await this.keep({ chats: [this.chat.peek()], messages })
  }

  set(id: string, fields: Partial<Message>) {
    const place = this.messages.get(id)
    if (place) place.value = { ...place.peek(), ...fields }
  }

  async save(id: string) {
    const place = this.messages.get(id)
    if (place) await this.keep({ messages: [place.peek()] })
  }

  async touch() {
    await this.change({ updated: Date.now() })
  }

  // What another tab has written.
  take(messages: Message[]) {
    for (const message of messages) {
      const place = this.messages.get(message.id)
      if (!place) this.messages.set(message.id, signal(message))
      else if (JSON.stringify(place.peek()) !== JSON.stringify(message)) place.value = message
    }
    this.shape.value += 1
  }

  // A full disk is told by the store; what could not be written is tried again with the next change.
  private async keep(rows: { chats?: Chat[]; messages?: Message[] }) {
    const again = [...this.unsaved].filter((id) => !rows.messages?.some((message) => message.id === id))
    const messages = [...(rows.messages ?? []), ...again.map((id) => this.at(id))]
    try {
      await put({ chats: rows.chats ?? (again.length ? [this.chat.peek()] : undefined), messages: messages.length ? messages : undefined })
      this.unsaved.clear()
    } catch (why) {
      if (!(why instanceof StoreError)) throw why
      for (const message of messages) this.unsaved.add(message.id)
    }
  }
}
