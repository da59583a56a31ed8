// Cases: several alerts that are one matter, with tasks, notes, evidence under its hash, one timeline of it all, and the
// written report.
import { useEffect, useRef, useState } from "preact/hooks";
import { api, Problem, say, url } from "../api";
import { amount, at, plural, short, size, span, whenUTC } from "../form";
import { useKeys } from "../keys";
import { Loaded, useLoad, type Load } from "../load";
import type { PageProps } from "../pages";
import { amend, go, query } from "../route";
import { may, myName } from "../session";
import { counts, Head } from "../shell";
import type { Case, CaseMessage, Incident, Page } from "../shapes";
import type { Verdict } from "../words";
import { complain, tell } from "../toast";
import { Icon } from "../ui/icon";
import { Ago, Button, Chip, Dialog, Empty, Field, Key, Note, Owner, Severity } from "../ui/parts";
import { Timeline } from "../queue/timeline";

const verdicts: Record<Verdict, string> = { malicious: "Malicious", expected: "Expected", "false-alarm": "False alarm" };

export default function Cases({ rest }: PageProps) {
  return rest[0] ? <One key={rest[0]} k={rest[0]} /> : <List />;
}

function List() {
  const closed = query.value.get("closed") === "true";
  const load = useLoad<Page<Case>>(async (s) => {
    const p = await api.get<Page<Case>>("/cases", { closed, limit: 1000 }, s);
    counts.value = { ...counts.value, "/cases": p.items.filter((c) => c.status !== "closed").length };
    return p;
  }, [closed]);
  const [fresh, setFresh] = useState(false), [cursor, setCursor] = useState(0);
  const list = load.value?.items ?? [];
  useKeys([
    { key: "n", label: "New case", group: "Cases", run: () => may("case.write") && setFresh(true) },
    { key: "j", label: "Next case", group: "Cases", run: () => setCursor((n) => Math.min(n + 1, list.length - 1)) },
    { key: "k", label: "Previous case", group: "Cases", run: () => setCursor((n) => Math.max(n - 1, 0)) },
    { key: "Enter", label: "Open", group: "Cases", run: () => list[cursor] && go("/cases/" + list[cursor]!.key) },
  ]);
  return (
    <div class="page cases">
      <Head title="Cases">
        <div class="tabs" role="group" aria-label="Which">
          <button type="button" class={closed ? "" : "on"} aria-pressed={!closed} onClick={() => amend({ closed: null })}>Open</button>
          <button type="button" class={closed ? "on" : ""} aria-pressed={closed} onClick={() => amend({ closed: "true" })}>Closed too</button>
        </div>
        <span class="grow" />
        {may("case.write") && <Button look="main" k="n" icon="plus" onClick={() => setFresh(true)}>New case</Button>}
      </Head>
      <div class="body">
        <Loaded of={load}>{() => list.length === 0
          ? <Empty icon="case" title={closed ? "There is no case yet" : "No case is open"} actions={may("case.write") && <Button look="main" onClick={() => setFresh(true)}>New case</Button>}>A case joins alerts that belong together, and keeps tasks, notes and evidence beside them until the report is written.</Empty>
          : (
            <table class="table stackable">
              <thead><tr><th>Case</th><th>Owner</th><th class="right">Alerts</th><th>Tasks</th><th class="right">Evidence</th><th class="right">Changed</th></tr></thead>
              <tbody>{list.map((c, i) => (
                <tr key={c.key} class={i === cursor ? "at" : ""}>
                  <td class="lead"><span class="row wrap"><a class="title" href={"/cases/" + c.key}>{c.title}</a>{c.status === "closed" && <Chip>closed{c.verdict ? ": " + verdicts[c.verdict].toLowerCase() : ""}</Chip>}</span><span class="dimmer mono">{short(c.key)}</span></td>
                  <td data-label="Owner"><span class="row"><Owner name={c.owner} />{c.owner}</span></td>
                  <td data-label="Alerts" class="right num">{amount(c.incidents?.length ?? 0)}</td>
                  <td data-label="Tasks" class="num">{c.tasks?.length ? amount(c.tasks.filter((t) => t.done).length) + " of " + amount(c.tasks.length) + " done" : ""}</td>
                  <td data-label="Evidence" class="right num">{amount(c.evidence?.length ?? 0)}</td>
                  <td data-label="Changed" class="right"><Ago t={c.updated} /></td>
                </tr>
              ))}</tbody>
            </table>
          )}</Loaded>
      </div>
      {fresh && <NewCase onClose={() => setFresh(false)} />}
    </div>
  );
}

