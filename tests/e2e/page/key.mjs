// A server that wants a key.
import { ask, check, end, more, must, same } from './browser.mjs'

const [key] = more

await check('the page asks for the key, and keeps it for the tab', async (context) => {
  context.expected.push(/status of 401/)
  const page = await context.visit()
  await page.getByText('The server wants an API key').first().waitFor()
  await page.getByRole('button', { name: 'Enter the key' }).click()
  await page.getByLabel('API key').fill('wrong')
  await page.getByRole('button', { name: 'Save' }).click()
  await page.keyboard.press('Escape')
  must(await page.getByText('The server wants an API key').first().isVisible(), 'a wrong key')
  await page.getByRole('button', { name: 'Enter the key' }).click()
  await page.getByLabel('API key').fill(key)
  await page.getByRole('button', { name: 'Save' }).click()
  await page.keyboard.press('Escape')
  await page.waitForFunction(() => !document.querySelector('.banner'))
  must((await ask(page, 'What is IPFS?')).includes('IPFS'), 'the answer')
  await page.reload()
  await page.locator('.model-choice select').waitFor()
  same(await page.evaluate((key) => [JSON.stringify(localStorage).includes(key), document.documentElement.outerHTML.includes(key)], key), [false, false], 'where the key is')
  const other = await context.visit()
  await other.getByText('The server wants an API key').first().waitFor()
})

await end()
