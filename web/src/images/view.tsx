// The view of pictures: the wish, what is being drawn, and all that was drawn.
import { useEffect, useRef, useState } from 'preact/hooks'
import { chosenDrawing, drawingModels, modelsKnown } from '../api/models'
import { ModelChoice } from '../chat/model_choice'
import { Icon, IconButton } from '../parts/icons'
import { decimal } from '../parts/numbers'
import { t } from '../words'
import { Gallery } from './gallery'
import { dismiss, draw, hearPictures, jobs, type Job, type Progress } from './jobs'
import { MaskDialog } from './mask'
import { BlobPicture } from './picture'
import { blank, bounds, change, faultOf, numberOf, sizeFits, wish, type NumberName } from './wish'

function drawingModel(): string {
  const wanted = chosenDrawing.value
  return drawingModels.value.some((model) => model.id === wanted) ? wanted : (drawingModels.value[0]?.id ?? '')
}

export function ImagesView() {
  useEffect(hearPictures, [])
  const model = drawingModel()
  return (
    <div class="images-view">
      <section class="wish" aria-label={t('draw.wish')}>
        <h1>{t('nav.images')}</h1>
        {modelsKnown.value && !model ? <p class="hint">{t('draw.no-model')}</p> : <WishForm model={model} />}
      </section>
      <section class="drawn" aria-label={t('draw.gallery')}>
        {jobs.value.map((job) => <JobCard key={job.id} job={job} />)}
        <Gallery />
      </section>
    </div>
  )
}

function WishForm({ model }: { model: string }) {
  const now = wish.value
  const [tried, setTried] = useState(false)
  const form = useRef<HTMLFormElement>(null)
  const fault = faultOf(now)
  const go = (event: Event) => {
    event.preventDefault()
    setTried(!!fault)
    if (fault) return form.current?.querySelector<HTMLElement>(`[name=${fault}]`)?.focus()
    if (model) draw(now, model)
  }
  const onKey = (event: KeyboardEvent) => event.key === 'Enter' && (event.ctrlKey || event.metaKey) && go(event)
  return (
    <form ref={form} onSubmit={go} onKeyDown={onKey} noValidate>
      <label class="field">
        {now.source && !now.variation ? t('draw.prompt-edit') : t('draw.prompt')}
        <textarea name="prompt" rows={3} value={now.prompt} maxLength={32000} aria-invalid={tried && fault === 'prompt'}
          onInput={(event) => change({ prompt: event.currentTarget.value })} />
      </label>
      {tried && fault === 'prompt' && <p class="problem" role="alert">{t('draw.prompt-needed')}</p>}
      <Source />
      <div class="fields">
        <Size />
        <NumberField name="n" />
        <NumberField name="steps" />
        <NumberField name="seed" />
        {now.source && <NumberField name="strength" />}
      </div>
      <details class="further">
        <summary>{t('draw.further')}</summary>
        <div class="fields"><NumberField name="guidance" /></div>
        <label class="field">
          {t('draw.negative')}
          <textarea rows={2} value={now.negative} onInput={(event) => change({ negative: event.currentTarget.value })} />
        </label>
        <p class="hint">{t('draw.negative-hint')}</p>
      </details>
      <ModelChoice all={drawingModels.value} chosen={model} choose={(id) => (chosenDrawing.value = id)} />
      <div class="buttons">
        <button type="button" onClick={() => (wish.value = blank)}>{t('draw.clear')}</button>
        <button type="submit" class="main" disabled={!model}><Icon name="brush" />{t('draw.go')}</button>
      </div>
    </form>
  )
}

function NumberField({ name }: { name: NumberName }) {
  const value = wish.value[name]
  const wrong = Number.isNaN(numberOf(name, value))
  const { least, most } = bounds[name]
  const range = t('settings.range', least, most)
  return (
    <label class="field">
      {t(`draw.${name}`)}
      <input name={name} type="text" inputMode="decimal" value={value} placeholder={t(name === 'seed' ? 'draw.random' : 'settings.usual')}
        aria-invalid={wrong} title={range} onInput={(event) => change({ [name]: event.currentTarget.value })} />
      {wrong && <span class="problem" role="alert">{range}</span>}
    </label>
  )
}

const sizes = ['auto', '512x512', '768x768', '1024x1024', '1024x768', '768x1024', '1280x720', '720x1280']

