// Which model answers: its name and state, and the hash of its weights.
import { modelsError, modelsKnown, shortHash, type Model } from '../api/models'
import { CopyButton } from '../parts/copy'
import { t, wordOr } from '../words'

export const stateWords = (model: Model) => wordOr('state.' + (model.state ?? ''), model.state ?? '')
export const taskWords = (model: Model) => wordOr('task.' + model.task, model.task)

export function ModelChoice({ all, chosen, choose }: { all: Model[]; chosen: string; choose: (id: string) => void }) {
  const now = all.find((model) => model.id === chosen)
  if (!all.length) return <p class="model-choice hint">{modelsError.value || t(modelsKnown.value ? 'model.none' : 'model.asking')}</p>
  const twice = (name: string) => all.filter((model) => model.folder_name === name).length > 1
  return (
    <div class="model-choice">
      <select aria-label={t('model.choice')} value={chosen} onChange={(event) => choose(event.currentTarget.value)}>
        {all.map((model) => (
          <option key={model.id} value={model.id}>
            {[model.folder_name, twice(model.folder_name) ? shortHash(model.id) : '', taskWords(model), stateWords(model)].filter(Boolean).join(' · ')}
          </option>
        ))}
      </select>
      {now && (
        <span class="weights" title={now.id}>
          <code>{shortHash(now.id)}</code>
          <CopyButton text={() => now.id} label={t('chat.copy-hash')} />
        </span>
      )}
    </div>
  )
}
