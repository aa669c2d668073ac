// What is open over the views, for those who open it and those who draw it.
import { signal } from '@preact/signals'

export const listOpen = signal(false) // the conversations, on a narrow screen
export const settingsOpen = signal(false) // of the conversation
export const preferencesOpen = signal(false)
export const shortcutsOpen = signal(false)
