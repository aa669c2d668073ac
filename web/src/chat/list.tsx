// The conversations of this browser, and the search through their words.
import { signal } from '@preact/signals'
import { useEffect, useRef, useState } from 'preact/hooks'
import { Icon, IconButton } from '../parts/icons'
import { addressOf, place } from '../parts/place'
import { when } from '../parts/numbers'
import { answering, chats, chatsKnown, current, search, type Hit } from '../store/chats'
import { t } from '../words'
import { listOpen } from '../parts/open'
import { newChat } from './view'

export const searchField = signal<HTMLInputElement | null>(null)

export function ChatList() {
  const [words, setWords] = useState('')
  const [hits, setHits] = useState<Hit[] | undefined>(undefined)
  const field = useRef<HTMLInputElement>(null)
  useEffect(() => {
    searchField.value = field.current
    return () => void (searchField.value = null)
  }, [])
  useEffect(() => {
    if (!words.trim()) return setHits(undefined)
    let left = false
    const wait = setTimeout(() => void search(words).then((found) => left || setHits(found)), 120)
    return () => {
      left = true
      clearTimeout(wait)
    }
  }, [words])
  return (
    <aside class={`list ${listOpen.value ? 'open' : ''}`} aria-label={t('list.name')}
      onKeyDown={(event) => event.key === 'Escape' && (listOpen.value = false)}>
      <div class="list-head">
        <button type="button" class="new" onClick={newChat}>
          <Icon name="plus" />
          {t('chat.new')}
        </button>
        <IconButton class="only-narrow" icon="close" label={t('list.close')} onClick={() => (listOpen.value = false)} />
      </div>
      <div class="search" role="search">
        <Icon name="search" />
        <input ref={field} type="search" value={words} aria-label={t('list.search')} placeholder={t('list.search')}
          onInput={(event) => setWords(event.currentTarget.value)} />
      </div>
      {hits ? <Hits hits={hits} /> : <All />}
    </aside>
  )
}

function All() {
  const list = chats.value
  if (chatsKnown.value && !list.length) return <p class="hint">{t('list.empty')}</p>
  return (
    <nav aria-label={t('list.name')} class="chats">
      <ul>
        {list.map((chat) => (
          <li key={chat.id}>
            <a href={addressOf('chat', chat.id)} aria-current={place.value.view === 'chat' && current.value?.id === chat.id ? 'page' : undefined}
              onClick={() => (listOpen.value = false)}>
              <span class="name">{chat.title || t('chat.untitled')}</span>
              <span class="time">{answering.value.has(chat.id) ? t('list.answering') : when(chat.updated)}</span>
            </a>
          </li>
        ))}
      </ul>
    </nav>
  )
}

function Hits({ hits }: { hits: Hit[] }) {
  return (
    <nav aria-label={t('list.hits')} class="chats">
      <p class="hint" role="status">{hits.length ? t('list.found', hits.length) : t('list.nothing')}</p>
      <ul>
        {hits.map((hit) => (
          <li key={hit.chat.id}>
            <a href={addressOf('chat', hit.chat.id)} onClick={() => (listOpen.value = false)}>
              <span class="name">{hit.chat.title || t('chat.untitled')}</span>
              {hit.message && (
                <span class="cut">
                  {hit.before}
                  <mark>{hit.match}</mark>
                  {hit.after}
                </span>
              )}
            </a>
          </li>
        ))}
      </ul>
    </nav>
  )
}
