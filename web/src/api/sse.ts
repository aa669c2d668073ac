// Why: server-sent events as they come in pieces of bytes. EventSource can neither send a body nor a key.
// Source: the HTML standard, "Server-sent events".
export interface SseEvent {
  event: string
  data: string
  comment: string // a line that begins with a colon: the server says what it waits for
}

export class SseReader {
  private decoder = new TextDecoder()
  private rest = ''
  private event = ''
  private data: string[] = []

  feed(bytes: Uint8Array): SseEvent[] {
    const lines = (this.rest + this.decoder.decode(bytes, { stream: true })).split(/\r\n|\n|\r(?!$)/)
    this.rest = lines.pop() ?? ''
    return lines.flatMap((line) => this.take(line))
  }

  private take(line: string): SseEvent[] {
    if (line === '') {
      const found = this.data.length ? [{ event: this.event, data: this.data.join('\n'), comment: '' }] : []
      this.event = ''
      this.data = []
      return found
    }
    if (line.startsWith(':')) return [{ event: '', data: '', comment: line.slice(1).trim() }]
    const colon = line.indexOf(':')
    const name = colon < 0 ? line : line.slice(0, colon)
    const value = colon < 0 ? '' : line.slice(colon + 1).replace(/^ /, '')
    if (name === 'data') this.data.push(value)
    if (name === 'event') this.event = value
    return []
  }
}

// Every event of an answer, until it ends.
export async function* eventsOf(answer: Response): AsyncGenerator<SseEvent> {
  const body = answer.body
  if (!body) return
  const source = body.getReader()
  const reader = new SseReader()
  try {
    for (;;) {
      const { value, done } = await source.read()
      if (done) return
      yield* reader.feed(value)
    }
  } finally {
    source.cancel().catch(() => {})
  }
}
