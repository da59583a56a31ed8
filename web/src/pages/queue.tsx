// The queue: what waits for a person, the gravest first, and the panel of the one that is open.
import { useComputed } from "@preact/signals";
import type { ComponentChildren } from "preact";
import { useEffect, useState } from "preact/hooks";
import { ended, reachable } from "../api";
import { amount, plural, tactic, when } from "../form";
import { useKeys } from "../keys";
import { returned, useTold } from "../live";
import type { PageProps } from "../pages";
import { containAt, Panel } from "../queue/panel";
import { Row } from "../queue/row";
import { has, toggle } from "../queue/terms";
import { busy, cursor, fresh, further, hear, items, keys, load, loadedAt, move, pick, picked, ranges, summary, tabs, trouble, type Item, type Tab, type View } from "../queue/store";
import { reopen, snooze, take } from "../queue/act";
import { CloseMenu, ExceptionOffer } from "../queue/close";
import { amend, go, href, query } from "../route";
import { may } from "../session";
import { waiting } from "../waiting";
import { Head } from "../shell";
import { Histogram } from "../ui/histogram";
import { Icon } from "../ui/icon";
import { Button, Empty, Facets, Key, Note, Segments, Severity } from "../ui/parts";
import { Virtual } from "../ui/virtual";

const tabNames: [Tab, string][] = [["open", "Open"], ["mine", "Mine"], ["snoozed", "Snoozed"], ["closed", "Closed"]];

function viewOf(q: URLSearchParams): View {
  const tab = (q.get("list") ?? "open") as Tab;
  return {
    tab: tabNames.some(([t]) => t === tab) ? tab : "open", q: q.get("q") ?? "", range: q.get("range") ?? "24h",
    from: Number(q.get("from") ?? 0), to: Number(q.get("to") ?? 0),
  };
}

const phone = matchMedia("(max-width: 619px)");

export default function Queue({ rest }: PageProps) {
  const view = viewOf(query.value);
  const open = rest[0] ?? "";
  const [closing, setClosing] = useState(false);
  const [small, setSmall] = useState(phone.matches);
  useEffect(() => {
    const f = () => setSmall(phone.matches);
    phone.addEventListener("change", f);
    return () => phone.removeEventListener("change", f);
  }, []);
  const back = returned.value;
  useEffect(() => void load(view), [JSON.stringify(view)]);
  useEffect(() => { if (back) void load(view, true); }, [back]);
  const up = reachable.value && !ended.value;
  useEffect(() => { if (up && trouble.peek()) void load(view, true); }, [up]);
  useEffect(() => { if (open && keys.value.includes(open)) cursor.value = open; }, [open, loadedAt.value]);
  useTold("incident", (t) => hear(t.key));

  const show = (key: string) => go(href({}, "/queue/" + key), { replace: !!open });
  const shut = () => go(href({}, "/queue"));
  const chosen = () => (picked.value.size ? [...picked.value] : open ? [open] : cursor.value ? [cursor.value] : []);
  const judge = may("incident.decide");
  const done = () => { setClosing(false); picked.value = new Set(); };
  useKeys([
    { key: "j", label: "Next alert", group: "Queue", run: () => step(1) },
    { key: "k", label: "Previous alert", group: "Queue", run: () => step(-1) },
    { key: "ArrowDown", label: "", group: "Queue", quiet: true, run: () => step(1) },
    { key: "ArrowUp", label: "", group: "Queue", quiet: true, run: () => step(-1) },
    { key: "Enter", label: "Open", group: "Queue", run: () => cursor.value && show(cursor.value) },
    { key: "Escape", label: "Close panel, clear selection", group: "Queue", run: () => (closing ? setClosing(false) : picked.value.size ? (picked.value = new Set()) : open && shut()) },
    { key: "x", label: "Select", group: "Queue", run: () => cursor.value && pick(cursor.value) },
    { key: "X", label: "Select all", group: "Queue", run: () => (picked.value = new Set(picked.value.size === keys.value.length ? [] : keys.value)) },
    { key: "r", label: "Show new alerts", group: "Queue", run: () => void load(view, true) },
    { key: "h", label: "Hour, day, week", group: "Queue", run: () => amend({ range: view.range === "1h" ? "24h" : view.range === "24h" ? "7d" : "1h", from: null, to: null }) },
    { key: "/", label: "Filter", group: "Queue", run: () => document.getElementById("queue-filter")?.focus() },
    ...(judge && view.tab !== "closed" ? [
      { key: "e", label: "Close with a verdict", group: "Act", run: () => chosen().length && setClosing(true) },
      { key: "b", label: "Contain: block, isolate, lock", group: "Act", run: () => { if (cursor.value) { containAt.value = cursor.value; show(cursor.value); } } },
      { key: "a", label: "Take it", group: "Act", run: () => { const l = chosen(); if (l.length) void take(l).catch(() => {}); done(); } },
      { key: "s", label: "Snooze until tomorrow", group: "Act", run: () => { const l = chosen(); if (l.length) void snooze(l).catch(() => {}); done(); } },
    ] : []),
    ...(judge && (view.tab === "closed" || view.tab === "snoozed") ? [{ key: "o", label: "Open again", group: "Act", run: () => { const l = chosen(); if (l.length) void reopen(l).catch(() => {}); done(); } }] : []),
  ]);
  function step(by: number) {
    move(by);
    if (open && cursor.value) show(cursor.value);
  }

  return (
    <div class={"page queue" + (open ? " with-panel" : "")}>
      <div class="list">
        <Head title="Queue">
          <div class="tabs" role="group" aria-label="Lists">
            {tabNames.map(([t, name]) => (
              <a key={t} href={href({ list: t === "open" ? null : t }, "/queue")} class={t === view.tab ? "on" : ""} aria-current={t === view.tab ? "true" : undefined}>
                {name} <span class="num">{tabs.value ? amount(tabs.value[t]) : ""}</span>
              </a>
            ))}
          </div>
          <Filter q={view.q} />
          <Segments label="Time" value={view.from ? "" : view.range} of={ranges.map((r) => ({ value: r, label: r === "all" ? "All" : r }))} onChange={(r) => amend({ range: r === "24h" ? null : r, from: null, to: null })} />
        </Head>
        <Graph view={view} />
        <div class="under">
          <aside class="side" aria-label="Filters"><Sides view={view} /></aside>
          <div class="lines">
            <News onShow={() => void load(view, true)} />
            {trouble.value && <Note look="bad"><div class="row wrap"><span class="grow">{trouble.value}</span><Button onClick={() => void load(view, true)}>Try again</Button></div></Note>}
            <Lines small={small} open={open} onOpen={show} view={view} />
            <Chosen onClose={() => setClosing(true)} judge={judge} tab={view.tab} done={done} />
            {closing && <CloseMenu keys={chosen()} floating onDone={done} onCancel={() => setClosing(false)} />}
          </div>
        </div>
      </div>
      {open && <Panel key={open} k={open} onShut={shut} />}
      <ExceptionOffer />
    </div>
  );
}

