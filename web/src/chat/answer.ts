// Why: sends a branch to the server and lets its answer grow.
// What holds: an answer is kept about every second while it grows, and when the page is left. Whatever ends it, its text
// stays, with words about what has happened. Per frame it changes once.
import { batch, signal } from '@preact/signals'
import { streamChat, type ChatEnd, type ToolCall } from '../api/chat'
import { named } from '../api/models'
import { wordsOf } from '../api/server'
import { newId } from '../parts/ids'
import { announceAnswer } from '../parts/announce'
import { answering, lockOf, noteKept } from '../store/chats'
import type { Conversation } from '../store/conversation'
import type { Attachment, Message } from '../store/types'
import { dataUri } from './attachments'
import { sentMessages, settingsFields, titleOf } from './request'

const stops = new Map<string, AbortController>() // by conversation
export const waits = signal<Readonly<Record<string, string>>>({}) // what a conversation's answer waits for, as the server says

export const isAnswering = (id: string) => answering.value.has(id)

export function stop(id: string) {
  stops.get(id)?.abort()
}

function setAnswering(id: string, on: boolean) {
  const next = new Set(answering.peek())
  if (on) next.add(id)
  else next.delete(id)
  answering.value = next
}

function setWait(id: string, words: string) {
  if ((waits.peek()[id] ?? '') !== words) waits.value = { ...waits.peek(), [id]: words }
}

const user = (chat: string, parent: string | null, text: string, attachments: Attachment[]): Message => ({
  id: newId(), chat, parent, role: 'user', at: Date.now(), text, ...(attachments.length ? { attachments } : {}),
})

const empty = (chat: string, parent: string): Message => ({
  id: newId(), chat, parent, role: 'assistant', at: Date.now() + 1, text: '', state: 'growing', touched: Date.now(),
})

export async function send(open: Conversation, text: string, attachments: Attachment[], model: string) {
  const asked = user(open.id, open.chat.peek().leaf, text, attachments)
  await ask(open, [asked], asked.id, model)
}

// Another question in the place of this one, as a branch.
export async function edit(open: Conversation, id: string, text: string, model: string) {
  const old = open.at(id)
  const asked = user(open.id, old.parent, text, old.attachments ?? [])
  await ask(open, [asked], asked.id, model)
}

// The person's own words in the place of an answer, as a branch that the model takes for its own.
export async function editAnswer(open: Conversation, id: string, text: string) {
  const { state: _state, why: _why, usage: _usage, ...old } = open.at(id)
  await open.add([{ ...old, id: newId(), at: Date.now(), text, reasoning: undefined }])
  noteKept(open)
}

// Another answer to the same question, as a branch.
export async function retry(open: Conversation, id: string, model: string) {
  const { parent } = open.at(id)
  if (parent) await ask(open, [], parent, model)
}

export async function answerCalls(open: Conversation, id: string, results: { call: string; text: string }[], model: string) {
  let parent = id
  const messages = results.map(({ call, text }, index): Message => {
    const made: Message = { id: newId(), chat: open.id, parent, role: 'tool', at: Date.now() + index / 100, text, call }
    parent = made.id
    return made
  })
  await ask(open, messages, parent, model)
}

async function ask(open: Conversation, before: Message[], parent: string, model: string) {
  if (stops.has(open.id)) return
  const answer = empty(open.id, parent)
  const first = before.find((message) => message.role === 'user')
  await open.add([...before, answer], first && titleOf(first.text || first.attachments?.[0]?.name || ''))
  noteKept(open)
  await grow(open, answer.id, model, false)
}

// Goes on with an answer that has ended too early.
export async function goOn(open: Conversation, id: string, model: string) {
  if (stops.has(open.id)) return
  open.set(id, { state: 'growing', touched: Date.now(), why: undefined })
  await grow(open, id, model, true)
}

async function grow(open: Conversation, id: string, model: string, more: boolean) {
  const abort = new AbortController()
  stops.set(open.id, abort)
  setAnswering(open.id, true)
  const held = holdLock(id)
  try {
    await new Growth(open, id, model, more, abort.signal).run()
  } finally {
    held()
    stops.delete(open.id)
    setWait(open.id, '')
    setAnswering(open.id, false)
    await open.touch()
    noteKept(open)
  }
}

