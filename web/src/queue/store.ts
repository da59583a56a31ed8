// What the queue knows: the list as it was asked for, where the cursor is, what is picked, what has come since. It outlives the
// page, so that nobody loses the list by looking elsewhere. Each incident is a signal of its own: a change redraws one row.
import { batch, computed, signal, type Signal } from "@preact/signals";
import { api, say } from "../api";
import { calmly } from "../live";
import { myName } from "../session";
import type { Incident, Page, Summary } from "../shapes";
import { count } from "../waiting";
import { levels, type Level } from "../words";

export type Tab = "open" | "mine" | "snoozed" | "closed";
export interface View { tab: Tab; q: string; range: string; from: number; to: number }
export type Item = { kind: "group"; level: Level; count: number } | { kind: "row"; key: string };

export const ranges = ["1h", "6h", "24h", "7d", "all"];
const rangeMS: Record<string, number> = { "1h": 3.6e6, "6h": 2.16e7, "24h": 8.64e7, "7d": 6.048e8 };

export const keys = signal<string[]>([]); // in the order of the list
export const cursor = signal("");
export const picked = signal<ReadonlySet<string>>(new Set());
export const summary = signal<Summary | null>(null);
export const tabs = signal<Summary["counts"] | null>(null);
export const fresh = signal<ReadonlySet<string>>(new Set()); // have come since, and wait
export const busy = signal(false);
export const trouble = signal("");
export const loadedAt = signal(0);

const known = new Map<string, Signal<Incident>>();
let asked = "";
let stop: AbortController | null = null;
let more: { level: number; after: string } | null = null;
let view: View = { tab: "open", q: "", range: "24h", from: 0, to: 0 };

const arrivals = signal(0); // grows when an incident becomes known

/** incident is what is known of one; who asks in vain is told when it becomes known. */
export function incident(key: string): Signal<Incident> | undefined {
  const s = known.get(key);
  if (!s) void arrivals.value;
  return s;
}

/** items are the rows with the heads of their groups between them. */
export const items = computed<Item[]>(() => {
  const list = keys.value;
  if (view.tab === "closed") return list.map((key) => ({ kind: "row", key }));
  const byLevel = new Map<Level, string[]>();
  for (const key of list) {
    const level = known.get(key)?.peek().level ?? "low";
    const l = byLevel.get(level);
    if (l) l.push(key);
    else byLevel.set(level, [key]);
  }
  const out: Item[] = [];
  for (const level of [...levels, "informational" as Level]) {
    const l = byLevel.get(level);
    if (!l) continue;
    out.push({ kind: "group", level, count: Math.max(l.length, more ? (summary.peek()?.levels[level] ?? 0) : 0) });
    for (const key of l) out.push({ kind: "row", key });
  }
  return out;
});

/** order are the keys as they stand on the screen. */
export const order = computed(() => items.value.flatMap((i) => (i.kind === "row" ? [i.key] : [])));

function args(v: View): Record<string, string> {
  const a: Record<string, string> = { status: { open: "waiting", mine: "taken", snoozed: "snoozed", closed: "closed" }[v.tab] };
  if (v.tab === "mine") a.owner = myName.value;
  if (v.tab === "closed") a.order = "newest";
  if (v.q) a.q = v.q;
  return { ...a, ...span(v) };
}

function span(v: View): { since?: string; until?: string } {
  if (v.from && v.to) return { since: new Date(v.from).toISOString(), until: new Date(v.to).toISOString() };
  const ms = rangeMS[v.range];
  return ms ? { since: new Date(Math.floor(Date.now() / 1000) * 1000 - ms).toISOString() } : {};
}

const judged = new Map<string, number>(); // when this page said something of an incident last; without end as long as that is under way

/** judging says that something is said of incidents now; the function it returns, that it is done or refused. */
export function judging(list: string[]): () => void {
  for (const k of list) judged.set(k, Infinity);
  return () => list.forEach((k) => judged.set(k, performance.now()));
}