function NewCase({ onClose }: { onClose: () => void }) {
  const [title, setTitle] = useState(""), [bad, setBad] = useState(""), [busy, setBusy] = useState(false), [chosen, setChosen] = useState<string[]>([]);
  const open = useLoad<Page<Incident>>((s) => api.get("/incidents", { limit: 12 }, s), []);
  const make = async (e: Event) => {
    e.preventDefault();
    setBusy(true);
    try {
      const c = await api.post<Case>("/cases", { title, incidents: chosen });
      onClose();
      go("/cases/" + c.key);
    } catch (x) { setBad(say(x)); setBusy(false); }
  };
  return (
    <Dialog label="New case" class="dialog wide" onClose={onClose}>
      <form class="stack gap" onSubmit={make}>
        <h2>New case</h2>
        <Field label="What is it about?" bad={bad}><input autofocus required maxLength={4096} value={title} onInput={(e) => setTitle(e.currentTarget.value)} /></Field>
        {!!open.value?.items.length && <fieldset class="choose"><legend>Alerts that belong to it</legend>{open.value.items.map((i) => (
          <label key={i.key} class="row"><input type="checkbox" class="tick" checked={chosen.includes(i.key)} onChange={(e) => setChosen(e.currentTarget.checked ? [...chosen, i.key] : chosen.filter((x) => x !== i.key))} /><Severity level={i.level} word={false} /><span class="cut grow">{i.title}</span><Ago t={i.last} /></label>
        ))}</fieldset>}
        <div class="ends"><Button onClick={onClose}>Not now</Button><Button look="main" type="submit" busy={busy}>Begin</Button></div>
      </form>
    </Dialog>
  );
}

/** change does one thing to a case; what was shown stays until the answer is there. */
async function change(load: Load<CaseMessage>, op: string, more: Record<string, unknown> = {}, told = ""): Promise<boolean> {
  try {
    const c = await api.post<Case>("/cases/" + load.value!.key, { op, ...more });
    load.set({ ...load.value!, ...c });
    if (told) tell(told);
    load.again();
    return true;
  } catch (e) {
    complain(e);
    return false;
  }
}

function One({ k }: { k: string }) {
  const load = useLoad<CaseMessage>((s) => api.get("/cases/" + encodeURIComponent(k), {}, s), [k]);
  const [closing, setClosing] = useState(false);
  const c = load.value, write = may("case.write");
  useKeys([
    { key: "Escape", label: "Back to the list", group: "Case", run: () => go("/cases") },
    { key: "n", label: "Write a note", group: "Case", run: () => document.getElementById("case-note")?.focus() },
    { key: "t", label: "Add a task", group: "Case", run: () => document.getElementById("case-task")?.focus() },
    { key: "e", label: "Close the case", group: "Case", run: () => write && c && c.status !== "closed" && setClosing(true) },
    { key: "a", label: "Take it", group: "Case", run: () => void (write && c && change(load, "take", {}, "The case is yours")) },
  ]);
  return (
    <div class="page case">
      <Head title={c?.title ?? "Case"}>
        <span class="grow" />
        {c && <a class="button" target="_blank" rel="noopener" href={url("/cases/" + c.key + "/report")}><Icon name="report" />Report</a>}
        {c && <a class="button icon-only" aria-label="Download the report" title="Download the report" download={"case-" + short(c.key) + ".html"} href={url("/cases/" + c.key + "/report", { download: true })}><Icon name="download" /></a>}
        {c && c.joined.length > 0 && may("rule.write") && <a class="button wide-only" href={"/detections/new?of=" + c.key} title="Draft rules that find it when it comes again"><Icon name="shield" />Rule from this</a>}
        {c && write && (c.owner !== myName.value && c.status !== "closed" ? <Button k="a" onClick={() => void change(load, "take", {}, "The case is yours")}>Take</Button> : null)}
        {c && write && (c.status === "closed" ? <Button onClick={() => void change(load, "reopen", {}, "The case is open again")}>Open again</Button> : <Button look="main" k="e" onClick={() => setClosing(true)}>Close…</Button>)}
        <a class="button" href="/cases"><Icon name="back" />All</a>
      </Head>
      <div class="body"><Loaded of={load}>{(x) => <Inside c={x} load={load} />}</Loaded></div>
      {closing && c && <CloseCase load={load} onClose={() => setClosing(false)} />}
    </div>
  );
}

