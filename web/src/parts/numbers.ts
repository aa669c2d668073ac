import { language } from '../words'

export const count = (value: number) => new Intl.NumberFormat(language.value).format(value)
export const decimal = (value: number, digits = 1) =>
  new Intl.NumberFormat(language.value, { maximumFractionDigits: digits, minimumFractionDigits: digits }).format(value)

export function bytes(value: number): string {
  const units = ['B', 'kB', 'MB', 'GB', 'TB']
  let at = 0
  for (; value >= 1000 && at < units.length - 1; at += 1) value /= 1000
  return `${at < 2 ? count(Math.round(value)) : decimal(value)} ${units[at]}`
}

export function when(time: number): string {
  const date = new Date(time)
  const today = new Date().toDateString() === date.toDateString()
  return new Intl.DateTimeFormat(language.value, today ? { timeStyle: 'short' } : { dateStyle: 'medium' }).format(date)
}

// A time of day, from seconds.
export const clock = (seconds: number) => new Intl.DateTimeFormat(language.value, { timeStyle: 'medium' }).format(seconds * 1000)
