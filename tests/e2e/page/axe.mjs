// axe on every view and with every dialog open, in every look, narrow and wide.
import { ask, AxeBuilder, check, end, everything, fulfilled, must, still } from './browser.mjs'

const looks = [['light', 360], ['dark', 360], ['light', 1280], ['dark', 1280], ['contrast', 1280]]

async function clean(page, where) {
  const { violations } = await new AxeBuilder({ page }).withTags(['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice']).analyze()
  must(!violations.length, `axe on ${where}:`, violations.map(({ id, nodes }) => [id, nodes.map((node) => [node.html.slice(0, 160), node.failureSummary?.slice(0, 300)]).slice(0, 3)]))
}

for (const [theme, width] of looks) {
  await check(`${theme}, ${width} px`, async (context) => {
    await context.addInitScript((name) => { try { localStorage.setItem('eai.theme', name) } catch { /* a frame of axe */ } }, theme)
    const page = await context.visit()
    const narrow = width < 800
    const dialog = async (open, name) => {
      await open()
      await page.getByRole('dialog').waitFor()
      await clean(page, name)
      await page.keyboard.press('Escape')
      await page.getByRole('dialog').waitFor({ state: 'detached' })
    }
    await page.locator('.model-choice select').waitFor()
    await clean(page, 'an empty chat')
    await fulfilled(page, [{ reasoning_content: 'Hm.' }, { content: everything }, { tool_calls: [{ index: 0, id: 'a', function: { name: 'f', arguments: '{"a":1}' } }] }], 'tool_calls')
    await ask(page, 'Show everything')
    await page.locator('.k-keyword, math').first().waitFor()
    await clean(page, 'a chat')
    if (narrow) await page.getByRole('button', { name: 'Show the conversations' }).click()
    await page.getByRole('searchbox').fill('everything')
    await page.getByText('Found: 1').waitFor()
    await still(page)
    await clean(page, 'the list')
    await page.getByRole('searchbox').fill('')
    if (narrow) await page.keyboard.press('Escape')
    await page.getByRole('button', { name: 'More for this conversation' }).click()
    await clean(page, 'the menu')
    await page.keyboard.press('Escape')
    await page.locator('.message.user').getByRole('button', { name: 'Edit' }).click()
    await clean(page, 'an edited message')
    await page.keyboard.press('Escape')
    await dialog(() => page.keyboard.press('Alt+S'), 'the conversation settings')
    await dialog(() => page.keyboard.press('Alt+,'), 'the settings')
    await dialog(() => page.keyboard.press('Alt+/'), 'the shortcuts')
    await page.keyboard.press('Alt+2')
    await page.getByRole('heading', { name: 'Images' }).waitFor()
    await page.getByText('More', { exact: true }).click()
    await clean(page, 'the images')
    await page.keyboard.press('Alt+3')
    await page.locator('.plot canvas').first().waitFor()
    await clean(page, 'the server')
    const wide = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth)
    must(wide <= 0, 'the page is wider than the screen by', wide)
  }, { viewport: { width, height: 800 } })
}

await end()
