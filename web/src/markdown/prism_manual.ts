// Before Prism's core is read: it shall not look through the page for code by itself.
;(globalThis as unknown as { Prism: unknown }).Prism = { manual: true, disableWorkerMessageHandler: true }
export {}
