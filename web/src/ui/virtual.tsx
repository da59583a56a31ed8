// Virtual is a list of any length of which only what can be seen is in the page. Rows have heights that are known beforehand.
import type { ComponentChildren, VNode } from "preact";
import { useLayoutEffect, useMemo, useRef, useState } from "preact/hooks";

export interface VirtualProps<T> {
  items: T[];
  /** a height in px, or one for each kind of row */
  height: number | ((item: T) => number);
  /** what a row is known by; without it, the place of one that has left is taken by one that comes, where all are of one height */
  keyOf?: (item: T, index: number) => string | number;
  children: (item: T, index: number) => ComponentChildren;
  /** the row that must be in sight, as it changes */
  sight?: number;
  /** called when the end is near */
  onEnd?: () => void;
  label: string;
  role?: "listbox" | "list" | "grid" | "log";
  multi?: boolean;
  active?: string;
  class?: string;
  /** in the list, after the rows */
  after?: ComponentChildren;
}

const spare = 8; // rows above and below
const few = 2; // of them after a jump, where no row that is there stays

export function Virtual<T>(p: VirtualProps<T>): VNode {
  const box = useRef<HTMLDivElement>(null);
  const [top, setTop] = useState(0);
  const was = useRef(0);
  const [view, setView] = useState(0);
  const { items, height } = p;
  // Where each row begins; null where all are of the same height.
  const starts = useMemo(() => {
    if (typeof height === "number") return null;
    const out = new Float64Array(items.length + 1);
    for (let i = 0; i < items.length; i++) out[i + 1] = out[i]! + height(items[i]!);
    return out;
  }, [items, height]);
  const begin = (i: number): number => (starts ? starts[i]! : i * (height as number));
  const find = (y: number): number => {
    if (!starts) return Math.floor(y / (height as number));
    let a = 0, b = items.length;
    while (a < b) {
      const m = (a + b) >> 1;
      if (starts[m + 1]! <= y) a = m + 1;
      else b = m;
    }
    return a;
  };
  useLayoutEffect(() => {
    const el = box.current!;
    const seen = new ResizeObserver(() => setView(el.clientHeight));
    seen.observe(el);
    setView(el.clientHeight);
    return () => seen.disconnect();
  }, []);
  useLayoutEffect(() => {
    if (p.sight === undefined || p.sight < 0 || p.sight >= items.length) return;
    const el = box.current!, a = begin(p.sight), b = begin(p.sight + 1), margin = Math.min(30, el.clientHeight / 4);
    if (a - margin < el.scrollTop) el.scrollTop = Math.max(0, a - margin);
    else if (b + margin > el.scrollTop + el.clientHeight) el.scrollTop = b + margin - el.clientHeight;
  }, [p.sight, view > 0]);
  const more = Math.abs(top - was.current) < view * 0.9 ? spare : few;
  useLayoutEffect(() => { was.current = top; }, [top]);
  const first = Math.max(0, find(top) - more), last = Math.min(items.length, find(top + view) + 1 + more);
  useLayoutEffect(() => {
    if (view > 0 && last >= items.length - spare) p.onEnd?.();
  }, [last, items.length, view]);
  // As many places as rows at most: with every jump each row that leaves makes room for one that comes.
  const places = typeof height === "number" ? Math.ceil(view / height) + 1 + 2 * more : items.length;
  const rows: VNode[] = [];
  for (let i = first; i < last; i++) {
    const item = items[i]!;
    rows.push(<div key={p.keyOf ? p.keyOf(item, i) : i % places} role="presentation" style={{ top: begin(i) + "px", height: begin(i + 1) - begin(i) + "px" }}>{p.children(item, i)}</div>);
  }
  return (
    <div ref={box} class={"virtual " + (p.class ?? "")} tabIndex={0} role={p.role ?? "list"} aria-label={p.label} aria-multiselectable={p.multi} aria-activedescendant={p.active} onScroll={() => setTop(box.current!.scrollTop)}>
      <div class="space" role="presentation" style={{ height: begin(items.length) + "px" }}>{rows}</div>
      {p.after}
    </div>
  );
}
