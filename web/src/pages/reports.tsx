// Reports, for the screen and for paper: what a month was like, in numbers beside those of the month before; the hand-over of a
// shift; and for which requirements there is evidence.
import { useMemo } from "preact/hooks";
import { amount, at, plural, span, whenUTC } from "../form";
import { useKeys } from "../keys";
import type { PageProps } from "../pages";
import { amend, query } from "../route";
import { myName } from "../session";
import { Head } from "../shell";
import type { Duration, Month } from "../shapes";
import { levels } from "../words";
import { Button, Chip, Empty, Severity } from "../ui/parts";
import { nameOf } from "../respond/ask";
import { Catalogue, Evidence } from "../reports/compliance";
import { Made, useReport } from "../reports/making";
import { HandOver, Since } from "../reports/shift";

const names = ["January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November", "December"];
const title = (m: string): string => names[Number(m.slice(5)) - 1] + " " + m.slice(0, 4);
const shift = (m: string, d: number): string => new Date(Date.UTC(Number(m.slice(0, 4)), Number(m.slice(5)) - 1 + d, 1)).toISOString().slice(0, 7);

export default function Reports({ rest }: PageProps) {
  const which = rest[0] === "shift" || rest[0] === "compliance" ? rest[0] : "month";
  const here = new Date().toISOString().slice(0, 7), month = query.value.get("month") ?? here;
  const to = (m: string) => m <= here && amend({ month: m === here ? null : m });
  useKeys([
    ...(which === "month" ? [
      { key: "j", label: "Month before", group: "Reports", run: () => to(shift(month, -1)) },
      { key: "k", label: "Month after", group: "Reports", run: () => to(shift(month, 1)) },
    ] : []),
    { key: "p", label: "Print", group: "Reports", run: () => print() },
  ]);
  const past = useMemo(() => Array.from({ length: 18 }, (_, i) => shift(here, -i)), [here]);
  return (
    <div class="page reports">
      <Head title="Reports">
        <nav class="tabs" aria-label="Which report">{kinds.map(([k, name]) => <a key={k} href={k === "month" ? "/reports" : "/reports/" + k} class={k === which ? "on" : ""} aria-current={k === which ? "page" : undefined}>{name}</a>)}</nav>
        {which === "month" && <div class="row"><Button icon="back" aria-label="Month before" onClick={() => to(shift(month, -1))} />
          <select class="small-select month" aria-label="Month" value={month} onChange={(e) => to(e.currentTarget.value)}>{(past.includes(month) ? past : [month, ...past]).map((m) => <option key={m} value={m}>{title(m)}</option>)}</select>
          <Button icon="next" aria-label="Month after" disabled={month >= here} onClick={() => to(shift(month, 1))} /></div>}
        {which === "shift" && <Since />}
        {which === "compliance" && <Catalogue />}
        <span class="grow" /><Button icon="print" k="p" onClick={() => print()}>Print</Button>
      </Head>
      <div class="body">{which === "shift" ? <HandOver /> : which === "compliance" ? <Evidence /> : <OfMonth key={month} month={month} />}</div>
    </div>
  );
}
const kinds = [["month", "Month"], ["shift", "Hand-over"], ["compliance", "Compliance"]] as const;

function OfMonth({ month }: { month: string }) {
  const load = useReport<Month>("month", { month });
  return <Made of={load}>{(m) => <Paper m={m} />}</Made>;
}

