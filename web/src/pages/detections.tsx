// Detections: every rule, whether it is on, how it has done, and why one never hits. One of them, or a new one, to read, to
// change, to test on what is kept.
import { useEffect, useMemo, useState } from "preact/hooks";
import { api } from "../api";
import { ago, amount, plural, whenUTC } from "../form";
import { useKeys } from "../keys";
import { Loaded, useLoad, type Load } from "../load";
import type { PageProps } from "../pages";
import { amend, go, href, query } from "../route";
import { may } from "../session";
import { Head } from "../shell";
import { done, complain, tell } from "../toast";
import { Icon } from "../ui/icon";
import { Ago, Button, Chip, Empty, Key, Note, Severity } from "../ui/parts";
import { Virtual } from "../ui/virtual";
import { draftOf } from "../search/draft";
import { Editor } from "../rules/editor";
import { arm, disarm, Save } from "../rules/save";
import { Trial } from "../rules/trial";
import type { PreventDraft, Result, RuleChecked, RuleDetail, RuleEntry, RulesPage } from "../shapes";
import { ofSource } from "../words";

export default function Detections({ rest }: PageProps) {
  const id = rest.join("/");
  if (id === "new") return <Fresh />;
  return id ? <One key={id} id={id} /> : <List />;
}

const at = (id: string): string => "/detections/" + encodeURIComponent(id);
const kinds = [
  { value: "", label: "All" }, { value: "true", label: "Fired" }, { value: "noise", label: "Noisy" }, { value: "blind", label: "Without logs" }, { value: "off", label: "Off" },
] as const;

/** turn sets a rule on or off, told with its way back. */
function turn(r: RuleEntry, enabled: boolean, then: (r: RuleEntry) => void): void {
  const set = (on: boolean) => api.post<RuleEntry>("/rules/" + encodeURIComponent(r.id) + "/enabled", { enabled: on });
  const p = set(enabled);
  p.then((x) => then({ ...r, ...x, fired: r.fired, alerts: r.alerts, true: r.true, false: r.false, open: r.open, last: r.last }), () => then(r));
  then({ ...r, enabled });
  p.catch(complain);
  done(r.title + (enabled ? " is on" : " is off"), p, () => set(!enabled).then(() => then({ ...r, enabled: !enabled })));
}

function Switch({ of: r, onTurn }: { of: RuleEntry; onTurn: (r: RuleEntry) => void }) {
  const fixed = !may("rule.write") || !!r.off?.config;
  return (
    <button type="button" role="switch" class="switch" aria-checked={r.enabled} aria-label={r.title + " is " + (r.enabled ? "on" : "off")} disabled={fixed} title={r.off?.config ? r.off.why : r.enabled ? "Turn it off" : "Turn it on"}
      onClick={(e) => { e.stopPropagation(); turn(r, !r.enabled, onTurn); }}><i /></button>
  );
}