/** stays tells whether an incident of a list that was asked for at a time still belongs to it, for all that was said of it since. */
function stays(i: Incident, asked: number): boolean {
  const k = (judged.get(i.key) ?? 0) > asked ? known.get(i.key)?.peek() : undefined;
  return !k || belongs(k);
}

/** learn takes note of incidents as they were at a time, now as a rule: what was said of them since is not forgotten. */
export function learn(list: Incident[], asked = Infinity): void {
  batch(() => {
    for (const i of list) {
      if ((judged.get(i.key) ?? 0) > asked) continue;
      const s = known.get(i.key);
      if (s) s.value = i;
      else {
        known.set(i.key, signal(i));
        arrivals.value = arrivals.peek() + 1;
      }
    }
  });
}

/** load asks for the list of a view, unless it is there. */
export async function load(v: View, anew = false): Promise<void> {
  const text = JSON.stringify(v);
  if (text === asked && !anew) return;
  const other = text !== asked;
  asked = text;
  view = v;
  stop?.abort();
  const mine = (stop = new AbortController());
  busy.value = true;
  trouble.value = "";
  const a = args(v), began = performance.now();
  const graph = v.range === "all" && !v.from ? {} : { until: a.until ?? new Date(Date.now() + 1000).toISOString() };
  try {
    const [page, sum, all] = await Promise.all([
      api.get<Page<Incident>>("/incidents", { ...a, limit: 200 }, mine.signal),
      api.get<Summary>("/incidents/summary", { ...a, ...graph, buckets: 60, top: 8 }, mine.signal),
      v.tab === "mine" ? api.get<Summary>("/incidents/summary", { ...args({ ...v, tab: "open" }), buckets: 1, top: 1 }, mine.signal) : null,
    ]);
    batch(() => {
      learn(page.items, began);
      more = page.next ? { level: -1, after: page.next } : null;
      if (more && v.tab !== "closed") void byLevel(page.items);
      keys.value = page.items.filter((i) => stays(i, began)).map((i) => i.key);
      summary.value = sum;
      tabs.value = (all ?? sum).counts;
      fresh.value = new Set();
      loadedAt.value = Date.now();
      busy.value = false;
      if (other) picked.value = new Set();
      if (!keys.value.includes(cursor.value)) cursor.value = order.value[0] ?? "";
    });
    void count();
  } catch (e) {
    if (mine.signal.aborted) return;
    batch(() => {
      busy.value = false;
      trouble.value = say(e);
      asked = "";
    });
  }
}

/**
 * A list that is longer than one page is read a severity at a time, the gravest first: its groups must not grow above what
 * somebody looks at. What the first page has of graver ones than the group that is being read is whole by then.
 */
async function byLevel(first: Incident[]): Promise<void> {
  more = { level: 0, after: "" };
  const have = new Set(first.map((i) => i.key));
  await fill(have);
}

let filling = false;
const all = [...levels, "informational"] as Level[];

async function fill(have: Set<string>): Promise<void> {
  if (filling || !more) return;
  filling = true;
  const mine = stop!;
  const v = view;
  try {
    for (let left = 200; left > 0 && more && !mine.signal.aborted; ) {
      const level = all[more.level];
      if (!level) {
        more = null;
        break;
      }
      const q = (v.q + " severity:" + level).trim();
      const began = performance.now();
      const page: Page<Incident> = await api.get("/incidents", { ...args({ ...v, q }), limit: 200, after: more.after }, mine.signal);
      const news = page.items.filter((i) => !have.has(i.key) && stays(i, began));
      more = page.next ? { level: more.level, after: page.next } : { level: more.level + 1, after: "" };
      learn(page.items, began);
      for (const i of news) have.add(i.key);
      if (news.length) keys.value = [...keys.value, ...news.map((i) => i.key)];
      left -= news.length;
    }
  } catch (e) {
    if (!mine.signal.aborted) trouble.value = say(e);
  } finally {
    filling = false;
  }
}

