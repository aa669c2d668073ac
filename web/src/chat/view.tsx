// Why: the view of conversations: their list, and the one that is open.
import { signal, useSignalEffect } from '@preact/signals'
import { useEffect, useLayoutEffect, useRef, useState } from 'preact/hooks'
import { listOpen, settingsOpen } from '../parts/open'
import { chatModels, chosenChat, models, modelsKnown, named } from '../api/models'
import { announce } from '../parts/announce'
import { Icon, IconButton } from '../parts/icons'
import { addressOf, go, place, rename as renamePlace } from '../parts/place'
import { begin, chatsKnown, current, openChat } from '../store/chats'
import type { Conversation } from '../store/conversation'
import { t } from '../words'
import { isAnswering } from './answer'
import { Composer, dropped, focusComposer } from './composer'
import { ChatList } from './list'
import { MessageView } from './message'
import { ModelChoice } from './model_choice'
import { Meter } from './meter'
import { ChatMenu } from './menu'
import { usedTokens } from './request'
import { ChatSettingsDialog } from './settings'


export function newChat() {
  listOpen.value = false
  const { id } = begin()
  go('chat')
  focusComposer(id)
}

// The model that answers next: the one of the last choice, if it is still served.
export function answerModel(): string {
  const wanted = chosenChat.value
  return chatModels.value.some((model) => model.id === wanted) ? wanted : (chatModels.value[0]?.id ?? '')
}

export function ChatView() {
  const { id } = place.value
  const known = chatsKnown.value
  const [missing, setMissing] = useState('')
  useEffect(() => {
    if (!known) return
    setMissing('')
    if (!id) {
      if (!current.peek()) begin()
      return
    }
    if (current.peek()?.id === id) return
    void openChat(id).then((found) => {
      if (found) return
      setMissing(id)
      begin()
    })
  }, [id, known])
  const open = current.value
  // Another tab may have removed it.
  useEffect(() => {
    if (known && !open) begin()
  }, [open, known])
  return (
    <div class="chat-view">
      <ChatList />
      {listOpen.value && <button type="button" class="veil" aria-label={t('list.close')} onClick={() => (listOpen.value = false)} />}
      {open && <Talk key={open.id} open={open} missing={!!missing} />}
    </div>
  )
}

function Talk({ open, missing }: { open: Conversation; missing: boolean }) {
  const model = answerModel()
  const [over, setOver] = useState(false)
  const chat = open.chat.value
  const empty = !chat.leaf
  // Its address is known as soon as something of it is kept. Only a conversation that begins here, or an address without a
  // name, is given one: another name in it is where the person is going.
  const begins = useRef(empty)
  useEffect(() => {
    if (!begins.current || !chat.leaf || place.peek().view !== 'chat') return
    begins.current = false
    if (place.peek().id !== open.id) renamePlace('chat', open.id)
  }, [chat.leaf])
  useEffect(() => {
    if (chat.leaf && place.peek().view === 'chat' && !place.peek().id) renamePlace('chat', open.id)
  }, [place.value.id])
  const drop = (event: DragEvent) => {
    event.preventDefault()
    setOver(false)
    dropped.value = Array.from(event.dataTransfer?.files ?? [])
  }
  const drag = (event: DragEvent) => {
    if (!event.dataTransfer?.types.includes('Files')) return
    event.preventDefault()
    setOver(true)
  }
  return (
    <section class={`talk ${over ? 'over' : ''}`} aria-label={t('chat.view')} onDragOver={drag} onDragLeave={() => setOver(false)} onDrop={drop}>
      <header class="talk-head">
        <IconButton class="only-narrow" icon="list" label={t('list.open')} expanded={listOpen.value} onClick={() => (listOpen.value = true)} />
        <h1 class="title">{chat.title || t('chat.new')}</h1>
        <IconButton icon="sliders" label={t('settings.chat')} onClick={() => (settingsOpen.value = true)} />
        {!empty && <ChatMenu open={open} />}
      </header>
      {missing && <p class="problem" role="alert">{t('chat.missing')}</p>}
      {empty ? <Welcome /> : <Messages open={open} model={model} />}
      <div class="foot">
        <Composer open={open} model={model} onSend={() => (follow.value = true)} />
        <div class="under">
          <ModelChoice all={chatModels.value} chosen={model} choose={(id) => (chosenChat.value = id)} />
          <ContextMeter open={open} model={model} />
        </div>
      </div>
      {over && <div class="drop-here" aria-hidden="true">{t('attach.drop')}</div>}
      {settingsOpen.value && <ChatSettingsDialog open={open} onClose={() => (settingsOpen.value = false)} />}
    </section>
  )
}

