// How fast the page is: its first paint, a conversation of 500 messages, what a token costs, the heap. It prints what it
// measures; the bounds are far above the bars of docs/page.md, since other tests share the machine.
import { answered, check, end, everything, field, importText, must, talk } from './browser.mjs'

const bounds = { paint: 2000, open: 6000, token: 4, heap: 80 }
const told = (words) => process.stdout.write(`page: ${words}\n`)

await check('the first paint', async (context) => {
  const times = []
  for (let round = 0; round < 5; round += 1) {
    const page = await context.visit()
    const paint = () => performance.getEntriesByName('first-contentful-paint')[0]?.startTime
    await page.waitForFunction(paint)
    times.push(await page.evaluate(paint))
    await page.close()
  }
  const median = times.sort((a, b) => a - b)[2]
  told(`first paint after ${median.toFixed(0)} ms`)
  must(median < bounds.paint, 'the first paint', times)
})

await check('a conversation of 500 messages', async (context) => {
  const page = await context.visit()
  const texts = Array.from({ length: 500 }, (_, at) => (at % 2 ? `Answer ${at}\n\n${everything}` : `Question ${at}, which is as long as questions are.`))
  const dialog = await importText(page, talk('Long', texts) + talk('Short', ['Hello?', 'Hello.']))
  await dialog.getByText('Imported: 2').waitFor()
  await page.keyboard.press('Escape')
  await page.getByRole('link', { name: /Short/ }).click()
  await page.getByText('Hello.').first().waitFor()
  const opened = await page.evaluate(async () => {
    const link = [...document.querySelectorAll('.chats a')].find((each) => each.textContent.includes('Long'))
    const begun = performance.now()
    link.click()
    const frame = () => new Promise(requestAnimationFrame)
    let first = 0
    while (document.querySelectorAll('.message').length < 500) {
      await frame()
      if (!first && [...document.querySelectorAll('.message')].at(-1)?.textContent.includes('Answer 499')) first = performance.now() - begun
    }
    return { first, all: performance.now() - begun }
  })
  told(`500 messages: the last ones are there after ${opened.first.toFixed(0)} ms, all after ${opened.all.toFixed(0)} ms`)
  must(opened.first > 0 && opened.first < bounds.open, 'the opening', opened)

  const tools = await context.newCDPSession(page)
  await tools.send('Performance.enable')
  const metrics = async () => Object.fromEntries((await tools.send('Performance.getMetrics')).metrics.map(({ name, value }) => [name, value]))
  // The server's own stream: as many tokens as the demo model writes.
  await page.route('**/v1/chat/completions', (route) => {
    const body = JSON.parse(route.request().postData())
    return route.continue({ postData: JSON.stringify({ ...body, messages: body.messages.slice(-1), ignore_eos: true, max_tokens: 600 }) })
  })
  const before = await metrics()
  await field(page).fill('Tell me a story')
  await field(page).press('Enter')
  await answered(page)
  const after = await metrics()
  const token = ((after.ScriptDuration - before.ScriptDuration) * 1000) / 600
  told(`beside 500 messages, a token costs ${token.toFixed(2)} ms of script on average`)
  must(token < bounds.token, 'the cost of a token', token)
  await tools.send('HeapProfiler.collectGarbage')
  const heap = (await metrics()).JSHeapUsedSize / 1e6
  told(`its heap is ${heap.toFixed(0)} MB`)
  must(heap < bounds.heap, 'the heap', heap)
})

await check('an answer of 20 KB', async (context) => {
  const page = await context.visit()
  const text = Array.from({ length: 80 }, () => everything).join('\n\n').slice(0, 20_000)
  const pieces = Array.from({ length: text.length / 8 }, (_, at) => text.slice(at * 8, at * 8 + 8))
  await page.route('**/v1/chat/completions', (route) => route.fulfill({
    headers: { 'content-type': 'text/event-stream' },
    body: [...pieces.map((content) => ({ choices: [{ delta: { content } }] })), { choices: [{ delta: {}, finish_reason: 'stop' }] }].map((chunk) => `data: ${JSON.stringify(chunk)}\n\n`).join(''),
  }))
  await field(page).fill('Show everything')
  await page.evaluate(() => {
    window.frames_ = []
    let last = performance.now()
    const count = (now) => {
      window.frames_.push(now - last)
      last = now
      requestAnimationFrame(count)
    }
    requestAnimationFrame(count)
  })
  await field(page).press('Enter')
  await page.waitForFunction(() => document.querySelectorAll('.message.assistant h3').length > 70)
  const frames = (await page.evaluate(() => window.frames_)).sort((a, b) => a - b)
  told(`while an answer of 20 KB comes at once, 95 % of the frames take at most ${frames[Math.floor(frames.length * 0.95)].toFixed(0)} ms`)
})

await end()
