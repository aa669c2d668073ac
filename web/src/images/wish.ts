// What a person wants to be drawn, as the form holds it, and as it is sent.
import { signal } from '@preact/signals'
import type { DrawnPicture } from '../store/types'

export type Act = DrawnPicture['act']

export interface Wish {
  prompt: string
  negative: string
  size: string // "auto" or "512x512"
  n: string // numbers as they were typed; empty: the model's own
  steps: string
  seed: string
  guidance: string
  strength: string
  variation: boolean // like the picture, instead of an edit of it
  source?: Blob
  mask?: Blob
}

export const blank: Wish = { prompt: '', negative: '', size: 'auto', n: '1', steps: '', seed: '', guidance: '', strength: '', variation: false }
export const wish = signal<Wish>(blank)
export const change = (fields: Partial<Wish>) => (wish.value = { ...wish.peek(), ...fields })

export const actOf = (now: Wish): Act => (now.source ? (now.variation ? 'variation' : 'edit') : 'generation')

interface Bounds {
  least: number
  most: number
  whole: boolean
}
export const bounds: Record<'n' | 'steps' | 'seed' | 'guidance' | 'strength', Bounds> = {
  n: { least: 1, most: 10, whole: true },
  steps: { least: 1, most: 200, whole: true },
  seed: { least: 0, most: Number.MAX_SAFE_INTEGER, whole: true },
  guidance: { least: 0, most: 100, whole: false },
  strength: { least: 0.01, most: 1, whole: false },
}
export type NumberName = keyof typeof bounds

// undefined: nothing was typed. NaN: it is no such number.
export function numberOf(name: NumberName, text: string): number | undefined {
  if (!text.trim()) return undefined
  const value = Number(text.trim().replace(',', '.'))
  const { least, most, whole } = bounds[name]
  return value >= least && value <= most && (!whole || Number.isInteger(value)) ? value : NaN
}

export const sizeFits = (size: string) => {
  if (size === 'auto') return true
  const found = /^(\d{2,5})x(\d{2,5})$/.exec(size)
  return !!found && [found[1], found[2]].every((side) => Number(side) % 16 === 0 && Number(side) >= 16) && Number(found[1]) * Number(found[2]) <= 4_000_000
}

export function faultOf(now: Wish): NumberName | 'prompt' | 'size' | undefined {
  if (actOf(now) !== 'variation' && !now.prompt.trim()) return 'prompt'
  if (!sizeFits(now.size)) return 'size'
  return (Object.keys(bounds) as NumberName[]).find((name) => Number.isNaN(numberOf(name, now[name])))
}

// The fields of a request; a form gets them as text.
export function fieldsOf(now: Wish, model: string, id: string): Record<string, string | number | boolean> {
  const out: Record<string, string | number | boolean | undefined> = {
    model, id, stream: true, progress: true, partial_images: 3, size: now.size,
    prompt: now.prompt.trim() || undefined, negative_prompt: now.negative.trim() || undefined,
    n: numberOf('n', now.n), steps: numberOf('steps', now.steps), seed: numberOf('seed', now.seed),
    guidance: numberOf('guidance', now.guidance),
    strength: actOf(now) === 'generation' ? undefined : numberOf('strength', now.strength),
  }
  return Object.fromEntries(Object.entries(out).filter(([, value]) => value !== undefined)) as Record<string, string | number | boolean>
}

// The form as it was for this picture.
export function wishOf(drawn: DrawnPicture, withSeed: boolean): Wish {
  const text = (value: number | undefined) => (value === undefined ? '' : String(value))
  return {
    prompt: drawn.prompt, negative: drawn.negative ?? '', size: drawn.size, n: '1', steps: text(drawn.steps),
    seed: withSeed ? String(drawn.seed) : '', guidance: text(drawn.guidance), strength: text(drawn.strength),
    variation: drawn.act === 'variation', source: drawn.source, mask: drawn.mask,
  }
}
