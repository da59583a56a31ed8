// The one way to the server: the public API, as anybody may use it. Mistakes come as Problem (RFC 9457). When the session has
// ended in the middle of work, the person logs in over the page and the same request is made again; likewise when something
// needs a recent log-in.
import { signal } from "@preact/signals";

export type Query = Record<string, string | number | boolean | null | undefined>;

export class Problem extends Error {
  status: number;
  detail: string;
  field: string;
  stepUp: boolean;
  wait: number;
  constructor(p: { status: number; title?: string; detail?: string; field?: string; step_up?: boolean; wait?: number; errors?: { message?: string; location?: string }[] }) {
    super(p.title || "the server answered " + p.status);
    this.status = p.status;
    this.detail = p.detail ?? "";
    this.field = p.field ?? "";
    this.stepUp = p.step_up ?? false;
    this.wait = p.wait ?? 0;
  }
}

/** The tenant that is looked at; every request names it. */
export const tenant = signal(new URLSearchParams(location.search).get("tenant") ?? localStorage.getItem("tenant") ?? "");
/** Whether the server answers. */
export const reachable = signal(true);
/** Whether the session has ended: nothing is answered until somebody logs in. */
export const ended = signal(false);
/** What the person is asked for over the page: a log-in ("in") or to prove it anew ("step-up"). */
export const asked = signal<{ for: "in" | "step-up"; done: (ok: boolean) => void } | null>(null);

let asking: Promise<boolean> | null = null, declined = -1; // when somebody did not want to: what was asked for before that does not ask again
const ask = (what: "in" | "step-up"): Promise<boolean> =>
  (asking ??= new Promise<boolean>((resolve) => {
    asked.value = { for: what, done: (ok) => { if (!ok) declined = performance.now(); asked.value = null; asking = null; resolve(ok); } };
  }));

/** logIn asks for a log-in over the page. */
export const logIn = (): Promise<boolean> => ask("in");

/** What concerns all tenants at once, and takes none. */
const whole = /^\/(settings|notify|reload|verify|backup|users|tokens|me|login)\b|^\/rules\/(arm|[^/]+\/(enabled|disarm))$/;

/** url is the address of an operation of the API. */
export function url(path: string, query: Query = {}): string {
  const q = new URLSearchParams();
  if (tenant.value && !whole.test(path)) q.set("tenant", tenant.value);
  for (const [name, value] of Object.entries(query)) {
    if (value !== null && value !== undefined && value !== "") q.set(name, String(value));
  }
  const text = q.toString();
  return "/api/v1" + path + (text ? "?" + text : "");
}

interface Call {
  query?: Query;
  /** null: none, where an empty one says something else */
  body?: unknown;
  signal?: AbortSignal;
  /** an idempotency key: the server does the same thing once */
  once?: string;
  /** without asking for a log-in over the page */
  plain?: boolean;
  /** the same, of what the page asks by itself while somebody does something else: that the session has ended is told beside it */
  quiet?: boolean;
}

async function send(method: string, path: string, c: Call): Promise<Response> {
  for (let again = 0; ; again++) {
    const headers: Record<string, string> = { Accept: "application/json, application/problem+json" };
    if (c.body != null) headers["Content-Type"] = "application/json";
    if (c.once) headers["Idempotency-Key"] = c.once;
    const began = performance.now();
    let r: Response;
    try {
      r = await fetch(url(path, c.query), { method, headers, body: c.body == null ? undefined : JSON.stringify(c.body), signal: c.signal, cache: "no-store" });
    } catch (e) {
      if ((e as Error).name === "AbortError") throw e;
      reachable.value = false;
      throw new Problem({ status: 0, title: "the server cannot be reached" + (navigator.onLine ? "" : ": this device is offline") });
    }
    reachable.value = true;
    if (r.ok) return r;
    const p = await problemOf(r);
    if (p.status === 401 && !c.plain) ended.value = true;
    const what = p.status === 401 ? "in" : p.stepUp ? "step-up" : null;
    if (what && !c.plain && !c.quiet && again < 2 && began > declined && (await ask(what))) continue;
    throw p;
  }
}

async function problemOf(r: Response): Promise<Problem> {
  try {
    return new Problem({ ...(await r.json()), status: r.status });
  } catch {
    return new Problem({ status: r.status, title: r.statusText });
  }
}

async function call<T>(method: string, path: string, c: Call): Promise<T> {
  const r = await send(method, path, c);
  return r.status === 204 ? (undefined as T) : ((await r.json()) as T);
}

export const api = {
  get: <T>(path: string, query?: Query, signal?: AbortSignal) => call<T>("GET", path, { query, signal }),
  /** look is a get of what nobody asked for: that was told to have changed, or is offered while somebody writes */
  look: <T>(path: string, query?: Query, signal?: AbortSignal) => call<T>("GET", path, { query, signal, quiet: true }),
  post: <T>(path: string, body: unknown = {}, c: Call = {}) => call<T>("POST", path, { ...c, body }),
  put: <T>(path: string, body: unknown = {}, c: Call = {}) => call<T>("PUT", path, { ...c, body }),
  drop: <T>(path: string, c: Call = {}) => call<T>("DELETE", path, c),
  text: async (path: string, query?: Query, signal?: AbortSignal) => (await send("GET", path, { query, signal })).text(),
  /** plain is a request that must not ask for a log-in: of the log-in itself. */
  plain: <T>(method: "GET" | "POST", path: string, body?: unknown) => call<T>(method, path, { body, plain: true }),
};

/** once is a new idempotency key. */
export const once = (): string => crypto.randomUUID();

/** breath lets the page do what waits, such as a key, before what comes in is read on. */
const breath = (): Promise<void> =>
  new Promise((done) => {
    const { port1, port2 } = new MessageChannel();
    port1.onmessage = () => { port1.close(); done(); };
    port2.postMessage(null);
  });

/** lines reads a stream of JSON lines, in bundles as they come; `{"problem":…}` as the last line is thrown. */
export async function lines<T>(path: string, query: Query, take: (bundle: T[]) => void, signal?: AbortSignal, body?: unknown): Promise<void> {
  const r = await send(body === undefined ? "GET" : "POST", path, { query, signal, body });
  const reader = r.body!.pipeThrough(new TextDecoderStream()).getReader();
  let rest = "", turn = performance.now();
  for (;;) {
    const { value, done } = await reader.read();
    if (performance.now() - turn > 20) {
      await breath();
      turn = performance.now();
    }
    rest += value ?? "";
    const parts = rest.split("\n");
    rest = done ? "" : (parts.pop() ?? "");
    const bundle: T[] = [];
    for (const part of parts) {
      if (!part) continue;
      const v = JSON.parse(part) as T & { problem?: { status: number; title: string } };
      if (v.problem) {
        if (bundle.length) take(bundle);
        throw new Problem(v.problem);
      }
      bundle.push(v);
    }
    if (bundle.length) take(bundle);
    if (done) return;
  }
}

/** passing tells whether a mistake is none of what was asked for, so that the same may be asked once more. */
export const passing = (e: unknown): boolean => e instanceof Problem && (e.status === 0 || e.status === 401 || e.status === 429 || e.status >= 500);

/** say is what is told to a person of any mistake. */
export function say(e: unknown): string {
  if (e instanceof Problem) return e.detail ? e.message + ": " + e.detail.split("\n")[0] : e.message;
  return e instanceof Error ? e.message : String(e);
}
