// For everybody: the keyboard alone, narrow and wide, three languages.
import { answered, answering, ask, check, end, everything, field, fulfilled, must, same, still, withFields } from './browser.mjs'

await check('the keyboard alone asks, stops, edits and branches', async (context) => {
  const page = await context.visit()
  await page.mouse.move(0, 0)
  await page.locator('.model-choice select').waitFor()
  const press = async (...keys) => { for (const key of keys) await page.keyboard.press(key) }
  const to = async (name) => {
    for (let at = 0; at < 60; at += 1) {
      const found = await page.evaluate(() => document.activeElement?.getAttribute('aria-label') ?? document.activeElement?.textContent ?? '')
      if (name.test(found)) return
      await press('Tab')
    }
    throw new Error(`Tab does not reach ${name}`)
  }
  await press('Tab')
  same(await page.evaluate(() => document.activeElement.textContent), 'Skip to the content', 'the first stop')
  await press('Enter')
  await press('Alt+m')
  await page.keyboard.type('What is IPFS?')
  await press('Enter')
  await answered(page)
  await withFields(page, { ignore_eos: true, max_tokens: 1500 })
  await page.keyboard.type('Tell me a story')
  await press('Enter')
  await answering(page)
  await press('Escape')
  await answered(page)
  await page.getByText('You stopped this answer.').waitFor()
  await page.unroute('**/v1/chat/completions')
  await press('Alt+e')
  await page.getByLabel('Text of the message').waitFor()
  same(await page.evaluate(() => document.activeElement.tagName), 'TEXTAREA', 'the editor has the focus')
  await press('Control+a')
  await page.keyboard.type('Count to 3')
  await press('Control+Enter')
  await answered(page)
  await page.getByText('2 of 2').waitFor()
  await press('Alt+r')
  await page.getByText('2 of 2').nth(1).waitFor()
  await answered(page)
  await page.evaluate(() => document.querySelector('.messages').focus())
  await to(/^Previous branch$/)
  await press('Enter')
  await page.getByText('1 of 2').waitFor()
  await press('Alt+k')
  await page.waitForFunction(() => document.activeElement?.type === 'search')
  await page.keyboard.type('story')
  await page.getByText('Found: 1').waitFor()
  await press('Alt+n')
  await page.waitForFunction(() => document.activeElement?.getAttribute('aria-label') === 'Write a message')
  await press('Alt+/')
  await page.getByRole('dialog').getByText('Stop the answer').waitFor()
  await press('Escape', 'Alt+2')
  await to(/What to draw/).catch(async () => page.locator('[name=prompt]').focus())
  await press('Alt+1')
  await field(page).waitFor()
})

await check('everything is there in three languages', async (context) => {
  const page = await context.visit()
  const words = { en: ['Settings', 'Write a message', 'New chat'], de: ['Einstellungen', 'Nachricht schreiben', 'Neuer Chat'], zh: ['设置', '输入消息', '新对话'] }
  await page.keyboard.press('Alt+,')
  for (const [language, [title, write, fresh]] of Object.entries(words)) {
    await page.locator('dialog select').nth(1).selectOption(language)
    await page.getByRole('heading', { name: title, exact: true }).waitFor()
    same(await page.evaluate(() => document.documentElement.lang), language, 'the language of the document')
    must(await page.getByLabel(write).count(), write)
    must(await page.getByText(fresh).count(), fresh)
  }
  await page.reload()
  await page.getByLabel('输入消息').waitFor()
})

await check('a German browser gets German', async (context) => {
  const page = await context.visit()
  await page.getByLabel('Nachricht schreiben').waitFor()
}, { locale: 'de-DE' })

for (const [width, height] of [[320, 500], [844, 390], [3840, 2160]]) {
  await check(`it fits into ${width} by ${height}`, async (context) => {
    const page = await context.visit()
    await fulfilled(page, [{ content: everything + '\n\n' + 'a'.repeat(400) + '\n\n```\n' + 'b'.repeat(400) + '\n```' }])
    await ask(page, 'x'.repeat(300))
    for (const view of ['#/chat', '#/images', '#/server']) {
      await page.evaluate((place) => (location.hash = place), view)
      await page.locator(view === '#/chat' ? '.talk' : view === '#/images' ? '.wish' : '.server-view').waitFor()
      await still(page)
      const over = await page.evaluate(() => [...document.querySelectorAll('main *')].filter((each) => each.getBoundingClientRect().right > innerWidth + 1 && !each.closest('.table, pre, .formula, .list, .off-screen')).map((each) => each.outerHTML.slice(0, 100)))
      must(!over.length, view, over.slice(0, 3))
    }
    await page.evaluate(() => (location.hash = '#/chat'))
    must((await field(page).boundingBox()).width > 150, 'the field', await field(page).boundingBox())
  }, { viewport: { width, height } })
}

await check('nothing moves for those who do not want it', async (context) => {
  const page = await context.visit()
  const moving = await page.evaluate(() => document.getAnimations().length)
  same(moving, 0, 'animations')
}, { reducedMotion: 'reduce' })

await end()
