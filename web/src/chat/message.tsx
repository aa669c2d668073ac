// Why: one message with everything that can be done with it. It is drawn again only when it has changed itself.
import type { Signal } from '@preact/signals'
import { useEffect, useRef, useState } from 'preact/hooks'
import { shortHash } from '../api/models'
import { GrowingMarkdown, Markdown } from '../markdown/markdown'
import { CopyButton } from '../parts/copy'
import { IconButton } from '../parts/icons'
import { memo } from '../parts/memo'
import { count, decimal } from '../parts/numbers'
import type { Conversation } from '../store/conversation'
import type { Message } from '../store/types'
import { saved, t } from '../words'
import { edit, editAnswer, goOn, retry, waits } from './answer'
import { Calls } from './calls'
import { Picture } from './picture'

interface Props {
  open: Conversation
  message: Signal<Message>
  model: string
  last: boolean
  busy: boolean
}

export const MessageView = memo(function MessageView({ open, message, model, last, busy }: Props) {
  const now = message.value
  const [editing, setEditing] = useState(false)
  const who = now.role === 'user' ? t('chat.you') : now.role === 'tool' ? t('chat.tool') : now.model?.name || t('chat.model')
  return (
    <article class={`message ${now.role}`} aria-label={who} data-id={now.id} aria-busy={now.state === 'growing'}>
      {now.role !== 'user' && <h2 class="who">{who}</h2>}
      {now.attachments && <Attached message={now} />}
      {editing ? (
        <Editor open={open} message={now} model={model} busy={busy} onEnd={() => setEditing(false)} />
      ) : (
        <Body open={open} message={now} last={last} model={model} busy={busy} />
      )}
      {!editing && <Footer {...{ open, model, last, busy }} now={now} onEdit={() => setEditing(true)} />}
    </article>
  )
})

function Attached({ message }: { message: Message }) {
  return (
    <div class="attached">
      {message.attachments!.map((each) =>
        each.text === undefined ? (
          <Picture key={each.id} id={each.id} name={each.name} />
        ) : (
          <details key={each.id} class="file">
            <summary>{each.name}</summary>
            <pre tabIndex={0}>{each.text.slice(0, 20_000)}</pre>
          </details>
        ),
      )}
    </div>
  )
}

function Body({ open, message, last, model, busy }: { open: Conversation; message: Message; last: boolean; model: string; busy: boolean }) {
  // What has grown here stays the growing kind, so that its end parses nothing again.
  const grew = useRef(message.state === 'growing')
  const growing = message.state === 'growing'
  grew.current ||= growing
  const waiting = growing && !message.text && !message.reasoning && !message.calls?.length
  return (
    <div class="body" dir="auto">
      {message.reasoning && <Reasoning text={message.reasoning} thinking={growing && !message.text} />}
      {message.role === 'user' && <p class="plain">{message.text}</p>}
      {message.role === 'tool' && <pre class="result" tabIndex={0}>{message.text}</pre>}
      {message.role === 'assistant' &&
        (grew.current ? <GrowingMarkdown text={message.text} growing={growing} /> : <Markdown text={message.text} />)}
      {message.calls && message.calls.length > 0 && (
        <Calls open={open} message={message} model={model} asks={last && !growing && !busy} />
      )}
      {waiting && <Waiting chat={open.id} />}
      {message.state && !growing && <p class={`state ${message.state}`}>{saved(message.why ?? '')}</p>}
    </div>
  )
}

function Waiting({ chat }: { chat: string }) {
  const words = waits.value[chat]
  return (
    <p class="waiting">
      <span class="dots" aria-hidden="true"><i /><i /><i /></span>
      {waitWords(words)}
    </p>
  )
}

// The server says what a request waits for, as "loading, position 1, 40 %" or "queued, position 3".
export function waitWords(comment: string | undefined): string {
  if (!comment) return t('chat.waiting')
  const percent = /(\d+) ?%/.exec(comment)?.[1]
  const position = /position (\d+)/.exec(comment)?.[1]
  if (comment.startsWith('loading')) return percent ? t('wait.loading-percent', percent) : t('wait.loading')
  if (comment.startsWith('queued')) return t('wait.queued', position ?? '?')
  if (comment.startsWith('waiting')) return t('wait.others')
  return comment
}

function Reasoning({ text, thinking }: { text: string; thinking: boolean }) {
  return (
    <details class="reasoning">
      <summary>{thinking ? t('chat.thinking') : t('chat.reasoning')}</summary>
      <p class="plain">{text}</p>
    </details>
  )
}

