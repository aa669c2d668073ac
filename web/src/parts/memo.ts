// A component that is drawn again only if one of its properties has changed.
import { Component, type ComponentChild, type FunctionComponent, h } from 'preact'

export function memo<P extends object>(inner: (props: P) => ComponentChild): FunctionComponent<P> {
  class Memo extends Component<P> {
    override shouldComponentUpdate(next: P) {
      const now = this.props as Record<string, unknown>
      const then = next as Record<string, unknown>
      return Object.keys({ ...now, ...then }).some((name) => now[name] !== then[name])
    }
    override render() {
      return h(inner as FunctionComponent<object>, this.props)
    }
  }
  return Memo as unknown as FunctionComponent<P>
}
