// How the page looks, the key to the server, and what becomes of all that is kept.
import { useEffect, useRef, useState } from 'preact/hooks'
import { lookAtModels } from '../api/models'
import { BadImport, download, exportJsonl, importJsonl } from '../chat/exchange'
import { chats, readChats, removeChats } from '../store/chats'
import { StoreError } from '../store/database'
import { language, languages, t } from '../words'
import { announce } from './announce'
import { confirmed, Dialog } from './dialog'
import { Icon } from './icons'
import { theme, themes, type Theme } from './look'
import { apiKey, keyIsKept, setKey } from './memory'
import { bytes } from './numbers'

export function Preferences({ onClose }: { onClose: () => void }) {
  return (
    <Dialog title={t('prefs.title')} onClose={onClose}>
      <div class="fields">
        <label class="field">
          {t('prefs.theme')}
          <select value={theme.value} onChange={(event) => (theme.value = event.currentTarget.value as Theme)}>
            {themes.map((each) => <option key={each} value={each}>{t(`theme.${each}`)}</option>)}
          </select>
        </label>
        <label class="field">
          {t('prefs.language')}
          <select value={language.value} onChange={(event) => (language.value = event.currentTarget.value as 'en')}>
            {languages.map(({ id, name }) => <option key={id} value={id} lang={id}>{name}</option>)}
          </select>
        </label>
      </div>
      <Key />
      <Kept />
    </Dialog>
  )
}

function Key() {
  const field = useRef<HTMLInputElement>(null)
  const lasts = useRef<HTMLInputElement>(null)
  const keep = (event: Event) => {
    event.preventDefault()
    setKey(field.current!.value.trim(), lasts.current!.checked)
    announce(t('prefs.key-kept'))
    void lookAtModels()
  }
  return (
    <form class="part" onSubmit={keep}>
      <h3>{t('prefs.key-title')}</h3>
      <label class="field">
        {t('prefs.key')}
        <input ref={field} type="password" autocomplete="off" spellcheck={false} defaultValue={apiKey.peek()} />
      </label>
      <label class="check">
        <input ref={lasts} type="checkbox" defaultChecked={keyIsKept()} />
        {t('prefs.key-lasts')}
      </label>
      <div class="buttons">
        <button type="submit">{t('dialog.keep')}</button>
      </div>
    </form>
  )
}

function Kept() {
  const [room, setRoom] = useState('')
  const [told, setTold] = useState('')
  const [wrong, setWrong] = useState('')
  const file = useRef<HTMLInputElement>(null)
  useEffect(() => {
    void navigator.storage?.estimate?.().then(({ usage, quota }) => setRoom(t('prefs.room', bytes(usage ?? 0), bytes(quota ?? 0))))
  }, [chats.value])
  const say = (words: string) => {
    setWrong('')
    setTold(words)
  }
  const exportAll = async () => {
    const text = await exportJsonl(chats.peek().map((chat) => chat.id))
    download('eai-conversations.jsonl', new Blob([text], { type: 'application/jsonl' }))
    say(t('prefs.exported', chats.peek().length))
  }
  const take = async (chosen: File | undefined) => {
    if (!chosen) return
    try {
      const found = await importJsonl(await chosen.text())
      await readChats()
      say(t('prefs.imported', found.length))
    } catch (why) {
      setTold('')
      setWrong(why instanceof BadImport ? why.message : why instanceof StoreError ? t('store.full') : t('error.unexpected', String(why)))
    }
  }
  const removeAll = async () => {
    const ids = chats.peek().map((chat) => chat.id)
    if (!(await confirmed(t('prefs.remove-title'), t('prefs.remove-text', ids.length), t('remove.yes')))) return
    await removeChats(ids)
    say(t('remove.done'))
  }
  return (
    <div class="part">
      <h3>{t('prefs.kept')}</h3>
      <p class="hint">{t('prefs.kept-text', location.origin)} {room}</p>
      <div class="buttons">
        <button type="button" onClick={exportAll} disabled={!chats.value.length}><Icon name="out" />{t('prefs.export')}</button>
        <button type="button" onClick={() => file.current?.click()}><Icon name="into" />{t('prefs.import')}</button>
        <button type="button" class="danger" onClick={removeAll} disabled={!chats.value.length}><Icon name="bin" />{t('prefs.remove-all')}</button>
      </div>
      <input ref={file} type="file" accept=".jsonl,.json,application/jsonl" hidden tabIndex={-1} aria-hidden="true"
        onChange={(event) => { void take(event.currentTarget.files?.[0]); event.currentTarget.value = '' }} />
      {told && <p role="status">{told}</p>}
      {wrong && <p class="problem" role="alert">{wrong}</p>}
    </div>
  )
}
