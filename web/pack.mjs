// Packs what Vite has built for the program: build/web/packed/ gets each file with gzip, and `list` with a line for each
// (name, media type, beginning of the SHA-256, size, file). No dates and no names of machines: the same page gives the
// same bytes.
import { createHash } from 'node:crypto'
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { extname, join } from 'node:path'
import { gzipSync } from 'node:zlib'

const from = new URL('../build/web/dist', import.meta.url).pathname
const to = new URL('../build/web/packed', import.meta.url).pathname
const types = {
  '.html': 'text/html charset=utf-8',
  '.js': 'text/javascript charset=utf-8',
  '.css': 'text/css charset=utf-8',
  '.svg': 'image/svg+xml',
  '.woff2': 'font/woff2',
}

rmSync(to, { recursive: true, force: true })
mkdirSync(to, { recursive: true })
const lines = []
let total = 0

function pack(name, path) {
  const bytes = readFileSync(path)
  const type = types[extname(path)]
  if (!type) throw new Error(`no media type is known for ${path}`)
  const packed = gzipSync(bytes, { level: 9 })
  packed[9] = 255 // the system on which it was packed: unknown
  const file = (name || 'index.html') + '.gz'
  writeFileSync(join(to, file), packed)
  lines.push([name || '-', type, createHash('sha256').update(bytes).digest('hex').slice(0, 32), bytes.length, file].join('|'))
  total += packed.length
}

pack('', join(from, 'index.html'))
for (const name of readdirSync(join(from, 'page')).sort()) pack(name, join(from, 'page', name))
writeFileSync(join(to, 'list'), lines.join('\n') + '\n')

const most = 300 * 1024
console.log(`the page: ${lines.length} files, ${(total / 1024).toFixed(1)} KB packed of ${most / 1024} KB`)
if (total > most) throw new Error('the page is too large')
