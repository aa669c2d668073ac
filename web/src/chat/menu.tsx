// What can be done with a whole conversation.
import { useEffect, useRef, useState } from 'preact/hooks'
import { confirmed, Dialog } from '../parts/dialog'
import { Icon, IconButton, type IconName } from '../parts/icons'
import { announce } from '../parts/announce'
import { go } from '../parts/place'
import { begin, removeChats, rename, noteKept } from '../store/chats'
import type { Conversation } from '../store/conversation'
import { t } from '../words'
import { download, exportJsonl, exportMarkdown, fileName } from './exchange'
import { stop } from './answer'

export function ChatMenu({ open }: { open: Conversation }) {
  const [shown, setShown] = useState(false)
  const [naming, setNaming] = useState(false)
  const place = useRef<HTMLDivElement>(null)
  useEffect(() => {
    if (!shown) return
    place.current?.querySelector<HTMLElement>('[role=menuitem]')?.focus()
    const outside = (event: Event) => place.current?.contains(event.target as Node) || setShown(false)
    addEventListener('pointerdown', outside)
    return () => removeEventListener('pointerdown', outside)
  }, [shown])
  const close = () => {
    setShown(false)
    place.current?.querySelector<HTMLElement>('button')?.focus()
  }
  const chat = open.chat.value
  const markdown = () => {
    const text = exportMarkdown(chat, open.path.peek().map((id) => open.at(id)))
    download(fileName(chat.title, '.md'), new Blob([text], { type: 'text/markdown' }))
  }
  const lines = async () => download(fileName(chat.title, '.jsonl'), new Blob([await exportJsonl([chat.id])], { type: 'application/jsonl' }))
  const remove = async () => {
    if (!(await confirmed(t('remove.title'), t('remove.text', chat.title), t('remove.yes')))) return
    stop(chat.id)
    await removeChats([chat.id])
    begin()
    go('chat')
    announce(t('remove.done'))
  }
  const item = (icon: IconName, words: string, act: () => unknown) => (
    <button type="button" role="menuitem" tabIndex={-1} onClick={() => { close(); void act() }}>
      <Icon name={icon} />
      {words}
    </button>
  )
  return (
    <div class="menu" ref={place} onKeyDown={(event) => move(event, place.current, close)}>
      <IconButton icon="more" label={t('menu.open')} expanded={shown} onClick={() => setShown(!shown)} />
      {shown && (
        <div role="menu" aria-label={t('menu.open')} class="items">
          {item('pencil', t('menu.rename'), () => setNaming(true))}
          {item('out', t('menu.markdown'), markdown)}
          {item('out', t('menu.jsonl'), lines)}
          {item('bin', t('menu.remove'), remove)}
        </div>
      )}
      {naming && <Naming open={open} onClose={() => setNaming(false)} />}
    </div>
  )
}

function move(event: KeyboardEvent, menu: HTMLElement | null, close: () => void) {
  const items = Array.from(menu?.querySelectorAll<HTMLElement>('[role=menuitem]') ?? [])
  const at = items.indexOf(document.activeElement as HTMLElement)
  if (!items.length) return
  const to = { ArrowDown: at + 1, ArrowUp: at - 1 + items.length, Home: 0, End: items.length - 1 }[event.key]
  if (to !== undefined) {
    event.preventDefault()
    items[to % items.length]!.focus()
  } else if (event.key === 'Escape' || event.key === 'Tab') {
    event.stopPropagation()
    close()
  }
}

function Naming({ open, onClose }: { open: Conversation; onClose: () => void }) {
  const field = useRef<HTMLInputElement>(null)
  useEffect(() => field.current?.select(), [])
  const keep = (event: Event) => {
    event.preventDefault()
    const title = field.current!.value.trim().slice(0, 200)
    if (title) void rename(open.id, title).then(() => noteKept(open))
    onClose()
  }
  return (
    <Dialog title={t('menu.rename')} onClose={onClose}>
      <form onSubmit={keep}>
        <label class="field">
          {t('menu.title')}
          <input ref={field} type="text" maxLength={200} defaultValue={open.chat.peek().title} autofocus />
        </label>
        <footer>
          <button type="submit" class="main">{t('dialog.keep')}</button>
        </footer>
      </form>
    </Dialog>
  )
}