/** Filter is the query as text; it takes force with Enter, or when nothing was written for a moment. */
function Filter({ q }: { q: string }) {
  const [text, setText] = useState(q);
  useEffect(() => setText(q), [q]);
  useEffect(() => {
    if (text === q) return;
    const t = setTimeout(() => amend({ q: text.trim() || null }), 400);
    return () => clearTimeout(t);
  }, [text]);
  const el = (e: Event) => e.currentTarget as HTMLInputElement;
  return (
    <label class="filter grow">
      <Icon name="search" />
      <input id="queue-filter" type="text" value={text} placeholder="Filter: severity:critical host:web-03 -tactic:Discovery brute" aria-label="Filter" spellcheck={false} autocomplete="off" autocapitalize="none"
        onInput={(e) => setText(e.currentTarget.value)}
        onKeyDown={(e) => { if (e.key === "Enter") { amend({ q: text.trim() || null }); el(e).blur(); } else if (e.key === "Escape") { el(e).blur(); e.stopPropagation(); } }} />
      <Key k="/" />
    </label>
  );
}

function Graph({ view }: { view: View }) {
  const s = summary.value;
  if (!s) return <div class="graph" aria-hidden="true" />;
  const h = s.histogram;
  const begin = h.buckets?.length ? Date.parse(h.start) : 0, end = begin + (h.buckets?.length ?? 0) * h.step * 1000;
  return (
    <div class="graph">
      <Histogram of={h} onBrush={(from, to) => go(href({ from: String(from), to: String(to), range: null }))} />
      <p>
        {plural(s.total, "alert")}{begin > 0 && <> · {when(begin)} – {when(end)} UTC</>}
        {view.from ? <Button look="link" onClick={() => go(href({ from: null, to: null }))}>Whole time again</Button> : <span class="wide-only"> · drag to zoom</span>}
        {s.cut && " · there are more than are counted here"}
      </p>
    </div>
  );
}

function Sides({ view }: { view: View }) {
  const s = summary.value;
  if (!s) return null;
  const f = s.facets;
  const group = (title: string, field: string, list: typeof f.hosts) => ({ title, field, values: list.map((v) => ({ ...v, label: v.title ?? (field === "tactic" ? tactic(v.value) : v.value), on: has(view.q, field, v.value) })) });
  const level = (["critical", "high", "medium", "low", "informational"] as const).filter((l) => l !== "informational" || (s.levels[l] ?? 0) > 0);
  return (
    <Facets
      onPick={(field, value, not) => amend({ q: toggle(view.q, field, value, not) || null })}
      groups={[
        { title: "Severity", field: "severity", values: level.map((l) => ({ value: l, count: s.levels[l] ?? 0, label: <Severity level={l} />, on: has(view.q, "severity", l) })) },
        group("What happened", "rule", f.rules), group("Host", "host", f.hosts), group("User", "user", f.users), group("Address", "address", f.sources), group("Tactic", "tactic", f.tactics),
      ]}
    />
  );
}

