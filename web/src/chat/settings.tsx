// How a conversation is answered: the system prompt, the sampling, thinking, tools.
import { useState } from 'preact/hooks'
import { Dialog } from '../parts/dialog'
import { announce } from '../parts/announce'
import { firstSettings, noteKept } from '../store/chats'
import type { Conversation } from '../store/conversation'
import type { ChatSettings } from '../store/types'
import { t } from '../words'
import { toolsOf } from './request'

type NumberName = 'temperature' | 'topP' | 'topK' | 'minP' | 'maxTokens' | 'seed'
interface Bounds {
  name: NumberName
  least: number
  most: number
  step: number
}

const bounds: Bounds[] = [
  { name: 'temperature', least: 0, most: 2, step: 0.05 },
  { name: 'topP', least: 0, most: 1, step: 0.01 },
  { name: 'topK', least: 0, most: 1000, step: 1 },
  { name: 'minP', least: 0, most: 1, step: 0.01 },
  { name: 'maxTokens', least: 1, most: 1_000_000, step: 1 },
  { name: 'seed', least: 0, most: 4_294_967_295, step: 1 },
]

export function toolsProblem(text: string | undefined): string {
  try {
    toolsOf(text)
    return ''
  } catch (why) {
    return t('settings.tools-wrong', why instanceof Error ? why.message : '')
  }
}

export function ChatSettingsDialog({ open, onClose }: { open: Conversation; onClose: () => void }) {
  const settings = open.chat.value.settings
  const [kept, setKept] = useState(false)
  const change = (fields: ChatSettings) => {
    const next = Object.fromEntries(Object.entries({ ...settings, ...fields }).filter(([, value]) => value !== undefined && value !== ''))
    setKept(false)
    void open.change({ settings: next }).then(() => open.chat.peek().leaf && noteKept(open))
  }
  const wrong = toolsProblem(settings.tools)
  const keepForNew = () => {
    firstSettings.value = settings
    setKept(true)
    announce(t('settings.kept'))
  }
  return (
    <Dialog title={t('settings.chat')} onClose={onClose}>
      <label class="field">
        {t('settings.system')}
        <textarea rows={4} value={settings.system ?? ''} onInput={(event) => change({ system: event.currentTarget.value })} />
      </label>
      <div class="fields">
        {bounds.map((each) => (
          <NumberField key={each.name} bounds={each} value={settings[each.name]} onChange={(value) => change({ [each.name]: value })} />
        ))}
      </div>
      <label class="check">
        <input type="checkbox" checked={settings.thinking === 'off'}
          onChange={(event) => change({ thinking: event.currentTarget.checked ? 'off' : undefined })} />
        {t('settings.no-thinking')}
      </label>
      <label class="field">
        {t('settings.tools')}
        <textarea class="mono" rows={4} spellcheck={false} value={settings.tools ?? ''} aria-invalid={!!wrong} aria-describedby="tools-hint"
          placeholder='[{"type": "function", "function": {"name": …}}]' onInput={(event) => change({ tools: event.currentTarget.value })} />
      </label>
      <p id="tools-hint" class={wrong ? 'problem' : 'hint'}>{wrong || t('settings.tools-hint')}</p>
      <footer>
        <button type="button" onClick={() => change(Object.fromEntries(Object.keys(settings).map((name) => [name, undefined])))}>{t('settings.reset')}</button>
        <button type="button" onClick={keepForNew}>{kept ? t('settings.kept') : t('settings.keep')}</button>
      </footer>
    </Dialog>
  )
}

function NumberField({ bounds: { name, least, most, step }, value, onChange }: { bounds: Bounds; value: number | undefined; onChange: (value: number | undefined) => void }) {
  const [wrong, setWrong] = useState(false)
  const take = (text: string) => {
    const number = text.trim() === '' ? undefined : Number(text.replace(',', '.'))
    const fits = number === undefined || (number >= least && number <= most && (step < 1 || Number.isInteger(number)))
    setWrong(!fits)
    if (fits) onChange(number)
  }
  const range = t('settings.range', least, most)
  return (
    <label class="field">
      {t(`settings.${name}`)}
      <input type="text" inputMode="decimal" value={value ?? ''} placeholder={t('settings.usual')} aria-invalid={wrong}
        onInput={(event) => take(event.currentTarget.value)} title={range} />
      {wrong && <span class="problem" role="alert">{range}</span>}
    </label>
  )
}
