import { count } from '../parts/numbers'
import { t } from '../words'

// How much of the model's context a conversation fills.
export function Meter({ used, most }: { used: number; most: number }) {
  const part = Math.min(1, used / most)
  const words = t('meter.words', count(used), count(most))
  return (
    <div class={`meter ${part > 0.9 ? 'near' : ''}`}>
      <span class="bar" role="meter" aria-label={t('meter.name')} aria-valuemin={0} aria-valuemax={most} aria-valuenow={Math.min(used, most)}
        aria-valuetext={words}>
        <span style={{ width: `${part * 100}%` }} />
      </span>
      <span>{words}</span>
    </div>
  )
}