function List() {
  const u = query.value, q = u.get("q") ?? "", kind = u.get("is") ?? "", tag = u.get("tag") ?? "";
  const load = useLoad<RulesPage>(async (signal) => {
    const ask = (after?: string) => api.get<RulesPage>("/rules", {
      q, tag, limit: 1000, after, fired: kind === "true" || kind === "blind" ? kind : undefined, enabled: kind === "off" ? "false" : undefined, order: kind === "noise" ? "noise" : kind === "true" ? "fired" : undefined,
    }, signal);
    const page = await ask();
    for (let next = page.next; next; ) {
      const more = await ask(next);
      page.items.push(...more.items);
      next = more.next;
    }
    return page;
  }, [q, kind, tag]);
  const [small, setSmall] = useState(innerWidth < 760);
  useEffect(() => {
    const f = () => setSmall(innerWidth < 760);
    addEventListener("resize", f);
    return () => removeEventListener("resize", f);
  }, []);
  const [cursor, setCursor] = useState(0);
  const list = useMemo(() => (load.value?.items ?? []).filter((r) => kind !== "noise" || r.false > 0 || r.alerts > 3), [load.value, kind]);
  const swap = (r: RuleEntry) => load.value && load.set({ ...load.value, items: load.value.items.map((x) => (x.id === r.id ? r : x)) });
  useKeys([
    { key: "j", label: "Next rule", group: "Detections", run: () => setCursor((n) => Math.min(n + 1, list.length - 1)) },
    { key: "k", label: "Previous rule", group: "Detections", run: () => setCursor((n) => Math.max(n - 1, 0)) },
    { key: "Enter", label: "Open", group: "Detections", run: () => list[cursor] && go(at(list[cursor]!.id)) },
    { key: "x", label: "Turn on or off", group: "Detections", run: () => { const r = list[cursor]; if (r && may("rule.write") && !r.off?.config) turn(r, !r.enabled, swap); } },
    { key: "/", label: "Filter", group: "Detections", run: () => document.getElementById("rule-filter")?.focus() },
    { key: "n", label: "New detection", group: "Detections", run: () => go("/detections/new") },
  ]);
  const v = load.value;
  return (
    <div class="page detections">
      <Head title="Detections">
        <div class="tabs" role="group" aria-label="Which rules">
          {kinds.map((k) => <a key={k.value} href={href({ is: k.value || null })} class={kind === k.value ? "on" : ""} aria-current={kind === k.value ? "true" : undefined}>{k.label}{k.value === "blind" && v ? <span class="num">{amount(v.blind)}</span> : null}</a>)}
        </div>
        <Filter q={q} />
        <a class="button" href="/detections/new"><Icon name="plus" />New<Key k="n" /></a>
      </Head>
      <p class="said row wrap" role="status">
        <span>{v ? <><b class="num">{amount(v.enabled)}</b> of {amount(v.all)} rules are on{v.blind > 0 && <> · {amount(v.blind)} of them have no logs</>} · record of 30 days{(q || tag || kind) && <> · {plural(list.length, "rule")} shown</>}</> : " "}</span>
        {tag && <><Chip>{tag}</Chip><Button look="link" onClick={() => amend({ tag: null })}>All techniques</Button></>}
        {load.busy && v && <span class="spin" />}
      </p>
      {load.trouble && <div class="pad"><Note look="bad">{load.trouble}</Note></div>}
      {!v && load.busy && <p class="row dim pad"><span class="spin" />One moment</p>}
      {v && list.length === 0 && <Empty icon="shield" title={kind === "noise" ? "No rule is noisy" : kind === "off" ? "No rule is off" : "No rule is like this"} actions={(q || tag || kind) && <a class="button main" href="/detections">Show all rules</a>}>
        {kind === "noise" ? "Rules stand here when what they tell is closed as a false alarm or as expected." : "Look for words of their titles, for T1110, or for windows."}
      </Empty>}
      {list.length > 0 && (
        <>
          {!small && <div class="rule-row rule-head" aria-hidden="true"><span /><span>Rule</span><span>Logs</span><span>Technique</span><span class="right">Fired</span><span class="right">True</span><span class="right">False</span><span class="right">Last</span><span>On</span></div>}
          <Virtual items={list} height={small ? 76 : 38} label="Rules" role="list" sight={cursor} keyOf={(r) => r.id}>
            {(r, i) => <Line r={r} on={i === cursor} small={small} onTurn={swap} />}
          </Virtual>
        </>
      )}
    </div>
  );
}

function Filter({ q }: { q: string }) {
  const [text, setText] = useState(q);
  useEffect(() => setText(q), [q]);
  useEffect(() => {
    if (text.trim() === q) return;
    const t = setTimeout(() => amend({ q: text.trim() || null }), 250);
    return () => clearTimeout(t);
  }, [text]);
  return (
    <label class="filter grow">
      <Icon name="search" />
      <input id="rule-filter" value={text} aria-label="Filter" placeholder="Title, T1110, windows, an id" spellcheck={false} autocomplete="off" onInput={(e) => setText(e.currentTarget.value)} onKeyDown={(e) => { if (e.key === "Escape") { e.currentTarget.blur(); e.stopPropagation(); } }} />
      <Key k="/" />
    </label>
  );
}