function News({ onShow }: { onShow: () => void }) {
  const n = fresh.value.size;
  if (!n) return null;
  return <button type="button" class="news" onClick={onShow}><span class="dot live" />{amount(n)} new<Key k="r" /></button>;
}

function Lines({ small, open, onOpen, view }: { small: boolean; open: string; onOpen: (k: string) => void; view: View }) {
  const list = items.value;
  const heights = small ? tall : low;
  const sight = useComputed(() => items.value.findIndex((i) => i.kind === "row" && i.key === cursor.value));
  if (!list.length) return busy.value || !loadedAt.value ? <p class="row dim wait" role="status"><span class="spin" />One moment</p> : <Nothing view={view} />;
  return (
    <Virtual items={list} height={heights} keyOf={(i) => (i.kind === "row" ? i.key : i.level)} sight={sight.value} label="Alerts" role="grid" multi active={cursor.value ? "row-" + cursor.value : undefined} onEnd={() => void further()}
      after={<Older view={view} />}>
      {(i) => (i.kind === "group" ? <div class="group" role="row"><span role="gridcell"><Severity level={i.level} /> <span class="num">{amount(i.count)}</span></span></div> : <Row k={i.key} onOpen={onOpen} shown={open === i.key} />)}
    </Virtual>
  );
}
const low = (i: Item): number => (i.kind === "group" ? 29 : 38);
const tall = (i: Item): number => (i.kind === "group" ? 30 : 60);

function Older({ view }: { view: View }) {
  const n = view.tab === "open" && !view.q && !view.from ? (waiting.value ?? 0) - (tabs.value?.open ?? 0) : 0;
  if (n <= 0 || view.range === "all") return null;
  return <p class="older">{plural(n, "older alert")} still open. <a href={href({ range: "all" })}>Show all</a></p>;
}

function Nothing({ view }: { view: View }) {
  const filtered = view.q || view.from;
  const elsewhere = view.tab === "open" && !filtered ? (waiting.value ?? 0) : 0;
  if (elsewhere > 0) return <Empty icon="check" title="Nothing new in this time" actions={<a class="button main" href={href({ range: "all" })}>Show all that are open</a>}>{plural(elsewhere, "older alert")} still open.</Empty>;
  if (filtered) return <Empty icon="search" title="No alert is like this" actions={<a class="button main" href={href({ q: null, from: null, to: null })}>Take the filter away</a>}>There are none with this filter in this time.</Empty>;
  const back = <a class="button main" href="/queue">To what is open</a>;
  const texts: Record<Tab, [string, string, ComponentChildren]> = {
    open: ["Nothing waits for you", "What the rules find stands here, the gravest first. Until then, see whether every source talks, and what is not watched.", <><a class="button main" href="/settings?at=sources">See the sources</a><a class="button" href="/coverage">See the coverage</a></>],
    mine: ["You have taken none", "Take an alert (a), and others see that you are at it.", back],
    snoozed: ["None is snoozed", "Snooze an alert (s) that can wait until tomorrow.", back],
    closed: ["None was closed in this time", "What is closed with a verdict stands here. Verdicts teach: what was a false alarm weighs less the next time.", view.range === "all" ? back : <a class="button main" href={href({ range: "all" })}>Of any time</a>],
  };
  const [title, text, actions] = texts[view.tab];
  return <Empty icon="check" title={title} actions={actions}>{text}</Empty>;
}

/** Chosen is what can be done with all that are picked, in one step. */
function Chosen({ onClose, judge, tab, done }: { onClose: () => void; judge: boolean; tab: Tab; done: () => void }) {
  const n = picked.value.size;
  if (!n || !judge) return null;
  const list = () => [...picked.value];
  const run = (f: (l: string[]) => Promise<unknown>) => () => { void f(list()).catch(() => {}); done(); };
  return (
    <div class="chosen" role="toolbar" aria-label="With the selected">
      <b>{amount(n)} selected</b>
      {tab !== "closed" && <Button k="e" onClick={onClose}>Close</Button>}
      {tab !== "closed" && <Button k="a" onClick={run(take)}>Take</Button>}
      {tab === "open" || tab === "mine" ? <Button k="s" onClick={run(snooze)}>Snooze</Button> : <Button k="o" onClick={run(reopen)}>Open again</Button>}
      <Button look="quiet" k="Escape" onClick={done}>Clear</Button>
    </div>
  );
}

