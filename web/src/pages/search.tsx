// Search: every event that is kept. The address holds the query and its time; the graph is of the whole range, the rows come
// as far as somebody scrolls.
import { useCallback, useEffect, useMemo, useReducer, useRef, useState } from "preact/hooks";
import { api, lines, Problem, say } from "../api";
import { amount, day, now, plural, when } from "../form";
import { useKeys } from "../keys";
import { useLoad } from "../load";
import { memo } from "../memo";
import type { PageProps } from "../pages";
import { amend, go, href, query } from "../route";
import { may } from "../session";
import { Head } from "../shell";
import type { EventHistogram, Page, SavedSearch, ValueCount } from "../shapes";
import { complain, done, tell } from "../toast";
import { Histogram } from "../ui/histogram";
import { Icon } from "../ui/icon";
import { Button, Dialog, Empty, Facets, Field, Note, Segments, type FacetGroup } from "../ui/parts";
import { Virtual } from "../ui/virtual";
import { Line, quoted } from "../search/line";
import { Details } from "../search/details";
import { most, piped, rowOf, Run, type Cells, type Row } from "../search/run";

const ranges = ["1h", "24h", "7d", "30d", "all"] as const;
type Range = (typeof ranges)[number];
const lengths: Record<Range, number> = { "1h": 3600e3, "24h": 86400e3, "7d": 7 * 86400e3, "30d": 30 * 86400e3, all: 0 };
const height = 24, tallHeight = 62;


/** asked is what the address asks for, with the relative time fixed as of now. */
function useAsked(turn: number) {
  const u = query.value, q = u.get("q") ?? "", range = (u.get("range") as Range | null) ?? "24h", from = u.get("from"), to = u.get("to"), tail = u.get("tail") === "1";
  return useMemo(() => {
    const end = to ? Number(to) : Date.now();
    const begin = from ? Number(from) : lengths[range] ? end - lengths[range] : 0;
    return { q, range, zoomed: !!from, tail, since: begin ? new Date(begin).toISOString() : "", until: to || begin ? new Date(end).toISOString() : "", begin, end };
  }, [q, range, from, to, tail, turn]);
}

export default function Search(_: PageProps) {
  const [turn, setTurn] = useState(0);
  const asked = useAsked(turn);
  const [small, setSmall] = useState(innerWidth < 620);
  useEffect(() => {
    const f = () => setSmall(innerWidth < 620);
    addEventListener("resize", f);
    return () => removeEventListener("resize", f);
  }, []);
  const [saving, setSaving] = useState(false), [listing, setListing] = useState(false);
  const [bad, setBad] = useState<Problem | Error | null>(null);
  const run = (q: string) => (q === asked.q ? setTurn((n) => n + 1) : go(href({ q: q || null }, "/search")));
  useKeys([
    { key: "/", label: "Write the search", group: "Search", run: () => document.getElementById("search-line")?.focus() },
    { key: "l", label: "Live tail", group: "Search", run: () => amend({ tail: asked.tail ? null : "1" }) },
    { key: "o", label: "Saved searches", group: "Search", run: () => setListing(true) },
    { key: "s", label: "Save this search", group: "Search", run: () => asked.q && setSaving(true) },
  ]);
  return (
    <div class="page search">
      <Head title="Search">
        <Line q={asked.q} since={() => asked.since} bad={!!bad} onRun={run} />
        <Button k="l" class={asked.tail ? "on" : ""} aria-pressed={asked.tail} disabled={piped(asked.q)} title={piped(asked.q) ? "What comes in is shown as it comes: not with |" : "Show events as they come in"} onClick={() => amend({ tail: asked.tail ? null : "1" })}>
          <span class={"dot " + (asked.tail ? "live ok" : "")} />Live tail
        </Button>
        <Button icon="down" title="Saved searches (o)" onClick={() => setListing(true)}>Saved</Button>
      </Head>
      {bad && <Mistake of={bad} />}
      {asked.tail
        ? <Tail key={asked.q} q={asked.q} small={small} onBad={setBad} />
        : <Past key={turn} asked={asked} small={small} onBad={setBad} onSave={() => setSaving(true)} />}
      {saving && <Save q={asked.q} range={asked.range} onClose={() => setSaving(false)} />}
      {listing && <SavedList onClose={() => setListing(false)} onSave={asked.q ? () => { setListing(false); setSaving(true); } : undefined} />}
    </div>
  );
}

