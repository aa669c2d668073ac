// What the server serves, asked for again every few seconds while the page is looked at.
import { computed, signal } from '@preact/signals'
import { kept } from '../parts/memory'
import { ask, askJson, reached, ServerError, wordsOf } from './server'

export interface Model {
  id: string
  hash?: string // there if `id` is a name
  folder_name: string
  task: string
  state?: string
  ram?: number | null // GB
  memory?: number // bytes now
  context_length?: number
  capabilities?: string[]
}

export const models = signal<Model[]>([])
export const modelsKnown = signal(false)
export const modelsError = signal('')

export const isChat = (model: Model) => model.task === 'chat'
export const draws = (model: Model) => model.task === 'image-generation' || model.task === 'image-edit'
export const sees = (model: Model | undefined) => !!model?.capabilities?.includes('vision')
export const shortHash = (hash: string) => (hash.length > 16 ? hash.slice(0, 5) + '…' + hash.slice(-6) : hash)
export const named = (id: string) => models.value.find((model) => model.id === id)

export const chatModels = computed(() => models.value.filter(isChat))
export const drawingModels = computed(() => models.value.filter(draws))

export async function lookAtModels(): Promise<void> {
  try {
    const answer = await askJson<{ data?: Model[] }>('/v1/models')
    const found = (answer.data ?? []).filter((model) => typeof model.id === 'string' && !model.hash)
    if (JSON.stringify(found) !== JSON.stringify(models.peek())) models.value = found
    modelsKnown.value = true
    modelsError.value = ''
  } catch (why) {
    modelsError.value = why instanceof ServerError && why.status === 0 ? '' : wordsOf(why)
  }
}

// A model that was chosen once is taken again if it is still there, and otherwise the server's first one.
export const chosenChat = kept<string>('model', [], '')
export const chosenDrawing = kept<string>('image-model', [], '')

const usual = 5000
const away = 1500
let timer: ReturnType<typeof setTimeout> | undefined

export function watchModels() {
  const look = async () => {
    clearTimeout(timer)
    if (!document.hidden) {
      if (reached.peek()) await lookAtModels()
      else await ask('/health').then(lookAtModels, () => {})
    }
    timer = setTimeout(look, reached.peek() ? usual : away)
  }
  document.addEventListener('visibilitychange', () => void (document.hidden || look()))
  void look()
}
