// What the server tells by itself (server-sent events): incidents and actions that have changed, and how it is doing. All tabs
// of a browser share one stream (share.ts); where one breaks off, what follows begins with what was missed.
import { signal } from "@preact/signals";
import { useEffect } from "preact/hooks";
import { api, ended, Problem, reachable, tenant, url } from "./api";
import { myName, welcome } from "./session";
import { share, type Head } from "./share";

export interface Pulse { rate: number | null; sources: number; silent: number }

/** null: nothing was told yet. */
export const pulse = signal<Pulse | null>(null);
/** Whether the server talks. */
export const connected = signal(false);
/** Grows whenever something was missed that is not told again: what is shown must be read anew. */
export const returned = signal(0);

export type Told = { incident: { key: string; status: string; updated: string }; action: { key: string; state: string }; status: Record<string, unknown> };
type Kind = keyof Told;
const ears: { [K in Kind]: Set<(v: Told[K]) => void> } = { incident: new Set(), action: new Set(), status: new Set() };
const names = [...Object.keys(ears), "resync"];

/** How the stream is. ended: the server does not know any more who listens. */
interface State { open: boolean; reachable: boolean; ended: boolean; last: string }
/** What the tab with the stream passes on to the others. */
type Word = { name: string; data: string; id: string } | State;

let last = ""; // the id of what was told last
let before = false; // it was open already
let stop = (): void => {};
let anew = (): void => {};

let listened = "";

/** listen begins to listen; again with another tenant. */
export function listen(): void {
  stop();
  const name = "tocsin events " + JSON.stringify([tenant.value, myName.value]);
  if (name !== listened) {
    last = "";
    before = false;
  }
  listened = name;
  const shared = share<Word>(name, head, take);
  stop = shared.leave;
  anew = shared.anew;
}

/** again connects anew, and at once: it is known that it will do, or that the connection before is dead. */
export const again = (): void => anew();

// A page that the browser keeps for the way back must not keep its connection, nor the lock by which it has it.
addEventListener("pagehide", () => stop());
addEventListener("pageshow", (e) => e.persisted && listened && listen());

/** take is what every tab does with what is told. */
function take(w: Word): void {
  if ("open" in w) {
    connected.value = w.open;
    reachable.value = w.reachable;
    if (w.ended) ended.value = true;
    else if (ended.value && w.open) void welcome(); // in another tab, as a rule
    if (w.open && before && !last) returned.value++; // from where to go on is not known
    before ||= w.open;
    last = w.last || last;
    return;
  }
  if (w.id) last = w.id;
  if (w.name === "resync") {
    returned.value++;
    return;
  }
  const v = JSON.parse(w.data);
  if (w.name === "status") measure(v);
  for (const f of ears[w.name as Kind] as Set<(v: unknown) => void>) f(v);
}

const silence = 20_000; // the server says every 5 s how it is doing: after so long the connection is dead, though nobody said so

/** head is the stream itself, in the tab that has it for all. A browser connects again by itself, unless it was refused. */
function head(pass: (w: Word) => void): Head<Word> {
  let source: EventSource | null = null, timer: ReturnType<typeof setTimeout> | undefined, delay = 1000, heard = 0, began = 0, over = false;
  let state: State = { open: false, reachable: true, ended: false, last };
  const say = (change: Partial<State>): void => {
    state = { ...state, ...change, last };
    pass(state);
  };
  const open = (): void => {
    clearTimeout(timer);
    source?.close();
    heard = 0;
    began = performance.now();
    const s = (source = new EventSource(url("/events", { after: last })));
    s.onopen = () => {
      delay = 1000;
      say({ open: true, reachable: true, ended: false });
    };
    s.onerror = () => void lost(s);
    for (const name of names) s.addEventListener(name, (e) => {
      if (name === "status") heard = performance.now();
      pass({ name, data: (e as MessageEvent<string>).data, id: e.lastEventId });
    });
  };
  const lost = async (s: EventSource): Promise<void> => {
    if (s !== source || over) return;
    heard = 0;
    const why = state.reachable || s.readyState === EventSource.CLOSED ? await reason() : {};
    if (s !== source || over || s.readyState === EventSource.OPEN) return;
    say({ open: false, ...why });
    if (s.readyState !== EventSource.CLOSED) return;
    timer = setTimeout(open, delay); // it was refused: the browser does not try that again
    delay = Math.min(delay * 2, 30_000);
  };
  const watch = setInterval(() => heard && performance.now() - heard > silence && open(), silence / 2);
  open();
  return {
    first: () => ({ ...state, last }),
    anew: () => {
      clearTimeout(timer);
      timer = setTimeout(open, Math.max(0, began + 1000 - performance.now())); // every tab may ask for it at once
    },
    end: () => {
      over = true;
      clearTimeout(timer);
      clearInterval(watch);
      source?.close();
    },
  };
}

/** reason asks why the stream is not there. */
async function reason(): Promise<Partial<State>> {
  try {
    await api.plain("GET", "/me");
    return { reachable: true, ended: false };
  } catch (e) {
    const status = e instanceof Problem ? e.status : 0;
    return { reachable: status !== 0, ended: status === 401 };
  }
}

/** calmly is a function that calls f a moment after it is called, once for all calls till then, and at most once in so many
    ms: much may change, and many may be looking on. */
export function calmly(every: number, f: () => void): () => void {
  let timer = 0, last = -every;
  return () => {
    timer ||= setTimeout(() => {
      timer = 0;
      last = performance.now();
      f();
    }, Math.max(250, last + every - performance.now()));
  };
}

/** useTold calls f with what is told, as long as the component is there. */
export function useTold<K extends Kind>(kind: K, f: (v: Told[K]) => void): void {
  useEffect(() => {
    ears[kind].add(f);
    return () => void ears[kind].delete(f);
  });
}

let counted: { events: number; at: number } | null = null;

/** measure makes events a second of two counts. */
function measure(v: { events?: number; events_per_second?: number; sources?: number | { total: number; silent: number }; silent?: number }): void {
  const now = performance.now();
  let rate: number | null = v.events_per_second ?? null;
  if (rate === null && typeof v.events === "number") {
    if (counted && now > counted.at + 500 && v.events >= counted.events) rate = ((v.events - counted.events) / (now - counted.at)) * 1000;
    counted = { events: v.events, at: now };
  }
  const s = typeof v.sources === "object" ? v.sources : { total: v.sources ?? 0, silent: v.silent ?? 0 };
  pulse.value = { rate: rate ?? pulse.value?.rate ?? null, sources: s.total, silent: s.silent };
}
