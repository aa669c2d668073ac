// node helia_fetch.mjs <gateway> <router> <CID>: fetches a file with Helia, block by block and each one verified, from
// the only gateway that it is told of, and writes it to stdout. If that fails, it says why in one line and exits with 1.
// Helia does not end its search for providers if it has no router at all, so it is given one that knows nobody.
import { createRequire } from 'node:module'
import { finished } from 'node:stream/promises'

const require = createRequire(import.meta.url) // finds packages by NODE_PATH, which `import` does not
const { createHeliaLight } = require('helia')
const { withHTTP } = require('@helia/http')
const { unixfs } = require('@helia/unixfs')
const { CID } = require('multiformats/cid')

const PATIENCE = 60_000 // milliseconds for the whole file

const fetchFile = async (gateway, router, cid) => {
  const http = { allowInsecure: true, allowLocal: true, delegatedRouters: [router], recursiveGateways: [gateway] }
  const helia = await withHTTP(createHeliaLight(), http).start()
  for await (const bytes of unixfs(helia).cat(CID.parse(cid), { signal: AbortSignal.timeout(PATIENCE) })) {
    if (!process.stdout.write(bytes)) await new Promise((resolve) => process.stdout.once('drain', resolve))
  }
  process.stdout.end()
  await finished(process.stdout)
}

const causes = (error) => [error.message, ...(error.errors ?? (error.cause ? [error.cause] : [])).flatMap(causes)]

try {
  await fetchFile(...process.argv.slice(2))
  process.exit(0) // Helia's timers and connections would keep it alive
} catch (error) {
  console.error(causes(error).join('; ').replaceAll(/\s+/g, ' '))
  process.exit(1)
}
