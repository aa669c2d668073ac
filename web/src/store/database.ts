// Why: what the page keeps in the browser, in IndexedDB. Where a browser forbids it, everything lasts as long as the page.
// What holds: put() and remove() happen as a whole or not at all. A full disk is a StoreError, and nothing that was kept
// before is lost by it. Other tabs hear what has changed.
import { openDB, type IDBPDatabase } from 'idb'
import { signal } from '@preact/signals'
import type { Row, Rows, Shelf } from './types'

export class StoreError extends Error {}

const shelves: Shelf[] = ['chats', 'messages', 'bytes', 'pictures']
const groups: Partial<Record<Shelf, string>> = { messages: 'chat', bytes: 'chat' }

interface Backend {
  all<S extends Shelf>(shelf: S): Promise<Row<S>[]>
  group<S extends Shelf>(shelf: S, group: string): Promise<Row<S>[]>
  one<S extends Shelf>(shelf: S, id: string): Promise<Row<S> | undefined>
  change(put: Partial<Rows>, remove: Partial<Record<Shelf, string[]>>): Promise<void>
}

class Disk implements Backend {
  constructor(private database: IDBPDatabase) {}
  all<S extends Shelf>(shelf: S) {
    return this.database.getAll(shelf) as Promise<Row<S>[]>
  }
  group<S extends Shelf>(shelf: S, group: string) {
    return this.database.getAllFromIndex(shelf, 'group', group) as Promise<Row<S>[]>
  }
  one<S extends Shelf>(shelf: S, id: string) {
    return this.database.get(shelf, id) as Promise<Row<S> | undefined>
  }
  async change(put: Partial<Rows>, remove: Partial<Record<Shelf, string[]>>) {
    const touched = shelves.filter((shelf) => put[shelf] || remove[shelf])
    if (!touched.length) return
    const change = this.database.transaction(touched, 'readwrite')
    const works: Promise<unknown>[] = [change.done]
    for (const shelf of touched) {
      for (const row of put[shelf] ?? []) works.push(change.objectStore(shelf).put(row))
      for (const id of remove[shelf] ?? []) works.push(change.objectStore(shelf).delete(id))
    }
    await Promise.all(works)
  }
}

class Memory implements Backend {
  private rows = Object.fromEntries(shelves.map((shelf) => [shelf, new Map<string, unknown>()])) as unknown as {
    [S in Shelf]: Map<string, Row<S>>
  }
  async all<S extends Shelf>(shelf: S) {
    return [...this.rows[shelf].values()]
  }
  async group<S extends Shelf>(shelf: S, group: string) {
    return [...this.rows[shelf].values()].filter((row) => (row as { chat?: string }).chat === group)
  }
  async one<S extends Shelf>(shelf: S, id: string) {
    return this.rows[shelf].get(id)
  }
  async change(put: Partial<Rows>, remove: Partial<Record<Shelf, string[]>>) {
    for (const shelf of shelves) {
      const rows = this.rows[shelf] as Map<string, unknown>
      for (const row of put[shelf] ?? []) rows.set(row.id, row)
      for (const id of remove[shelf] ?? []) rows.delete(id)
    }
  }
}

export type Problem = '' | 'memory' | 'full' | 'failed'
export const problem = signal<Problem>('')

let backend: Promise<Backend> | undefined

async function open(): Promise<Backend> {
  try {
    const database = await openDB('eai', 1, {
      upgrade(fresh) {
        for (const shelf of shelves) {
          const made = fresh.createObjectStore(shelf, { keyPath: 'id' })
          if (groups[shelf]) made.createIndex('group', groups[shelf])
        }
      },
      blocking: (_now, _wanted, event) => (event.target as IDBDatabase).close(),
      terminated: () => (backend = undefined),
    })
    void navigator.storage?.persist?.().catch(() => {})
    return new Disk(database)
  } catch {
    problem.value = 'memory'
    return new Memory()
  }
}

const ready = () => (backend ??= open())

export function forgetBackend() {
  backend = undefined
}

export const all = async <S extends Shelf>(shelf: S) => (await ready()).all(shelf)
export const group = async <S extends Shelf>(shelf: S, of: string) => (await ready()).group(shelf, of)
export const one = async <S extends Shelf>(shelf: S, id: string) => (await ready()).one(shelf, id)

async function change(put: Partial<Rows>, remove: Partial<Record<Shelf, string[]>>) {
  try {
    await (await ready()).change(put, remove)
    if (problem.peek() === 'full' || problem.peek() === 'failed') problem.value = ''
  } catch (why) {
    const full = (why as { name?: string }).name === 'QuotaExceededError' || /quota|full/i.test(String(why))
    problem.value = full ? 'full' : 'failed'
    throw new StoreError(String(why))
  }
  tell({ chats: touchedChats(put, remove), pictures: !!put.pictures || !!remove.pictures })
}

export const put = (rows: Partial<Rows>) => change(rows, {})
export const remove = (ids: Partial<Record<Shelf, string[]>>) => change({}, ids)

export interface News {
  chats: string[]
  pictures: boolean
}

function touchedChats(put: Partial<Rows>, remove: Partial<Record<Shelf, string[]>>): string[] {
  const ids = [...(put.chats ?? []).map((row) => row.id), ...(put.messages ?? []).map((row) => row.chat), ...(remove.chats ?? [])]
  return [...new Set(ids)]
}

const channel = typeof BroadcastChannel === 'undefined' ? undefined : new BroadcastChannel('eai')
const tell = (news: News) => channel?.postMessage(news)

export function onNews(take: (news: News) => void) {
  channel?.addEventListener('message', (event: MessageEvent<News>) => take(event.data))
}
