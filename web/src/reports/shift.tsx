// The hand-over of a shift: what happened in some hours, what is open and whose, what was done, what waits.
import { amount, plural, when, whenUTC } from "../form";
import { useKeys } from "../keys";
import { amend, query } from "../route";
import { myName } from "../session";
import type { Shift, ShiftIncident, StandingAction } from "../shapes";
import { nameOf } from "../respond/ask";
import { Chip, Empty, Owner, Segments, Severity } from "../ui/parts";
import { Made, useReport } from "./making";

const lengths = ["4", "8", "12", "24", "72"] as const;
type Hours = (typeof lengths)[number];
const local = (t: number): string => new Date(t).toISOString().slice(0, 16);

/** Since is the choice of when the shift began: so many hours ago, or at an hour. */
export function Since() {
  const at = query.value.get("since") ?? "", hours = (query.value.get("hours") ?? "8") as Hours;
  return (
    <div class="row wrap">
      <Segments label="Hours" value={at ? ("" as Hours) : hours} of={lengths.map((h) => ({ value: h, label: h + " h" }))} onChange={(h) => amend({ hours: h === "8" ? null : h, since: null })} />
      <label class="row dim">since<input class="small-select month" type="datetime-local" aria-label="Since (UTC)" value={at || local(Date.now() - Number(hours) * 3600e3)} max={local(Date.now())} onChange={(e) => e.currentTarget.value && amend({ since: e.currentTarget.value.slice(0, 16), hours: null })} /><span class="wide-only">UTC</span></label>
    </div>
  );
}

export function HandOver() {
  const at = query.value.get("since"), hours = Number(query.value.get("hours") ?? 8);
  const load = useReport<Shift>("shift", at ? { since: at + ":00Z" } : { since: new Date(Math.floor(Date.now() / 60e3) * 60e3 - hours * 3600e3).toISOString() });
  useKeys([{ key: "r", label: "Make it anew", group: "Reports", run: load.again }]);
  return <Made of={load}>{(s) => <Paper s={s} />}</Made>;
}

function Paper({ s }: { s: Shift }) {
  const found = s.found.critical + s.found.high + s.found.medium + s.found.low;
  if (!found && !s.open.length && !s.judged.length && !s.done.length && !s.waits.length && !s.cases.length && !s.said.length && !s.silent.length) {
    return <Empty icon="check" title="There is nothing to hand over" actions={<a class="button main" href="/queue?range=all">See the queue</a>}>Since {whenUTC(s.since)} nothing was found, decided or done, and nothing is open. Choose more hours to look further back.</Empty>;
  }
  return (
    <article class="paper">
      <header><h2>Hand-over, {whenUTC(s.since).replace(/:\d\d UTC/, "")} – {whenUTC(s.until).replace(/:\d\d UTC/, " UTC")}</h2>
        <p class="dim">{plural(found, "incident")} came in, {amount(s.found.critical)} critical and {amount(s.found.high)} high. {plural(s.judged.length, "incident")} {s.judged.length === 1 ? "was" : "were"} closed. {amount(s.opened)} {s.opened === 1 ? "is" : "are"} open, {s.lone ? amount(s.lone) + " of them nobody's" : "each somebody's"}.{s.waits.length > 0 && " " + plural(s.waits.length, "action waits", "actions wait") + " for approval."}</p></header>
      {s.stalled && <p class="bad">Nothing is kept now: {s.stalled}</p>}
      {s.waits.length > 0 && <section><h3>Waits for approval</h3><Actions of={s.waits} /><p><a href="/blocks">Approve or deny</a></p></section>}
      <section><h3>Open now</h3>{s.open.length ? <Incidents of={s.open} open /> : <p class="ok">Nothing.</p>}</section>
      <section><h3>Came in</h3>{s.fresh.length ? <Incidents of={s.fresh} /> : <p class="dim">Nothing but what is tried at everybody.</p>}</section>
      <section><h3>Closed</h3>{s.judged.length ? <Incidents of={s.judged} closed /> : <p class="dim">Nothing.</p>}</section>
      <section><h3>Blocked, ended, locked</h3>{s.done.length ? <Actions of={s.done} /> : <p class="dim">Nothing was asked for in these hours.</p>}</section>
      {s.ends.length > 0 && <section><h3>Ends by itself within twelve hours</h3><Actions of={s.ends} ends /></section>}
      {s.cases.length > 0 && <section><h3>Cases under way</h3><table class="table stackable"><thead><tr><th>Case</th><th>Owner</th><th>To be done</th></tr></thead><tbody>{s.cases.map((c) => (
        <tr key={c.key}><td class="lead"><a href={"/cases/" + c.key}>{c.title}</a></td><td data-label="Owner">{c.owner ?? "nobody"}</td><td data-label="To be done">{c.tasks.length ? <ul class="bullets">{c.tasks.map((t) => <li key={t}>{t}</li>)}</ul> : <span class="dim">no task is open</span>}</td></tr>
      ))}</tbody></table></section>}
      <section><h3>Decided and written</h3>{s.said.length ? <ul class="lines-list">{s.said.map((m, i) => <li key={i} class="row wrap"><span class="num dim">{when(m.time)}</span><b>{m.who}</b><span class="dim">{words[m.what] ?? m.what}</span><span class="any">{m.text}</span></li>)}</ul> : <p class="dim">Nobody has decided or written anything.</p>}</section>
      <section><h3>Sources that say nothing now</h3>{s.silent.length ? <ul class="bullets mono">{s.silent.map((x) => <li key={x}>{x}</li>)}</ul> : <p class="ok">None.</p>}</section>
      {s.cut && <p class="dim">There was more than stands here: the queue and the audit trail have all of it.</p>}
      <footer class="dimmer">Made by tocsin for {myName.value} at {whenUTC(Date.now())}. Times are UTC.</footer>
    </article>
  );
}