function Size() {
  const { size } = wish.value
  const own = !sizes.includes(size)
  return (
    <>
      <label class="field">
        {t('draw.size')}
        <select value={own ? 'own' : size} onChange={(event) => change({ size: event.currentTarget.value === 'own' ? '640x640' : event.currentTarget.value })}>
          {sizes.map((each) => <option key={each} value={each}>{each === 'auto' ? t('draw.size-auto') : each.replace('x', ' × ')}</option>)}
          <option value="own">{t('draw.size-own')}</option>
        </select>
      </label>
      {own && (
        <label class="field">
          {t('draw.size-pixels')}
          <input name="size" type="text" value={size} aria-invalid={!sizeFits(size)}
            onInput={(event) => change({ size: event.currentTarget.value.toLowerCase().replace(/[×*\s]+/g, 'x') })} />
          {!sizeFits(size) && <span class="problem" role="alert">{t('draw.size-wrong')}</span>}
        </label>
      )}
    </>
  )
}

function Source() {
  const now = wish.value
  const file = useRef<HTMLInputElement>(null)
  const [masking, setMasking] = useState(false)
  const [wrong, setWrong] = useState('')
  const take = async (chosen: File | undefined) => {
    if (!chosen) return
    setWrong('')
    try {
      ;(await createImageBitmap(chosen)).close()
      change({ source: chosen, mask: undefined })
    } catch {
      setWrong(t('attach.kind', chosen.name))
    }
  }
  const drop = (event: DragEvent) => {
    event.preventDefault()
    void take(event.dataTransfer?.files[0])
  }
  return (
    <div class="source" onDragOver={(event) => event.preventDefault()} onDrop={drop}>
      <input ref={file} type="file" accept="image/*" hidden tabIndex={-1} aria-hidden="true"
        onChange={(event) => { void take(event.currentTarget.files?.[0]); event.currentTarget.value = '' }} />
      {!now.source && (
        <button type="button" class="drop" onClick={() => file.current?.click()}><Icon name="picture" />{t('draw.source')}</button>
      )}
      {wrong && <p class="problem" role="alert">{wrong}</p>}
      {now.source && (
        <div class="chosen">
          <span class="stack">
            <BlobPicture bytes={now.source} words={t('draw.source-alt')} />
            {now.mask && !now.variation && <BlobPicture bytes={now.mask} words="" class="mask" />}
          </span>
          <div>
            <fieldset>
              <legend class="off-screen">{t('draw.act')}</legend>
              <label class="check"><input type="radio" name="act" checked={!now.variation} onChange={() => change({ variation: false })} />{t('draw.edit')}</label>
              <label class="check"><input type="radio" name="act" checked={now.variation} onChange={() => change({ variation: true })} />{t('draw.variation')}</label>
            </fieldset>
            {!now.variation && <button type="button" onClick={() => setMasking(true)}><Icon name="brush" />{t(now.mask ? 'draw.mask-change' : 'draw.mask')}</button>}
            <IconButton icon="close" label={t('draw.source-remove')} onClick={() => change({ source: undefined, mask: undefined, variation: false })} />
          </div>
        </div>
      )}
      {masking && now.source && (
        <MaskDialog source={now.source} mask={now.mask} onClose={() => setMasking(false)} onMask={(mask) => change({ mask })} />
      )}
    </div>
  )
}

export function progressWords(now: Progress): string {
  if (now.status === 'queued') return t('wait.queued', now.position ?? '?')
  if (now.status === 'loading') return now.loaded ? t('wait.loading-percent', Math.round(now.loaded * 100)) : t('wait.loading')
  if (now.status === 'failed') return now.error ?? ''
  if (now.status === 'sent' || !now.total) return t('draw.sent')
  const steps = t('draw.step', now.step, now.total)
  const which = now.n > 1 ? t('draw.which', now.image + 1, now.n) + ', ' : ''
  return which + steps + (now.secondsLeft !== undefined ? ', ' + t('draw.left', decimal(now.secondsLeft, 0)) : '')
}

function JobCard({ job }: { job: Job }) {
  const now = job.progress.value
  const failed = now.status === 'failed'
  const part = now.total ? (now.image + now.step / now.total) / now.n : undefined
  return (
    <article class={`job ${failed ? 'failed' : ''}`} aria-label={t('draw.job', job.prompt)}>
      {now.preview ? <img src={now.preview} alt={t('draw.preview')} /> : <span class="blank" aria-hidden="true"><Icon name="picture" /></span>}
      <div>
        <p class="prompt">{job.prompt}</p>
        {failed ? <p class="problem" role="alert">{now.error}</p> : (
          <>
            <progress max={1} value={part} aria-label={t('draw.progress')} />
            <p class="hint">{progressWords(now)}</p>
          </>
        )}
      </div>
      <button type="button" onClick={() => (failed ? dismiss(job) : job.cancel())}>{t(failed ? 'dialog.close' : 'draw.cancel')}</button>
    </article>
  )
}