/** Mistake is what is wrong with a query, with a caret where. */
function Mistake({ of }: { of: Problem | Error }) {
  const detail = of instanceof Problem ? of.detail : "";
  return <div class="mistake"><Note look="bad">{detail ? <pre tabIndex={0} aria-label="What is wrong">{detail.replace(/\n+$/, "")}</pre> : say(of)}</Note></div>;
}

function Past({ asked, small, onBad, onSave }: { asked: ReturnType<typeof useAsked>; small: boolean; onBad: (p: Problem | Error | null) => void; onSave: () => void }) {
  const [, redraw] = useReducer<number, void>((n) => n + 1, 0);
  const run = useRef<Run | null>(null);
  const [open, setOpen] = useState<Row | null>(null);
  const [cursor, setCursor] = useState(-1);
  const [facets, setFacets] = useState(!small && innerWidth >= 1000);
  const frame = useRef(0);
  const { q, since, until } = asked;
  useEffect(() => {
    onBad(null);
    setOpen(null);
    setCursor(-1);
    const r = (run.current = new Run({ q: q || "*", since, until }, () => {
      if (r.found.trouble) onBad(r.found.trouble);
      cancelAnimationFrame(frame.current);
      frame.current = requestAnimationFrame(() => redraw());
    }));
    return () => r.end();
  }, [q, since, until]);
  const graph = useLoad<EventHistogram & { total: number }>((s) => api.get("/search/histogram", { q: q || "*", since, until, buckets: small ? 40 : 96 }, s), [q, since, until]);
  const f = run.current?.found;
  const total = f?.table ? f.table.length : Math.max(f?.rows.length ?? 0, f?.more ? (graph.value?.total ?? 0) : 0);
  // A list of all that there is: what has not come yet is an empty place, and is asked for when it is looked at.
  const list = useMemo(() => {
    const out = f?.rows.slice() ?? [];
    if (f?.more) out.length = Math.min(Math.max(total, out.length + 1), most);
    return out as (Row | undefined)[];
  }, [f?.rows, f?.more, total]);
  const want = useRef(0);
  const looked = (i: number) => {
    if (!f || i < f.rows.length || i <= want.current) return;
    want.current = i;
    setTimeout(() => run.current?.further(i + 200));
  };
  const move = (d: number) => {
    if (!f || !f.rows.length) return;
    const n = Math.min(Math.max(cursor + d, 0), f.rows.length - 1);
    setCursor(n);
    if (open) setOpen(f.rows[n]!);
  };
  const opened = useCallback((i: number, row: Row) => { setCursor(i); setOpen(row); }, []);
  const pick = (field: string, value: string, not: boolean) => go(href({ q: ((q === "*" ? "" : q + " ") + (not ? "not " : "") + field + ":=" + quoted(value).replace(/^(?!")(.*)$/, '"$1"')).trim() }));
  useKeys([
    { key: "j", label: "Next event", group: "Search", run: () => move(1) },
    { key: "k", label: "Previous event", group: "Search", run: () => move(-1) },
    { key: "Enter", label: "Open", group: "Search", run: () => f?.rows[cursor] && setOpen(f.rows[cursor]!) },
    { key: "Escape", label: "Close", group: "Search", quiet: true, run: () => setOpen(null) },
    { key: "f", label: "Fields", group: "Search", run: () => setFacets((v) => !v) },
  ]);
  const counted = graph.value?.total;
  return (
    <div class={"found" + (open ? " with-event" : "")}>
      <div class="found-main">
        <div class="search-graph">
          {graph.value && graph.value.counts && graph.value.counts.length > 0 ? <Histogram of={graph.value} what="event" height={small ? 40 : 52} onBrush={(a, b) => go(href({ from: String(a), to: String(b), range: null }))} /> : <div class="no-graph">{graph.trouble && !f?.trouble ? <span class="dim">{graph.trouble}</span> : null}</div>}
          <div class="row wrap said">
            <span class="num" role="status">{f ? sayFound(f, counted) : ""}{!f?.table && asked.begin > 0 && <span class="wide-only"> · {when(asked.begin)} – {when(asked.end)} UTC</span>}</span>
            {f?.busy && <><span class="spin" />{f.share > 0 && <span class="dim num">{readSoFar(f)}</span>}<Button look="link" icon="stop" onClick={() => run.current?.halt()}>Stop</Button></>}
            {asked.zoomed && <Button look="link" onClick={() => go(href({ from: null, to: null }))}>Whole time again</Button>}
            <span class="grow" />
            <Segments label="Time" value={asked.zoomed ? ("" as Range) : asked.range} of={ranges.map((r) => ({ value: r, label: r === "all" ? "All" : r }))} onChange={(r) => amend({ range: r === "24h" ? null : r, from: null, to: null })} />
            <Button look="quiet" k="f" aria-pressed={facets} class={facets ? "on" : ""} onClick={() => setFacets(!facets)}>Fields</Button>
            {q && <Button look="quiet" onClick={onSave}>Save</Button>}
            {q && may("rule.write") && !piped(q) && <a class="button quiet" href={"/detections/new?q=" + encodeURIComponent(q)}>Make a detection</a>}
          </div>
          {f?.busy && <div class="progress going" role="progressbar" aria-label="Searching" aria-valuemin={0} aria-valuemax={100} aria-valuenow={f.share ? Math.round(f.share * 100) : undefined} aria-valuetext={readSoFar(f)}><i class={f.share ? "known" : ""} style={f.share ? { width: Math.max(2, 100 * f.share) + "%" } : undefined} /></div>}
          {f?.notes.map((n) => <p key={n} class="dim notes">{n}</p>)}
        </div>
        <div class="under">
          {facets && <aside class="side" aria-label="Fields"><Sides q={q} since={since} until={until} onPick={pick} /></aside>}
          {!f || (f.busy && !f.rows.length && !f.table) ? <p class="row dim wait"><span class="spin" />Searching…</p>
            : f.table ? <Table cells={f.table} columns={f.columns} small={small} />
            : !f.rows.length ? (f.trouble ? <div class="grow" /> : <Nothing q={q} range={asked.range} zoomed={asked.zoomed} />)
            : <Virtual items={list} height={small ? tallHeight : height} label="Events" role="list" class={"events" + (f.rows[0] && f.rows.at(-1)!.time.slice(0, 10) === new Date().toISOString().slice(0, 10) ? " today" : "")} sight={cursor}>
                {(row, i) => { if (!row) looked(i); return <EventRow row={row} i={i} on={i === cursor} onOpen={opened} />; }}
              </Virtual>}
        </div>
      </div>
      {open && <Details key={open.id} row={open} onClose={() => setOpen(null)} onPick={pick} onStep={move} />}
    </div>
  );
}

/** readSoFar is how much of the time was read, and what that has given. */
const readSoFar = (f: { share: number; rows: Row[]; table: Cells[] | null }): string => Math.round(f.share * 100) + " % of the time read, " + plural(f.table?.length ?? f.rows.length, "row") + " so far";

function sayFound(f: { rows: Row[]; table: Cells[] | null; busy: boolean; took: number; more: boolean }, counted?: number): string {
  if (f.table) return plural(f.table.length, "row") + (f.busy ? " so far" : " in " + ms(f.took));
  if (counted === undefined && (f.busy || f.more)) return amount(f.rows.length) + " events so far";
  const n = f.more || f.busy ? Math.max(counted ?? 0, f.rows.length) : f.rows.length;
  return plural(n, "event") + (f.busy ? "" : " · page in " + ms(f.took));
}
const ms = (n: number): string => (n < 1000 ? Math.round(n) + " ms" : (n / 1000).toFixed(1) + " s");

/** EventRow is one event. It is drawn anew when it is another, not with each scroll. */
const EventRow = memo(function EventRow({ row, i, on, onOpen }: { row?: Row; i: number; on: boolean; onOpen: (i: number, row: Row) => void }) {
  if (!row) return <div class="event empty-row" role="listitem"><span class="dimmer">…</span></div>;
  return (
    <div class={"event" + (on ? " on" : "")} role="listitem" onClick={(e) => !(e.target as Element).closest("a") && onOpen(i, row)}>
      <button type="button" class="time" tabIndex={-1} title={row.time} aria-label={stamp(row.time) + ", open event " + (i + 1)}>{stamp(row.time)}</button>
      <span class="dataset cut">{row.dataset}</span>
      {row.host ? <a class="host cut" tabIndex={-1} href={"/entities/host/" + encodeURIComponent(row.host)}>{row.host}</a> : <span class="host" />}
      <span class="text cut">{row.text}</span>
    </div>
  );
});
/** stamp is the time of a row, which is RFC 3339 in UTC: nothing is worked out that stands there, for it is done while the list moves. */
const stamp = (t: string): string => (t.startsWith(new Date(now.peek()).toISOString().slice(0, 10)) ? "" : day(t) + " ") + t.slice(11, 19) + "." + (t.slice(20, 23).replace(/\D.*/, "") + "000").slice(0, 3);

function Table({ cells, columns, small }: { cells: Cells[]; columns: string[]; small: boolean }) {
  const numeric = columns.map((c) => cells.slice(0, 50).every((r) => r[c] === undefined || r[c] === "" || /^-?[\d.]+(e\+?\d+)?$/.test(r[c]!)) && cells.some((r) => r[c]));
  const largest = columns.map((c, i) => (numeric[i] && /^count|^dc|^sum/.test(c) ? Math.max(...cells.slice(0, 5000).map((r) => Number(r[c]) || 0), 1) : 0));
  const grid = { gridTemplateColumns: columns.map((_, i) => (numeric[i] ? "minmax(84px, 150px)" : "minmax(" + (small ? 110 : 140) + "px, 1fr)")).join(" ") };
  return (
    <div class="cells" role="table" aria-label="Rows" aria-rowcount={cells.length}>
      <div class="cells-in" style={{ minWidth: columns.reduce((n, _, i) => n + (numeric[i] ? 96 : small ? 122 : 152), 24) + "px" }}>
        <div role="rowgroup"><div class="cell-row head-row" role="row" style={grid}>{columns.map((c, i) => <span key={c} role="columnheader" class={"cut" + (numeric[i] ? " right" : "")} title={c}>{c}</span>)}</div></div>
        <Virtual items={cells} height={30} label="Rows" role={"rowgroup" as "list"}>
          {(r) => (
            <div class="cell-row" role="row" style={grid}>
              {columns.map((c, i) => (
                <span key={c} role="cell" class={"cut" + (numeric[i] ? " right num" : " mono")} title={r[c]}>
                  {largest[i] ? <i class="share" aria-hidden="true" style={{ width: (100 * (Number(r[c]) || 0)) / largest[i]! + "%" }} /> : null}
                  <b>{c === "_time" && r[c] ? when(r[c]!, true) : numeric[i] && r[c] && Number.isInteger(Number(r[c])) && largest[i] ? amount(Number(r[c])) : r[c]}</b>
                </span>
              ))}
            </div>
          )}
        </Virtual>
      </div>
    </div>
  );
}

const usual = ["dataset", "host.name", "user.name", "source.ip", "event.action", "event.outcome"];

/** Sides are the fields of what was found, and the commonest values of those that are opened. */
function Sides({ q, since, until, onPick }: { q: string; since: string; until: string; onPick: (f: string, v: string, not: boolean) => void }) {
  const fields = useLoad<Page<ValueCount>>((s) => api.get("/search/fields", { q: q.replace(/\|(?!\|).*$/s, "") || "*", since, until }, s), [q, since, until]);
  const [opened, setOpened] = useState<string[]>([]);
  const [text, setText] = useState("");
  const [groups, setGroups] = useState<Record<string, ValueCount[]>>({});
  const names = fields.value?.items.map((c) => c.value) ?? [];
  const shown = [...usual.filter((u) => names.includes(u)), ...opened.filter((o) => !usual.includes(o))];
  useEffect(() => setGroups({}), [q, since, until]);
  useEffect(() => {
    const stop = new AbortController();
    void (async () => {
      for (const field of shown) {
        if (groups[field] || stop.signal.aborted) continue;
        try {
          const v = await api.get<Page<ValueCount>>("/search/fields", { q: q.replace(/\|(?!\|).*$/s, "") || "*", since, until, field }, stop.signal);
          setGroups((g) => ({ ...g, [field]: v.items.filter((x) => x.value && x.value !== "-") }));
        } catch { return; }
      }
    })();
    return () => stop.abort();
  }, [fields.value, opened.length]);
  const of: FacetGroup[] = shown.map((field) => ({ title: field, field, values: (groups[field] ?? []).slice(0, 6).map((v) => ({ ...v, on: q.includes(field + ':="' + v.value + '"') })) }));
  const rest = names.filter((n) => !shown.includes(n) && !/^(_id|_time|_msg|event\.sequence)$/.test(n) && n.toLowerCase().includes(text.toLowerCase()));
  if (fields.trouble) return <p class="dim">{fields.trouble}</p>;
  if (!fields.value) return <p class="row dim"><span class="spin" />Fields</p>;
  return (
    <>
      <Facets groups={of} onPick={onPick} />
      <section class="more-fields">
        <h3>{plural(names.length, "field")}</h3>
        <label class="filter"><Icon name="search" /><input aria-label="Find a field" placeholder="Find a field" value={text} onInput={(e) => setText(e.currentTarget.value)} /></label>
        {rest.slice(0, text ? 40 : 14).map((n) => (
          <button key={n} type="button" class="facet" title={"Show the values of " + n} onClick={() => { setOpened([...opened, n]); setText(""); }}>
            <span class="cut grow">{n}</span><span class="num">{amount(fields.value!.items.find((c) => c.value === n)!.count)}</span>
          </button>
        ))}
        {!text && rest.length > 14 && <p class="dimmer pad">and {amount(rest.length - 14)} more: find them by name</p>}
      </section>
    </>
  );
}

function Nothing({ q, range, zoomed }: { q: string; range: Range; zoomed: boolean }) {
  const wider = zoomed ? null : ranges[ranges.indexOf(range) + 1];
  return (
    <Empty icon="search" title={q ? "No event is like this" : "No events in this time"} actions={<>
      {zoomed && <a class="button main" href={href({ from: null, to: null })}>Whole time again</a>}
      {wider && <a class="button main" href={href({ range: wider })}>{wider === "all" ? "Look in all that is kept" : "Look in the last " + wider}</a>}
      {q && <a class="button" href={href({ q: null })}>Show all events</a>}
      {!q && <a class="button" href="/settings?at=sources">See the sources</a>}
    </>}>
      {q ? "Words are looked for whole: write fail* for what begins with it. Fields and their values are offered while you write." : "Nothing came in. Settings shows which sources talk, and which are silent."}
    </Empty>
  );
}

const kept = 5000;

/** Tail shows events as they come in, the newest below. It waits while somebody has scrolled up. */
function Tail({ q, small, onBad }: { q: string; small: boolean; onBad: (p: Problem | Error | null) => void }) {
  const [list, setList] = useState<Row[]>([]);
  const [held, setHeld] = useState(false);
  const [lost, setLost] = useState(0);
  const [state, setState] = useState<"on" | "off">("on");
  const [open, setOpen] = useState<Row | null>(null);
  const waiting = useRef<Row[]>([]);
  const [waits, setWaits] = useState(0);
  const hold = useRef(false);
  hold.current = held;
  useEffect(() => {
    onBad(null);
    setState("on");
    const stop = new AbortController();
    const push = (rows: Row[]) => setList((l) => l.concat(rows).slice(-kept));
    lines<Cells>("/tail", { q: q || "*" }, (bundle) => {
      const gone = bundle.reduce((n, e) => n + Number(e["tocsin.lost"] ?? 0), 0);
      if (gone) setLost((n) => n + gone);
      const rows = bundle.map(rowOf);
      if (hold.current) { waiting.current = waiting.current.concat(rows).slice(-kept); setWaits(waiting.current.length); } else push(rows);
    }, stop.signal).then(() => setState("off"), (e) => { if ((e as Error).name !== "AbortError") { onBad(e as Error); setState("off"); } });
    return () => stop.abort();
  }, [q]);
  const go_on = () => { setHeld(false); setList((l) => l.concat(waiting.current).slice(-kept)); waiting.current = []; setWaits(0); };
  useKeys([
    { key: "p", label: "Hold and go on", group: "Live tail", run: () => (held ? go_on() : setHeld(true)) },
    { key: "Escape", label: "Close", group: "Live tail", quiet: true, run: () => setOpen(null) },
  ]);
  const opened = useCallback((_: number, row: Row) => { setOpen(row); setHeld(true); }, []);
  const pick = (field: string, value: string, not: boolean) => go(href({ tail: null, q: ((q ? q + " " : "") + (not ? "not " : "") + field + ':="' + value.replaceAll('"', '\\"') + '"').trim() }));
  return (
    <div class={"found" + (open ? " with-event" : "")}>
      <div class="found-main">
        <div class="search-graph"><div class="row wrap said">
          <span class={"dot " + (state === "on" ? "live ok" : "warn")} />
          <span role="status">{state === "off" ? "It has ended" : held ? plural(waits, "event waits", "events wait") : list.length ? plural(list.length, "event") + " since it began" : "Waiting for what comes in"}{lost > 0 && " · " + amount(lost) + " came too fast to be shown"}</span>
          <span class="grow" />
          <Button k="p" icon={held ? "play" : "pause"} onClick={() => (held ? go_on() : setHeld(true))}>{held ? "Go on" : "Hold"}</Button>
          <Button icon="trash" look="quiet" onClick={() => setList([])}>Clear</Button>
          <Button icon="stop" onClick={() => amend({ tail: null })}>Stop</Button>
        </div></div>
        <div class="under">
          {list.length === 0
            ? <Empty icon="clock" title="Nothing has come in yet">Events stand here as soon as they do{q ? ", if they are like “" + q + "”" : ""}. What happened before is found without Live tail.</Empty>
            : <Virtual items={list} height={small ? tallHeight : height} label="Events as they come in" role="log" class="events today" sight={held ? undefined : list.length - 1}>
                {(row, i) => <EventRow row={row} i={i} on={row === open} onOpen={opened} />}
              </Virtual>}
        </div>
      </div>
      {open && <Details key={open.id} row={open} onClose={() => setOpen(null)} onPick={pick} onStep={(d) => setOpen(list[list.indexOf(open) + d] ?? open)} />}
    </div>
  );
}

function Save({ q, range, onClose }: { q: string; range: Range; onClose: () => void }) {
  const [name, setName] = useState(""), [shared, setShared] = useState(false), [bad, setBad] = useState(""), [busy, setBusy] = useState(false);
  const save = async (e: Event) => {
    e.preventDefault();
    setBusy(true);
    try {
      await api.post("/searches", { name, query: q, page: "search", since: range, shared });
      tell("Saved as " + name);
      onClose();
    } catch (x) { setBad(say(x)); setBusy(false); }
  };
  return (
    <Dialog label="Save this search" onClose={onClose}>
      <form class="stack gap" onSubmit={save}>
        <h2>Save this search</h2>
        <p class="mono dim cut" title={q}>{q}</p>
        <Field label="Name" bad={bad}><input autofocus required maxLength={200} value={name} onInput={(e) => setName(e.currentTarget.value)} /></Field>
        <label class="row"><input type="checkbox" class="tick" checked={shared} onChange={(e) => setShared(e.currentTarget.checked)} />Others see it, too</label>
        <div class="ends"><Button onClick={onClose}>Not now</Button><Button look="main" type="submit" busy={busy}>Save</Button></div>
      </form>
    </Dialog>
  );
}

function SavedList({ onClose, onSave }: { onClose: () => void; onSave?: () => void }) {
  const list = useLoad<Page<SavedSearch>>((s) => api.get("/searches", {}, s), []);
  const items = list.value?.items.filter((x) => x.page === "search") ?? [];
  const forget = (x: SavedSearch) => {
    const p = api.drop("/searches/" + x.id).then(() => list.again());
    done("Forgot " + x.name, p, () => api.post("/searches", { name: x.name, query: x.query, page: x.page, since: x.since, until: x.until, shared: x.shared }));
    p.catch(complain);
  };
  return (
    <Dialog label="Saved searches" class="dialog wide" onClose={onClose}>
      <div class="row"><h2 class="grow">Saved searches</h2><Button look="quiet" icon="close" aria-label="Close" onClick={onClose} /></div>
      {list.trouble && <Note look="bad">{list.trouble}</Note>}
      {list.busy && !list.value && <p class="row dim"><span class="spin" />One moment</p>}
      {list.value && items.length === 0 && <Empty icon="search" title="None yet" actions={onSave && <Button look="main" onClick={onSave}>Save this search</Button>}>What you search for often can be kept under a name, for you or for all.</Empty>}
      <ul class="saved">
        {items.map((x) => (
          <li key={x.id} class="row">
            <a class="grow stack" href={"/search?q=" + encodeURIComponent(x.query) + (x.since && x.since !== "24h" ? "&range=" + encodeURIComponent(x.since) : "")} onClick={onClose}>
              <b class="cut">{x.name}</b><span class="mono dim cut">{x.query}</span>
            </a>
            <span class="dimmer">{x.shared ? "of " + x.owner + ", for all" : "yours"}</span>
            <Button look="quiet" icon="trash" aria-label={"Forget " + x.name} onClick={() => forget(x)} />
          </li>
        ))}
      </ul>
      {onSave && items.length > 0 && <div class="ends"><Button look="main" onClick={onSave}>Save this search</Button></div>}
    </Dialog>
  );
}
