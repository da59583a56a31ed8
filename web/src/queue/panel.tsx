// The panel of one incident: one plain sentence, what to do, what happened, who and what, why it fired, what is normal here,
// the rule's record, and the raw event.
import { signal, useComputed } from "@preact/signals";
import type { ComponentChildren } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";
import { api } from "../api";
import { ago, amount, plural, short, whenUTC } from "../form";
import { useKeys } from "../keys";
import { useTold } from "../live";
import { Loaded, useLoad } from "../load";
import { href } from "../route";
import { may, myName } from "../session";
import type { Containment, Explained, Hit, Incident, RuleDetail, RuleInfo } from "../shapes";
import { complain, tell } from "../toast";
import { Icon } from "../ui/icon";
import { Ago, Button, Chip, Entity, focus, Meter, Owner, Severity } from "../ui/parts";
import { leave, reopen, seenOf, snooze, take, write } from "./act";
import { CloseMenu } from "./close";
import { Contain } from "./contain";
import { incident, learn, picked } from "./store";
import { Timeline } from "./timeline";

/** The incident whose box for containment is to be open as soon as its panel is. */
export const containAt = signal("");

export function Panel({ k, onShut }: { k: string; onShut: () => void }) {
  const known = useRef(false);
  const explained = useLoad((stop) => (known.current ? api.look : api.get)<Explained>("/incidents/" + encodeURIComponent(k), {}, stop), [k]);
  const steps = useLoad<Containment>((stop) => (may("action.read") ? api.get("/incidents/" + encodeURIComponent(k) + "/contain", {}, stop) : Promise.resolve({ steps: [] })), [k]);
  const [box, setBox] = useState<"" | "contain" | "close" | "note">(containAt.peek() === k ? "contain" : "");
  const [kept, setKept] = useState(false); // the box for containment stays under the menu for closing
  const el = useRef<HTMLElement>(null);
  useEffect(() => {
    if (!explained.value) return;
    known.current = true; // from now on it is asked for when it changes, whatever somebody does here
    learn([explained.value]);
  }, [explained.value]);
  useEffect(() => {
    if (containAt.value === k) {
      containAt.value = "";
      setBox("contain");
    }
  }, [containAt.value]);
  useEffect(() => {
    if (!el.current!.contains(document.activeElement)) el.current!.focus({ preventScroll: true });
  }, [k]);
  const key = explained.value?.key ?? k; // the beginning of a key is enough in an address
  useTold("incident", (t) => t.key === key && !explained.busy && explained.again()); // not while it is asked: what changes all the time would never be shown
  const here = useComputed(() => incident(key)?.value);
  const i = incident(key) ? here.value : (explained.value ?? undefined);
  const missing = explained.missing && !i;
  const judge = may("incident.decide") && !missing, acts = may("action.ask") && may("action.read") && !missing;
  const open = i?.status !== "closed"; // until more is known: the keys are this panel's from the first moment on
  const bulk = picked.value.size > 0;
  const quiet = (p: Promise<unknown>) => void p.catch(() => {});
  const toggleTake = () => quiet(i?.status === "taken" && i.owner === myName.value ? leave([key]) : take([key]));
  const contain = () => { setKept(false); setBox(box === "contain" ? "" : "contain"); };
  const judgeIt = () => { setKept(box === "contain"); setBox("close"); };
  const closed = () => { setBox(""); onShut(); };
  useKeys([
    { key: "Escape", label: "Close the panel", group: "Queue", quiet: true, run: onShut },
    ...(open && !bulk && acts ? [{ key: "b", label: "Contain: block, isolate, lock", group: "Act", run: contain }] : []),
    ...(open && !bulk && judge ? [
      { key: "e", label: "Close with a verdict", group: "Act", run: judgeIt },
      { key: "a", label: "Take it", group: "Act", run: toggleTake },
      { key: "s", label: "Snooze until tomorrow", group: "Act", run: () => { quiet(snooze([key])); onShut(); } },
      { key: "n", label: "Write a note", group: "Act", run: () => setBox("note") },
    ] : []),
    ...(!open && i && judge ? [{ key: "o", label: "Open again", group: "Act", run: () => quiet(reopen([key])) }] : []),
  ]);
  return (
    <aside class="panel" aria-label={i ? "Alert: " + i.title : "Alert"} ref={el} tabIndex={-1}>
      <header>
        <div class="facts">
          {i && <Severity level={i.level} />}
          <a class="mono dim" href={"/queue/" + key} title="The address of this alert">{short(key)}</a>
          {i && techniques(i).slice(0, 2).map((t) => <span key={t} class="dim">{t}</span>)}
          {i?.last && <span class="dim" title={"first " + (i.first ? whenUTC(i.first) : "") + ", last " + whenUTC(i.last)}>{ago(i.last) === "now" ? "just now" : ago(i.last) + " ago"}</span>}
          <span class="grow" />
          {i && <Owner name={i.owner} />}
          <Button look="quiet" icon="close" aria-label="Close the panel" title="Close the panel (esc)" onClick={onShut} />
        </div>
        {i && <h2>{i.title}</h2>}
        {i && <Sentence of={i.sentence} />}
        {i && <State of={i} />}
        <div class="acts" role="toolbar" aria-label="Act">
          {open && acts && <Button look="main" k="b" aria-expanded={box === "contain"} onClick={contain}>Contain</Button>}
          {open && judge && <Button k="e" aria-expanded={box === "close"} onClick={judgeIt}>Close…</Button>}
          {open && judge && <Button k="a" onClick={toggleTake}>{i?.status === "taken" && i.owner === myName.value ? "Give back" : "Take"}</Button>}
          {open && judge && <Button k="s" onClick={() => { quiet(snooze([key])); onShut(); }}>Snooze</Button>}
          {!open && i && judge && <Button look="main" k="o" onClick={() => quiet(reopen([key]))}>Open again</Button>}
          {i && may("rule.write") && <a class="button quiet wide-only" href={"/detections/new?of=" + key} title="Rule from this: drafts one that finds it when it comes again">Rule…</a>}
        </div>
      </header>
      <div class="scroll" tabIndex={0} role="group" aria-label="About this alert">
        {box === "close" && <CloseMenu keys={[key]} onDone={closed} onCancel={() => setBox(kept ? "contain" : "")} />}
        {(box === "contain" || (box === "close" && kept)) && <Contain k={key} load={steps} name={i?.title ?? k} onClose={() => setBox("")} onJudge={judgeIt} />}
        {box === "note" && i && <NoteBox of={i} onDone={() => setBox("")} />}
        <Loaded of={explained}>{(x) => <About x={x} />}</Loaded>
      </div>
    </aside>
  );
}

