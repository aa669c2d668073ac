// Why: requests for pictures on their way: place in the queue, steps, previews, and the pictures that come of them.
// What holds: a picture is kept as soon as it is there. To cancel is to leave: the server stops at the next step.
import { signal, type Signal } from '@preact/signals'
import { named } from '../api/models'
import { ask, askJson, json, ServerError, wordsOf } from '../api/server'
import { eventsOf } from '../api/sse'
import { blobOfUri } from '../chat/attachments'
import { announce } from '../parts/announce'
import { newId } from '../parts/ids'
import { all, onNews, put, remove } from '../store/database'
import type { DrawnPicture } from '../store/types'
import { t } from '../words'
import { actOf, fieldsOf, numberOf, type Wish } from './wish'

export interface Progress {
  status: 'sent' | 'queued' | 'loading' | 'drawing' | 'failed'
  position?: number
  loaded?: number
  image: number
  n: number
  step: number
  total: number
  secondsLeft?: number
  preview?: string // a blob's address
  error?: string
}

export interface Job {
  id: string
  prompt: string
  progress: Signal<Progress>
  cancel: () => void
}

export const jobs = signal<Job[]>([])
export const pictures = signal<DrawnPicture[]>([])
export const picturesKnown = signal(false)

export async function readPictures() {
  pictures.value = (await all('pictures')).sort((a, b) => b.at - a.at)
  picturesKnown.value = true
}

export async function removePicture(id: string) {
  await remove({ pictures: [id] })
  pictures.value = pictures.peek().filter((picture) => picture.id !== id)
}

let hears = false
export function hearPictures() {
  if (hears) return
  hears = true
  void readPictures()
  onNews((news) => news.pictures && void readPictures())
}

export function draw(wish: Wish, model: string) {
  const abort = new AbortController()
  const id = newId()
  const n = numberOf('n', wish.n) ?? 1
  const progress = signal<Progress>({ status: 'sent', image: 0, n, step: 0, total: 0 })
  const job: Job = { id, prompt: wish.prompt.trim(), progress, cancel: () => abort.abort() }
  jobs.value = [job, ...jobs.peek()]
  void new Drawing(job, wish, model, abort.signal).run()
}

export function dismiss(job: Job) {
  job.cancel()
  const preview = job.progress.peek().preview
  if (preview) URL.revokeObjectURL(preview)
  jobs.value = jobs.peek().filter((other) => other !== job)
}

interface DrawEvent {
  type?: string
  error?: { message?: string }
  position?: number
  image?: number
  step?: number
  total?: number
  b64_json?: string
  seed?: number
  size?: string
  output_format?: string
}

class Drawing {
  private drawn = 0
  constructor(private job: Job, private wish: Wish, private model: string, private signal: AbortSignal) {}

  async run() {
    const look = setInterval(() => void this.look(), 700)
    try {
      const answer = await ask(...this.request())
      const hash = answer.headers.get('x-eai-model') || this.model
      for await (const event of eventsOf(answer)) if (event.data && event.data !== '[DONE]') await this.take(JSON.parse(event.data) as DrawEvent, hash)
      if (this.drawn < this.job.progress.peek().n) throw new ServerError(t('error.cut'), 0)
      dismiss(this.job)
      announce(t('draw.done', this.drawn))
    } catch (why) {
      if (this.signal.aborted) {
        dismiss(this.job)
        announce(t('draw.cancelled'))
      } else {
        this.tell({ status: 'failed', error: wordsOf(why) })
      }
    } finally {
      clearInterval(look)
    }
  }

  private tell(fields: Partial<Progress>) {
    this.job.progress.value = { ...this.job.progress.peek(), ...fields }
  }

  private request(): [string, RequestInit] {
    const act = actOf(this.wish)
    const fields = fieldsOf(this.wish, this.model, this.job.id)
    if (act === 'generation') return ['/v1/images/generations', json(fields, { signal: this.signal })]
    const form = new FormData()
    for (const [name, value] of Object.entries(fields)) form.set(name, String(value))
    form.set('image', this.wish.source!, 'picture.png')
    if (act === 'edit' && this.wish.mask) form.set('mask', this.wish.mask, 'mask.png')
    return [act === 'edit' ? '/v1/images/edits' : '/v1/images/variations', { method: 'POST', body: form, signal: this.signal }]
  }

  private async take(event: DrawEvent, hash: string) {
    if (event.error) throw new ServerError(t('error.says', event.error.message ?? '?'), 200)
    const kind = event.type?.split('.')[1]
    if (kind === 'queued') this.tell({ status: 'queued', position: event.position })
    if (kind === 'progress') this.tell({ status: 'drawing', image: event.image ?? 0, step: event.step ?? 0, total: event.total ?? 0 })
    if (kind === 'partial_image') this.show(event)
    if (kind === 'completed') await this.keep(event, hash)
  }

  private show(event: DrawEvent) {
    const bytes = blobOfUri('data:image/png;base64,' + event.b64_json)
    if (!bytes) return
    const before = this.job.progress.peek().preview
    this.tell({ preview: URL.createObjectURL(bytes), status: 'drawing' })
    if (before) setTimeout(() => URL.revokeObjectURL(before), 1000)
  }

  private async keep(event: DrawEvent, hash: string) {
    const bytes = blobOfUri(`data:image/${event.output_format ?? 'png'};base64,${event.b64_json ?? ''}`)
    if (!bytes) throw new ServerError(t('error.unreadable'), 200)
    this.drawn += 1
    const { wish } = this
    const act = actOf(wish)
    const picture: DrawnPicture = {
      id: newId(), at: Date.now(), act, prompt: wish.prompt.trim(), size: event.size ?? wish.size, seed: event.seed ?? 0,
      model: { hash, name: named(hash)?.folder_name ?? '' }, bytes,
    }
    const steps = numberOf('steps', wish.steps), guidance = numberOf('guidance', wish.guidance), strength = numberOf('strength', wish.strength)
    if (wish.negative.trim()) picture.negative = wish.negative.trim()
    if (steps !== undefined) picture.steps = steps
    if (guidance !== undefined) picture.guidance = guidance
    if (act !== 'generation') {
      picture.source = wish.source
      if (strength !== undefined) picture.strength = strength
      if (act === 'edit' && wish.mask) picture.mask = wish.mask
    }
    pictures.value = [picture, ...pictures.peek()]
    await put({ pictures: [picture] }).catch(() => {}) // a full disk is told by the store
  }

  // What a stream does not say: how far the model is loaded, and how long it will take.
  private async look() {
    if (document.hidden || this.job.progress.peek().status === 'failed') return
    try {
      const now = await askJson<{ status: string; loaded?: number; position?: number; seconds_left?: number; total?: number; step?: number }>(
        '/v1/images/progress/' + this.job.id,
      )
      if (now.status === 'loading') this.tell({ status: 'loading', loaded: now.loaded })
      if (now.status === 'queued') this.tell({ status: 'queued', position: now.position })
      if (now.status === 'drawing') this.tell({ status: 'drawing', secondsLeft: now.seconds_left })
    } catch {
      // The request itself says what is wrong.
    }
  }
}
