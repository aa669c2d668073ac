// The small parts: what is sent, what is spoken, words, wishes for pictures, numbers of the server.
import { describe, expect, it } from 'vitest'
import { fileText, sentMessages, settingsFields, titleOf, usedTokens } from '../src/chat/request'
import { readText, blobOfUri } from '../src/chat/attachments'
import { bounds, faultOf, fieldsOf, numberOf, sizeFits, blank, wishOf } from '../src/images/wish'
import { sentencesEnd, spoken } from '../src/parts/announce'
import { rates, readMetrics, requestRows, sampleOf } from '../src/server/metrics'
import { bestLanguage, saved, wordOr } from '../src/words'
import { table } from '../src/words_table'
import type { Message } from '../src/store/types'

const message = (role: Message['role'], text: string, more: Partial<Message> = {}): Message => ({ id: text, chat: 'c', parent: null, role, at: 0, text, ...more })

describe('a request', () => {
  it('has the system prompt, files, pictures, calls and results', async () => {
    const path = [
      message('user', 'look', { attachments: [{ id: 'p', name: 'a.png', type: 'image/png', size: 1 }, { id: 't', name: 'a.txt', type: 'text/plain', size: 1, text: 'T\n' }] }),
      message('assistant', '', { calls: [{ id: 'x', name: 'f', arguments: '{}' }] }),
      message('tool', '42', { call: 'x' }),
    ]
    expect(await sentMessages(path, 'be brief', async (id) => 'data:' + id)).toEqual([
      { role: 'system', content: 'be brief' },
      { role: 'user', content: [{ type: 'image_url', image_url: { url: 'data:p' } }, { type: 'text', text: 'a.txt:\n\n```\nT\n```\n\nlook' }] },
      { role: 'assistant', content: '', tool_calls: [{ id: 'x', type: 'function', function: { name: 'f', arguments: '{}' } }] },
      { role: 'tool', content: '42', tool_call_id: 'x' },
    ])
  })

  it('holds a file in a fence that it cannot end', () => {
    expect(fileText('x', '```\n````\n')).toBe('x:\n\n`````\n```\n````\n`````')
  })

  it('has only the settings that were made', () => {
    expect(settingsFields({})).toEqual({})
    expect(settingsFields({ temperature: 0, topK: 5, thinking: 'off', tools: '[{"a":1}]' })).toEqual({ temperature: 0, top_k: 5, reasoning_effort: 'none', tools: [{ a: 1 }] })
    expect(settingsFields({ tools: '{' })).toEqual({})
    expect(settingsFields({ tools: '[]' })).toEqual({})
  })

  it('gives a conversation its title, and counts its tokens', () => {
    expect(titleOf('\n\n## **What** now?\nmore')).toBe('What** now?')
    expect(titleOf('x'.repeat(99))).toHaveLength(60)
    expect(usedTokens([message('assistant', 'a', { usage: { prompt: 5, generated: 2 } }), message('user', 'b')])).toBe(7)
    expect(usedTokens([message('user', 'b')])).toBeUndefined()
  })

  it('takes text for text only', () => {
    expect(readText(new TextEncoder().encode('äö'))).toBe('äö')
    expect(readText(Uint8Array.of(0xff, 0xfe))).toBeUndefined()
    expect(readText(Uint8Array.of(65, 0, 66))).toBeUndefined()
    expect(blobOfUri('data:image/png;base64,AQI=')?.size).toBe(2)
    for (const bad of ['http://x', 'data:text/html,<b>', 'data:image/png;base64,*']) expect(blobOfUri(bad)).toBeUndefined()
  })
})

describe('speech', () => {
  it('is in whole sentences', () => {
    expect(sentencesEnd('One. Two')).toBe(4)
    expect(sentencesEnd('Pi is 3.14 and')).toBe(0)
    expect(sentencesEnd('好。是')).toBe(2)
    expect(sentencesEnd('Look. ```js\na. b. c')).toBe(5)
  })
  it('has no marks', () => {
    expect(spoken('# A **b** [c](http://x) `d`')).toBe('A b c d')
    expect(spoken('x\n```js\nlet a\n```\ny')).toBe('x A block of code. y')
  })
})

