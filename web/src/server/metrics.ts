// Why: what the server says about itself, as numbers for Prometheus, read every two seconds while somebody looks.
// What holds: an hour of samples is kept in the page; rates come from two samples, and a server that was started anew
// between them gives none.
import { signal } from '@preact/signals'
import { ask, ServerError, wordsOf } from '../api/server'

export interface Line {
  name: string
  labels: Record<string, string>
  value: number
}

export function readMetrics(text: string): Line[] {
  const out: Line[] = []
  for (const line of text.split('\n')) {
    const found = /^([a-zA-Z_:][\w:]*)(?:\{(.*)\})? (\S+)$/.exec(line)
    if (!found || Number.isNaN(Number(found[3]))) continue
    const labels: Record<string, string> = {}
    for (const [, name, value] of (found[2] ?? '').matchAll(/(\w+)="((?:[^"\\]|\\.)*)"/g)) labels[name!] = value!.replace(/\\(.)/g, '$1')
    out.push({ name: found[1]!, labels, value: Number(found[3]) })
  }
  return out
}

export interface Sample {
  time: number // seconds
  tokens: number // written, since the server was started
  requests: number
  memory: number // bytes of engines
  waiting: number
}

const sum = (lines: Line[], name: string, fits: (line: Line) => boolean = () => true) =>
  lines.filter((line) => line.name === name && fits(line)).reduce((total, line) => total + line.value, 0)

export const sampleOf = (lines: Line[], time: number): Sample => ({
  time,
  tokens: sum(lines, 'eai_tokens_total', (line) => line.labels.kind === 'generated'),
  requests: sum(lines, 'eai_requests_total', (line) => !own.has(line.labels.path ?? '')),
  memory: sum(lines, 'eai_model_memory_bytes'),
  waiting: sum(lines, 'eai_model_waiting'),
})

// What this page itself asks for again and again is no request that anybody wants to see.
const own = new Set(['/metrics', '/models', '/health', '/', '/page', '/images/progress'])

export interface RequestRow {
  path: string
  count: number
  failed: number
  seconds: number // on average
}

export function requestRows(lines: Line[]): RequestRow[] {
  const rows = new Map<string, RequestRow>()
  for (const { name, labels, value } of lines) {
    if (name !== 'eai_requests_total' || own.has(labels.path ?? '')) continue
    const row = rows.get(labels.path!) ?? { path: labels.path!, count: 0, failed: 0, seconds: 0 }
    row.count += value
    if (Number(labels.status) >= 400) row.failed += value
    rows.set(row.path, row)
  }
  for (const row of rows.values()) {
    const took = (name: string) => sum(lines, name, (line) => line.labels.path === row.path)
    row.seconds = took('eai_request_seconds_sum') / Math.max(1, took('eai_request_seconds_count'))
  }
  return [...rows.values()].sort((a, b) => b.count - a.count)
}

export const lines = signal<Line[]>([])
export const samples = signal<Sample[]>([])
export const metricsError = signal('')

export const valueOf = (name: string, labels: Record<string, string> = {}) =>
  sum(lines.value, name, (line) => Object.entries(labels).every(([key, value]) => line.labels[key] === value))

const hour = 3600

export async function look() {
  if (document.hidden) return
  try {
    const found = readMetrics(await (await ask('/metrics')).text())
    const now = sampleOf(found, Date.now() / 1000)
    lines.value = found
    samples.value = [...samples.peek().filter((each) => each.time > now.time - hour), now]
    metricsError.value = ''
  } catch (why) {
    metricsError.value = why instanceof ServerError && why.status === 0 ? '' : wordsOf(why)
  }
}

// Per second, from sample to sample; the first has none.
export function rates(of: Sample[], value: (sample: Sample) => number): (number | null)[] {
  return of.map((sample, at) => {
    const before = of[at - 1]
    if (!before || value(sample) < value(before) || sample.time - before.time > 30) return null
    return (value(sample) - value(before)) / Math.max(0.1, sample.time - before.time)
  })
}
