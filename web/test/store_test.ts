// Conversations: branches, what is kept, what a failing store does, what comes back from a file.
import 'fake-indexeddb/auto'
import { IDBFactory } from 'fake-indexeddb'
import { beforeEach, describe, expect, it, vi } from 'vitest'
import { exportJsonl, exportMarkdown, importJsonl, readJsonl } from '../src/chat/exchange'
import { all, forgetBackend, group, problem, put } from '../src/store/database'
import { begin, chats, firstSettings, openChat, readChats, removeChats, search } from '../src/store/chats'
import { Conversation } from '../src/store/conversation'
import type { Message } from '../src/store/types'

// The one of happy-dom cannot be cloned, so a store would lose it.
const { Blob } = await vi.importActual<{ Blob: typeof globalThis.Blob }>('node:buffer')
vi.stubGlobal('Blob', Blob)

const message = (id: string, parent: string | null, role: Message['role'], text: string, at: number, chat: string): Message => ({ id, chat, parent, role, text, at })

beforeEach(async () => {
  globalThis.indexedDB = new IDBFactory()
  forgetBackend()
  problem.value = ''
  await readChats()
})

async function talk(): Promise<Conversation> {
  const open = begin()
  await open.add([message('u1', null, 'user', 'first question', 1, open.id), message('a1', 'u1', 'assistant', 'first answer', 2, open.id)], 'first question')
  await open.add([message('u2', 'a1', 'user', 'second question', 3, open.id), message('a2', 'u2', 'assistant', 'second answer', 4, open.id)])
  await readChats()
  return open
}

describe('a conversation', () => {
  it('is kept with its first message and not before', async () => {
    begin()
    expect(await all('chats')).toEqual([])
    const open = await talk()
    expect((await all('chats')).map((chat) => chat.title)).toEqual(['first question'])
    expect(await group('messages', open.id)).toHaveLength(4)
  })

  it('branches, and nothing is overwritten', async () => {
    const open = await talk()
    await open.add([message('a1b', 'u1', 'assistant', 'another first answer', 5, open.id)])
    expect(open.path.value).toEqual(['u1', 'a1b'])
    expect(open.siblings('a1b')).toEqual(['a1', 'a1b'])
    await open.choose('a1')
    expect(open.path.value).toEqual(['u1', 'a1', 'u2', 'a2'])
    expect(open.siblings('u2')).toEqual(['u2'])
    expect(await group('messages', open.id)).toHaveLength(5)
  })

  it('survives a tree that bites its tail', () => {
    const open = new Conversation({ id: 'c', title: '', created: 0, updated: 0, leaf: 'a', settings: {} }, [message('a', 'b', 'user', '', 0, 'c'), message('b', 'a', 'user', '', 0, 'c')])
    expect(open.path.value).toEqual(['b', 'a'])
  })

  it('is read again as it was, and an answer that nobody writes any longer is marked', async () => {
    const open = await talk()
    await open.add([{ ...message('a3', 'a2', 'assistant', 'half of', 6, open.id), state: 'growing', touched: 1 }])
    const copy = (await group('messages', open.id)).map((row) => ({ ...row, chat: 'other' }))
    await put({ chats: [{ ...open.chat.value, id: 'other' }], messages: copy.map((row) => ({ ...row, id: row.id + 'x', parent: row.parent && row.parent + 'x' })) })
    const again = (await openChat('other'))!
    expect(again.at('a3x')).toMatchObject({ state: 'cut', text: 'half of', why: '@why.closed' })
    expect(await openChat('nowhere')).toBeUndefined()
  })

  it('goes with all that belongs to it', async () => {
    const open = await talk()
    await put({ bytes: [{ id: 'p', chat: open.id, bytes: new Blob(['x']) }] })
    await removeChats([open.id])
    expect([await all('chats'), await all('messages'), await all('bytes')]).toEqual([[], [], []])
  })

  it('begins with the settings that were kept', () => {
    firstSettings.value = { temperature: 0.3 }
    expect(begin().chat.value.settings).toEqual({ temperature: 0.3 })
    firstSettings.value = {}
  })

  it('on a full disk goes on, says so, and is written once there is room', async () => {
    const open = await talk()
    const full = vi.spyOn(IDBObjectStore.prototype, 'put').mockImplementation(() => {
      throw new DOMException('full', 'QuotaExceededError')
    })
    await open.add([message('u3', 'a2', 'user', 'third', 7, open.id)])
    expect(problem.value).toBe('full')
    expect(open.path.value).toContain('u3')
    full.mockRestore()
    expect(await group('messages', open.id)).toHaveLength(4)
    await open.change({ title: 'x' })
    expect(problem.value).toBe('')
    expect(await group('messages', open.id)).toHaveLength(5)
  })

  it('without a store lasts as long as the page', async () => {
    globalThis.indexedDB = { open: () => { throw new Error('forbidden') } } as unknown as IDBFactory
    forgetBackend()
    await talk()
    expect(problem.value).toBe('memory')
    expect(await all('messages')).toHaveLength(4)
  })
})