// Other tabs see by the lock that this one still writes.
function holdLock(id: string): () => void {
  let release = () => {}
  const until = new Promise<void>((done) => (release = done))
  void navigator.locks?.request(lockOf(id), () => until).catch(() => {})
  return release
}

const keepEvery = 1000

class Growth {
  private text: string
  private reasoning: string
  private calls: ToolCall[]
  private due = 0
  private saver: ReturnType<typeof setInterval> | undefined
  private began = 0
  private pieces = 0

  constructor(private open: Conversation, private id: string, private model: string, private more: boolean, private signal: AbortSignal) {
    const message = open.at(id)
    this.text = message.text
    this.reasoning = message.reasoning ?? ''
    this.calls = [...(message.calls ?? [])]
  }

  async run() {
    const save = () => {
      this.show()
      this.open.set(this.id, { touched: Date.now() })
      void this.open.save(this.id)
    }
    this.saver = setInterval(save, keepEvery)
    addEventListener('pagehide', save)
    const speech = announceAnswer()
    try {
      const end = await streamChat(await this.request(), this.news(speech), this.signal)
      this.finish(end)
      speech.end()
    } catch (why) {
      this.fail(why)
      speech.end(this.signal.aborted ? '' : wordsOf(why))
    } finally {
      clearInterval(this.saver)
      removeEventListener('pagehide', save)
      await this.open.save(this.id)
    }
  }

  private async request(): Promise<object> {
    const path = this.open.pathTo(this.more ? this.id : this.open.at(this.id).parent).map((id) => this.open.at(id))
    const { settings } = this.open.chat.peek()
    const messages = await sentMessages(path, settings.system, dataUri)
    const goesOn = this.more ? { continue_final_message: true, add_generation_prompt: false } : {}
    return { model: this.model, messages, ...settingsFields(settings), ...goesOn }
  }

  private news(speech: { add(text: string): void }) {
    const count = () => {
      if (!this.began) this.began = performance.now()
      this.pieces += 1
      setWait(this.open.id, '')
      this.showSoon()
    }
    return {
      onModel: (hash: string, fallback: string) => {
        const name = named(hash)?.folder_name ?? ''
        this.open.set(this.id, { model: { hash, name, ...(fallback ? { fallback } : {}) } })
      },
      onWait: (words: string) => setWait(this.open.id, words),
      onText: (text: string) => {
        this.text += text
        speech.add(text)
        count()
      },
      onReasoning: (text: string) => {
        this.reasoning += text
        count()
      },
      onCall: (index: number, part: Partial<ToolCall>) => {
        const now = this.calls[index] ?? { id: '', name: '', arguments: '' }
        this.calls[index] = {
          id: part.id || now.id, name: now.name + (part.name ?? ''), arguments: now.arguments + (part.arguments ?? ''),
        }
        count()
      },
    }
  }

  private showSoon() {
    if (this.due) return
    const show = () => this.due && this.show()
    this.due = 1
    // No frames come while nobody looks.
    if (document.hidden) setTimeout(show, 250)
    else requestAnimationFrame(show)
  }

  private show() {
    this.due = 0
    this.open.set(this.id, {
      text: this.text, ...(this.reasoning ? { reasoning: this.reasoning } : {}),
      ...(this.calls.length ? { calls: this.calls.filter(Boolean).slice() } : {}), usage: this.liveUsage(),
    })
  }

  private liveUsage() {
    const seconds = (performance.now() - this.began) / 1000
    return this.began && seconds > 0.3 ? { rate: this.pieces / seconds } : undefined
  }

  private finish(end: ChatEnd) {
    batch(() => {
      this.show()
      const rate = end.rate ?? this.liveUsage()?.rate
      const { touched: _, ...rest } = this.open.at(this.id)
      this.open.messages.get(this.id)!.value = {
        ...rest, state: undefined, why: undefined, finish: end.finish, usage: { prompt: end.prompt, generated: end.generated, rate },
      }
    })
  }

  private fail(why: unknown) {
    batch(() => {
      this.show()
      const some = !!(this.text || this.reasoning || this.calls.length)
      if (this.signal.aborted) this.open.set(this.id, { state: 'stopped', why: '@why.stopped', touched: undefined })
      else this.open.set(this.id, { state: some ? 'cut' : 'failed', why: wordsOf(why), touched: undefined })
    })
  }
}