/** Sentence is what happened: first in one sentence, then the rest of it. */
function Sentence({ of: text }: { of: string }) {
  const end = text.search(/[.:] [A-Z][^.]*[.]/) > 0 ? text.indexOf(". ") : -1;
  if (end < 0 || text.length < 160) return <p class="sentence">{text}</p>;
  return <><p class="sentence">{text.slice(0, end + 1)}</p><p class="sentence rest">{text.slice(end + 2)}</p></>;
}

/** techniques are the ids of ATT&CK that the rules carry. */
function techniques(i: Incident): string[] {
  return [...new Set(i.rules.flatMap((r) => r.tags ?? []).map((t) => /^attack\.(t\d{4}(?:\.\d{3})?)$/i.exec(t)?.[1]?.toUpperCase()).filter((t): t is string => !!t))];
}

function State({ of: i }: { of: Incident }) {
  const words = i.status === "closed" ? "Closed" + (i.verdict ? " as " + (i.verdict === "false-alarm" ? "a false alarm" : i.verdict) : "") + (i.owner ? " by " + i.owner : "")
    : i.status === "snoozed" && i.until ? "Snoozed until " + whenUTC(i.until)
    : i.status === "taken" ? "Taken by " + i.owner : i.again ? "It was closed before, and goes on" : "";
  if (!words && !i.note && !i.case) return null;
  return (
    <p class="state">
      {words && <Chip>{words}</Chip>}
      {i.case && <a href={"/cases/" + i.case}><Chip>case {short(i.case)}</Chip></a>}
      {i.note && <span class="dim">“{i.note}”</span>}
    </p>
  );
}

function NoteBox({ of: i, onDone }: { of: Incident; onDone: () => void }) {
  const [text, setText] = useState(i.note ?? "");
  const seen = useRef(seenOf([i.key])).current;
  return (
    <form class="closing" onSubmit={(e) => { e.preventDefault(); void write([i.key], text.trim(), seen).catch(() => {}); onDone(); }}>
      <label class="field"><span>Note</span><textarea ref={focus} value={text} maxLength={4000} onInput={(e) => setText(e.currentTarget.value)} onKeyDown={(e) => { if (e.key === "Escape") { e.stopPropagation(); onDone(); } else if (e.key === "Enter" && (e.metaKey || e.ctrlKey)) e.currentTarget.form!.requestSubmit(); }} /></label>
      <div class="row"><Button look="main" type="submit" k="Mod+Enter">Keep it</Button><Button look="quiet" k="Escape" onClick={onDone}>Not now</Button></div>
    </form>
  );
}

const Part = ({ title, children }: { title: string; children: ComponentChildren }) => <section class="part"><h3>{title}</h3>{children}</section>;

