// What happened: a line for each kind of source with a dot for each moment, and the moments in words below.
import { useState } from "preact/hooks";
import { amount, at, clock, span, when, whenUTC } from "../form";
import type { Moment } from "../shapes";
import { Button } from "../ui/parts";

type Lane = "network" | "identity" | "endpoint" | "cloud" | "alerts" | "people";
const lanes: Lane[] = ["network", "identity", "endpoint", "cloud", "alerts", "people"];

/** laneOf says to which line a moment belongs: by its source where that is known, else by what its text speaks of. */
function laneOf(m: Moment): Lane {
  if (m.kind === "alert") return "alerts";
  if (m.kind !== "event") return "people";
  const s = (m.source ?? "") + " " + m.text;
  if (/^(cloudtrail|azure|gcp|m365|okta|google)/i.test(s)) return "cloud";
  if (/sshd|sudo|\bsu\b|login|logon|password|\bauth|ldap|kerberos|pam_|session|event 46|administrator-made|user-added/i.test(s)) return "identity";
  if (/^access|firewall|forti|netfilter|→|asked for|iptables|nft|flow|dns|\bSRC=|nginx|apache|http|proxy|conn|destination\.ip/i.test(s)) return "network";
  return "endpoint";
}

const few = 14;

export function Timeline({ of: all, zero }: { of: Moment[]; zero?: string }) {
  const [whole, setWhole] = useState(false);
  const list = together(all.filter((m) => m.time));
  if (!list.length) return <p class="dim">Nothing is known of the time around it.</p>;
  const from = at(list[0]!.time), to = Math.max(at(list.at(-1)!.time), from + 1000);
  const origin = zero ? Date.parse(zero) : at(list.find((m) => m.kind === "alert")?.time ?? list[0]!.time);
  const shown = whole || list.length <= few ? list : around(list, origin);
  const offset = (t: number) => {
    const d = at(t) - origin;
    if (Math.abs(d) < 500) return "0";
    return (d < 0 ? "−" : "+") + span(d);
  };
  const zeroAt = shown.findIndex((m) => Math.abs(at(m.time) - origin) < 500 && m.kind === "alert");
  return (
    <div class="timeline">
      <Lanes list={list} from={from} to={to} origin={origin} />
      <ol>
        {shown.map((m, i) => (
          <li key={i} class={"of-" + m.kind + (i === zeroAt ? " zero" : "")}>
            <time class="num" title={whenUTC(m.time) + (m.key && m.kind === "event" ? ": the whole event" : "")}>{m.kind === "event" && m.key ? <a href={"/search?range=all&q=_id:" + m.key}>{offset(m.time)}</a> : offset(m.time)}</time>
            <span class="source cut" title={m.who}>{m.kind === "event" ? (m.source || m.who || "log") : m.kind}</span>
            <span class={"text" + (m.kind === "event" ? " mono" : "")}>{m.text}{laneOf(m) === "people" && m.who && <span class="dimmer"> · {m.who}</span>}{(m.count ?? 0) > 1 && <span class="dimmer"> ×{amount(m.count!)}</span>}</span>
          </li>
        ))}
      </ol>
      {list.length > shown.length && <Button look="link" onClick={() => setWhole(true)}>All {amount(list.length)} moments</Button>}
    </div>
  );
}

/** Told is a moment, and how many like it followed. */
type Told = Moment & { count?: number };

/** together makes one of events that follow one another and say the same, but for numbers. */
function together(list: Moment[]): Told[] {
  const out: Told[] = [];
  for (const m of list) {
    const last = out.at(-1);
    if (last && m.kind === "event" && last.kind === "event" && bare(last) === bare(m)) out[out.length - 1] = { ...last, count: (last.count ?? 1) + 1 };
    else out.push(m);
  }
  return out;
}
const bare = (m: Moment): string => m.text.replaceAll(/[0-9a-f-]{8,}|\d+/gi, "#").slice(0, 160);

/** around are the moments nearest to the origin, in their order. */
function around(list: Told[], origin: number): Told[] {
  const near = [...list].sort((a, b) => Math.abs(at(a.time) - origin) - Math.abs(at(b.time) - origin)).slice(0, few);
  const keep = new Set([...near, ...list.filter((m) => m.kind === "alert").slice(0, 4), ...list.filter((m) => laneOf(m) === "people").slice(-6)]);
  return list.filter((m) => keep.has(m));
}

function Lanes({ list, from, to, origin }: { list: Told[]; from: number; to: number; origin: number }) {
  const used = lanes.filter((l) => list.some((m) => laneOf(m) === l));
  const W = 480, left = 70, right = 8, row = 24;
  const x = (t: number) => left + ((t - from) / (to - from)) * (W - left - right);
  // Moments that would lie on one another are one dot, the larger for it.
  const dots = used.flatMap((l, y) => {
    const at5 = new Map<number, Told[]>();
    for (const m of list) if (laneOf(m) === l) {
      const slot = Math.round(x(at(m.time)) / 10);
      at5.set(slot, [...(at5.get(slot) ?? []), m]);
    }
    return [...at5.values()].map((ms) => ({ y, l, ms, x: x(at(ms[0]!.time)) }));
  });
  const zeroX = x(Math.min(Math.max(origin, from), to));
  const height = used.length * row + 20;
  return (
    <svg class="lanes" viewBox={`0 0 ${W} ${height}`} role="img" aria-label={used.map((l) => l + ": " + list.filter((m) => laneOf(m) === l).length).join(", ")}>
      {used.map((l, i) => (
        <g key={l}>
          <text x="0" y={i * row + 16}>{l}</text>
          <line x1={left} x2={W} y1={i * row + 12} y2={i * row + 12} />
        </g>
      ))}
      <line class="zero" x1={zeroX} x2={zeroX} y1="0" y2={used.length * row} />
      {dots.map((d, i) => <circle key={i} class={d.l} cx={d.x} cy={d.y * row + 12} r={Math.min(3 + Math.log2(d.ms.length + d.ms.reduce((n, m) => n + (m.count ?? 0), 0) + 1), 7)}><title>{when(d.ms[0]!.time, true) + " " + d.ms[0]!.text}</title></circle>)}
      <text x={Math.max(left, 0)} y={height - 4}>{from < origin - 1000 ? "−" + span(origin - from) : clock(from)}</text>
      {zeroX > left + 70 && zeroX < W - 90 && <text x={zeroX} y={height - 4} text-anchor="middle">{clock(origin)}</text>}
      <text x={W} y={height - 4} text-anchor="end">{to > origin + 1000 ? "+" + span(to - origin) : clock(to)}</text>
    </svg>
  );
}
