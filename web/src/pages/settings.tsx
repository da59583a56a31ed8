// Settings: where logs come from (silent sources first), who may come in, one's own account, who is told of what, copies of
// all that is kept, the trail of what was done, and how tocsin itself does.
import type { FunctionComponent } from "preact";
import { useEffect, useState } from "preact/hooks";
import { api, say } from "../api";
import { amount, at, plural, short, size, span, upper, whenUTC } from "../form";
import { useKeys } from "../keys";
import { pulse, useTold } from "../live";
import { Loaded, useLoad } from "../load";
import type { PageProps } from "../pages";
import { href, query } from "../route";
import { may } from "../session";
import { Head } from "../shell";
import type { AuditMessage, NotifyTried, NotifyView, PlaybookAnswer, SourcesView, Status, Verified } from "../shapes";
import { complain, tell } from "../toast";
import { Icon } from "../ui/icon";
import { Ago, Button, Chip, Empty, Note } from "../ui/parts";
import { People, Tokens } from "../settings/people";
import { Account } from "../settings/account";

export default function Settings(_: PageProps) {
  const shown = places.filter((p) => !p.needs || may(p.needs));
  const at = query.value.get("at");
  const here = shown.find((p) => p.at === at) ?? shown[0]!;
  useKeys(shown.slice(0, 9).map((p, i) => ({ key: String(i + 1), label: p.title, group: "Settings", run: () => document.getElementById("place-" + p.at)?.click() })));
  useEffect(() => document.getElementById("place-" + here.at)?.scrollIntoView({ block: "nearest", inline: "center" }), [here.at]);
  const Place = here.of;
  return (
    <div class="page settings">
      <Head title="Settings" />
      <div class="places">
        <nav class="place-list" aria-label="Settings">{shown.map((p) => <a key={p.at} id={"place-" + p.at} href={href({ at: p.at }, "/settings")} aria-current={p === here ? "page" : undefined}>{p.title}{p.at === "sources" && (pulse.value?.silent ?? 0) > 0 ? <span class="num warn">{pulse.value!.silent}</span> : null}</a>)}</nav>
        <div class="body" key={here.at}><h2 class="section-title">{here.title}</h2><Place /></div>
      </div>
    </div>
  );
}


