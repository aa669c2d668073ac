declare module 'prismjs/components/prism-*'
