// What comes from the server: events in any pieces, answers that end badly, refusals in words.
import { afterEach, describe, expect, it, vi } from 'vitest'
import { streamChat, type ChatNews } from '../src/api/chat'
import { ask, reached, ServerError } from '../src/api/server'
import { SseReader } from '../src/api/sse'
import { setKey } from '../src/parts/memory'

const bytes = (text: string) => new TextEncoder().encode(text)

describe('server-sent events', () => {
  const text = ': loading, 40 %\n\ndata: {"a":"ä€😀"}\n\nevent: x\r\ndata: one\r\ndata: two\r\n\r\ndata\n\nid: 3\ndata: [DONE]\n\n'
  const all = [
    { event: '', data: '', comment: 'loading, 40 %' },
    { event: '', data: '{"a":"ä€😀"}', comment: '' },
    { event: 'x', data: 'one\ntwo', comment: '' },
    { event: '', data: '', comment: '' },
    { event: '', data: '[DONE]', comment: '' },
  ]
  it('are read whole', () => expect(new SseReader().feed(bytes(text))).toEqual(all))
  it('are read byte by byte', () => {
    const reader = new SseReader()
    expect(Array.from(bytes(text), (byte) => reader.feed(Uint8Array.of(byte))).flat()).toEqual(all)
  })
})

function answer(body: string | ReadableStream, init: ResponseInit = {}) {
  vi.stubGlobal('fetch', vi.fn(async () => new Response(body, init)))
}
afterEach(() => {
  vi.unstubAllGlobals()
  setKey('', false)
})

function heard() {
  const out = { text: '', reasoning: '', model: '', fallback: '', waits: [] as string[], calls: [] as unknown[] }
  const news: ChatNews = {
    onModel: (hash, fallback) => Object.assign(out, { model: hash, fallback }),
    onWait: (words) => out.waits.push(words),
    onText: (text) => (out.text += text),
    onReasoning: (text) => (out.reasoning += text),
    onCall: (index, part) => out.calls.push([index, part.name, part.arguments]),
  }
  return { out, news }
}

const chunk = (delta: object, more: object = {}) => `data: ${JSON.stringify({ choices: [{ delta, ...more }] })}\n\n`

describe('an answer', () => {
  it('is told as it grows', async () => {
    answer(
      ': queued, position 2\n\n' + chunk({ reasoning_content: 'hm' }) + chunk({ content: 'a' }) + chunk({ content: 'b' }) +
        chunk({ tool_calls: [{ index: 0, id: 'x', function: { name: 'f', arguments: '{' } }] }) +
        `data: ${JSON.stringify({ choices: [{ delta: {}, finish_reason: 'stop' }], timings: { predicted_per_second: 7.5 } })}\n\n` +
        `data: ${JSON.stringify({ choices: [], usage: { prompt_tokens: 3, completion_tokens: 4 } })}\n\ndata: [DONE]\n\n`,
      { headers: { 'x-eai-model': 'bafy', 'x-eai-fallback': 'why' } },
    )
    const { out, news } = heard()
    expect(await streamChat({}, news, new AbortController().signal)).toEqual({ finish: 'stop', prompt: 3, generated: 4, rate: 7.5 })
    expect(out).toEqual({ text: 'ab', reasoning: 'hm', model: 'bafy', fallback: 'why', waits: ['queued, position 2'], calls: [[0, 'f', '{']] })
  })

  it('that ends without its end is no whole one', async () => {
    answer(chunk({ content: 'a' }))
    const { out, news } = heard()
    await expect(streamChat({}, news, new AbortController().signal)).rejects.toThrow(/middle of its answer/)
    expect(out.text).toBe('a')
  })

  it('with an error in it says which', async () => {
    answer(chunk({ content: 'a' }) + 'data: {"error":{"message":"the engine ended"}}\n\n')
    await expect(streamChat({}, heard().news, new AbortController().signal)).rejects.toThrow(/the engine ended/)
  })

  it('that cannot be read says so', async () => {
    answer('data: {"choices": \n\n')
    await expect(streamChat({}, heard().news, new AbortController().signal)).rejects.toThrow(/cannot be read/)
  })
})

describe('the server', () => {
  it('gets the key, and nothing else that it did not ask for', async () => {
    answer('{}')
    setKey('secret', false)
    await ask('/v1/models')
    const [address, init] = vi.mocked(fetch).mock.calls[0]!
    expect(String(address)).toMatch(/\/v1\/models$/)
    expect(new Headers(init!.headers).get('authorization')).toBe('Bearer secret')
    expect(init!.credentials).toBe('omit')
  })

  it('that is away is noticed, and so is its return', async () => {
    vi.stubGlobal('fetch', vi.fn(async () => Promise.reject(new TypeError('failed'))))
    await expect(ask('/health')).rejects.toMatchObject({ status: 0 })
    expect(reached.value).toBe(false)
    answer('{}')
    await ask('/health')
    expect(reached.value).toBe(true)
  })

  it.each([
    [400, '{"error":{"message":"too long","code":"context_length_exceeded"}}', /too long.*new chat/],
    [503, '{"error":{"message":"the queue is full"}}', /queue is full.*moment/],
    [401, '{"error":{"message":"x"}}', /API key/],
    [502, '<html>nginx</html>', /502/],
    [500, '', /500/],
  ])('refuses in words: %i', async (status, body, words) => {
    answer(body, { status })
    const why = await ask('/v1/models').then(() => undefined, (error: unknown) => error as ServerError)
    expect(why).toBeInstanceOf(ServerError)
    expect(why!.message).toMatch(words)
    expect(why!.message).not.toContain('<html>')
  })
})
