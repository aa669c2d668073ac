// One line over the last hour. uPlot draws it on a canvas; whoever cannot see it gets the last value and the highest one.
import { useEffect, useRef } from 'preact/hooks'
import type UPlot from 'uplot'
import 'uplot/dist/uPlot.min.css'
import { clock } from '../parts/numbers'
import { t } from '../words'

interface Props {
  name: string
  times: number[]
  values: (number | null)[]
  words: (value: number) => string
}

export function Plot({ name, times, values, words }: Props) {
  const place = useRef<HTMLDivElement>(null)
  const plot = useRef<UPlot>(undefined)
  const now = useRef({ times, values })
  now.current = { times, values }
  useEffect(() => {
    let left = false
    const resized = new ResizeObserver(() => {
      if (place.current) plot.current?.setSize({ width: place.current.clientWidth, height: 150 })
    })
    const themed = new MutationObserver(() => make())
    const make = () =>
      void import('uplot').then(({ default: Made }) => {
        if (left || !place.current) return
        plot.current?.destroy()
        plot.current = new Made(optionsOf(place.current, name, words), [now.current.times, now.current.values] as UPlot.AlignedData, place.current)
      })
    make()
    resized.observe(place.current!)
    themed.observe(document.documentElement, { attributeFilter: ['data-theme', 'lang'] })
    return () => {
      left = true
      resized.disconnect()
      themed.disconnect()
      plot.current?.destroy()
    }
  }, [name])
  useEffect(() => plot.current?.setData([times, values] as UPlot.AlignedData), [times, values])
  const known = values.filter((value): value is number => value !== null)
  const last = known.at(-1) ?? 0
  return (
    <figure class="plot">
      <figcaption>
        <span>{name}</span>
        <span class="value">{words(last)}</span>
      </figcaption>
      <div ref={place} role="img" aria-label={t('server.plot', name, words(last), words(Math.max(0, ...known)))} />
    </figure>
  )
}

function optionsOf(place: HTMLElement, name: string, words: (value: number) => string): UPlot.Options {
  const color = (variable: string) => getComputedStyle(place).getPropertyValue(variable).trim()
  const axis = { stroke: color('--soft'), grid: { stroke: color('--line'), width: 1 }, ticks: { show: false }, font: '12px system-ui, sans-serif' }
  return {
    width: place.clientWidth, height: 150, legend: { show: false }, cursor: { show: false },
    scales: { y: { range: (_plot, _least, most) => [0, Math.max(most * 1.1, 1)] } },
    axes: [{ ...axis, size: 30, space: 90, values: (_plot, splits) => splits.map(clock) }, { ...axis, size: 64, values: (_plot, splits) => splits.map((value) => words(value)) }],
    series: [{}, { label: name, stroke: color('--accent'), width: 2, fill: color('--accent-soft'), points: { show: false } }],
  }
}
