// What goes wrong around a page: tabs, reloads, a full disk, no disk, a server that ends.
import { randomBytes } from 'node:crypto'
import { answer, answered, answering, ask, check, end, field, importText, last, must, same, say, talk, until, url, withFields } from './browser.mjs'

const long = { ignore_eos: true, max_tokens: 1800 }
const some = (page) => page.waitForFunction(() => [...document.querySelectorAll('.message.assistant .body')].at(-1)?.textContent.length > 60)
// Until what has come of an answer is in the store, which happens every second.
const kept = (page) =>
  until(page, () => new Promise((done) => {
    const asked = indexedDB.open('eai')
    asked.onsuccess = () => {
      const all = asked.result.transaction('messages').objectStore('messages').getAll()
      all.onsuccess = () => {
        asked.result.close()
        done(all.result.some((message) => message.state === 'growing' && message.text.length > 40))
      }
    }
  }))
const begin = async (page, text = 'Tell me a story') => {
  await withFields(page, long)
  await field(page).fill(text)
  await field(page).press('Enter')
  await answering(page)
  await some(page)
}

await check('a reload in mid-stream says what has happened, and the answer goes on', async (context) => {
  const page = await context.visit()
  await begin(page)
  await kept(page)
  await page.unroute('**/v1/chat/completions')
  await page.reload()
  await page.getByText('The page was closed before the answer was whole.').waitFor()
  const before = await last(page).locator('.body p').first().innerText()
  must(before.length > 40, 'what had come by then', before)
  await page.getByRole('button', { name: 'Continue' }).click()
  await answered(page)
  must((await answer(page)).startsWith(before.slice(0, 40)), 'continued')
})

await check('two tabs see each other', async (context) => {
  const one = await context.visit()
  const two = await context.visit()
  await ask(one, 'What is IPFS?')
  await two.getByRole('link', { name: /What is IPFS/ }).click()
  must((await answer(two)).includes('network'), 'the other tab')
  await ask(two, 'Count to 3')
  await one.getByText('Count to 3').first().waitFor()
  same(await one.locator('.message').count(), 4, 'the first tab follows')
  await begin(one)
  await two.waitForFunction(() => document.querySelectorAll('.message').length === 6)
  await two.waitForFunction(() => document.querySelector('.message.assistant:last-child .body').textContent.length > 20)
  same(await two.getByText('The page was closed').count(), 0, 'it is still growing')
  await one.close()
  await two.reload()
  await two.getByText('The page was closed before the answer was whole.').waitFor()
  await two.getByRole('button', { name: 'More for this conversation' }).click()
  await two.getByRole('menuitem', { name: 'Delete' }).click()
  const three = await context.visit()
  await three.getByRole('link', { name: /What is IPFS/ }).click()
  await two.getByRole('button', { name: 'Delete', exact: true }).click()
  await three.getByText('No conversations yet.').waitFor()
  await three.getByRole('heading', { name: 'Ask the model on this machine' }).waitFor()
})

await check('a full disk loses nothing that was kept, and says so', async (context) => {
  const blank = await context.newPage()
  const tools = await context.newCDPSession(blank)
  const { origin } = new URL(url)
  await tools.send('Storage.overrideQuotaForOrigin', { origin, quotaSize: 1_000_000 })
  const page = await context.visit()
  await ask(page, 'What is IPFS?')
  const dialog = await importText(page, talk('Large', [randomBytes(4_000_000).toString('hex'), 'y']))
  await dialog.getByText('The browser has no room left').waitFor()
  await page.keyboard.press('Escape')
  await page.getByRole('alert').filter({ hasText: 'The browser has no room left' }).first().waitFor()
  same(await page.locator('.chats li').count(), 1, 'nothing of it was taken')
  await tools.send('Storage.overrideQuotaForOrigin', { origin })
  await ask(page, 'Count to 3')
  await page.waitForFunction(() => !document.querySelector('.banner'))
  await page.reload()
  await page.locator('.message').nth(3).waitFor() // everything is there
})

await check('without a store the page works as long as it is open', async (context) => {
  await context.addInitScript(() => {
    Object.defineProperty(window, 'indexedDB', { get: () => { throw new DOMException('forbidden', 'SecurityError') } })
    Object.defineProperty(window, 'localStorage', { get: () => { throw new DOMException('forbidden', 'SecurityError') } })
    Object.defineProperty(window, 'sessionStorage', { get: () => { throw new DOMException('forbidden', 'SecurityError') } })
  })
  const page = await context.visit()
  await page.getByText('This browser keeps nothing for the page').waitFor()
  must((await ask(page, 'What is IPFS?')).includes('IPFS'), 'the answer')
  await page.getByRole('button', { name: 'New chat' }).click()
  await page.getByRole('link', { name: /What is IPFS/ }).click()
  await page.locator('.message').nth(1).waitFor()
})

await check('without a secure context everything works', async (context) => {
  await context.addInitScript(() => {
    for (const [of, name] of [[Navigator.prototype, 'clipboard'], [Navigator.prototype, 'locks'], [Navigator.prototype, 'storage'], [Crypto.prototype, 'randomUUID']])
      Object.defineProperty(of, name, { get: () => undefined })
  })
  const page = await context.visit()
  await ask(page, 'What is IPFS?')
  await last(page).getByRole('button', { name: 'Copy the message' }).click()
  await page.waitForFunction(() => window.spoken.includes('Copied.'))
  await page.reload()
  must((await answer(page)).includes('IPFS'), 'after a reload')
})

await check('a server that is killed in mid-stream: what came is kept, and the page goes on when it is back', async (context) => {
  context.expected.push(/Failed to load resource|ERR_/)
  const page = await context.visit()
  await ask(page, 'What is IPFS?')
  await begin(page)
  await say('kill')
  await page.locator('.state.cut').filter({ hasText: 'The server ended in the middle of its answer.' }).waitFor()
  const before = await last(page).locator('.body p').first().innerText()
  must(before.length > 40, 'what had come', before)
  await page.getByRole('alert').filter({ hasText: 'The server does not answer' }).waitFor()
  await page.unroute('**/v1/chat/completions')
  const refused = field(page)
  await refused.fill('Are you there?')
  await refused.press('Enter')
  await page.locator('.state.failed').filter({ hasText: 'The server does not answer' }).waitFor()
  await say('start')
  await page.waitForFunction(() => !document.querySelector('.banner'))
  await page.getByRole('button', { name: 'Answer again' }).last().click()
  await answered(page)
  must((await answer(page)).length > 0, 'an answer')
  await page.reload()
  await page.locator('.message.assistant').filter({ hasText: before.slice(0, 40) }).waitFor()
})

await end()
