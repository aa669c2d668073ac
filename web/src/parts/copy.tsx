import { useState } from 'preact/hooks'
import { announce } from './announce'
import { Icon } from './icons'
import { t } from '../words'

// The clipboard's API is there in a secure context only, which a page from an address of the local network is not.
export async function copyText(text: string): Promise<boolean> {
  try {
    await navigator.clipboard.writeText(text)
    return true
  } catch {
    const field = document.createElement('textarea')
    field.value = text
    field.className = 'off-screen'
    const focused = document.activeElement as HTMLElement | null
    ;(focused?.closest('dialog') ?? document.body).append(field)
    field.select()
    const done = document.execCommand('copy')
    field.remove()
    focused?.focus()
    return done
  }
}

export function CopyButton(props: { text: () => string; label: string; words?: string }) {
  const [done, setDone] = useState(false)
  const copy = async () => {
    const worked = await copyText(props.text())
    announce(t(worked ? 'copy.done' : 'copy.failed'))
    setDone(worked)
    setTimeout(() => setDone(false), 1500)
  }
  return (
    <button type="button" class={props.words ? 'quiet' : 'icon-button small'} aria-label={props.words ? undefined : props.label} title={props.label} onClick={copy}>
      <Icon name={done ? 'check' : 'copy'} />
      {props.words}
    </button>
  )
}
