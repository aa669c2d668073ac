// What a browser keeps for the page by itself: small settings. Storage can be switched off, or be full; then they last as
// long as the page.
import { signal, type Signal } from '@preact/signals'

function read(area: Storage | undefined, name: string): string | null {
  try {
    return area?.getItem('eai.' + name) ?? null
  } catch {
    return null
  }
}

function write(area: Storage | undefined, name: string, value: string | null) {
  try {
    if (value === null) area?.removeItem('eai.' + name)
    else area?.setItem('eai.' + name, value)
  } catch {
    // It lasts as long as the page, then.
  }
}

// Reading the property alone fails where storage is forbidden.
function area(name: 'localStorage' | 'sessionStorage'): Storage | undefined {
  try {
    return globalThis[name]
  } catch {
    return undefined
  }
}

const lasting = area('localStorage')
const passing = area('sessionStorage')

// A setting with the values that it may have; none are named: any text.
export function kept<T extends string>(name: string, values: readonly T[], first: T): Signal<T> {
  const found = read(lasting, name) as T | null
  const value = signal<T>(found !== null && (values.length === 0 || values.includes(found)) ? found : first)
  let known = value.peek()
  value.subscribe((now) => {
    if (now !== known) write(lasting, name, now)
    known = now
  })
  return value
}

// A value of any kind that JSON can hold; `fits` says whether what was read is one.
export function keptJson<T>(name: string, first: T, fits: (value: unknown) => value is T): Signal<T> {
  let found = first
  try {
    const value: unknown = JSON.parse(read(lasting, name) ?? 'null')
    if (fits(value)) found = value
  } catch {
    // It was written by something else.
  }
  const value = signal<T>(found)
  value.subscribe((now) => {
    if (now !== found) write(lasting, name, JSON.stringify(now))
    found = now
  })
  return value
}

// The key to the server: for this tab, or until it is forgotten.
export const apiKey = signal(read(passing, 'key') ?? read(lasting, 'key') ?? '')
export const keyIsKept = () => read(lasting, 'key') !== null

export function setKey(key: string, lasts: boolean) {
  apiKey.value = key
  write(passing, 'key', key && !lasts ? key : null)
  write(lasting, 'key', key && lasts ? key : null)
}

// What lasts as long as the tab: it survives a reload.
export const ofTab = (name: string): string | null => read(passing, name)
export const keepInTab = (name: string, value: string | null) => write(passing, name, value)
