// What the server tells by itself (server-sent events): incidents and actions that have changed, and how it is doing. One
// connection for the whole page; a browser connects again by itself and says what it has heard last.
import { signal } from "@preact/signals";
import { useEffect } from "preact/hooks";
import { url, reachable } from "./api";

export interface Pulse { rate: number | null; sources: number; silent: number }

/** null: nothing was told yet. */
export const pulse = signal<Pulse | null>(null);
/** Whether the server talks. */
export const connected = signal(false);
/** Grows with each time that the connection came back: what was missed must be read anew. */
export const returned = signal(0);

export type Told = { incident: { key: string; status: string; updated: string }; action: { key: string; state: string }; status: Record<string, unknown> };
type Kind = keyof Told;
const ears: { [K in Kind]: Set<(v: Told[K]) => void> } = { incident: new Set(), action: new Set(), status: new Set() };

let source: EventSource | null = null;
let before = false;
let retry = 1000;

/** listen connects; again with another tenant. */
export function listen(): void {
  source?.close();
  const s = (source = new EventSource(url("/events")));
  s.onopen = () => {
    connected.value = true;
    reachable.value = true;
    retry = 1000;
    if (before) returned.value++;
    before = true;
  };
  s.onerror = () => {
    connected.value = false;
    if (s.readyState !== EventSource.CLOSED) return;
    setTimeout(() => source === s && listen(), retry); // it was refused: the browser does not try that again
    retry = Math.min(retry * 2, 30_000);
  };
  for (const kind of Object.keys(ears) as Kind[]) {
    s.addEventListener(kind, (e) => {
      const v = JSON.parse((e as MessageEvent<string>).data);
      if (kind === "status") measure(v);
      for (const f of ears[kind] as Set<(v: unknown) => void>) f(v);
    });
  }
}

// A page that the browser keeps for the way back must not keep its connection: six of them, and the browser opens no other.
addEventListener("pagehide", () => source?.close());
addEventListener("pageshow", (e) => e.persisted && source && listen());

/** useTold calls f with what is told, as long as the component is there. */
export function useTold<K extends Kind>(kind: K, f: (v: Told[K]) => void): void {
  useEffect(() => {
    ears[kind].add(f);
    return () => void ears[kind].delete(f);
  });
}

let last: { events: number; at: number } | null = null;

/** measure makes events a second of two counts. */
function measure(v: { events?: number; events_per_second?: number; sources?: number | { total: number; silent: number }; silent?: number }): void {
  const now = performance.now();
  let rate: number | null = v.events_per_second ?? null;
  if (rate === null && typeof v.events === "number") {
    if (last && now > last.at + 500 && v.events >= last.events) rate = ((v.events - last.events) / (now - last.at)) * 1000;
    last = { events: v.events, at: now };
  }
  const s = typeof v.sources === "object" ? v.sources : { total: v.sources ?? 0, silent: v.silent ?? 0 };
  pulse.value = { rate: rate ?? pulse.value?.rate ?? null, sources: s.total, silent: s.silent };
}
