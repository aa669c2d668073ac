// Why: what a model asks tools for. The page runs none itself: it shows the call, and takes what the tool has answered.
import { useRef } from 'preact/hooks'
import type { Conversation } from '../store/conversation'
import type { Message } from '../store/types'
import { CodeBlock } from '../markdown/code'
import { t } from '../words'
import { answerCalls } from './answer'

export function pretty(text: string): string {
  try {
    return JSON.stringify(JSON.parse(text), null, 2)
  } catch {
    return text
  }
}

export function Calls({ open, message, model, asks }: { open: Conversation; message: Message; model: string; asks: boolean }) {
  const form = useRef<HTMLFormElement>(null)
  const calls = message.calls!
  const give = (event: Event) => {
    event.preventDefault()
    const fields = new FormData(form.current!)
    void answerCalls(open, message.id, calls.map((call, at) => ({ call: call.id, text: String(fields.get('result' + at) ?? '') })), model)
  }
  return (
    <form ref={form} class="calls" onSubmit={give}>
      {calls.map((call, at) => (
        <section key={at} class="call" aria-label={t('call.of', call.name)}>
          <h3>{t('call.of', call.name)}</h3>
          <CodeBlock text={pretty(call.arguments)} language="json" open={false} />
          {asks && (
            <label>
              {t('call.result')}
              <textarea name={'result' + at} rows={2} required />
            </label>
          )}
        </section>
      ))}
      {asks && (
        <div class="buttons">
          <button type="submit" class="main" disabled={!model}>{t('call.send')}</button>
        </div>
      )}
    </form>
  )
}