function Paper({ m }: { m: Month }) {
  const n = m.now, b = m.before;
  if (!n.total && !n.attempts && !m.events) return <Empty icon="report" title={"Nothing is kept of " + title(m.month)} actions={<a class="button main" href="/settings?at=sources">See the sources</a>}>A report is made of what was found, decided and done. The first begins with the first logs.</Empty>;
  const days = m.days, most = Math.max(...days.map((d) => d.count), 1);
  const judged = n.verdicts.malicious + n.verdicts.expected + n.verdicts.false_alarm;
  return (
    <article class="paper">
      <header><h2>Security in {title(m.month)}</h2><p class="dim">{m.whole ? "The whole month" : "So far, until " + whenUTC(Date.now())}. {amount(m.events)} events were looked at; {plural(n.total, "incident")} came of them{n.attempts > 0 && ", and " + plural(n.attempts, "time") + " somebody tried what is tried at everybody"}.</p></header>
      <div class="kpis">
        <KPI label="Incidents" value={amount(n.total)} change={change(n.total, b.total)} />
        <KPI label="Malicious" value={amount(n.verdicts.malicious)} change={change(n.verdicts.malicious, b.verdicts.malicious)} />
        <KPI label="Still open" value={amount(n.open)} />
        <KPI label="Until somebody took it" value={long(n.take)} change={faster(n.take, b.take)} hint={nine(n.take)} />
        <KPI label="Until it was contained" value={long(n.contain)} change={faster(n.contain, b.contain)} hint={nine(n.contain)} />
        <KPI label="Until it was closed" value={long(n.close)} change={faster(n.close, b.close)} hint={nine(n.close)} />
        <KPI label="Addresses blocked" value={amount(n.blocks)} change={change(n.blocks, b.blocks)} />
        <KPI label="False alarms" value={judged ? Math.round((100 * n.verdicts.false_alarm) / judged) + " %" : "–"} hint={judged ? "of " + plural(judged, "verdict") : "no verdict yet"} />
      </div>
      <div class="paper-two">
        <section><h3>Found, by severity</h3><table class="table"><tbody>{levels.map((l) => <tr key={l}><td><Severity level={l} /></td><td class="right num">{amount(n.found[l] ?? 0)}</td><td class="right num dim">{amount(b.found[l] ?? 0)} the month before</td></tr>)}</tbody></table></section>
        <section><h3>What became of them</h3><table class="table"><tbody>
          <tr><td>Malicious</td><td class="right num">{amount(n.verdicts.malicious)}</td></tr><tr><td>Expected</td><td class="right num">{amount(n.verdicts.expected)}</td></tr><tr><td>False alarm</td><td class="right num">{amount(n.verdicts.false_alarm)}</td></tr><tr><td>Open</td><td class="right num">{amount(n.open)}</td></tr></tbody></table></section>
      </div>
      {days.length > 0 && <section><h3>Events by day</h3><div class="day-bars tall" role="img" aria-label={"Events by day: " + days.map((d) => d.name + " " + d.count).join(", ")}>{days.map((d) => <span key={d.name} title={d.name + ": " + amount(d.count)}><i style={{ height: Math.max(2, (64 * d.count) / most) + "px" }} /><small>{Number(d.name.slice(8, 10))}</small></span>)}</div></section>}
      {m.worst.length > 0 && <section><h3>The gravest</h3><table class="table stackable"><thead><tr><th>Incident</th><th>Began</th><th>Verdict</th><th>Owner</th><th class="right">Score</th></tr></thead><tbody>{m.worst.map((w) => (
        <tr key={w.key}><td class="lead"><span class="row"><Severity level={w.level} word={false} /><a href={"/queue/" + w.key}>{w.title}</a></span></td><td data-label="Began" class="num">{whenUTC(w.first).replace(/:\d\d UTC/, "")}</td><td data-label="Verdict">{w.verdict ?? <Chip>{w.status}</Chip>}</td><td data-label="Owner">{w.owner ?? ""}</td><td data-label="Score" class="right num">{w.score}</td></tr>
      ))}</tbody></table></section>}
      {m.noisy.length > 0 && <section><h3>Rules that called most, false alarms first</h3><table class="table stackable"><thead><tr><th>Rule</th><th class="right">Alerts</th><th class="right">True</th><th class="right">False</th><th class="right">Not judged</th></tr></thead><tbody>{m.noisy.map((r) => (
        <tr key={r.id}><td class="lead"><span class="row"><Severity level={r.level} word={false} /><a href={"/detections/" + encodeURIComponent(r.id)}>{r.title}</a></span></td><td data-label="Alerts" class="right num">{amount(r.alerts)}</td><td data-label="True" class="right num">{amount(r.true)}</td><td data-label="False" class="right num">{amount(r.false)}</td><td data-label="Not judged" class="right num">{amount(r.open)}</td></tr>
      ))}</tbody></table></section>}
      <div class="paper-two">
        <section><h3>What was done</h3>{m.done.length ? <table class="table"><tbody>{m.done.map((d) => <tr key={d.name}><td>{nameOf(d.name)}</td><td class="right num">{amount(d.count)}</td></tr>)}</tbody></table> : <p class="dim">Nothing was blocked, ended or locked.</p>}</section>
        <section><h3>Who decided</h3>{m.people.length ? <table class="table"><tbody>{m.people.map((d) => <tr key={d.name}><td>{d.name}</td><td class="right num">{plural(d.count, "decision")}</td></tr>)}</tbody></table> : <p class="dim">Nobody has decided anything yet.</p>}</section>
      </div>
      <section><h3>Sources that say nothing now</h3>{m.silent.length ? <ul class="bullets mono">{m.silent.map((s) => <li key={s}>{s}</li>)}</ul> : <p class="ok">None.</p>}</section>
      {m.cut && <p class="dim">There were more incidents than are looked at for a report; the numbers are of the first.</p>}
      <footer class="dimmer">Made by tocsin for {myName.value} at {whenUTC(Date.now())}. {whenUTC(m.since).slice(0, 11)} – {whenUTC(at(m.until) - 1).slice(0, 11)}, UTC.</footer>
    </article>
  );
}

const long = (t: Duration): string => (t.count ? span(t.median * 1000) : "–");
const nine = (t: Duration): string => (t.count ? `median of ${amount(t.count)}; nine of ten under ${span(t.most * 1000)}` : "none yet");
interface Change { text: string; good?: boolean }
const change = (a: number, b: number): Change | undefined => (a === b || !b ? undefined : { text: (a > b ? "▲ " : "▼ ") + Math.abs(Math.round((100 * (a - b)) / b)) + " %" });
const faster = (a: Duration, b: Duration): Change | undefined => (!a.count || !b.count || a.median === b.median ? undefined : { text: (a.median > b.median ? "▲ slower, " : "▼ faster, ") + span(b.median * 1000) + " before", good: a.median < b.median });

function KPI({ label, value, change: c, hint }: { label: string; value: string; change?: Change; hint?: string }) {
  return <div class="kpi"><span class="dim">{label}</span><b class="num">{value}</b>{c && <span class={"num " + (c.good === undefined ? "dim" : c.good ? "ok" : "warn")}>{c.text}</span>}{hint && <span class="dimmer">{hint}</span>}</div>;
}
