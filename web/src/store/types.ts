// What is kept of conversations and pictures. A message is a record of its own, and bytes are never in it: a large
// picture cannot cost the words beside it.
import type { ToolCall } from '../api/chat'

export interface ChatSettings {
  system?: string
  temperature?: number
  topP?: number
  topK?: number
  minP?: number
  maxTokens?: number
  seed?: number
  thinking?: 'off'
  tools?: string // JSON as it was written
}

export interface Chat {
  id: string
  title: string
  created: number
  updated: number
  leaf: string | null // the end of the branch that is shown
  settings: ChatSettings
}

export interface Attachment {
  id: string // of its bytes, if it is a picture
  name: string
  type: string
  size: number
  text?: string // of a text file
}

// growing: bytes still come. stopped: by the person. cut: something else ended it. failed: nothing came.
export type MessageState = 'growing' | 'stopped' | 'cut' | 'failed'

export interface Message {
  id: string
  chat: string
  parent: string | null
  role: 'user' | 'assistant' | 'tool'
  at: number
  text: string
  reasoning?: string
  calls?: ToolCall[]
  call?: string // of a tool's result: which call it answers
  attachments?: Attachment[]
  state?: MessageState
  touched?: number // while it grows: when it was kept last
  why?: string // of the state, in words; or the name of such words, after an "@"
  model?: { hash: string; name: string; fallback?: string }
  usage?: { prompt?: number; generated?: number; rate?: number }
  finish?: string
}

export interface StoredBytes {
  id: string
  chat: string
  at?: number
  bytes: Blob
}

export interface DrawnPicture {
  id: string
  at: number
  act: 'generation' | 'edit' | 'variation'
  prompt: string
  negative?: string
  size: string
  steps?: number
  seed: number
  guidance?: number
  strength?: number
  model: { hash: string; name: string }
  bytes: Blob
  source?: Blob
  mask?: Blob
}

export interface Rows {
  chats: Chat[]
  messages: Message[]
  bytes: StoredBytes[]
  pictures: DrawnPicture[]
}
export type Shelf = keyof Rows
export type Row<S extends Shelf> = Rows[S][number]
