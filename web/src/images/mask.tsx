// Why: the part of a picture that shall be drawn anew, painted by hand, or with the keys.
// What holds: the mask has the picture's own size; what was painted is transparent in it, as the server wants it.
import { useEffect, useRef, useState } from 'preact/hooks'
import { Dialog } from '../parts/dialog'
import { announce } from '../parts/announce'
import { t } from '../words'

interface Spot {
  x: number
  y: number
}

const shade = '#e0218a'

export function MaskDialog(props: { source: Blob; mask?: Blob; onClose: () => void; onMask: (mask: Blob | undefined) => void }) {
  const canvas = useRef<HTMLCanvasElement>(null)
  const [address, setAddress] = useState<string>()
  const [size, setSize] = useState<{ width: number; height: number }>()
  const [brush, setBrush] = useState(12) // percent of the shorter side
  const [wipes, setWipes] = useState(false)
  const [spot, setSpot] = useState<Spot>()
  const last = useRef<Spot>(undefined)

  useEffect(() => {
    const made = URL.createObjectURL(props.source)
    setAddress(made)
    void createImageBitmap(props.source).then((picture) => {
      setSize({ width: picture.width, height: picture.height })
      picture.close()
    })
    return () => URL.revokeObjectURL(made)
  }, [props.source])
  useEffect(() => {
    if (size && props.mask) void showMask(canvas.current!, props.mask)
  }, [size])

  const radius = () => (Math.min(size!.width, size!.height) * brush) / 200
  const paint = (from: Spot, to: Spot) => {
    const pen = canvas.current!.getContext('2d')!
    pen.globalCompositeOperation = wipes ? 'destination-out' : 'source-over'
    pen.strokeStyle = shade
    pen.lineWidth = radius() * 2
    pen.lineCap = pen.lineJoin = 'round'
    pen.beginPath()
    pen.moveTo(from.x, from.y)
    pen.lineTo(to.x, to.y + 0.01)
    pen.stroke()
  }
  const spotOf = (event: PointerEvent): Spot => {
    const box = canvas.current!.getBoundingClientRect()
    return { x: ((event.clientX - box.left) / box.width) * size!.width, y: ((event.clientY - box.top) / box.height) * size!.height }
  }
  const down = (event: PointerEvent) => {
    canvas.current!.setPointerCapture(event.pointerId)
    last.current = spotOf(event)
    setSpot(undefined)
    paint(last.current, last.current)
  }
  const move = (event: PointerEvent) => {
    if (!last.current) return
    const next = spotOf(event)
    paint(last.current, next)
    last.current = next
  }
  const onKey = (event: KeyboardEvent) => {
    const step = Math.max(1, radius() * (event.shiftKey ? 0.25 : 1))
    const by = { ArrowLeft: [-step, 0], ArrowRight: [step, 0], ArrowUp: [0, -step], ArrowDown: [0, step] }[event.key]
    const now = spot ?? { x: size!.width / 2, y: size!.height / 2 }
    if (by) {
      const next = { x: Math.min(size!.width, Math.max(0, now.x + by[0]!)), y: Math.min(size!.height, Math.max(0, now.y + by[1]!)) }
      setSpot(next)
      announce(t('mask.at', Math.round((next.x / size!.width) * 100), Math.round((next.y / size!.height) * 100)))
    } else if (event.key === ' ' || event.key === 'Enter') {
      setSpot(now)
      paint(now, now)
      announce(t(wipes ? 'mask.wiped' : 'mask.painted'))
    } else {
      return
    }
    event.preventDefault()
  }
  const clear = () => canvas.current!.getContext('2d')!.clearRect(0, 0, size!.width, size!.height)
  const keep = async () => {
    props.onMask(await maskOf(canvas.current!))
    props.onClose()
  }
  return (
    <Dialog title={t('draw.mask')} onClose={props.onClose} wide>
      <p class="hint" id="mask-hint">{t('mask.hint')}</p>
      <div class="mask-tools">
        <label class="field">
          {t('mask.brush')}
          <input type="range" min={2} max={50} value={brush} onInput={(event) => setBrush(Number(event.currentTarget.value))} />
        </label>
        <label class="check"><input type="checkbox" checked={wipes} onChange={(event) => setWipes(event.currentTarget.checked)} />{t('mask.wipe')}</label>
        <button type="button" onClick={clear}>{t('mask.clear')}</button>
      </div>
      {size && (
        <div class="easel">
          <img src={address} alt="" draggable={false} />
          <canvas ref={canvas} width={size.width} height={size.height} tabIndex={0} role="img" aria-label={t('mask.canvas')} aria-describedby="mask-hint"
            onPointerDown={down} onPointerMove={move} onPointerUp={() => (last.current = undefined)} onKeyDown={onKey} />
          {spot && (
            <span class="cross" style={{ left: `${(spot.x / size.width) * 100}%`, top: `${(spot.y / size.height) * 100}%`, width: `${(radius() * 200) / size.width}%` }} />
          )}
        </div>
      )}
      <footer>
        <button type="button" onClick={props.onClose}>{t('dialog.cancel')}</button>
        <button type="button" class="main" onClick={keep}>{t('dialog.keep')}</button>
      </footer>
    </Dialog>
  )
}

// White where the picture stays, nothing where it shall be drawn; undefined: nothing was painted.
async function maskOf(painted: HTMLCanvasElement): Promise<Blob | undefined> {
  const { width, height } = painted
  const { data } = painted.getContext('2d')!.getImageData(0, 0, width, height)
  let some = false
  for (let at = 3; at < data.length && !some; at += 4) some = data[at]! > 127
  if (!some) return undefined
  const out = document.createElement('canvas')
  out.width = width
  out.height = height
  const pen = out.getContext('2d')!
  pen.fillStyle = '#fff'
  pen.fillRect(0, 0, width, height)
  pen.globalCompositeOperation = 'destination-out'
  pen.drawImage(painted, 0, 0)
  return new Promise((done) => out.toBlob((made) => done(made ?? undefined), 'image/png'))
}

async function showMask(canvas: HTMLCanvasElement, mask: Blob) {
  const picture = await createImageBitmap(mask)
  const pen = canvas.getContext('2d')!
  pen.fillStyle = shade
  pen.fillRect(0, 0, canvas.width, canvas.height)
  pen.globalCompositeOperation = 'destination-out'
  pen.drawImage(picture, 0, 0, canvas.width, canvas.height)
  pen.globalCompositeOperation = 'source-over'
  picture.close()
}
