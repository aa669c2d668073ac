// Why: pictures and text files that a person gives along with a question.
// What holds: what is neither is refused with words; the bytes of a picture are kept apart from the messages.
import { one, put } from '../store/database'
import { newId } from '../parts/ids'
import type { Attachment } from '../store/types'
import { t } from '../words'

export const largestPicture = 20 * 1024 * 1024
export const largestText = 1024 * 1024

export class RefusedFile extends Error {}

const pictureTypes = /^image\/(?:png|jpeg|webp|gif|bmp|x-ms-bmp)$/

// Kept at once: a reload must not lose what was dropped into a message that is sent later.
export async function attach(file: File, chat: string): Promise<Attachment> {
  const name = file.name || t('attach.picture')
  if (pictureTypes.test(file.type)) {
    if (file.size > largestPicture) throw new RefusedFile(t('attach.large', name, '20 MB'))
    const id = newId()
    fresh.set(id, file)
    // A full disk is told by the store; the picture is there as long as the page is, then.
    await put({ bytes: [{ id, chat, at: Date.now(), bytes: file }] }).catch(() => {})
    return { id, name, type: file.type, size: file.size }
  }
  if (file.type.startsWith('image/')) throw new RefusedFile(t('attach.kind', name))
  if (file.size > largestText) throw new RefusedFile(t('attach.large', name, '1 MB'))
  const text = readText(new Uint8Array(await file.arrayBuffer()))
  if (text === undefined) throw new RefusedFile(t('attach.kind', name))
  return { id: newId(), name, type: file.type || 'text/plain', size: file.size, text }
}

export function readText(bytes: Uint8Array): string | undefined {
  if (bytes.includes(0)) return undefined
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes)
  } catch {
    return undefined
  }
}

const fresh = new Map<string, Blob>() // those of this page

export async function bytesOf(id: string): Promise<Blob | undefined> {
  return fresh.get(id) ?? (await one('bytes', id))?.bytes
}

export function remember(id: string, bytes: Blob) {
  fresh.set(id, bytes)
}

export async function dataUri(id: string): Promise<string> {
  const bytes = await bytesOf(id)
  if (!bytes) throw new Error(t('attach.gone'))
  return blobUri(bytes)
}

export async function blobUri(bytes: Blob): Promise<string> {
  const all = new Uint8Array(await bytes.arrayBuffer())
  let text = ''
  for (let at = 0; at < all.length; at += 8192) text += String.fromCharCode(...all.subarray(at, at + 8192))
  return `data:${bytes.type || 'application/octet-stream'};base64,${btoa(text)}`
}

export function blobOfUri(uri: string): Blob | undefined {
  const found = /^data:([\w/+.-]+);base64,([A-Za-z0-9+/=\s]+)$/.exec(uri)
  if (!found) return undefined
  try {
    const text = atob(found[2]!)
    return new Blob([Uint8Array.from(text, (letter) => letter.charCodeAt(0))], { type: found[1] })
  } catch {
    return undefined
  }
}