function About({ x }: { x: Explained }) {
  return (
    <>
      <Part title="What happened"><Timeline of={x.timeline} zero={x.why[0]?.hit.time} /></Part>
      {x.entities.length > 0 && (
        <Part title="Who and what">
          <ul class="who">
            {x.entities.slice(0, 8).map((e) => (
              <li key={e.kind + e.name}>
                <Entity of={e} link />
                <span class="dim cut grow">{e.kind} · {plural(e.hits, "hit")} in {plural(e.alerts, "alert")}</span>
                <Meter value={e.score} label="risk" /><span class="num" aria-hidden="true">{e.score}</span>
              </li>
            ))}
          </ul>
          {x.entities.length > 8 && <p class="dim">and {amount(x.entities.length - 8)} more</p>}
        </Part>
      )}
      {x.why.length > 0 && <Part title="Why it fired">{x.why.slice(0, 4).map((h) => <Why key={h.key} hit={h} many={x.why.length > 1} />)}</Part>}
      {x.normal.length > 0 && <Part title="What is normal here"><ul class="plain">{x.normal.map((n) => <li key={n}>{n}</li>)}</ul></Part>}
      {x.next.length > 0 && <Part title="What to do"><ol class="plain num">{x.next.filter((n) => !/: tocsin /.test(n)).map((n) => <li key={n}>{n}</li>)}{x.entities.slice(0, 2).map((e) => <li key={e.name}><a href={"/entities/" + e.kind + "/" + encodeURIComponent(e.name)}>See everything that {e.name} did</a></li>)}{may("rule.write") && <li><a href={"/detections/new?of=" + x.key}>Draft a rule from this, so that it does not happen again</a></li>}</ol></Part>}
      {x.about.length > 0 && <Part title={x.about.length > 1 ? "The rules" : "The rule"}>{x.about.slice(0, 4).map((r) => <Rule key={r.id} of={r} />)}</Part>}
      {!!x.earlier?.length && (
        <Part title="Before, about the same">
          <ul class="plain">{x.earlier.map((e) => <li key={e.key}><a href={href({}, "/queue/" + e.key)}>{e.title}</a> <span class="dim">closed{e.verdict ? " as " + e.verdict : ""} {e.decided && <><Ago t={e.decided} /> ago</>}{e.note ? " · “" + e.note + "”" : ""}</span></li>)}</ul>
        </Part>
      )}
      {x.why[0] && <Raw hit={x.why[0]} />}
    </>
  );
}

const dull = new Set(["event.sequence", "log.file.path", "EventRecordID", "ProcessGuid", "LogonGuid", "Keywords", "Version", "ThreadID"]);

/** Why are the fields that matched, then what else the event says. */
function Why({ hit, many }: { hit: Hit; many: boolean }) {
  const [all, setAll] = useState(false);
  const matched = hit.hit.matched ?? [];
  const names = new Set(matched.map((m) => m.field));
  const rest = Object.entries(hit.hit.event ?? {}).filter(([n, v]) => !names.has(n) && v !== "" && v !== null && typeof v !== "object" && !dull.has(n));
  const shown = all ? rest : rest.slice(0, 6);
  return (
    <div class="why-hit">
      {many && <p class="rule-name"><Severity level={hit.level} word={false} /> {hit.title}</p>}
      <dl class="evidence">
        {matched.map((m, i) => (
          <div key={i} class="matched">
            <dt>{m.field || "keyword"}</dt>
            <dd><span class="mono">{m.value}</span>{m.by && !plainTest(m) && <span class="dimmer by">{m.by}</span>}</dd>
          </div>
        ))}
        {shown.map(([n, v]) => <div key={n}><dt>{n}</dt><dd class="mono">{String(v).slice(0, 600)}</dd></div>)}
      </dl>
      {rest.length > shown.length && <Button look="link" onClick={() => setAll(true)}>{plural(rest.length - shown.length, "more field")}</Button>}
    </div>
  );
}

/** plainTest tells whether a test says no more than the value does. */
const plainTest = (m: { field: string; value: string; by: string }): boolean => m.by.replace(/['"\s]/g, "") === (m.field + ":" + m.value).replace(/['"\s]/g, "");

function Rule({ of: r }: { of: RuleInfo }) {
  const [record, setRecord] = useState<RuleDetail | null>(null);
  useEffect(() => {
    if (!may("rule.read")) return;
    const stop = new AbortController();
    api.get<RuleDetail>("/rules/" + encodeURIComponent(r.id), {}, stop.signal).then((x) => setRecord(x), () => {});
    return () => stop.abort();
  }, [r.id]);
  return (
    <div class="rule">
      <p><a href={"/detections/" + encodeURIComponent(r.id)}><b>{r.title}</b></a> {r.status && <Chip>{r.status}</Chip>}</p>
      {r.description && <p class="dim">{r.description}</p>}
      {record && <p class="dim">Fired {plural(record.fired, "time")}{": "}{amount(record.true)} true, {amount(record.false)} false.</p>}
      {!!r.falsepositives?.length && r.falsepositives.some((f) => !/^unknown$/i.test(f)) && <p class="dim">Wrong with: {r.falsepositives.join("; ")}</p>}
      {r.tags.length > 0 && <p class="tags">{r.tags.map((t) => <Chip key={t}>{t.replace("attack.", "")}</Chip>)}</p>}
    </div>
  );
}

function Raw({ hit }: { hit: Hit }) {
  const [open, setOpen] = useState(false);
  const text = open ? JSON.stringify(hit.hit, null, 2) : "";
  return (
    <details class="part raw" open={open} onToggle={(e) => setOpen(e.currentTarget.open)}>
      <summary><h3>Raw</h3><Icon name="down" /></summary>
      {open && <><Button icon="copy" onClick={() => navigator.clipboard.writeText(text).then(() => tell("Copied"), complain)}>Copy</Button><pre tabIndex={0}>{text}</pre></>}
    </details>
  );
}

