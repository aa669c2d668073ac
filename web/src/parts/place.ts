// Which view is shown: it stands behind the # of the address, so that it can be kept as a bookmark and gone back to.
import { signal } from '@preact/signals'

export type View = 'chat' | 'images' | 'server'
export interface Place {
  view: View
  id: string
}

function read(): Place {
  const [view = '', id = ''] = location.hash.replace(/^#\/?/, '').split('/')
  return { view: view === 'images' || view === 'server' ? view : 'chat', id: /^[\w-]{1,64}$/.test(id) ? id : '' }
}

export const place = signal<Place>(read())
addEventListener('hashchange', () => (place.value = read()))

export const addressOf = (view: View, id = '') => `#/${view}${id ? '/' + id : ''}`

export function go(view: View, id = '') {
  if (location.hash !== addressOf(view, id)) location.hash = addressOf(view, id)
  place.value = { view, id }
}

// The same place under another name: not a step to go back over.
export function rename(view: View, id: string) {
  history.replaceState(null, '', addressOf(view, id))
  place.value = { view, id }
}