function Editor(props: { open: Conversation; message: Message; model: string; busy: boolean; onEnd: () => void }) {
  const field = useRef<HTMLTextAreaElement>(null)
  const { message } = props
  useEffect(() => {
    field.current?.focus()
    field.current?.setSelectionRange(message.text.length, message.text.length)
  }, [])
  const end = () => {
    const article = field.current?.closest('article')
    props.onEnd()
    setTimeout(() => article?.querySelector<HTMLElement>('.edit')?.focus())
  }
  const keep = () => {
    const text = field.current?.value ?? ''
    if (!text.trim()) return
    end()
    if (message.role === 'user') void edit(props.open, message.id, text, props.model)
    else void editAnswer(props.open, message.id, text)
  }
  const onKey = (event: KeyboardEvent) => {
    if (event.key === 'Escape') {
      event.stopPropagation()
      end()
    } else if (event.key === 'Enter' && (event.ctrlKey || event.metaKey)) {
      keep()
    }
  }
  return (
    <div class="editor">
      <textarea ref={field} defaultValue={message.text} rows={Math.min(16, message.text.split('\n').length + 1)}
        aria-label={t('chat.edit-text')} onKeyDown={onKey} />
      <div class="buttons">
        <button type="button" onClick={end}>{t('dialog.cancel')}</button>
        <button type="button" class="main" onClick={keep} disabled={props.busy || (message.role === 'user' && !props.model)}>
          {message.role === 'user' ? t('chat.edit-send') : t('chat.edit-keep')}
        </button>
      </div>
    </div>
  )
}

function Footer(props: { open: Conversation; now: Message; model: string; last: boolean; busy: boolean; onEdit: () => void }) {
  const { open, now, model, last, busy } = props
  if (now.state === 'growing') return <footer class="about">{rateWords(now)}</footer>
  const mayGoOn = last && now.role === 'assistant' && !!now.text && !now.calls?.length && (now.state === 'stopped' || now.state === 'cut' || now.finish === 'length')
  return (
    <footer>
      <Branches open={open} id={now.id} busy={busy} />
      <span class="actions">
        {now.text && <CopyButton text={() => now.text} label={t('chat.copy')} />}
        {now.role !== 'tool' && now.text && (
          <IconButton class="small edit" icon="pencil" label={t('chat.edit')} onClick={props.onEdit} disabled={busy} />
        )}
        {now.role === 'assistant' && (
          <IconButton class="small" icon="again" label={t('chat.retry')} disabled={busy || !model} onClick={() => void retry(open, now.id, model)} />
        )}
      </span>
      {mayGoOn && (
        <button type="button" class="quiet go-on" disabled={busy || !model} onClick={() => void goOn(open, now.id, model)}>{t('chat.go-on')}</button>
      )}
      {now.role === 'assistant' && <About now={now} />}
    </footer>
  )
}

function Branches({ open, id, busy }: { open: Conversation; id: string; busy: boolean }) {
  const all = open.siblings(id)
  if (all.length < 2) return null
  const at = all.indexOf(id)
  const to = (next: number) => void open.choose(all[next]!)
  return (
    <span class="branches" role="group" aria-label={t('chat.branches')}>
      <IconButton class="small" icon="back" label={t('chat.branch-before')} disabled={at === 0 || busy} onClick={() => to(at - 1)} />
      <span>{t('chat.branch-of', at + 1, all.length)}</span>
      <IconButton class="small" icon="next" label={t('chat.branch-after')} disabled={at === all.length - 1 || busy} onClick={() => to(at + 1)} />
    </span>
  )
}

const rateWords = (now: Message) => (now.usage?.rate ? t('chat.rate', decimal(now.usage.rate)) : '')

function About({ now }: { now: Message }) {
  const { model, usage } = now
  return (
    <span class="about">
      {usage?.generated !== undefined && <span>{t('chat.tokens', count(usage.generated))}</span>}
      {usage?.rate !== undefined && <span>{rateWords(now)}</span>}
      {now.finish === 'length' && <span>{t('chat.full')}</span>}
      {model?.hash && (
        <span class="weights" title={t('chat.weights', model.hash)}>
          <code>{shortHash(model.hash)}</code>
          <CopyButton text={() => model.hash} label={t('chat.copy-hash')} />
        </span>
      )}
      {model?.fallback && <span class="fallback">{t('chat.fallback', model.fallback)}</span>}
    </span>
  )
}