function Line({ r, on, small, onTurn }: { r: RuleEntry; on: boolean; small: boolean; onTurn: (r: RuleEntry) => void }) {
  const open = (e: MouseEvent) => { if (!(e.target as Element).closest("a,button")) go(at(r.id)); };
  const why = r.off ? "off" + (r.off.by ? " by " + r.off.by : "") + (r.off.why ? ": " + r.off.why : "") : r.never;
  const title = <a class="cut title" href={at(r.id)} tabIndex={-1}>{r.title}</a>;
  if (small) {
    return (
      <div class={"rule-row small" + (on ? " on" : "") + (r.enabled ? "" : " is-off")} role="listitem" onClick={open}>
        <Severity level={r.level} word={false} />
        <span class="stack tight">{title}<span class="dim cut">{why ?? ofSource(r.logsource)}</span><span class="dimmer num">{r.fired ? amount(r.fired) + " fired · " + r.true + " true · " + r.false + " false" : "not fired"}</span></span>
        <Switch of={r} onTurn={onTurn} />
      </div>
    );
  }
  return (
    <div class={"rule-row" + (on ? " on" : "") + (r.enabled ? "" : " is-off")} role="listitem" onClick={open}>
      <Severity level={r.level} word={false} />
      <span class="row cut">{title}{why && <span class="never cut" title={why}>{why}</span>}</span>
      <span class="dim cut" title={ofSource(r.logsource)}>{ofSource(r.logsource)}</span>
      <span class="mono dim cut" title={r.techniques.join(" ")}>{r.techniques[0] ?? ""}{r.techniques.length > 1 ? " +" + (r.techniques.length - 1) : ""}</span>
      <span class="right num">{r.fired ? amount(r.fired) : <span class="dimmer">–</span>}</span>
      <span class="right num">{r.true ? amount(r.true) : <span class="dimmer">–</span>}</span>
      <span class={"right num" + (r.false > r.true ? " warn" : "")}>{r.false ? amount(r.false) : <span class="dimmer">–</span>}</span>
      <span class="right dim num" title={r.last && whenUTC(r.last)}>{r.last ? ago(r.last) : ""}</span>
      <Switch of={r} onTurn={onTurn} />
    </div>
  );
}

function One({ id }: { id: string }) {
  const load = useLoad<RuleDetail>((s) => api.get("/rules/" + encodeURIComponent(id), {}, s), [id]);
  useKeys([{ key: "Escape", label: "Back to the list", group: "Detection", run: () => history.length > 1 ? history.back() : go("/detections") }]);
  return (
    <div class="page detection">
      <Head title={load.value?.title ?? "Detection"}>
        <span class="grow" />
        {load.value && <label class="row on-off"><Switch of={load.value} onTurn={(r) => load.value && load.set({ ...load.value, ...r })} />{load.value.enabled ? "On" : "Off"}</label>}
        <a class="button" href="/detections"><Icon name="back" />All</a>
      </Head>
      <div class="body"><Loaded of={load}>{(r) => <Detail key={r.file} r={r} load={load} />}</Loaded></div>
    </div>
  );
}

