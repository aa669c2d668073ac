// The page's own few signs, drawn with lines in a square of 24. They are never alone: whatever has one has words, too.
const paths = {
  plus: 'M12 5v14M5 12h14',
  send: 'M12 19V6M6 11l6-6 6 6',
  stop: 'M7 7h10v10H7z',
  clip: 'M20 11l-8.5 8.5a5 5 0 0 1-7-7L13 4a3.4 3.4 0 0 1 5 5l-8.5 8.5a1.8 1.8 0 0 1-2.5-2.5L14.5 7.5',
  copy: 'M9 9h11v11H9zM15 9V4H4v11h5',
  check: 'M5 13l4.5 4.500L19 7',
  pencil: 'M4 20l1-4.500L16 4.500l3.5 3.500L8.5 19z',
  again: 'M20 12a8 8 0 1 1-2.5-5.800M20 3v5h-5',
  next: 'M9 5l7 7-7 7',
  back: 'M15 5l-7 7 7 7',
  down: 'M5 9l7 7 7-7',
  more: 'M12 4.500a1 1 0 1 1 0 2 1 1 0 0 1 0-2zM12 11a1 1 0 1 1 0 2 1 1 0 0 1 0-2zM12 17.500a1 1 0 1 1 0 2 1 1 0 0 1 0-2z',
  bin: 'M5 7h14M10 7V4h4v3M7 7l1 13h8l1-13',
  sliders: 'M4 7h8M18 7h2M15 4a3 3 0 1 1 0 6 3 3 0 0 1 0-6zM4 17h2M12 17h8M9 14a3 3 0 1 1 0 6 3 3 0 0 1 0-6z',
  cog:
    'M10.0 5.7L10.4 2.9L13.6 2.9L14.0 5.7L15.1 6.2L17.3 4.5L19.5 6.7L17.8 8.9L18.3 10.0L21.1 10.4L21.1 13' +
    '.6L18.3 14.0L17.8 15.1L19.5 17.3L17.3 19.5L15.1 17.8L14.0 18.3L13.6 21.1L10.4 21.1L10.0 18.3L8.9 17.8L6.7' +
    ' 19.5L4.5 17.3L6.2 15.1L5.7 14.0L2.9 13.6L2.9 10.4L5.7 10.0L6.2 8.9L4.5 6.7L6.7 4.5L8.9 6.2zM12 9a3 3 0 1 1 0 6 3 3 0 0 1 0-6z',
  keys: 'M3 6h18v12H3zM7 10h.01M11 10h.01M15 10h.01M7 14h10',
  list: 'M4 6h16M4 12h16M4 18h10',
  close: 'M6 6l12 12M18 6L6 18',
  search: 'M11 4a7 7 0 1 1 0 14 7 7 0 0 1 0-14zM16 16l4.5 4.5',
  out: 'M12 4v11M7 10.500l5 5 5-5M4 20h16',
  into: 'M12 16V5M7 9.500l5-5 5 5M4 20h16',
  go: 'M6 5l12 7-12 7z',
  talk: 'M4 5h16v11H10l-5 4v-4H4z',
  picture: 'M4 5h16v14H4zM4 16l5-5 4 4 2.5-2.500L20 17M15 9h.01',
  server: 'M4 5h16v6H4zM4 13h16v6H4zM7.5 8h.01M7.5 16h.01',
  brush: 'M4 20c3 0 5-1 5-3.500S11 13 11 13M11 13l8-9 1 1-9 8z',
} as const

export type IconName = keyof typeof paths

export function Icon({ name }: { name: IconName }) {
  return (
    <svg class="icon" viewBox="0 0 24 24" width="20" height="20" aria-hidden="true" focusable="false">
      <path d={paths[name]} fill={name === 'stop' || name === 'go' ? 'currentColor' : 'none'} stroke="currentColor" stroke-width="1.8"
        stroke-linecap="round" stroke-linejoin="round" />
    </svg>
  )
}

export function IconButton(props: {
  icon: IconName
  label: string
  onClick: (event: MouseEvent) => void
  class?: string
  disabled?: boolean
  pressed?: boolean
  expanded?: boolean
}) {
  return (
    <button type="button" class={`icon-button ${props.class ?? ''}`} aria-label={props.label} title={props.label}
      onClick={props.onClick} disabled={props.disabled} aria-pressed={props.pressed} aria-expanded={props.expanded}>
      <Icon name={props.icon} />
    </button>
  )
}