function ContextMeter({ open, model }: { open: Conversation; model: string }) {
  const used = usedTokens(open.path.value.map((id) => open.messages.get(id)!.value))
  const most = named(model)?.context_length
  return used !== undefined && most ? <Meter used={used} most={most} /> : null
}

function Welcome() {
  const none = modelsKnown.value && !chatModels.value.length
  return (
    <div class="welcome">
      <div class="mark" aria-hidden="true"><Icon name="talk" /></div>
      <h2>{t('welcome.title')}</h2>
      {none ? (
        <p>{models.value.length ? t('welcome.no-chat') : t('welcome.no-model')}</p>
      ) : (
        <p>{t('welcome.text')}</p>
      )}
      <p class="hint">{t('welcome.where', location.origin)}</p>
    </div>
  )
}

const follow = signal(true) // whether the view stays at the end of a growing answer
const atOnce = 30 // messages that are drawn first; those before them follow while nothing else is to do
const perTurn = 30

const whenIdle = (work: () => void): (() => void) => {
  if ('requestIdleCallback' in globalThis) {
    const id = requestIdleCallback(work, { timeout: 200 })
    return () => cancelIdleCallback(id)
  }
  const id = setTimeout(work, 30)
  return () => clearTimeout(id)
}

function Messages({ open, model }: { open: Conversation; model: string }) {
  const path = open.path.value
  const busy = isAnswering(open.id)
  const [drawn, setDrawn] = useState(atOnce)
  const box = useRef<HTMLDivElement>(null)
  const inner = useRef<HTMLDivElement>(null)
  const from = Math.max(0, path.length - drawn)
  const height = useRef(0)
  useEffect(() => {
    if (from > 0) return whenIdle(() => {
      height.current = box.current ? box.current.scrollHeight - box.current.scrollTop : 0
      setDrawn((now) => now + perTurn)
    })
  }, [from])
  // What stands above has grown; what a person reads stays where it is.
  useLayoutEffect(() => {
    if (box.current && height.current && !follow.peek()) box.current.scrollTop = box.current.scrollHeight - height.current
    height.current = 0
  }, [drawn])
  useFollowing(box, inner)
  return (
    <div class="messages" ref={box} tabIndex={0} role="region" aria-label={t('chat.messages')}>
      <div class="inner" ref={inner}>
        {path.slice(from).map((id, at) => (
          <MessageView key={id} open={open} message={open.messages.get(id)!} model={model} last={from + at === path.length - 1} busy={busy} />
        ))}
      </div>
      <JumpDown box={box} />
    </div>
  )
}

function useFollowing(box: { current: HTMLDivElement | null }, inner: { current: HTMLDivElement | null }) {
  useLayoutEffect(() => {
    const frame = box.current!
    follow.value = true
    frame.scrollTop = frame.scrollHeight
    let last = frame.scrollTop
    const onScroll = () => {
      const end = frame.scrollHeight - frame.scrollTop - frame.clientHeight < 40
      if (end) follow.value = true
      else if (frame.scrollTop < last - 2) follow.value = false
      last = frame.scrollTop
    }
    const grown = new ResizeObserver(() => {
      if (follow.peek()) frame.scrollTop = frame.scrollHeight
    })
    frame.addEventListener('scroll', onScroll, { passive: true })
    grown.observe(inner.current!)
    grown.observe(frame)
    return () => {
      frame.removeEventListener('scroll', onScroll)
      grown.disconnect()
    }
  }, [])
  useSignalEffect(() => {
    if (follow.value && box.current) box.current.scrollTop = box.current.scrollHeight
  })
}

function JumpDown({ box }: { box: { current: HTMLDivElement | null } }) {
  if (follow.value) return null
  const jump = () => {
    follow.value = true
    box.current?.focus()
    announce(t('chat.at-end'))
  }
  return <IconButton class="jump" icon="down" label={t('chat.jump')} onClick={jump} />
}

export const chatAddress = (id: string) => addressOf('chat', id)
