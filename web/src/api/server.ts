// Why: the one door to the server. Nothing else in the page makes a request.
// What holds: a failure is a ServerError whose words say what was wrong and what to do next.
import { signal } from '@preact/signals'
import { apiKey } from '../parts/memory'
import { t } from '../words'

export class ServerError extends Error {
  constructor(
    message: string,
    readonly status: number, // 0: there was no answer
    readonly code = '',
  ) {
    super(message)
  }
}

// Whether the server answers: a page that is open while the server ends says so, and says so again when it is back.
export const reached = signal<boolean>(true)
export const keyWanted = signal(false)

const base = () => new URL('.', document.baseURI).href.replace(/\/$/, '')

export async function ask(path: string, more: RequestInit = {}): Promise<Response> {
  const headers = new Headers(more.headers)
  if (apiKey.value) headers.set('authorization', 'Bearer ' + apiKey.value)
  let answer: Response
  try {
    answer = await fetch(base() + path, { ...more, headers, credentials: 'omit', referrerPolicy: 'no-referrer', cache: 'no-store' })
  } catch (why) {
    if (more.signal?.aborted) throw why
    reached.value = false
    throw new ServerError(t('error.away'), 0)
  }
  reached.value = true
  if (!answer.ok) throw await refusal(answer)
  keyWanted.value = false
  return answer
}

export async function askJson<T>(path: string, more: RequestInit = {}): Promise<T> {
  const answer = await ask(path, more)
  try {
    return (await answer.json()) as T
  } catch {
    throw new ServerError(t('error.unreadable'), answer.status)
  }
}

export const json = (body: unknown, more: RequestInit = {}): RequestInit => ({
  ...more, method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(body),
})

async function refusal(answer: Response): Promise<ServerError> {
  if (answer.status === 401) keyWanted.value = true
  const text = await answer.text().catch(() => '')
  let message = '', code = ''
  try {
    const error = (JSON.parse(text) as { error?: { message?: unknown; code?: unknown } }).error
    if (typeof error?.message === 'string') message = error.message
    if (typeof error?.code === 'string') code = error.code
  } catch {
    // Something between the page and the server has answered.
  }
  if (answer.status === 401) return new ServerError(t('error.key'), 401, code)
  if (!message) return new ServerError(t('error.status', answer.status), answer.status, code)
  const next = code === 'context_length_exceeded' ? ' ' + t('error.context-next') : answer.status === 503 ? ' ' + t('error.busy-next') : ''
  return new ServerError(t('error.says', message) + next, answer.status, code)
}

export const wordsOf = (why: unknown): string =>
  why instanceof ServerError ? why.message : t('error.unexpected', why instanceof Error ? why.message : String(why))