const words: Record<string, string> = {
  "incident.decide": "on an alert", "case.new": "began a case", "case.note": "wrote", "case.task": "added a task", "case.done": "finished a task", "case.close": "closed a case", "case.evidence": "kept evidence",
  "case.join": "joined an alert to a case", "case.take": "took a case", "case.summary": "summed up a case", "rule.arm": "put a rule in force", "rule.off": "turned a rule off", "rule.on": "turned a rule on", "prevent.arm": "put a drafted rule in force", "prevent.disarm": "took a rule back",
};

function Incidents({ of, open, closed }: { of: ShiftIncident[]; open?: boolean; closed?: boolean }) {
  return (
    <table class="table stackable"><thead><tr><th>Incident</th><th>Last</th><th>{closed ? "Closed as" : "State"}</th><th>{closed ? "By" : "Owner"}</th><th class="right">Score</th></tr></thead><tbody>{of.map((i) => (
      <tr key={i.key}><td class="lead"><span class="row"><Severity level={i.level} word={false} /><a href={"/queue/" + i.key}>{i.title}</a></span></td><td data-label="Last" class="num">{when(i.last)}</td>
        <td data-label={closed ? "Closed as" : "State"}>{closed ? i.verdict : i.status === "snoozed" && i.until ? "until " + when(i.until) : <Chip>{i.status}{i.case ? ", in a case" : ""}</Chip>}</td>
        <td data-label={closed ? "By" : "Owner"}>{i.owner ? <span class="row"><Owner name={i.owner} />{i.owner}</span> : open ? <b class="warn">nobody</b> : ""}</td><td data-label="Score" class="right num">{i.score}</td></tr>
    ))}</tbody></table>
  );
}

function Actions({ of, ends }: { of: StandingAction[]; ends?: boolean }) {
  return (
    <table class="table stackable"><thead><tr><th>What</th><th>Asked by</th><th>{ends ? "Ends" : "State"}</th><th>Why</th></tr></thead><tbody>{of.map((a) => (
      <tr key={a.key}><td class="lead"><b>{nameOf(a.kind)}</b> <span class="mono any">{a.target}</span></td><td data-label="Asked by">{a.by} · {when(a.asked)}</td><td data-label={ends ? "Ends" : "State"}>{ends && a.until ? when(a.until) : a.state}{!ends && a.until ? " until " + when(a.until) : ""}</td><td data-label="Why" class="any">{a.why ?? ""}</td></tr>
    ))}</tbody></table>
  );
}
