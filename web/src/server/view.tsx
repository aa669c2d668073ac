// The view of the server: what it serves, what it is doing, and how to reach it from other programs.
import { useEffect } from 'preact/hooks'
import { models, modelsKnown, shortHash, type Model } from '../api/models'
import { stateWords, taskWords } from '../chat/model_choice'
import { CopyButton } from '../parts/copy'
import { bytes, count, decimal } from '../parts/numbers'
import { t } from '../words'
import { look, metricsError, rates, requestRows, lines, samples, valueOf } from './metrics'
import { Plot } from './plot'

const every = 2000

export function ServerView() {
  useEffect(() => {
    void look()
    const timer = setInterval(() => void look(), every)
    return () => clearInterval(timer)
  }, [])
  return (
    <div class="server-view">
      <h1>{t('nav.server')}</h1>
      {metricsError.value && <p class="problem" role="alert">{metricsError.value}</p>}
      <Numbers />
      <Models />
      <Plots />
      <Requests />
      <Reach />
    </div>
  )
}

function Numbers() {
  const known = lines.value.length > 0
  const budget = valueOf('eai_memory_budget_bytes')
  const cards: [string, string, string][] = [
    [t('server.memory'), bytes(valueOf('eai_model_memory_bytes')), budget ? t('server.of', bytes(budget)) : ''],
    [t('server.own'), bytes(valueOf('process_resident_memory_bytes')), ''],
    [t('server.answering'), count(valueOf('eai_model_answering')), t('server.waiting', count(valueOf('eai_model_waiting')))],
    [t('server.tokens'), count(valueOf('eai_tokens_total', { kind: 'generated' })), t('server.read', count(valueOf('eai_tokens_total', { kind: 'prompt' })))],
  ]
  return (
    <dl class="cards">
      {cards.map(([name, value, more]) => (
        <div key={name}>
          <dt>{name}</dt>
          <dd>
            <span class="value">{known ? value : '–'}</span>
            {known && more && <span class="hint">{more}</span>}
          </dd>
        </div>
      ))}
    </dl>
  )
}

function Models() {
  return (
    <section aria-labelledby="models-title">
      <h2 id="models-title">{t('server.models')}</h2>
      {modelsKnown.value && !models.value.length ? <p class="hint">{t('model.none')}</p> : (
        <div class="table" role="group" tabIndex={0} aria-labelledby="models-title">
          <table>
            <thead>
              <tr>
                <th scope="col">{t('server.name')}</th>
                <th scope="col">{t('server.task')}</th>
                <th scope="col">{t('server.state')}</th>
                <th scope="col" class="to-right">{t('server.memory-now')}</th>
                <th scope="col" class="to-right">{t('server.need')}</th>
                <th scope="col" class="to-right">{t('server.context')}</th>
                <th scope="col">{t('server.can')}</th>
                <th scope="col">{t('server.hash')}</th>
              </tr>
            </thead>
            <tbody>{models.value.map((model) => <ModelRow key={model.id} model={model} />)}</tbody>
          </table>
        </div>
      )}
    </section>
  )
}

function ModelRow({ model }: { model: Model }) {
  const need = valueOf('eai_model_memory_need_bytes', { model: model.id })
  return (
    <tr>
      <th scope="row">{model.folder_name}</th>
      <td>{taskWords(model)}</td>
      <td><span class={`dot ${model.state ?? ''}`} aria-hidden="true" />{stateWords(model)}</td>
      <td class="to-right">{model.memory ? bytes(model.memory) : '–'}</td>
      <td class="to-right">{need ? bytes(need) : model.ram ? `${decimal(model.ram)} GB` : '–'}</td>
      <td class="to-right">{model.context_length ? count(model.context_length) : '–'}</td>
      <td>{(model.capabilities ?? []).join(', ') || '–'}</td>
      <td>
        <span class="weights" title={model.id}>
          <code>{shortHash(model.id)}</code>
          <CopyButton text={() => model.id} label={t('chat.copy-hash')} />
        </span>
      </td>
    </tr>
  )
}

function Plots() {
  const all = samples.value
  if (all.length < 3) return null
  const times = all.map((sample) => sample.time)
  return (
    <section aria-labelledby="plots-title">
      <h2 id="plots-title">{t('server.plots')}</h2>
      <div class="plots">
        <Plot name={t('server.rate')} times={times} values={rates(all, (sample) => sample.tokens)} words={(value) => decimal(value)} />
        <Plot name={t('server.memory')} times={times} values={all.map((sample) => sample.memory)} words={bytes} />
        <Plot name={t('server.waits')} times={times} values={all.map((sample) => sample.waiting)} words={count} />
      </div>
    </section>
  )
}

function Requests() {
  const rows = requestRows(lines.value)
  return (
    <section aria-labelledby="requests-title">
      <h2 id="requests-title">{t('server.requests')}</h2>
      {!rows.length ? <p class="hint">{t('server.no-requests')}</p> : (
        <div class="table" role="group" tabIndex={0} aria-labelledby="requests-title">
          <table>
            <thead>
              <tr>
                <th scope="col">{t('server.path')}</th>
                <th scope="col" class="to-right">{t('server.count')}</th>
                <th scope="col" class="to-right">{t('server.failed')}</th>
                <th scope="col" class="to-right">{t('server.took')}</th>
              </tr>
            </thead>
            <tbody>
              {rows.map((row) => (
                <tr key={row.path}>
                  <th scope="row"><code>{row.path}</code></th>
                  <td class="to-right">{count(row.count)}</td>
                  <td class="to-right">{count(row.failed)}</td>
                  <td class="to-right">{decimal(row.seconds, 2)} s</td>
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      )}
    </section>
  )
}

function Reach() {
  const address = `${location.origin}/v1`
  return (
    <section aria-labelledby="reach-title">
      <h2 id="reach-title">{t('server.reach')}</h2>
      <p>{t('server.reach-text')}</p>
      <p class="address"><code>{address}</code><CopyButton text={() => address} label={t('server.copy-address')} /></p>
    </section>
  )
}
