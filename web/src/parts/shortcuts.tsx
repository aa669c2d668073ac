// Why: the keyboard does everything. What a shortcut does, and how it is listed, is one table.
// What holds: none is a letter alone, so that nothing happens to those who type or dictate.
import { isAnswering, retry, stop } from '../chat/answer'
import { focusComposer } from '../chat/composer'
import { searchField } from '../chat/list'
import { answerModel, newChat } from '../chat/view'
import { listOpen, preferencesOpen, settingsOpen, shortcutsOpen } from './open'
import { current } from '../store/chats'
import { t, type WordKey } from '../words'
import { Dialog } from './dialog'
import { go, place } from './place'

interface Shortcut {
  keys: string // as it is shown, and as it is compared
  words: WordKey
  act?: () => void // none: the field heeds it itself
}

const open = () => (place.peek().view === 'chat' ? current.peek() : undefined)
const focusLater = (find: () => HTMLElement | null) => setTimeout(() => find()?.focus(), 30)

function toSearch() {
  go('chat', place.peek().id)
  listOpen.value = true
  focusLater(() => searchField.peek())
}

function retryLast() {
  const now = open()
  const last = now?.path.peek().at(-1)
  if (now && last && now.at(last).role === 'assistant' && !isAnswering(now.id)) void retry(now, last, answerModel())
}

function editLast() {
  const all = document.querySelectorAll<HTMLButtonElement>('.message.user .edit')
  all[all.length - 1]?.click()
}

export const shortcuts: Shortcut[] = [
  { keys: 'Enter', words: 'keys.send' },
  { keys: 'Shift+Enter', words: 'keys.line' },
  { keys: 'Escape', words: 'keys.stop', act: () => open() && stop(open()!.id) },
  { keys: 'Alt+N', words: 'keys.new', act: newChat },
  { keys: 'Alt+K', words: 'keys.search', act: toSearch },
  { keys: 'Alt+M', words: 'keys.write', act: () => focusComposer() },
  { keys: 'Alt+E', words: 'keys.edit', act: editLast },
  { keys: 'Alt+R', words: 'keys.retry', act: retryLast },
  { keys: 'Alt+S', words: 'keys.settings', act: () => open() && (settingsOpen.value = true) },
  { keys: 'Alt+1', words: 'keys.chat', act: () => go('chat') },
  { keys: 'Alt+2', words: 'keys.images', act: () => go('images') },
  { keys: 'Alt+3', words: 'keys.server', act: () => go('server') },
  { keys: 'Alt+,', words: 'keys.prefs', act: () => (preferencesOpen.value = true) },
  { keys: 'Alt+/', words: 'keys.list', act: () => (shortcutsOpen.value = true) },
]

// By the place on the keyboard where Alt makes another letter (macOS).
export function keysOf(event: KeyboardEvent): string {
  const key = /^(?:Key|Digit)(.)$/.exec(event.code)?.[1] ?? { Comma: ',', Slash: '/' }[event.code] ?? event.key
  return (event.altKey ? 'Alt+' : '') + (event.shiftKey ? 'Shift+' : '') + (key.length === 1 ? key.toUpperCase() : key)
}

export function heedKeys(): () => void {
  const heed = (event: KeyboardEvent) => {
    if (event.ctrlKey || event.metaKey || event.isComposing || document.querySelector('dialog[open]')) return
    const found = shortcuts.find((each) => each.act && each.keys === keysOf(event))
    if (!found || event.defaultPrevented) return
    if (event.altKey) event.preventDefault()
    found.act!()
  }
  addEventListener('keydown', heed)
  return () => removeEventListener('keydown', heed)
}

export function Shortcuts({ onClose }: { onClose: () => void }) {
  return (
    <Dialog title={t('keys.title')} onClose={onClose}>
      <table class="keys">
        <tbody>
          {shortcuts.map(({ keys, words }) => (
            <tr key={keys}>
              <th scope="row">
                {keys.split('+').map((key, at) => (
                  <>
                    {at > 0 && '+'}
                    <kbd>{key}</kbd>
                  </>
                ))}
              </th>
              <td>{t(words)}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </Dialog>
  )
}