function Detail({ r, load }: { r: RuleDetail; load: Load<RuleDetail> }) {
  const [text, setText] = useState(r.yaml);
  const [checked, setChecked] = useState<RuleChecked | null>(null);
  const [tests, setTests] = useState(r.tests ?? "");
  const [result, setResult] = useState<Result | null>(null);
  const changed = text !== r.yaml || tests !== (r.tests ?? "");
  const mine = r.source === "armed", write = may("rule.write");
  const most = Math.max(...r.days.map((d) => d.count), 1);
  return (
    <div class="two">
      <div class="stack wide-gap">
        <div class="row wrap meta">
          <Severity level={r.level} />
          {r.techniques.map((t) => <a key={t} class="chip" href={"/coverage?at=" + t}>{t}</a>)}
          <span class="dim">{ofSource(r.logsource)}</span><span class="dimmer">{r.source}</span>{r.status && <span class="dimmer">{r.status}</span>}
        </div>
        {r.description && <p class="prose">{r.description}</p>}
        {r.off && <Note look="warn">It is off{r.off.by ? " by " + r.off.by : ""}{r.off.at ? " since " + whenUTC(r.off.at) : ""}{r.off.why ? ": " + r.off.why : ""}</Note>}
        {!r.off && r.never && <Note look="warn">It cannot hit now: {r.never}. <a href="/settings?at=sources">See the sources</a></Note>}
        <div class="figures">
          <div><b>{amount(r.fired)}</b>fired</div><div><b>{amount(r.alerts)}</b>alerts</div><div><b class={r.true ? "ok" : ""}>{amount(r.true)}</b>true</div>
          <div><b class={r.false ? "warn" : ""}>{amount(r.false)}</b>false</div><div><b>{amount(r.open)}</b>not judged</div>{!!r.hidden && <div><b>{amount(r.hidden)}</b>hidden</div>}
        </div>
        {r.days.some((d) => d.count > 0) && <div class="day-bars" role="img" aria-label={"Hits by day: " + r.days.map((d) => d.name + " " + d.count).join(", ")}>{r.days.slice(-30).map((d) => <span key={d.name} title={d.name + ": " + amount(d.count)}><i style={{ height: Math.max(3, (40 * d.count) / most) + "px" }} /><small>{d.name.slice(8)}</small></span>)}</div>}
        {r.fired > 0 && <p><a href={"/queue?q=" + encodeURIComponent("rule:" + r.id) + "&range=all"}>Alerts of it</a> · last <Ago t={r.last} /></p>}
        <section class="stack"><h3>What it looks for</h3><pre class="words" tabIndex={0} aria-label="Its condition in words">{r.looks_for.join("\n")}</pre>{r.logs.map((l) => <p key={l} class="dim">{l}</p>)}</section>
        {!!r.parts?.length && <section class="stack"><h3>How many events each part of it holds for</h3><table class="table"><tbody>{r.parts.map((p) => <tr key={p.text}><td class="mono">{p.not && "not "}{p.text}</td><td class="right num">{amount(p.matched)}</td></tr>)}</tbody></table></section>}
        {!!r.next_steps?.length && <section class="stack"><h3>What to do when it fires</h3><ol class="steps">{r.next_steps.map((s) => <li key={s}>{s}</li>)}</ol></section>}
        {!!r.falsepositives?.length && <section class="stack"><h3>What may look like it</h3><ul class="bullets">{r.falsepositives.map((s) => <li key={s}>{s}</li>)}</ul></section>}
        <section class="stack"><h3>Exceptions</h3>
          {r.exceptions.length === 0 ? <p class="dim">None. When an alert of it is closed as a false alarm, the narrowest exception is offered there.</p>
            : <ul class="lines-list">{r.exceptions.map((x) => (
                <li key={x.id} class="row wrap"><span class="grow stack tight"><span class="mono">{x.matchers.join(" and ")}</span><span class="dim">{x.reason} · {x.owner} · {x.exception ? "for good" : x.until ? "until " + whenUTC(x.until) : ""}{!x.active && " · ended"} · hid {plural(x.hidden, "hit")}</span></span>
                  {x.active && may("silence.write") && <Button onClick={() => void api.post("/silences/" + x.id + "/end").then(() => { tell("The exception has ended"); load.again(); }, complain)}>End</Button>}</li>))}</ul>}
        </section>
        {!!r.references?.length && <section class="stack"><h3>More about it</h3><ul class="bullets">{r.references.map((s) => <li key={s}>{/^https:\/\//.test(s) ? <a href={s} target="_blank" rel="noreferrer noopener">{s}</a> : s}</li>)}</ul></section>}
      </div>
      <div class="stack wide-gap">
        <div class="row wrap"><h3 class="grow">Rule{changed && " · changed, not saved"}</h3><span class="dimmer mono cut" title={r.file}>{r.file.split("/").at(-1)}:{r.line}</span>
          {changed && <Button look="quiet" onClick={() => { setText(r.yaml); setTests(r.tests ?? ""); }}>As it was</Button>}
          {mine && write && !changed && <Button icon="undo" onClick={() => back(r, () => (r.replaces ? load.again() : go("/detections")))}>{r.replaces ? "As shipped again" : "Take it back"}</Button>}</div>
        {mine && r.replaces && <Note>This is your own; the one that came with the same id rests meanwhile.</Note>}
        <Editor text={text} label="The rule as YAML" onChange={setText} onChecked={setChecked} />
        <Trial files={text !== r.yaml ? [{ name: "rule.yml", text }] : undefined} names={text !== r.yaml ? undefined : [r.id]} ready={text === r.yaml || !!checked?.ok} onResult={setResult} />
        <Save files={[{ name: "", text, tests }]} at={0} ready={changed && !!checked?.ok} result={result} quiet={!changed && !mine} onTests={setTests} onArmed={() => load.again()}><Take name={r.id} text={text} /></Save>
      </div>
    </div>
  );
}

/** Take gives a rule to the person as a file. */
function Take({ name, text }: { name: string; text: string }) {
  return <a class="button quiet" download={name + ".yml"} href={"data:text/yaml;charset=utf-8," + encodeURIComponent(text)} title="As a file, for a folder of rules that tocsin.yml names"><Icon name="download" />Download</a>;
}

/** back takes an armed rule back, told with its way to have it in force again. */
function back(r: { id: string; title: string; yaml: string; tests?: string }, then: () => void): void {
  const p = disarm(r.id);
  p.then(then, complain);
  done(r.title + " is taken back", p, () => arm({ rule: r.yaml, tests: r.tests }).then(then));
}

/** Fresh is a new rule: of a search, of an incident or a case, or of nothing yet. */
function Fresh() {
  const q = query.value.get("q") ?? "", of = query.value.get("of") ?? "";
  const draft = useLoad<PreventDraft | null>((s) => (of ? api.post("/prevent/" + encodeURIComponent(of), {}, { signal: s }) : Promise.resolve(null)), [of]);
  const d = draft.value, list = d?.rules ?? [];
  const [texts, setTexts] = useState<{ name: string; text: string; tests: string }[]>(() => (of ? [] : [{ name: "", text: draftOf(q || "field:value", crypto.randomUUID()), tests: "" }]));
  const [at, setAt] = useState(0);
  const [checked, setChecked] = useState<RuleChecked | null>(null);
  const [result, setResult] = useState<Result | null>(null);
  useEffect(() => {
    if (d) setTexts(list.map((r) => ({ name: r.name, text: r.text, tests: r.tests })));
  }, [d]);
  const here = texts[at], drafted = list[at];
  const change = (part: { text?: string; tests?: string }) => setTexts(texts.map((x, i) => (i === at ? { ...x, ...part } : x)));
  const armed = (ids: string[]) => go("/detections/" + encodeURIComponent(ids[0] ?? ""));
  const from = of ? (d?.kind === "case" ? "/cases/" : "/queue/") + of : q ? "/search?q=" + encodeURIComponent(q) : "/detections";
  return (
    <div class="page detection">
      <Head title="New detection"><span class="grow" /><a class="button" href={from}><Icon name="back" />{of ? (d?.kind === "case" ? "To the case" : "To the alert") : q ? "To the search" : "All"}</a></Head>
      <div class="body">
        {draft.busy && of && <p class="row dim" role="status"><span class="spin" />Drafting it from what happened, and looking for what is like it in 30 days…</p>}
        {draft.trouble && <Note look="bad"><div class="row wrap"><span class="grow">{draft.trouble}</span><Button onClick={draft.again}>Try again</Button></div></Note>}
        {d && !list.length && <Empty icon="shield" title="No rule could be drafted of it" actions={<><a class="button main" href={from}>Back to it</a><a class="button" href="/detections/new">Write one</a></>}>{d.notes?.join(" ") || "Its events are no longer kept, or nothing sets them apart."}</Empty>}
        {here && (
          <div class="two">
            <div class="stack wide-gap">
              {d && drafted && <Note>Drafted of {d.kind} “{d.title}”: it finds {amount(drafted.covered)} of {plural(drafted.events, "event")} of it, and {amount(drafted.remain)} others that are like them.</Note>}
              {list.length > 1 && <div class="tabs wrap" role="group" aria-label="Rules that were drafted">{list.map((r, i) => <button key={r.id} type="button" class={i === at ? "on" : ""} aria-pressed={i === at} onClick={() => { setAt(i); setResult(null); }}><span class="num">{i + 1}</span> {r.title.replace(/^.*\(([^()]+)\)$/, "$1")}</button>)}</div>}
              {drafted?.notes?.map((n) => <p key={n} class="dim">{n}</p>)}
              <Editor key={at} text={here.text} label="The rule as YAML" onChange={(text) => change({ text })} onChecked={setChecked} />
            </div>
            <div class="stack wide-gap">
              <Trial key={at} files={[{ name: "rule.yml", text: here.text }]} ready={!!checked?.ok} onResult={setResult} />
              <Save files={texts} at={at} ready={!!checked?.ok} of={of} result={result} onTests={(tests) => change({ tests })} onArmed={armed}><Take name={here.name || "rule"} text={here.text} /></Save>
            </div>
          </div>
        )}
      </div>
    </div>
  );
}