describe('search', () => {
  it('finds conversations in which all words are', async () => {
    await talk()
    expect((await search('SECOND answer')).map((hit) => [hit.chat.title, hit.match])).toEqual([['first question', 'second']])
    expect(await search('second nowhere')).toEqual([])
    expect(await search('   ')).toEqual([])
    expect((await search('first'))[0]).toMatchObject({ before: '', match: 'first', after: ' question' })
  })
})

describe('a file', () => {
  it('brings everything back, under names of its own', async () => {
    const open = await talk()
    await put({ bytes: [{ id: 'p', chat: open.id, bytes: new Blob([Uint8Array.of(1, 2, 3)], { type: 'image/png' }) }] })
    await open.add([
      { ...message('a1b', 'u1', 'assistant', 'x\n"y"', 5, open.id), reasoning: 'r', model: { hash: 'bafy', name: 'm' }, usage: { prompt: 1, generated: 2, rate: 3 }, calls: [{ id: 'c', name: 'f', arguments: '{}' }], finish: 'stop' },
      { ...message('u9', 'a1b', 'user', 'see', 8, open.id), attachments: [{ id: 'p', name: 'a.png', type: 'image/png', size: 3 }, { id: 't', name: 'a.txt', type: 'text/plain', size: 1, text: 'T' }] },
    ])
    const text = await exportJsonl([open.id])
    const [made] = await importJsonl(text)
    expect(made!.id).not.toBe(open.id)
    expect(await all('chats')).toHaveLength(2)
    const copy = new Conversation(made!, await group('messages', made!.id))
    expect(copy.path.value.map((id) => copy.at(id).text)).toEqual(['first question', 'x\n"y"', 'see'])
    const answer = copy.at(copy.path.value[1]!)
    expect(answer).toMatchObject({ reasoning: 'r', model: { hash: 'bafy', name: 'm' }, usage: { prompt: 1, generated: 2, rate: 3 }, calls: [{ id: 'c', name: 'f', arguments: '{}' }] })
    const [picture, file] = copy.at(copy.path.value[2]!).attachments!
    expect(file!.text).toBe('T')
    const bytes = (await group('bytes', made!.id)).find((row) => row.id === picture!.id)!
    expect(bytes.chat).toBe(made!.id)
    expect(copy.siblings(copy.path.value[1]!)).toHaveLength(2)
  })

  it.each([
    ['', /no conversation/],
    ['{"type":"eai.message","id":"a","role":"user","text":"x"}', /Line 1/],
    ['{"type":"eai.chat"}\n{', /Line 2/],
    ['{"type":"eai.chat"}\n[]', /Line 2/],
    ['{"type":"eai.chat"}\n{"type":"eai.message","id":"a","role":"root","text":"x"}', /Line 2.*role/],
    ['{"type":"eai.chat"}\n{"type":"eai.message","id":"a","role":"user"}', /Line 2.*text/],
    ['{"type":"eai.chat"}\n{"type":"eai.message","id":"a","role":"user","text":5}', /Line 2.*text/],
    ['{"type":"eai.chat"}\n{"type":"eai.message","id":"a","role":"user","text":"x","parent":"b"}', /Line 2.*parent/],
    ['{"type":"eai.chat","settings":{"temperature":"hot"}}', /Line 1.*temperature/],
    ['{"type":"eai.chat"}\n{"type":"eai.message","id":"a","role":"user","text":"x","attachments":[{"data":"http://evil"}]}', /Line 2.*data/],
    ['<html>', /Line 1/],
  ])('that is wrong adds nothing: %s', async (text, words) => {
    await expect(importJsonl(text)).rejects.toThrow(words)
    expect(await all('chats')).toEqual([])
    expect(await all('messages')).toEqual([])
  })

  it('of a branch that is not there shows its last message', () => {
    const found = readJsonl('{"type":"eai.chat","leaf":"gone"}\n{"type":"eai.message","id":"a","role":"user","text":"x"}')
    expect(found.chats[0]!.leaf).toBe(found.messages[0]!.id)
  })

  it('in Markdown has who said what', async () => {
    const open = await talk()
    const text = exportMarkdown(open.chat.value, open.path.value.map((id) => open.at(id)))
    expect(text).toBe('# first question\n\n## You\n\nfirst question\n\n## Model\n\nfirst answer\n\n## You\n\nsecond question\n\n## Model\n\nsecond answer\n')
    expect(chats.value).toHaveLength(1)
  })
})