describe('words', () => {
  const holes = (text: string) => [...text.matchAll(/\{\d\}/g)].map(([hole]) => hole).sort().join()
  it.each(Object.entries(table))('%s is there in every language, with the same holes', (_key, row) => {
    for (const text of row) expect(text.trim()).toBe(text)
    expect(row.every((text) => text.length > 0)).toBe(true)
    expect(new Set(row.map(holes)).size).toBe(1)
  })
  it('are looked up with care', () => {
    expect(saved('@why.stopped')).toBe('You stopped this answer.')
    expect(saved('@constructor')).toBe('@constructor')
    expect(wordOr('toString', 'x')).toBe('x')
    expect(bestLanguage(['fr', 'de-AT', 'en'])).toBe('de')
    expect(bestLanguage(['fr'])).toBe('en')
  })
})

describe('a wish', () => {
  it('is checked before it is sent', () => {
    expect(faultOf(blank)).toBe('prompt')
    expect(faultOf({ ...blank, prompt: 'x' })).toBeUndefined()
    expect(faultOf({ ...blank, prompt: 'x', steps: '0' })).toBe('steps')
    expect(faultOf({ ...blank, prompt: 'x', size: '100x64' })).toBe('size')
    expect(faultOf({ ...blank, source: new Blob(), variation: true })).toBeUndefined()
    expect(numberOf('guidance', '3,5')).toBe(3.5)
    expect(numberOf('n', '')).toBeUndefined()
    for (const bad of ['x', '-1', '11', '1.5']) expect(numberOf('n', bad)).toBeNaN()
    expect([sizeFits('auto'), sizeFits('64x64'), sizeFits('4096x4096'), sizeFits('64')]).toEqual([true, true, false, false])
    expect(bounds.seed.most).toBe(Number.MAX_SAFE_INTEGER)
  })
  it('is sent with what was typed, and comes back from the picture', () => {
    const fields = fieldsOf({ ...blank, prompt: ' x ', seed: '7', strength: '0.5' }, 'm', 'i')
    expect(fields).toEqual({ model: 'm', id: 'i', stream: true, progress: true, partial_images: 3, size: 'auto', prompt: 'x', n: 1, seed: 7 })
    const drawn = { id: 'p', at: 0, act: 'edit' as const, prompt: 'x', size: '64x64', seed: 7, steps: 4, model: { hash: '', name: '' }, bytes: new Blob(), source: new Blob() }
    expect(wishOf(drawn, true)).toMatchObject({ prompt: 'x', size: '64x64', seed: '7', steps: '4', variation: false, source: drawn.source })
    expect(wishOf(drawn, false).seed).toBe('')
  })
})

describe('metrics', () => {
  const text = [
    '# HELP x y', 'eai_tokens_total{model="a",kind="generated"} 10', 'eai_tokens_total{model="a",kind="prompt"} 99',
    'eai_requests_total{path="/chat/completions",status="200",model="a"} 3', 'eai_requests_total{path="/chat/completions",status="500",model=""} 1',
    'eai_requests_total{path="/metrics",status="200",model=""} 50', 'eai_request_seconds_sum{path="/chat/completions"} 8',
    'eai_request_seconds_count{path="/chat/completions"} 4', 'eai_model_memory_bytes{model="a\\"b"} 5e3', 'broken {', '',
  ].join('\n')
  it('are read', () => {
    const lines = readMetrics(text)
    expect(lines).toHaveLength(8)
    expect(sampleOf(lines, 1)).toEqual({ time: 1, tokens: 10, requests: 4, memory: 5000, waiting: 0 })
    expect(requestRows(lines)).toEqual([{ path: '/chat/completions', count: 4, failed: 1, seconds: 2 }])
    expect(lines.find((line) => line.name === 'eai_model_memory_bytes')?.labels.model).toBe('a"b')
  })
  it('become rates, but not across a new start or a long gap', () => {
    const at = (time: number, tokens: number) => ({ time, tokens, requests: 0, memory: 0, waiting: 0 })
    expect(rates([at(0, 0), at(2, 10), at(4, 0), at(100, 50)], (each) => each.tokens)).toEqual([null, 5, null, null])
  })
})
