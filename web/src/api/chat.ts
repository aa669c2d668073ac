// Why: one answer of a chat model, as it grows.
// What holds: whatever is wrong in an event costs that event at most. An answer without an end is not taken for whole.
import { ask, json, reached, ServerError } from './server'
import { eventsOf } from './sse'
import { t } from '../words'

export interface ToolCall {
  id: string
  name: string
  arguments: string
}

export interface ChatNews {
  onModel(hash: string, fallback: string): void
  onWait(comment: string): void
  onText(text: string): void
  onReasoning(text: string): void
  onCall(index: number, part: Partial<ToolCall>): void
}

export interface ChatEnd {
  finish: string
  prompt?: number
  generated?: number
  rate?: number // tokens per second
}

interface Chunk {
  error?: { message?: string }
  usage?: { prompt_tokens?: number; completion_tokens?: number }
  timings?: { predicted_per_second?: number }
  choices?: {
    finish_reason?: string | null
    delta?: {
      content?: string | null
      reasoning_content?: string | null
      tool_calls?: { index?: number; id?: string; function?: { name?: string; arguments?: string } }[]
    }
  }[]
}

export async function streamChat(request: object, news: ChatNews, signal: AbortSignal): Promise<ChatEnd> {
  const body = { ...request, stream: true, stream_options: { include_usage: true } }
  const answer = await ask('/v1/chat/completions', json(body, { signal }))
  news.onModel(answer.headers.get('x-eai-model') ?? '', answer.headers.get('x-eai-fallback') ?? '')
  const end: ChatEnd = { finish: '' }
  try {
    for await (const event of eventsOf(answer)) {
      if (event.comment) news.onWait(event.comment)
      else if (event.data && event.data !== '[DONE]') take(event.data, end, news)
    }
  } catch (why) {
    if (signal.aborted || why instanceof ServerError) throw why
    reached.value = false
    throw new ServerError(t('error.cut'), 0)
  }
  if (!end.finish) throw new ServerError(t('error.cut'), 0)
  return end
}

function take(data: string, end: ChatEnd, news: ChatNews) {
  let chunk: Chunk
  try {
    chunk = JSON.parse(data) as Chunk
  } catch {
    throw new ServerError(t('error.unreadable'), 200)
  }
  if (chunk.error) throw new ServerError(t('error.says', chunk.error.message ?? '?'), 200)
  if (chunk.usage) {
    end.prompt = chunk.usage.prompt_tokens
    end.generated = chunk.usage.completion_tokens
  }
  if (chunk.timings?.predicted_per_second) end.rate = chunk.timings.predicted_per_second
  const choice = chunk.choices?.[0]
  if (choice?.delta?.reasoning_content) news.onReasoning(choice.delta.reasoning_content)
  if (choice?.delta?.content) news.onText(choice.delta.content)
  for (const call of choice?.delta?.tool_calls ?? [])
    news.onCall(call.index ?? 0, { id: call.id, name: call.function?.name, arguments: call.function?.arguments })
  if (choice?.finish_reason) end.finish = choice.finish_reason
}
