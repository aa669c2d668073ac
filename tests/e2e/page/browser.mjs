// What the tests of the page share: a browser in which everything that must not happen is noticed.
//
// A script is given the server's address and prints, as JSON, what of its cases went wrong. Words in between, for the
// test that runs it: `say(…)` writes a line, and gives the line that comes back.
import { createRequire } from 'node:module'
import readline from 'node:readline'

const require = createRequire(process.env.EAI_TEST_TOOLS + '/node_modules/')
const { chromium } = require('playwright-core')
export const { AxeBuilder } = require('@axe-core/playwright')

export const url = process.argv[2].replace(/\/$/, '') + '/'
export const more = process.argv.slice(3)
export const WAIT = 45_000

const answers = readline.createInterface({ input: process.stdin })[Symbol.asyncIterator]()
export async function say(words) {
  process.stdout.write('say ' + words + '\n')
  return (await answers.next()).value
}

export function must(what, words, ...seen) {
  if (!what) throw new Error([words, ...seen.map((each) => JSON.stringify(each))].join(' '))
}
export const same = (seen, wanted, words) => must(JSON.stringify(seen) === JSON.stringify(wanted), words, seen, wanted)

let browser
const started = () =>
  chromium.launch({
    executablePath: process.env.EAI_CHROMIUM ?? '/usr/bin/chromium',
    args: process.getuid() === 0 ? ['--no-sandbox'] : [],
  })

// A browser profile of its own, whose pages are watched.
export async function profile(options = {}) {
  browser ??= await started()
  const context = await browser.newContext({ viewport: { width: 1280, height: 800 }, locale: 'en-GB', acceptDownloads: true, ...options })
  context.setDefaultTimeout(WAIT)
  const wrong = []
  const origin = new URL(url).origin
  await context.addInitScript(() => {
    addEventListener('securitypolicyviolation', (event) => console.error(`violates the policy: ${event.violatedDirective} ${event.blockedURI} ${event.sample}`))
    window.spoken = []
    addEventListener('DOMContentLoaded', () => {
      const watch = new MutationObserver(() => {
        const words = document.getElementById('announcements')?.textContent.trim()
        if (words && words !== window.spoken.at(-1)) window.spoken.push(words)
      })
      watch.observe(document.body, { subtree: true, childList: true, characterData: true })
    })
  })
  context.on('request', (request) => {
    const address = request.url()
    if (!address.startsWith(origin + '/') && !/^(blob|data):/.test(address)) wrong.push('asked ' + address)
  })
  context.on('weberror', (error) => wrong.push(String(error.error())))
  context.on('console', (message) => {
    const text = message.text()
    if (message.type() === 'error' && !context.expected.some((pattern) => pattern.test(text))) wrong.push(text)
  })
  context.expected = [] // what the browser may complain about
  context.wrong = wrong
  context.visit = async (place = '') => {
    const page = await context.newPage()
    await page.goto(url + place)
    await page.waitForSelector('main')
    return page
  }
  return context
}

const failures = []
let ran = 0

// One thing that must hold, in a profile of its own.
export async function check(name, work, options = {}) {
  if (more.includes('--only') && !name.includes(more[more.indexOf('--only') + 1])) return
  ran += 1
  const context = await profile(options)
  try {
    await work(context)
    must(!context.wrong.length, 'the browser complains:', context.wrong)
  } catch (why) {
    const shown = await Promise.all(context.pages().map((page) => page.locator('body').innerText({ timeout: 2000 }).catch(String)))
    const what = String(why.stack ?? why).split('\n').slice(0, 6)
    failures.push([name + ':', ...what, ...context.wrong.slice(0, 5), ...shown.map((text) => 'shown: ' + text.slice(-1500))].join('\n  '))
  } finally {
    await context.close()
  }
}

export async function end() {
  await browser?.close()
  process.stdout.write(JSON.stringify({ ran, failures }) + '\n')
  process.exit(0)
}

export const field = (page) => page.getByLabel('Write a message')

// Asks, and waits until the answer has ended.
export async function ask(page, text) {
  await field(page).fill(text)
  await field(page).press('Enter')
  await answered(page)
  return answer(page)
}
export const answering = (page) => page.locator('button.send.stop').waitFor()
export const answered = async (page) => {
  await page.locator('.message.assistant[aria-busy=false]').last().waitFor()
  await page.waitForFunction(() => !document.querySelector('button.send.stop') && !document.querySelector('.message[aria-busy=true]'))
}
export const last = (page) => page.locator('.message.assistant').last()
export const answer = (page) => last(page).locator('.body').innerText()

// Each request of a page for an answer gets these fields in addition.
export const withFields = (page, fields) =>
  page.route('**/v1/chat/completions', (route) => {
    const body = { ...JSON.parse(route.request().postData()), ...fields }
    return route.continue({ postData: JSON.stringify(body) })
  })

// Answers in the place of the server, event by event.
export const fulfilled = (page, deltas, finish = 'stop') =>
  page.route('**/v1/chat/completions', (route) => {
    const chunks = deltas.map((delta) => ({ choices: [{ index: 0, delta }] }))
    chunks.push({ choices: [{ index: 0, delta: {}, finish_reason: finish }] })
    const body = chunks.map((chunk) => `data: ${JSON.stringify(chunk)}\n\n`).join('') + 'data: [DONE]\n\n'
    return route.fulfill({ status: 200, headers: { 'content-type': 'text/event-stream' }, body })
  })

// Gives the page a file of conversations, as a person would.
export async function importText(page, text) {
  await page.keyboard.press('Alt+,')
  const dialog = page.getByRole('dialog', { name: 'Settings', exact: true })
  await dialog.locator('input[type=file]').setInputFiles({ name: 'talk.jsonl', mimeType: 'application/jsonl', buffer: Buffer.from(text) })
  return dialog
}

export const lines = (chat, messages) => [{ type: 'eai.chat', ...chat }, ...messages.map((message) => ({ type: 'eai.message', ...message }))].map((line) => JSON.stringify(line)).join('\n') + '\n'

// Messages that follow each other, as lines of a file.
export function talk(title, texts) {
  const messages = texts.map((more, at) => ({ id: String(at), parent: at ? String(at - 1) : undefined, role: at % 2 ? 'assistant' : 'user', at, ...(typeof more === 'string' ? { text: more } : more) }))
  return lines({ title, leaf: String(messages.length - 1) }, messages)
}

// An answer with everything that Markdown has.
export const everything = '# Title\n\nText with `code`, a [link](https://a.example), $x^2$.\n\n```js\nconst a = "b" // c\n```\n\n| a | b |\n|--|--|\n| 1 | 2 |\n\n- [x] done\n\n> quoted'

// Until this, asked in the page again and again, is true.
export async function until(page, asked) {
  for (const end = Date.now() + WAIT; !(await page.evaluate(asked)); ) must(Date.now() < end, 'this never came true:', String(asked))
}

// Until nothing moves, and two frames have changed nothing of the text.
export const still = (page) =>
  until(page, () => new Promise((done) => {
    const now = document.body.textContent.length
    const quiet = () => done(document.getAnimations().every((each) => each.playState !== 'running' || each.effect.getComputedTiming().iterations === Infinity) && document.body.textContent.length === now)
    requestAnimationFrame(() => requestAnimationFrame(quiet))
  }))