function Sources() {
  const load = useLoad<SourcesView>((s) => api.get("/sources", {}, s), []);
  const [text, setText] = useState("");
  useEffect(() => {
    const t = setInterval(load.again, 20_000);
    return () => clearInterval(t);
  }, []);
  return (
    <Loaded of={load}>{(v) => {
      const list = v.items.filter((s) => (s.path + " " + (s.sender ?? "") + " " + s.format).toLowerCase().includes(text.toLowerCase()));
      return (
        <div class="sections">
          {v.silent > 0 && <Note look="warn">{plural(v.silent, "source says", "sources say")} nothing, though {v.silent === 1 ? "it" : "they"} did before. What happens there is not seen.</Note>}
          {v.items.length === 0
            ? <Empty icon="globe" title="Nothing has come in yet">{v.inputs.length ? "What is named below waits for its first line." : "No input is named."} Until something comes, nothing can be found.</Empty>
            : <section>
                {v.items.length > 8 && <label class="filter narrow"><Icon name="search" /><input aria-label="Find a source" placeholder="Find a source" value={text} onInput={(e) => setText(e.currentTarget.value)} /></label>}
                <table class="table stackable">
                  <thead><tr><th>Source</th><th>Format</th><th>State</th><th class="right">Last</th><th class="right">Events</th><th class="right">Longest pause</th><th>Clock</th></tr></thead>
                  <tbody>{list.slice(0, 500).map((s) => (
                    <tr key={s.path + s.sender}>
                      <td class="lead mono any">{s.sender ? <>{s.sender} <span class="dim">over {s.path}</span></> : s.path}</td>
                      <td data-label="Format">{s.format}</td>
                      <td data-label="State">{s.silent ? <span class="row warn"><Icon name="warn" />silent for {span(Date.now() - at(s.last))}</span> : <span class="row ok"><Icon name="check" />talks</span>}</td>
                      <td data-label="Last" class="right"><Ago t={s.last} /></td>
                      <td data-label="Events" class="right num">{amount(s.events)}</td>
                      <td data-label="Longest pause" class="right num">{s.longest_pause ? span(s.longest_pause * 1000) : ""}{!s.learnt && <span class="dimmer"> learning</span>}</td>
                      <td data-label="Clock">{s.clock_wrong ? <span class="warn">{span((s.clock_off ?? 0) * 1000)} {(s.clock_off ?? 0) > 0 ? "ahead" : "behind"}</span> : <span class="dim">right</span>}</td>
                    </tr>
                  ))}</tbody>
                </table>
              </section>}
          {v.datasets.length > 0 && <section><h2>Kept of the last 24 hours</h2><div class="row wrap">{v.datasets.map((d) => <a key={d.name} class="pill" href={"/search?q=" + encodeURIComponent("dataset:=" + '"' + d.name + '"')}>{d.name} <span class="num dimmer">{amount(d.count)}</span></a>)}</div></section>}
          {v.inputs.length > 0 && <section><h2>Listens and reads</h2><ul class="bullets mono">{v.inputs.map((i) => <li key={i}>{i}</li>)}</ul></section>}
          <section class="stack"><h2>Take in more</h2><p class="dim prose">Write it below <code>inputs</code> in tocsin.yml, then <a href="/settings?at=backups">reload</a>: files, the journal, syslog, HTTP, Kafka and flows. <code>tocsin config</code> prints every key.</p>
            <pre class="words" tabIndex={0} aria-label="An example">{"inputs:\n  files:\n    - paths: [/var/log/nginx/*.log]\n  syslog:\n    - listen: udp://127.0.0.1:5514"}</pre></section>
        </div>
      );
    }}</Loaded>
  );
}


function Notifications() {
  const load = useLoad<NotifyView>((s) => api.get("/notify", {}, s), []);
  const [tried, setTried] = useState<Record<string, NotifyTried | "busy">>({});
  const test = (way: string) => {
    setTried((t) => ({ ...t, [way]: "busy" }));
    api.post<NotifyTried>("/notify/" + encodeURIComponent(way) + "/test").then((r) => setTried((t) => ({ ...t, [way]: r })), (e: unknown) => setTried((t) => ({ ...t, [way]: { way, kind: "", sent: false, took: 0, error: say(e) } })));
  };
  return (
    <Loaded of={load}>{(v) => (
      <div class="sections">
        {v.gaps.map((g) => <Note key={g} look="warn">{upper(g)}</Note>)}
        {v.ways.length === 0 ? <Empty icon="mail" title="Nobody is told of anything">Write below notify in tocsin.yml a way (mail, webhook, chat, ticket) and a route, <a href="/settings?at=backups">reload</a>, and try it here: <code>tocsin config</code> prints every key, with examples.</Empty> : (
          <section><h2>Ways</h2><ul class="lines-list">{v.ways.map((w) => {
            const t = tried[w.name];
            return (
              <li key={w.name} class="row wrap"><span class="grow stack tight"><b>{w.name}</b><span class="dim">{w.kind}</span></span>
                {t && t !== "busy" && (t.sent ? <span class="ok row"><Icon name="check" />sent in {t.took.toFixed(1)} s</span> : <span class="bad">{t.error}{t.hint ? ". " + t.hint : ""}</span>)}
                {may("settings.write") && <Button busy={t === "busy"} onClick={() => test(w.name)}>Send a test</Button>}</li>
            );
          })}</ul></section>
        )}
        {v.routes.length > 0 && <section><h2>Routes</h2><table class="table stackable"><thead><tr><th>Route</th><th>Tells of</th><th>Now on duty</th><th>By</th></tr></thead><tbody>{v.routes.map((r) => <tr key={r.name}><td class="lead"><b>{r.name}</b></td><td data-label="Tells of">{r.what}</td><td data-label="Now on duty">{r.to.join(", ")}</td><td data-label="By">{r.ways.join(", ")}</td></tr>)}</tbody></table></section>}
      </div>
    )}</Loaded>
  );
}