/** took is how long things took, from the first sign to the end; as far as that is known. */
function took(c: CaseMessage): [string, string][] {
  const first = Math.min(...c.joined.map((i) => (i.first ? at(i.first) : Infinity))), seen = Math.min(...c.joined.map((i) => (i.seen ? at(i.seen) : Infinity)));
  const acted = Math.min(...(c.timeline ?? []).filter((m) => m.kind === "action").map((m) => at(m.time)).filter((t) => t >= seen));
  const out: [string, string][] = [];
  if (Number.isFinite(first) && Number.isFinite(seen)) out.push(["to detect", span(Math.max(0, seen - first))]);
  out.push(["to contain", Number.isFinite(acted) ? span(acted - seen) : "not yet"]);
  out.push(["to close", c.status === "closed" ? span(at(c.updated) - (Number.isFinite(seen) ? seen : at(c.created))) : "not yet"]);
  return out;
}

function Inside({ c, load }: { c: CaseMessage; load: Load<CaseMessage> }) {
  const write = may("case.write");
  return (
    <div class="two case-two">
      <div class="stack wide-gap">
        <div class="row wrap meta">
          <span class="mono dim">{short(c.key)}</span>
          {c.status === "closed" ? <Chip>closed{c.verdict ? ": " + verdicts[c.verdict].toLowerCase() : ""}</Chip> : <Chip>open</Chip>}
          <span class="row"><Owner name={c.owner} />{c.owner ?? "nobody's"}</span><span class="dim">since {whenUTC(c.created)}</span>
        </div>
        <div class="figures">{took(c).map(([k, v]) => <div key={k}><b>{v}</b>{k}</div>)}</div>
        <Summary c={c} load={load} />
        <section class="stack"><h3>Alerts</h3>
          {c.joined.length === 0 && <p class="dim">None yet. Add one by its key, or choose the case when you close an alert.</p>}
          <div>{c.joined.map((i) => <a key={i.key} class="incident-line" href={"/queue/" + i.key}><Severity level={i.level} word={false} /><b class="cut">{i.title}</b><span class="dim">{i.status}</span><Ago t={i.last} /></a>)}</div>
          {write && <Join load={load} />}
        </section>
        <section class="stack"><h3>What happened</h3>{c.timeline?.length ? <Timeline of={c.timeline} /> : <p class="dim">The timeline begins with the first alert, note or action.</p>}</section>
      </div>
      <div class="stack wide-gap">
        <section class="stack"><h3>Tasks</h3>
          <ul class="lines-list">{c.tasks?.map((t) => (
            <li key={t.id}><label class="row"><input type="checkbox" class="tick" checked={!!t.done} disabled={!!t.done || !write} onChange={() => void change(load, "done", { text: t.id })} /><span class={"grow" + (t.done ? " dim struck" : "")}>{t.text}</span><span class="dimmer">{t.done ? "done by " + (t.who ?? "") : t.by}</span></label></li>
          ))}</ul>
          {write && <Write id="case-task" label="Add a task" k="t" op="task" load={load} />}
        </section>
        <section class="stack"><h3>Notes</h3>
          <ul class="lines-list">{c.notes?.map((n, i) => <li key={i}><span class="row"><Owner name={n.by} /><b>{n.by}</b><Ago t={n.at} /></span><p class="prose">{n.text}</p></li>)}</ul>
          {write && <Write id="case-note" label="Write a note" k="n" op="note" load={load} long />}
        </section>
        <Kept c={c} load={load} />
      </div>
    </div>
  );
}

