// memo keeps a component from being drawn anew while what it was given is the same.
import { Component, h, type ComponentChild, type FunctionComponent } from "preact";

export function memo<P extends object>(f: FunctionComponent<P>): FunctionComponent<P> {
  class Memo extends Component<P> {
    override shouldComponentUpdate(next: P): boolean {
      const a = this.props as Record<string, unknown>, b = next as Record<string, unknown>;
      const names = Object.keys(b);
      return names.length !== Object.keys(a).length || names.some((n) => a[n] !== b[n]);
    }
    override render(): ComponentChild {
      return h(f as FunctionComponent<object>, this.props);
    }
  }
  return Memo as unknown as FunctionComponent<P>;
}
