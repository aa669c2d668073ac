// Why: the frame around the views: where one goes, what is wrong, and what listens to the keyboard.
import { Component, type ComponentChildren } from 'preact'
import { useEffect } from 'preact/hooks'
import { reached, keyWanted } from './api/server'
import { ChatView } from './chat/view'
import { ImagesView } from './images/view'
import { announced } from './parts/announce'
import { Questions } from './parts/dialog'
import { Icon, IconButton, type IconName } from './parts/icons'
import { preferencesOpen, shortcutsOpen } from './parts/open'
import { addressOf, place, type View } from './parts/place'
import { Preferences } from './parts/preferences'
import { heedKeys, Shortcuts } from './parts/shortcuts'
import { ServerView } from './server/view'
import { problem } from './store/database'
import { t } from './words'


export function App() {
  useEffect(() => heedKeys(), [])
  const { view } = place.value
  return (
    <>
      <a class="skip" href="#main" onClick={skip}>{t('nav.skip')}</a>
      <header class="top">
        <a class="brand" href={addressOf('chat')} aria-label={t('nav.home')}>eai</a>
        <nav aria-label={t('nav.name')}>
          <Tab view="chat" icon="talk" now={view} />
          <Tab view="images" icon="picture" now={view} />
          <Tab view="server" icon="server" now={view} />
        </nav>
        <div class="tools">
          <IconButton icon="keys" class="not-touch" label={t('keys.title')} onClick={() => (shortcutsOpen.value = true)} />
          <IconButton icon="cog" label={t('prefs.title')} onClick={() => (preferencesOpen.value = true)} />
        </div>
      </header>
      <Banners />
      <main id="main" tabIndex={-1}>
        <Guard key={view}>{view === 'chat' ? <ChatView /> : view === 'images' ? <ImagesView /> : <ServerView />}</Guard>
      </main>
      {preferencesOpen.value && <Preferences onClose={() => (preferencesOpen.value = false)} />}
      {shortcutsOpen.value && <Shortcuts onClose={() => (shortcutsOpen.value = false)} />}
      <Questions />
      <div class="off-screen" aria-live="polite" role="status" id="announcements">{announced.value}</div>
    </>
  )
}

function skip(event: MouseEvent) {
  event.preventDefault()
  document.getElementById('main')?.focus()
}

function Tab({ view, icon, now }: { view: View; icon: IconName; now: View }) {
  return (
    <a href={addressOf(view)} aria-current={now === view ? 'page' : undefined}>
      <Icon name={icon} />
      <span>{t(`nav.${view}`)}</span>
    </a>
  )
}

function Banners() {
  return (
    <>
      {!reached.value && <p class="banner" role="alert">{t('error.away')}</p>}
      {reached.value && keyWanted.value && (
        <p class="banner" role="alert">
          {t('error.key')} <button type="button" onClick={() => (preferencesOpen.value = true)}>{t('prefs.give-key')}</button>
        </p>
      )}
      {problem.value && <p class="banner" role="alert">{t(`store.${problem.value}`)}</p>}
    </>
  )
}

// A part that fails takes no other part with it.
export class Guard extends Component<{ children: ComponentChildren }, { failed: string }> {
  override state = { failed: '' }
  static getDerivedStateFromError(why: unknown) {
    return { failed: String(why) }
  }
  override render() {
    if (!this.state.failed) return this.props.children
    return (
      <div class="welcome" role="alert">
        <h2>{t('guard.title')}</h2>
        <p>{t('guard.text')}</p>
        <pre tabIndex={0}>{this.state.failed}</pre>
        <button type="button" class="main" onClick={() => location.reload()}>{t('guard.again')}</button>
      </div>
    )
  }
}