function Summary({ c, load }: { c: CaseMessage; load: Load<CaseMessage> }) {
  const [text, setText] = useState<string | null>(null), [busy, setBusy] = useState(false);
  if (text === null) return (
    <section class="stack"><div class="row"><h3 class="grow">Summary</h3>{may("case.write") && <Button look="quiet" onClick={() => setText(c.summary ?? "")}>{c.summary ? "Change" : "Write"}</Button>}</div>
      <p class={"prose" + (c.summary ? "" : " dim")}>{c.summary ?? "Not written yet. It stands at the beginning of the report."}</p></section>
  );
  return (
    <form class="stack" onSubmit={(e) => { e.preventDefault(); setBusy(true); void change(load, "summary", { text }, "Summary kept").then((ok) => { setBusy(false); if (ok) setText(null); }); }}>
      <Field label="Summary"><textarea autofocus maxLength={4096} value={text} onInput={(e) => setText(e.currentTarget.value)} /></Field>
      <div class="row"><Button look="main" type="submit" busy={busy}>Keep</Button><Button look="quiet" onClick={() => setText(null)}>Not now</Button></div>
    </form>
  );
}

function Write({ id, label, op, load, long, k }: { id: string; label: string; op: string; load: Load<CaseMessage>; long?: boolean; k: string }) {
  const [text, setText] = useState(""), [busy, setBusy] = useState(false);
  const send = () => {
    if (!text.trim()) return;
    setBusy(true);
    void change(load, op, { text: text.trim() }).then((ok) => { setBusy(false); if (ok) setText(""); });
  };
  const common = { id, "aria-label": label, placeholder: label, maxLength: 4096, value: text };
  return (
    <form class="row write field" onSubmit={(e) => { e.preventDefault(); send(); }}>
      {long ? <textarea rows={2} {...common} onInput={(e) => setText(e.currentTarget.value)} onKeyDown={(e) => { if (e.key === "Enter" && (e.ctrlKey || e.metaKey)) send(); if (e.key === "Escape") { e.stopPropagation(); e.currentTarget.blur(); } }} />
        : <input {...common} onInput={(e) => setText(e.currentTarget.value)} onKeyDown={(e) => { if (e.key === "Escape") { e.stopPropagation(); e.currentTarget.blur(); } }} />}
      {text.trim() ? <Button look="main" type="submit" busy={busy}>Add</Button> : <Key k={k} />}
    </form>
  );
}

function Join({ load }: { load: Load<CaseMessage> }) {
  const [key, setKey] = useState("");
  return (
    <form class="row write field" onSubmit={(e) => { e.preventDefault(); void change(load, "join", { incidents: [key.trim()] }, "Joined").then((ok) => ok && setKey("")); }}>
      <input aria-label="Join an alert by its key" placeholder="Join an alert by its key" class="mono" value={key} onInput={(e) => setKey(e.currentTarget.value)} />
      {key.trim() && <Button type="submit">Join</Button>}
    </form>
  );
}

