// Why: dialogs. The browser's own element keeps the keyboard inside, ends with Escape and gives the focus back.
import { signal } from '@preact/signals'
import type { ComponentChildren } from 'preact'
import { useEffect, useId, useRef } from 'preact/hooks'
import { IconButton } from './icons'
import { t } from '../words'

export function Dialog(props: { title: string; onClose: () => void; children: ComponentChildren; wide?: boolean }) {
  const place = useRef<HTMLDialogElement>(null)
  const title = useId()
  useEffect(() => {
    const focused = document.activeElement as HTMLElement | null
    place.current?.showModal()
    place.current?.querySelector<HTMLElement>('.inside > :not(header) :is(input, select, textarea, button)')?.focus()
    return () => focused?.isConnected && focused.focus()
  }, [])
  const outside = (event: MouseEvent) => event.target === place.current && place.current?.close()
  return (
    <dialog ref={place} class={props.wide ? 'wide' : ''} aria-labelledby={title} onClose={props.onClose} onClick={outside}>
      <div class="inside">
        <header>
          <h2 id={title}>{props.title}</h2>
          <IconButton icon="close" label={t('dialog.close')} onClick={() => place.current?.close()} />
        </header>
        {props.children}
      </div>
    </dialog>
  )
}

interface Question {
  title: string
  text: string
  yes: string
  answer: (yes: boolean) => void
}
const question = signal<Question | undefined>(undefined)

export const confirmed = (title: string, text: string, yes: string) =>
  new Promise<boolean>((done) => {
    question.value = {
      title, text, yes,
      answer: (says) => {
        question.value = undefined
        done(says)
      },
    }
  })

export function Questions() {
  const now = question.value
  if (!now) return null
  return (
    <Dialog title={now.title} onClose={() => now.answer(false)}>
      <p>{now.text}</p>
      <footer>
        <button type="button" onClick={() => now.answer(false)}>{t('dialog.no')}</button>
        <button type="button" class="danger" onClick={() => now.answer(true)}>{now.yes}</button>
      </footer>
    </Dialog>
  )
}
