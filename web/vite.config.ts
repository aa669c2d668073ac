// Fixed names and no dates: the same sources give the same bytes.
import { defineConfig } from 'vitest/config'

export default defineConfig({
  base: './',
  build: {
    outDir: '../build/web/dist',
    emptyOutDir: true,
    assetsDir: 'page',
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    target: 'es2022',
    rollupOptions: {
      output: {
        entryFileNames: 'page/page.js',
        chunkFileNames: 'page/[name].js',
        assetFileNames: 'page/[name][extname]',
      },
    },
  },
  server: { proxy: proxyTo(process.env.EAI_URL) },
  test: { environment: 'happy-dom', include: ['test/*_test.ts', 'test/*_test.tsx'] },
})

// For work on the page: `EAI_URL=http://127.0.0.1:8080 npx vite` serves the sources beside a running server.
function proxyTo(url: string | undefined) {
  if (!url) return undefined
  return { '/v1': { target: url, changeOrigin: true, headers: { origin: url } }, '/health': url, '/metrics': url }
}
