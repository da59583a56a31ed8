// Histogram shows how much there was when, over the whole range and not only of what is on the screen; a range of it is taken
// by dragging. It is one SVG; a click is a bucket.
import { useLayoutEffect, useRef, useState } from "preact/hooks";
import { amount, at, clock, day, plural } from "../form";
import type { EventHistogram, Histogram as LevelHistogram } from "../shapes";
import { levels } from "../words";

const minute = 60_000, hour = 60 * minute, oneDay = 24 * hour;
const steps = [minute, 5 * minute, 10 * minute, 30 * minute, hour, 3 * hour, 6 * hour, 12 * hour, oneDay, 2 * oneDay, 7 * oneDay, 14 * oneDay, 30 * oneDay, 90 * oneDay, 365 * oneDay];

/** ticks are the times that are written below: at most n, on round ones. */
function ticks(from: number, to: number, n: number): number[] {
  const step = steps.find((s) => (to - from) / s <= n) ?? steps.at(-1)!;
  const out: number[] = [];
  for (let t = Math.ceil(from / step) * step; t <= to; t += step) out.push(t);
  return out;
}

export function Histogram({ of, height = 58, onBrush, what = "alert" }: { of: LevelHistogram | EventHistogram; height?: number; what?: string; onBrush?: (from: number, to: number) => void }) {
  const box = useRef<HTMLDivElement>(null);
  const [width, setWidth] = useState(0);
  const [drag, setDrag] = useState<{ a: number; b: number } | null>(null);
  const [over, setOver] = useState<number | null>(null);
  useLayoutEffect(() => {
    const seen = new ResizeObserver(([e]) => setWidth(Math.floor(e!.contentRect.width)));
    seen.observe(box.current!);
    setWidth(box.current!.clientWidth);
    return () => seen.disconnect();
  }, []);

  const start = at(of.start ?? 0), step = of.step * 1000;
  const stacks: { l: string; n: number }[][] = "buckets" in of ? of.buckets.map((b) => levels.map((l) => ({ l, n: b[l] }))) : of.counts.map((n) => [{ l: "count", n }]);
  const n = stacks.length;
  const totals = stacks.map((s) => s.reduce((sum, x) => sum + x.n, 0));
  const most = Math.max(...totals, 1);
  const end = start + n * step;
  const x = (t: number) => ((t - start) / (end - start)) * width;
  const slot = n ? width / n : width;
  const timeAt = (e: PointerEvent) => {
    const r = box.current!.getBoundingClientRect();
    return Math.min(Math.max(e.clientX - r.left, 0), r.width);
  };
  const finish = () => {
    if (!drag) return;
    setDrag(null);
    let [a, b] = [Math.min(drag.a, drag.b), Math.max(drag.a, drag.b)];
    if (b - a < 4) b = (a = Math.floor(a / slot) * slot) + slot; // a click: the bucket
    const from = start + Math.round((a / width) * n) * step, to = start + Math.round((b / width) * n) * step;
    onBrush?.(Math.min(from, end - step), Math.max(to, from + step));
  };
  const many = totals.reduce((a, b) => a + b, 0);
  return (
    <div class="histogram" ref={box}>
      {width > 0 && n > 0 && (
        <svg
          height={height + 20} viewBox={`0 0 ${width} ${height + 20}`} role="img" aria-label={`${plural(many, what)} from ${day(start)} ${clock(start)} to ${day(end)} ${clock(end)} UTC`}
          onPointerDown={(e) => { if (!onBrush || e.button !== 0) return; (e.currentTarget as Element).setPointerCapture(e.pointerId); setDrag({ a: timeAt(e), b: timeAt(e) }); }}
          onPointerMove={(e) => { const t = timeAt(e); setOver(Math.min(n - 1, Math.floor(t / slot))); if (drag) setDrag({ ...drag, b: t }); }}
          onPointerUp={finish} onPointerCancel={() => setDrag(null)} onPointerLeave={() => setOver(null)}
        >
          {[0, 0.5].map((f) => <line key={f} class="grid" x1="0" x2={width} y1={height * f + 1} y2={height * f + 1} />)}
          {stacks.map((stack, i) => {
            let y = height;
            return stack.map(({ l, n: count }) => {
              if (!count) return null;
              const h = Math.max(((height - 3) * count) / most, 2);
              y -= h;
              return <rect key={i + l} class={l} x={i * slot + Math.min(1, slot * 0.1)} width={Math.max(slot - Math.min(2, slot * 0.2), 1)} y={Math.max(y, 0)} height={Math.max(h - (stack.length > 1 ? 0.8 : 0), 1)} rx={slot > 8 ? 1.5 : 0} />;
            });
          })}
          <line class="base" x1="0" x2={width} y1={height + 0.5} y2={height + 0.5} />
          {ticks(start, end, Math.max(2, Math.floor(width / 110))).map((t) => {
            const midnight = t % oneDay === 0;
            const px = x(t);
            return px < 24 || px > width - 24 ? null : <text key={t} x={px} y={height + 15} text-anchor="middle">{midnight ? day(t) : clock(t)}</text>;
          })}
          {drag && <rect class="brush" x={Math.min(drag.a, drag.b)} width={Math.abs(drag.a - drag.b)} y="0" height={height} />}
        </svg>
      )}
      {over !== null && totals[over] !== undefined && totals[over]! > 0 && (
        <div class="tip" style={{ left: Math.min(over * slot + slot + 4, Math.max(0, width - 170)) + "px" }}>
          {day(start + over * step)} {clock(start + over * step)} · {amount(totals[over]!)}
        </div>
      )}
    </div>
  );
}
