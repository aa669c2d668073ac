// Hostile texts, imported and streamed: nothing runs, nothing is loaded, nothing leaves the place where text stands, and
// the page stays usable.
import { hostile } from '../../../web/test/hostile.mjs'
import { ask, check, end, field, fulfilled, importText, must, same, talk, withFields } from './browser.mjs'

const harmless = 'P STRONG EM DEL CODE PRE UL OL LI BLOCKQUOTE HR H3 H4 H5 H6 TABLE THEAD TBODY TR TH TD A BR SPAN FIGURE FIGCAPTION BUTTON DIV INPUT svg path'.split(' ')

// Whatever a message has become.
const look = (page) =>
  page.evaluate((harmless) => {
    const bad = []
    for (const body of document.querySelectorAll('.message .body')) {
      for (const element of body.querySelectorAll('*')) {
        const math = element.namespaceURI === 'http://www.w3.org/1998/Math/MathML'
        const own = element.matches('form.calls, section.call, details.reasoning, details.reasoning > summary, .call label, .call textarea')
        if (!math && !own && !harmless.includes(element.tagName)) bad.push(element.tagName)
        for (const { name, value } of element.attributes) {
          if (name.startsWith('on') || (name === 'style' && !math) || ['id', 'src', 'srcdoc', 'action', 'formaction', 'data'].includes(name)) bad.push(`${element.tagName} ${name}`)
          if (name === 'href' && !/^(https?|mailto):/.test(value)) bad.push(`${element.tagName} ${name}=${value}`)
        }
      }
      for (const math of body.querySelectorAll('math, .formula')) if (math.getBoundingClientRect().height > 20_000) bad.push('a formula as high as a house')
    }
    return { bad, hurt: window.hurt ?? null, scripts: document.scripts.length, frames: frames.length, base: document.querySelectorAll('base').length }
  }, harmless)

async function clean(page, name) {
  const seen = await look(page)
  must(!seen.bad.length && seen.hurt === null && seen.scripts === 1 && seen.frames === 0 && seen.base === 0, name, seen)
}

await check('as messages of a file, each for itself', async (context) => {
  const page = await context.visit()
  const file = hostile.map(([name, text], at) => talk(`${at}: ${name}`, [{ text: text.slice(0, 2000) }, { text, reasoning: text.slice(0, 2000), why: text.slice(0, 200), state: 'cut' }])).join('')
  const dialog = await importText(page, file)
  await dialog.getByText(`Imported: ${hostile.length}`).waitFor()
  await page.keyboard.press('Escape')
  const links = page.locator('.chats a')
  same(await links.count(), hostile.length, 'the list')
  for (let at = 0; at < hostile.length; at += 1) {
    const link = links.nth(at)
    const name = await link.locator('.name').innerText()
    await link.click()
    await page.getByRole('heading', { level: 1, name, exact: true }).waitFor()
    await page.locator('.message.assistant').waitFor()
    await clean(page, name)
  }
  await page.keyboard.press('Alt+n')
  must((await ask(page, 'What is IPFS?')).includes('IPFS'), 'afterwards')
})

await check('in titles, names of files, of models and of tools', async (context) => {
  const page = await context.visit()
  const evil = '<img src=x onerror="window.hurt=1">"\'><script>hurt=1</script>\u202e'
  const dialog = await importText(page, talk(evil, [
    { text: evil, attachments: [{ id: 'a', name: evil, type: evil, size: 1, text: evil }, { id: 'b', name: evil, type: 'image/png', size: 1 }] },
    { text: evil, model: { hash: evil, name: evil }, calls: [{ id: evil, name: evil, arguments: evil }] },
    { role: 'tool', call: evil, text: evil }]))
  await dialog.getByText('Imported: 1').waitFor()
  await page.keyboard.press('Escape')
  await page.locator('.chats a').click()
  await page.locator('.message.tool').waitFor()
  await clean(page, 'names')
  same(await page.locator('main script, main iframe, main img[src="x"]').count(), 0, 'elements')
  await page.getByRole('searchbox').fill('onerror')
  await page.getByText('Found: 1').waitFor()
  same(await page.evaluate(() => window.hurt ?? null), null, 'the search')
})

await check('as a stream, in pieces', async (context) => {
  const page = await context.visit()
  // What never ends comes last: it takes all that follows it.
  const endless = (name) => /never ends|without an end/.test(name)
  const small = hostile.filter(([, text]) => text.length < 3000)
  const texts = [...small.filter(([name]) => !endless(name)), ...small.filter(([name]) => endless(name))].map(([, text]) => text)
  const all = texts.join('\n\n')
  const pieces = Array.from({ length: Math.ceil(all.length / 50) }, (_, at) => ({ content: all.slice(at * 50, at * 50 + 50) }))
  await fulfilled(page, pieces)
  await ask(page, 'Hurt me')
  await page.waitForFunction(() => document.querySelector('.message.assistant .body').textContent.trimEnd().endsWith('\\frac{1}{'))
  await clean(page, 'the stream')
  must((await page.locator('.message.assistant .body > *').count()) > 30, 'blocks', await page.locator('.message.assistant .body > *').count())
})

await check('from the server itself', async (context) => {
  const page = await context.visit()
  const evil = '<img src=x onerror=window.hurt=1> [a](javascript:hurt=1) <script>window.hurt=1</script>'
  await withFields(page, { grammar: `root ::= ${JSON.stringify(evil)}` })
  same(await ask(page, 'Hurt me'), '<img src=x onerror=window.hurt=1> a <script>window.hurt=1</script>', 'as text')
  await clean(page, 'the answer')
})

await check('no script of the page can make HTML out of text', async (context) => {
  context.expected.push(/requires 'TrustedHTML'|require-trusted-types-for|violates the policy|Refused|eval|Content Security Policy/i)
  const page = await context.visit()
  const tried = await page.evaluate(() => {
    const attempt = (work) => { try { work(); return 'done' } catch { return 'refused' } }
    return [
      attempt(() => { document.createElement('div').innerHTML = '<b>x</b>' }),
      attempt(() => { document.body.insertAdjacentHTML('beforeend', '<b>x</b>') }),
      attempt(() => { document.write('x') }),
      attempt(() => { window.trustedTypes.createPolicy('x', {}) }),
    ]
  })
  same(tried, Array(4).fill('refused'), 'attempts')
  const out = await page.evaluate(() => fetch('http://127.0.0.1:9/x').then(() => 'sent', () => 'refused'))
  same(out, 'refused', 'a request to elsewhere')
  context.wrong.length = 0
  await field(page).waitFor()
})

await end()