function Upkeep() {
  const [dir, setDir] = useState(""), [bad, setBad] = useState(""), [busy, setBusy] = useState(""), [made, setMade] = useState<{ dir?: string; made?: string } | null>(null), [checked, setChecked] = useState<Verified[] | null>(null);
  const run = async (what: string, f: () => Promise<void>) => {
    setBusy(what);
    setBad("");
    try { await f(); } catch (e) { if (what === "backup") setBad(say(e)); else complain(e); }
    setBusy("");
  };
  const write = may("settings.write");
  if (!write) return <p class="dim">An administrator makes copies.</p>;
  return (
    <div class="sections">
      <section class="stack"><h2>Make a copy</h2><p class="dim prose">All that is kept, with its sums, is copied into a new folder of the machine that tocsin runs on, while it runs. tocsin restore brings it back.</p>
        <form class="row wrap field write narrow" onSubmit={(e) => { e.preventDefault(); void run("backup", async () => setMade(await api.post("/backup", { dir }))); }}>
          <input class="grow mono" required aria-label="Folder of the copy" placeholder="/var/backups/tocsin/today" value={dir} spellcheck={false} onInput={(e) => setDir(e.currentTarget.value)} />
          <Button look="main" type="submit" busy={busy === "backup"}>Copy</Button>
        </form>
        {busy === "backup" && <div class="progress going narrow" role="progressbar" aria-label="Copying"><i /></div>}
        {bad && <Note look="bad">{bad}</Note>}{made && <Note>The copy is in {made.dir ?? dir}.</Note>}</section>
      <section class="stack"><h2>Check what is kept</h2><p class="dim prose">Sums of sealed days, the chain of the audit trail, and each piece of evidence.</p>
        <div><Button busy={busy === "verify"} icon="check" onClick={() => void run("verify", async () => setChecked((await api.post<{ items: Verified[] }>("/verify")).items))}>Check all of it</Button></div>
        {checked?.map((c) => <Note key={c.tenant} look={c.findings?.length ? "bad" : undefined}><b>{c.tenant}</b>: {plural(c.sealed_days, "sealed day")}, {plural(c.audit_entries, "entry", "entries")} of the trail, {plural(c.evidence, "piece")} of evidence{c.findings?.length ? <ul class="bullets">{c.findings.map((f) => <li key={f}>{f}</li>)}</ul> : ": all as it was written"}</Note>)}</section>
      <section class="stack"><h2>Read the configuration anew</h2><p class="dim prose">tocsin.yml and the rules. With any mistake in them everything stays as it is.</p>
        <div><Button busy={busy === "reload"} onClick={() => void run("reload", async () => { const r = await api.post<{ rules: number; refused: number; needs_restart?: string[] }>("/reload"); tell(plural(r.rules, "rule") + " in force" + (r.refused ? ", " + r.refused + " refused" : "") + (r.needs_restart?.length ? "; needs a restart: " + r.needs_restart.join(", ") : "")); })}>Reload</Button></div></section>
    </div>
  );
}


