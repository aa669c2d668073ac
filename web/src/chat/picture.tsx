import { useEffect, useState } from 'preact/hooks'
import { bytesOf } from './attachments'
import { t } from '../words'

// A picture that a person gave, from the bytes that are kept.
export function Picture({ id, name, small = false }: { id: string; name: string; small?: boolean }) {
  const [address, setAddress] = useState<string | undefined>(undefined)
  const [gone, setGone] = useState(false)
  useEffect(() => {
    let made = ''
    let left = false
    void bytesOf(id).then((bytes) => {
      if (left) return
      if (bytes) setAddress((made = URL.createObjectURL(bytes)))
      else setGone(true)
    })
    return () => {
      left = true
      if (made) URL.revokeObjectURL(made)
    }
  }, [id])
  if (gone) return <span class="picture gone">{t('attach.gone-short', name)}</span>
  return <img class={small ? 'picture small' : 'picture'} src={address} alt={name} />
}