function Kept({ c, load }: { c: CaseMessage; load: Load<CaseMessage> }) {
  const [share, setShare] = useState<number | null>(null), [over, setOver] = useState(false), [trouble, setTrouble] = useState(""), [from, setFrom] = useState("");
  const running = useRef<XMLHttpRequest | null>(null), file = useRef<HTMLInputElement>(null);
  useEffect(() => () => running.current?.abort(), []);
  const send = (f: File): Promise<void> => new Promise((resolve) => {
    const x = (running.current = new XMLHttpRequest());
    x.open("POST", url("/cases/" + c.key + "/evidence", { name: f.name, from: from || undefined }));
    x.setRequestHeader("Content-Type", "application/octet-stream");
    x.upload.onprogress = (e) => e.lengthComputable && setShare(e.loaded / e.total);
    x.onloadend = () => {
      setShare(null);
      if (x.status >= 200 && x.status < 300) tell(f.name + " is kept");
      else if (x.status) { let p: { title?: string } = {}; try { p = JSON.parse(x.responseText); } catch { /* it says nothing */ } setTrouble(say(new Problem({ ...p, status: x.status }))); }
      resolve();
    };
    setShare(0);
    setTrouble("");
    x.send(f);
  });
  const all = async (list: FileList | null | undefined) => {
    for (const f of list ?? []) await send(f);
    if (file.current) file.current.value = "";
    load.again();
  };
  return (
    <section class={"stack evidence" + (over ? " over" : "")} onDragOver={(e) => { e.preventDefault(); setOver(true); }} onDragLeave={() => setOver(false)} onDrop={(e) => { e.preventDefault(); setOver(false); if (may("case.write")) void all(e.dataTransfer?.files); }}>
      <h3>Evidence</h3>
      <ul class="lines-list">{c.evidence?.map((e) => (
        <li key={e.id} class="row wrap">
          <span class="grow stack tight"><span class="row wrap"><b class="any">{e.name}</b><span class="dim num">{size(e.size)}</span></span><span class="mono dimmer hash" title="SHA-256">{e.sha256}</span><span class="dim">{e.from ? "from " + e.from + " · " : ""}{e.by} · {whenUTC(e.at)}</span></span>
          <a class="button icon-only" aria-label={"Download " + e.name} download={e.name} href={url("/evidence/" + e.sha256)}><Icon name="download" /></a>
        </li>
      ))}</ul>
      {trouble && <Note look="bad">{trouble}</Note>}
      {share !== null && <div class="row"><div class="progress grow" role="progressbar" aria-label="Sending" aria-valuenow={Math.round(share * 100)}><i style={{ width: share * 100 + "%" }} /></div><span class="num dim">{Math.round(share * 100)} %</span><Button icon="stop" onClick={() => running.current?.abort()}>Stop</Button></div>}
      {may("case.write") && share === null && (
        <div class="row wrap field write">
          <input class="grow" aria-label="Whence it comes" placeholder="Whence it comes: web1:/var/log/auth.log" value={from} onInput={(e) => setFrom(e.currentTarget.value)} />
          <input ref={file} id="evidence-file" class="hidden" type="file" multiple tabIndex={-1} aria-label="Files" onChange={(e) => void all(e.currentTarget.files)} />
          <Button icon="plus" onClick={() => file.current!.click()}>Add files</Button>
        </div>
      )}
      {!c.evidence?.length && <p class="dim">Files are kept under their SHA-256, and handed out only if they are still what they were. Drop them here.</p>}
    </section>
  );
}

function CloseCase({ load, onClose }: { load: Load<CaseMessage>; onClose: () => void }) {
  const [text, setText] = useState(""), [busy, setBusy] = useState(false);
  const close = async (verdict: Verdict) => {
    setBusy(true);
    if (await change(load, "close", { verdict, text }, "Closed as " + verdicts[verdict].toLowerCase())) onClose();
    setBusy(false);
  };
  return (
    <Dialog label="Close the case" onClose={onClose}>
      <h2>Close the case as</h2>
      <Field label="A last note"><textarea rows={2} value={text} onInput={(e) => setText(e.currentTarget.value)} /></Field>
      <div class="stack">{(Object.keys(verdicts) as Verdict[]).map((v, i) => <Button key={v} busy={busy} autofocus={i === 0} onClick={() => void close(v)}>{verdicts[v]}</Button>)}</div>
      <p class="dim">{plural(load.value!.joined.filter((i) => i.status !== "closed").length, "alert")} of it {load.value!.joined.filter((i) => i.status !== "closed").length === 1 ? "is" : "are"} still open; their verdicts are their own.</p>
      <div class="ends"><Button onClick={onClose}>Not now</Button></div>
    </Dialog>
  );
}
