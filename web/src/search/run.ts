// One search: its rows as they come, the newest first, and more of them as far as somebody looks. Only what a row shows is
// kept of an event, so that hundreds of thousands fit; all of it is asked for when it is opened.
import { lines, Problem } from "../api";

export interface Row { time: string; id: string; dataset: string; host: string; text: string }
export type Cells = Record<string, string>;
type Sent = Cells & { notes?: string[]; progress?: { share: number; rows: number } };

export interface Found {
  /** plain events, the newest first */
  rows: Row[];
  /** what a query with | gives, in place of events */
  table: Cells[] | null;
  columns: string[];
  more: boolean;
  busy: boolean;
  /** of the range of time, from 0 to 1, as far as that is told */
  share: number;
  took: number;
  notes: string[];
  trouble: Problem | Error | null;
}
export interface Asked { q: string; since: string; until: string }

/** What one look at a list can hold. */
export const most = 1_000_000;
const first = 1000;

const dull = /^(_time|_id|_msg|dataset|host\.name|Computer|event\.sequence|log\.file\.path|EventRecordID|TimeCreated|Channel|Provider_Name)$/;

/** What syslog puts before a message: the time, which stands in a column of its own, and the host. */
const stamped = /^(?:<\d+>)?(?:\d{4}-\d\d-\d\dT[\d:.]+(?:Z|[+-]\d\d:?\d\d)|[A-Z][a-z]{2} [ \d]\d \d\d:\d\d:\d\d) (\S+) /;

/** textOf is an event in a line: its text, or its fields where it has none. */
export function textOf(e: Cells): string {
  if (e._msg) return e._msg.slice(0, 460).replace(stamped, (_, host: string) => (host === e["host.name"] ? "" : host + " ")).slice(0, 400);
  let out = e["event.code"] ? "event " + e["event.code"] : "";
  for (const [k, v] of Object.entries(e)) {
    if (dull.test(k) || k.startsWith("event.") || v === "-") continue;
    out += (out ? " " : "") + k + "=" + v;
    if (out.length > 400) break;
  }
  return out;
}

export const rowOf = (e: Cells): Row => ({ time: e._time ?? "", id: e._id ?? "", dataset: e.dataset ?? "", host: e["host.name"] ?? "", text: textOf(e) });

/** after is a nanosecond later: what happened at the same time as the last row is asked for again, not left out. */
export function after(t: string): string {
  const m = /^(.*:\d\d)(?:\.(\d+))?Z$/.exec(t);
  if (!m) return t;
  const ns = Number((m[2] ?? "").padEnd(9, "0")) + 1;
  return ns > 999_999_999 ? new Date(Date.parse(m[1] + "Z") + 1000).toISOString() : m[1] + "." + String(ns).padStart(9, "0") + "Z";
}

/** piped tells whether something is made of the events. */
export const piped = (q: string): boolean => q.replace(/"(?:[^"\\]|\\.)*"|'[^']*'/g, "").replaceAll("||", "").includes("|");

export class Run {
  found: Found = { rows: [], table: null, columns: [], more: false, busy: true, share: 0, took: 0, notes: [], trouble: null };
  private stop = new AbortController();
  private size = first;
  private seen = new Set<string>();
  private told = 0;
  private want = 0;

  constructor(readonly asked: Asked, private tell: () => void) {
    void this.part().then(() => this.further(0));
  }

  end(): void {
    this.stop.abort();
    this.found.busy = false;
  }
  /** halt stops what is under way; what has come stays. */
  halt(): void {
    this.want = 0;
    this.end();
    this.stop = new AbortController();
    this.found.notes = [...this.found.notes, "stopped: what had come by then is shown"];
    this.tell();
  }

  /** further asks for older events until there are as many as are looked at. */
  further(want: number): void {
    const f = this.found;
    this.want = Math.max(this.want, want); // while a part is under way, somebody may look further down
    if (f.busy || !f.more || f.rows.length >= this.want) return;
    this.size = Math.min(Math.max(this.size * 2, this.want - f.rows.length + first), 50_000);
    f.busy = true;
    f.share = 0;
    this.tell();
    void this.part().then(() => this.further(0));
  }

  private async part(): Promise<void> {
    const f = this.found, began = performance.now(), { q, since } = this.asked;
    const lastTime = f.rows.at(-1)?.time;
    const until = lastTime ? after(lastTime) : this.asked.until;
    const fresh: Row[] = [];
    let came = 0;
    try {
      await lines<Sent>("/search", { q, since, until, limit: this.size, progress: true }, (bundle) => {
        for (const e of bundle) {
          if (Array.isArray(e.notes)) { f.notes = e.notes; continue; }
          if (typeof e.progress === "object") { f.share = e.progress.share; this.tell(); continue; }
          came++;
          if (f.table || e._id === undefined) this.cells(e);
          else if (!this.seen.has(e._id)) fresh.push(rowOf(e));
        }
        if (f.table) this.now();
      }, this.stop.signal);
      f.more = !f.table && !piped(q) && came >= this.size && f.rows.length + fresh.length < most;
    } catch (e) {
      if ((e as Error).name === "AbortError") { if (this.stop.signal.aborted) return; } else f.trouble = e as Error;
      f.more = false;
    }
    if (fresh.length) {
      fresh.reverse();
      f.rows = f.rows.concat(fresh);
      const edge = f.rows.at(-1)!.time; // only what shares the last row's time can come twice
      this.seen = new Set();
      for (let i = f.rows.length - 1; i >= 0 && f.rows[i]!.time === edge; i--) this.seen.add(f.rows[i]!.id);
    } else if (f.more) this.size = Math.min(this.size * 4, most);
    f.busy = false;
    f.took = performance.now() - began;
    this.tell();
  }

  private cells(e: Cells): void {
    const f = this.found;
    f.table ??= [];
    for (const name in e) if (!f.columns.includes(name)) f.columns.push(name);
    f.table.push(e);
  }

  private now(): void {
    if (performance.now() - this.told < 150) return;
    this.told = performance.now();
    this.found.table = [...this.found.table!];
    this.tell();
  }
}
