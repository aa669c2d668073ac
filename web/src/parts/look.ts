// How the page looks and which language it speaks: told to the root element, where the style sheet and screen readers see it.
import { effect } from '@preact/signals'
import { kept } from './memory'
import { language } from '../words'

export const themes = ['auto', 'light', 'dark', 'contrast'] as const
export type Theme = (typeof themes)[number]
export const theme = kept<Theme>('theme', themes, 'auto')

export function followLook() {
  effect(() => {
    document.documentElement.dataset.theme = theme.value
  })
  effect(() => {
    document.documentElement.lang = language.value
  })
}