/** further reads on where the list has an end that is not its own. */
export async function further(): Promise<void> {
  if (!more || busy.value) return;
  if (view.tab !== "closed") return fill(new Set(keys.value));
  if (filling) return;
  filling = true;
  try {
    const began = performance.now();
    const page: Page<Incident> = await api.get("/incidents", { ...args(view), limit: 200, after: more.after }, stop?.signal);
    learn(page.items, began);
    more = page.next ? { level: -1, after: page.next } : null;
    const have = new Set(keys.value);
    keys.value = [...keys.value, ...page.items.filter((i) => !have.has(i.key) && stays(i, began)).map((i) => i.key)];
  } catch (e) {
    trouble.value = say(e);
  } finally {
    filling = false;
  }
}

/** matters tells whether an incident with a status belongs to the list that is shown. */
export function belongs(i: Incident): boolean {
  switch (view.tab) {
    case "open": return i.status === "new" || i.status === "taken";
    case "mine": return i.status === "taken" && i.owner === myName.value;
    case "snoozed": return i.status === "snoozed";
    case "closed": return i.status === "closed";
  }
}

/** refresh asks for incidents as they are now. */
export async function refresh(list: string[]): Promise<void> {
  try {
    for (let n = 0; n < list.length; n += 60) learn((await api.get<Page<Incident>>("/incidents", { status: "any", key: list.slice(n, n + 60).join(","), limit: 100 })).items);
    void count();
  } catch {
    // it is told with the next change
  }
}

const told = new Set<string>();
const ask = calmly(1000, () => void listen());

/** hear takes note that an incident has changed: what is in the list is drawn anew where it stands, what is not waits. */
export function hear(key: string): void {
  told.add(key);
  ask();
}

async function listen(): Promise<void> {
  const began = performance.now(), list = [...told].slice(0, 100);
  for (const k of list) told.delete(k);
  if (told.size) ask();
  try {
    const here = list.filter((k) => known.has(k)), others = list.filter((k) => !keys.value.includes(k));
    if (here.length) learn((await api.look<Page<Incident>>("/incidents", { status: "any", key: here.join(","), limit: 100 })).items, began);
    if (others.length && asked && !view.from) {
      const page = await api.look<Page<Incident>>("/incidents", { ...args(view), key: others.join(","), limit: 100 });
      const have = new Set(keys.value), news = page.items.filter((i) => !have.has(i.key)).map((i) => i.key);
      if (news.length) fresh.value = new Set([...fresh.value, ...news]);
    }
  } catch {
    // it is told again with the next change, and read anew with the list
  }
}

/** remove takes rows out of the list and puts the cursor on what follows; it returns how to put them back where they were. */
export function remove(list: string[]): () => void {
  const gone = new Set(list);
  const before = keys.value, seen = order.value, at = cursor.value;
  batch(() => {
    if (gone.has(at)) {
      const i = seen.indexOf(at);
      cursor.value = seen.slice(i).find((k) => !gone.has(k)) ?? seen.slice(0, i).findLast((k) => !gone.has(k)) ?? "";
    }
    keys.value = before.filter((k) => !gone.has(k));
    if (picked.value.size) picked.value = new Set([...picked.value].filter((k) => !gone.has(k)));
  });
  return () => {
    const now = keys.value;
    const have = new Set(now);
    const back = before.filter((k) => gone.has(k) || have.has(k));
    const were = new Set(before);
    batch(() => {
      keys.value = [...back, ...now.filter((k) => !were.has(k))];
      cursor.value = list[0] ?? at;
    });
  };
}

export function pick(key: string, on?: boolean): void {
  const next = new Set(picked.value);
  if (on ?? !next.has(key)) next.add(key);
  else next.delete(key);
  picked.value = next;
}

/** pickTo picks all from the cursor to a row. */
export function pickTo(key: string): void {
  const list = order.value;
  const [a, b] = [list.indexOf(cursor.value), list.indexOf(key)].sort((x, y) => x - y) as [number, number];
  picked.value = new Set([...picked.value, ...list.slice(Math.max(a, 0), b + 1)]);
}

export function move(by: number): void {
  const list = order.value;
  if (!list.length) return;
  const at = list.indexOf(cursor.value);
  cursor.value = list[Math.min(Math.max(at + by, 0), list.length - 1)]!;
}
