// Why: where a person writes. Its state is its own: no letter that is typed draws a message anew.
import { signal } from '@preact/signals'
import { useEffect, useRef, useState } from 'preact/hooks'
import { named, sees } from '../api/models'
import { Icon, IconButton } from '../parts/icons'
import { announce } from '../parts/announce'
import { keepInTab, ofTab } from '../parts/memory'
import { bytes } from '../parts/numbers'
import { remove } from '../store/database'
import type { Conversation } from '../store/conversation'
import type { Attachment } from '../store/types'
import { t } from '../words'
import { attach, RefusedFile } from './attachments'
import { isAnswering, send, stop } from './answer'
import { Picture } from './picture'

interface Draft {
  text: string
  attachments: Attachment[]
}

// What is not sent yet survives a reload of the tab.
function readDraft(chat: string): Draft {
  try {
    const value = JSON.parse(ofTab('draft.' + chat) ?? 'null') as Draft | null
    if (value && typeof value.text === 'string' && Array.isArray(value.attachments)) return value
  } catch {
    // There is none.
  }
  return { text: '', attachments: [] }
}

const keepDraft = (chat: string, draft: Draft) =>
  keepInTab('draft.' + chat, draft.text || draft.attachments.length ? JSON.stringify(draft) : null)

// The field that is there, and the conversation whose field is to have the focus as soon as it is there.
let there: { chat: string; field: HTMLTextAreaElement } | undefined
let wanted = ''

export function focusComposer(chat = there?.chat ?? '') {
  wanted = chat
  if (there?.chat === chat) {
    there.field.focus()
    wanted = ''
  }
}

export const dropped = signal<File[]>([]) // files that were let fall anywhere on the view

export function Composer({ open, model, onSend }: { open: Conversation; model: string; onSend: () => void }) {
  const [draft, setDraft] = useState<Draft>(() => readDraft(open.id))
  const [refused, setRefused] = useState('')
  const field = useRef<HTMLTextAreaElement>(null)
  const files = useRef<HTMLInputElement>(null)
  const busy = isAnswering(open.id)
  const now = useRef(draft)

  const change = (next: Draft) => {
    now.current = next
    setDraft(next)
    keepDraft(open.id, next)
  }
  useEffect(() => {
    there = { chat: open.id, field: field.current! }
    if (wanted === open.id) focusComposer()
    return () => {
      if (there?.chat === open.id) there = undefined
    }
  }, [])
  useEffect(() => grow(field.current), [draft.text])

  const take = async (list: Iterable<File>) => {
    setRefused('')
    for (const file of list) {
      try {
        const made = await attach(file, open.id)
        change({ ...now.current, attachments: [...now.current.attachments, made] })
        announce(t('attach.added', made.name))
      } catch (why) {
        setRefused(why instanceof RefusedFile ? why.message : String(why))
      }
    }
  }
  const fallen = dropped.value
  useEffect(() => {
    if (!fallen.length) return
    dropped.value = []
    void take(fallen)
  }, [fallen])

  const leave = (gone: Attachment) => {
    change({ ...now.current, attachments: now.current.attachments.filter((each) => each.id !== gone.id) })
    if (gone.text === undefined) void remove({ bytes: [gone.id] }).catch(() => {})
    field.current?.focus()
  }
  const sendNow = () => {
    const { text, attachments } = now.current
    if (busy || !model || (!text.trim() && !attachments.length)) return
    change({ text: '', attachments: [] })
    onSend()
    void send(open, text, attachments, model)
  }
  const onKey = (event: KeyboardEvent) => {
    if (event.key !== 'Enter' || event.shiftKey || event.isComposing || event.keyCode === 229) return
    event.preventDefault()
    sendNow()
  }
  const onPaste = (event: ClipboardEvent) => {
    const pasted = Array.from(event.clipboardData?.files ?? [])
    if (!pasted.length) return
    event.preventDefault()
    void take(pasted)
  }
  const blind = draft.attachments.some((each) => each.text === undefined) && named(model) && !sees(named(model))

  return (
    <form class="composer" onSubmit={(event) => { event.preventDefault(); sendNow() }}>
      {refused && <p class="problem" role="alert">{refused}</p>}
      {blind && <p class="hint">{t('attach.blind', named(model)?.folder_name ?? '')}</p>}
      {draft.attachments.length > 0 && (
        <ul class="attachments" aria-label={t('attach.list')}>
          {draft.attachments.map((each) => (
            <li key={each.id}>
              {each.text === undefined ? <Picture id={each.id} name={each.name} small /> : <Icon name="clip" />}
              <span class="name">{each.name}</span>
              <span class="size">{bytes(each.size)}</span>
              <IconButton class="small" icon="close" label={t('attach.remove', each.name)} onClick={() => leave(each)} />
            </li>
          ))}
        </ul>
      )}
      <div class="row">
        <IconButton icon="clip" label={t('attach.choose')} onClick={() => files.current?.click()} />
        <input ref={files} type="file" multiple hidden aria-hidden="true" tabIndex={-1}
          onChange={(event) => { void take(Array.from(event.currentTarget.files ?? [])); event.currentTarget.value = '' }} />
        <textarea ref={field} rows={1} value={draft.text} aria-label={t('chat.write')} placeholder={t('chat.write')}
          onInput={(event) => change({ ...now.current, text: event.currentTarget.value })} onKeyDown={onKey} onPaste={onPaste} />
        {busy ? (
          <button type="button" class="send stop" aria-label={t('chat.stop')} title={t('chat.stop')} onClick={() => stop(open.id)}>
            <Icon name="stop" />
          </button>
        ) : (
          <button type="submit" class="send" aria-label={t('chat.send')} title={t('chat.send')}
            disabled={!model || (!draft.text.trim() && !draft.attachments.length)}>
            <Icon name="send" />
          </button>
        )}
      </div>
    </form>
  )
}

// Where the style sheet's field-sizing is not known.
function grow(field: HTMLTextAreaElement | null) {
  if (!field || globalThis.CSS?.supports?.('field-sizing', 'content')) return
  field.style.height = 'auto'
  field.style.height = Math.min(field.scrollHeight, 240) + 'px'
}
