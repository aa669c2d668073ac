import './prism_manual'
import Prism from 'prismjs/components/prism-core'
;(globalThis as unknown as { Prism: unknown }).Prism = Prism
