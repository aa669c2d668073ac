// All pictures that were drawn here, each with everything that is needed to draw it again.
import { useState } from 'preact/hooks'
import { shortHash } from '../api/models'
import { download } from '../chat/exchange'
import { CopyButton } from '../parts/copy'
import { confirmed, Dialog } from '../parts/dialog'
import { Icon } from '../parts/icons'
import { count, when } from '../parts/numbers'
import type { DrawnPicture } from '../store/types'
import { t } from '../words'
import { jobs, pictures, picturesKnown, removePicture } from './jobs'
import { BlobPicture } from './picture'
import { change, wish, wishOf } from './wish'

const perPage = 60

export function Gallery() {
  const [shown, setShown] = useState<string | undefined>(undefined)
  const [most, setMost] = useState(perPage)
  const list = pictures.value
  const now = list.find((picture) => picture.id === shown)
  if (picturesKnown.value && !list.length && !jobs.value.length) return <p class="hint nothing">{t('draw.empty')}</p>
  return (
    <>
      <ul class="gallery" aria-label={t('draw.gallery')}>
        {list.slice(0, most).map((picture) => (
          <li key={picture.id}>
            <button type="button" onClick={() => setShown(picture.id)} aria-label={t('draw.show', picture.prompt || t('draw.variation'))}>
              <BlobPicture bytes={picture.bytes} words="" />
            </button>
          </li>
        ))}
      </ul>
      {list.length > most && <button type="button" onClick={() => setMost(most + perPage)}>{t('draw.more')}</button>}
      {now && <PictureDialog picture={now} onClose={() => setShown(undefined)} />}
    </>
  )
}

const endings: Record<string, string> = { 'image/png': '.png', 'image/jpeg': '.jpg', 'image/webp': '.webp' }

function PictureDialog({ picture, onClose }: { picture: DrawnPicture; onClose: () => void }) {
  const rows: [string, string][] = [
    [t('draw.act'), t(`draw.act-${picture.act}`)],
    [t('draw.prompt'), picture.prompt],
    [t('draw.negative'), picture.negative ?? ''],
    [t('draw.size'), picture.size.replace('x', ' × ')],
    [t('draw.seed'), String(picture.seed)],
    [t('draw.steps'), picture.steps === undefined ? t('settings.usual') : count(picture.steps)],
    [t('draw.guidance'), picture.guidance === undefined ? '' : String(picture.guidance)],
    [t('draw.strength'), picture.strength === undefined ? '' : String(picture.strength)],
    [t('model.choice'), picture.model.name],
    [t('draw.when'), when(picture.at)],
  ]
  const again = (withSeed: boolean) => {
    wish.value = wishOf(picture, withSeed)
    onClose()
    setTimeout(() => document.querySelector<HTMLElement>('.wish [name=prompt]')?.focus())
  }
  const from = (variation: boolean) => {
    change({ source: picture.bytes, mask: undefined, variation, size: 'auto' })
    onClose()
    setTimeout(() => document.querySelector<HTMLElement>('.wish [name=prompt]')?.focus())
  }
  const remove = async () => {
    if (!(await confirmed(t('draw.remove'), t('draw.remove-text'), t('remove.yes')))) return
    onClose()
    await removePicture(picture.id)
  }
  return (
    <Dialog title={t('draw.picture')} onClose={onClose} wide>
      <div class="picture-dialog">
        <BlobPicture bytes={picture.bytes} words={picture.prompt || t('draw.variation')} />
        <div>
          <dl>
            {rows.filter(([, value]) => value).map(([name, value]) => (
              <>
                <dt>{name}</dt>
                <dd>{value}</dd>
              </>
            ))}
            <dt>{t('draw.weights')}</dt>
            <dd class="weights"><code>{shortHash(picture.model.hash)}</code><CopyButton text={() => picture.model.hash} label={t('chat.copy-hash')} /></dd>
          </dl>
          <div class="buttons">
            <button type="button" class="main" onClick={() => again(false)}><Icon name="again" />{t('draw.again')}</button>
            <button type="button" onClick={() => again(true)}>{t('draw.again-seed')}</button>
            <button type="button" onClick={() => from(false)}>{t('draw.edit-this')}</button>
            <button type="button" onClick={() => from(true)}>{t('draw.variations')}</button>
            <button type="button" onClick={() => download(`eai-${picture.seed}${endings[picture.bytes.type] ?? '.png'}`, picture.bytes)}><Icon name="out" />{t('draw.download')}</button>
            <button type="button" class="danger" onClick={remove}><Icon name="bin" />{t('remove.yes')}</button>
          </div>
        </div>
      </div>
    </Dialog>
  )
}