function Audit() {
  const [ask, setAsk] = useState({ actor: "", action: "", target: "" });
  const load = useLoad<{ items: AuditMessage[]; next?: string; head: { seq: number; hash: string } }>(async (s) => {
    await new Promise((r) => setTimeout(r, 150));
    return api.get("/audit", { ...ask, limit: 100 }, s);
  }, [ask.actor, ask.action, ask.target]);
  const [busy, setBusy] = useState(false);
  const more = async () => {
    setBusy(true);
    try {
      const p = await api.get<{ items: AuditMessage[]; next?: string; head: { seq: number; hash: string } }>("/audit", { ...ask, limit: 500, after: load.value!.next });
      load.set({ ...p, items: [...load.value!.items, ...p.items] });
    } catch (e) { complain(e); }
    setBusy(false);
  };
  return (
    <div class="sections">
      <div class="audit-ask">{(["actor", "action", "target"] as const).map((f) => <label key={f} class="filter"><span class="hidden">{f}</span><input placeholder={{ actor: "Who", action: "What: action.undo", target: "About which key" }[f]} value={ask[f]} onInput={(e) => setAsk({ ...ask, [f]: e.currentTarget.value.trim() })} /></label>)}</div>
      <Loaded of={load}>{(v) => v.items.length === 0 ? <Empty icon="clock" title="Nothing of that kind stands in the trail">Each decision, action, log-in and change is written here, and chained to the one before.</Empty> : <>
        <table class="table stackable"><thead><tr><th>When</th><th>Who</th><th>What</th><th>About</th><th>More</th></tr></thead><tbody>{v.items.map((e) => (
          <tr key={e.seq}>
            <td class="num lead" title={"entry " + e.seq + ", " + e.hash}>{whenUTC(e.time).replace(" UTC", "")}</td><td data-label="Who">{e.actor}</td><td data-label="What"><code>{e.action}</code></td>
            <td data-label="About" class="mono any"><Target of={e} /></td>
            <td data-label="More" class="dim any detail-cell">{worded(e.detail)}</td>
          </tr>
        ))}</tbody></table>
        <div class="row wrap">{v.next && <Button busy={busy} onClick={() => void more()}>Older ones</Button>}<span class="dimmer any mono">head {v.head.seq} {v.head.hash.slice(0, 16)}…</span></div>
      </>}</Loaded>
    </div>
  );
}

const keyed = /^[\da-f]{25,}$/;
const brief = (v: unknown): string => (typeof v === "string" && keyed.test(v) ? short(v) : Array.isArray(v) ? v.map(brief).join(", ") : v && typeof v === "object" ? Object.values(v).map(brief).join(", ") : typeof v === "number" && v > 1e17 ? whenUTC(v) : String(v));

/** Target is what an entry is about, with the way to it. */
function Target({ of: e }: { of: AuditMessage }) {
  const [what, , address] = [e.action.split(".")[0], ...e.target.split(" ")];
  const to = what === "incident" ? "/queue/" + e.target : what === "case" ? "/cases/" + e.target : what === "rule" ? "/detections/" + encodeURIComponent(e.target)
    : what === "action" ? (address && /^[\da-f.:]+$/i.test(address) ? "/entities/address/" + encodeURIComponent(address) : "/blocks?is=past") : "";
  return to ? <a href={to}>{brief(e.target)}</a> : <>{brief(e.target)}</>;
}

/** worded is the detail of an entry, as people read it. */
function worded(d: unknown): string {
  if (d === null || d === undefined) return "";
  if (typeof d !== "object") return String(d);
  return Object.entries(d).filter(([, v]) => v !== "" && v !== null && !(Array.isArray(v) && !v.length)).map(([k, v]) => k + ": " + brief(v)).join(" · ").slice(0, 300);
}


function Health() {
  const load = useLoad<Status>((s) => api.get("/status", {}, s), []);
  useTold("status", () => load.again());
  return (
    <Loaded of={load}>{(v) => (
      <div class="sections">
        <section><dl class="pairs"><dt>Version</dt><dd>{v.version}</dd><dt>Runs since</dt><dd>{whenUTC(v.started)} ({span(Date.now() - at(v.started))})</dd>{v.pid && <><dt>Process</dt><dd class="num">{v.pid}</dd></>}{v.data && <><dt>Keeps in</dt><dd class="mono">{v.data}</dd></>}</dl></section>
        {v.tenants.map((t) => (
          <section key={t.name}>{v.tenants.length > 1 && <h2>{t.name}</h2>}
            {t.full && <Note look="bad">There is no room: nothing is taken in or kept until there is.</Note>}
            {t.stalled && <Note look="bad">Nothing is kept for now: {t.stalled}. Those who send wait.</Note>}
            <div class="figures">
              <div><b>{amount(t.events)}</b>events read</div><div><b>{amount(t.kept)}</b>kept</div>{!!t.not_kept && <div><b class="warn">{amount(t.not_kept)}</b>too old to keep</div>}{!!t.unread && <div><b class="warn">{amount(t.unread)}</b>could not be read</div>}
              <div><b>{amount(t.hits)}</b>hits</div><div title="with the parts of which correlations are made"><b>{amount(t.rules)}</b>rules and parts</div><div><b>{amount(t.waiting)}</b>waiting to be kept</div><div><b>{size(t.log_bytes)}</b>of write-ahead log</div>
              <div><b>{amount(t.notify.sent)}</b>messages sent</div><div><b class={t.notify.failed ? "warn" : ""}>{amount(t.notify.failed)}</b>failed, {amount(t.notify.waiting)} waiting</div>
            </div>
          </section>
        ))}
      </div>
    )}</Loaded>
  );
}

function Configuration() {
  const load = useLoad<{ yaml: string; file?: string }>((s) => api.get("/settings", {}, s), []);
  return <Loaded of={load}>{(v) => <div class="stack"><p class="dim">{v.file ? <>Read from <code>{v.file}</code>. </> : "No file: all is as it comes. "}It is changed there; then reload. Secrets are never shown.</p><pre class="words" tabIndex={0} aria-label="The configuration in force">{v.yaml}</pre></div>}</Loaded>;
}


function Playbooks() {
  const load = useLoad<{ items: PlaybookAnswer[] }>((s) => api.get("/playbooks", {}, s), []);
  const words: Record<string, string> = { auto: "acts", ask: "asks first", watch: "only watches", off: "off" };
  return <Loaded of={load}>{(v) => <><p class="dim prose">What answers alerts by itself. The mode of each stands in tocsin.yml under respond.modes: watch, ask, auto or off.</p><div class="cards">{v.items.map((b) => (
    <section key={b.name} class="card"><div class="row wrap"><h3 class="grow">{b.title ?? b.name}</h3><Chip>{words[b.mode ?? "watch"] ?? b.mode}</Chip></div><p class="dim">{b.doc}</p>
      <ul class="bullets">{b.do.map((d, i) => <li key={i}>{d.kind} <code>{d.target}</code>{d.for ? " for " + span(d.for / 1e6) : ""}</li>)}</ul>
      {b.deeds && <p class="dimmer">{b.deeds.would ? "would have acted " + plural(b.deeds.would, "time") : ""}{b.deeds.asked ? " · asked for " + plural(b.deeds.asked, "action") : ""}{b.deeds.refused ? " · " + b.deeds.refused + " refused" : ""}</p>}</section>
  ))}</div></>}</Loaded>;
}

const places: { at: string; title: string; needs?: string; of: FunctionComponent }[] = [
  { at: "sources", title: "Sources", needs: "status.read", of: Sources },
  { at: "me", title: "Your account", of: Account },
  { at: "people", title: "People and roles", needs: "user.read", of: People },
  { at: "tokens", title: "API tokens", needs: "token.own", of: Tokens },
  { at: "notify", title: "Notifications", needs: "settings.read", of: Notifications },
  { at: "playbooks", title: "Playbooks", needs: "action.read", of: Playbooks },
  { at: "backups", title: "Backups and upkeep", needs: "settings.write", of: Upkeep },
  { at: "audit", title: "Audit trail", needs: "audit.read", of: Audit },
  { at: "health", title: "Health", needs: "status.read", of: Health },
  { at: "config", title: "Configuration", needs: "settings.read", of: Configuration },
];
