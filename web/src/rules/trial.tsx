// A rule tried on what is kept: how far it is, and what would have come of it. It can be stopped at any time.
import { useEffect, useRef, useState } from "preact/hooks";
import { lines, say } from "../api";
import { amount, plural, when } from "../form";
import { useKeys } from "../keys";
import { Button, Entity, Note, Segments } from "../ui/parts";
import type { Outcome, Result } from "../shapes";

interface Progress { events: number; hits: number; at?: string; share: number }
type Days = "1" | "7" | "30";

export function Trial({ files, names, ready, onResult }: { files?: { name: string; text: string }[]; names?: string[]; ready: boolean; onResult?: (r: Result | null) => void }) {
  const [days, setDays] = useState<Days>("7");
  const [progress, setProgress] = useState<Progress | null>(null);
  const [result, setResult] = useState<Result | null>(null);
  const [trouble, setTrouble] = useState("");
  const [began, setBegan] = useState(0);
  const stop = useRef<AbortController | null>(null);
  useEffect(() => () => stop.current?.abort(), []);
  useEffect(() => onResult?.(result), [result]);
  const busy = began > 0;
  const start = async () => {
    if (busy || !ready) return;
    stop.current = new AbortController();
    setBegan(performance.now());
    setProgress(null);
    setResult(null);
    setTrouble("");
    try {
      await lines<{ progress?: Progress; result?: Result }>("/backtest", { progress: true }, (bundle) => {
        for (const l of bundle) {
          if (l.progress) setProgress(l.progress);
          if (l.result) setResult(l.result);
        }
      }, stop.current.signal, { files, names, since: new Date(Date.now() - Number(days) * 86400e3).toISOString() });
    } catch (e) {
      setTrouble((e as Error).name === "AbortError" ? "Stopped. Nothing was changed by it." : say(e));
    }
    setBegan(0);
  };
  useKeys([{ key: busy ? "Escape" : "t", label: busy ? "Stop the test" : "Test it", group: "Detection", run: () => (busy ? stop.current?.abort() : void start()) }]);
  const share = progress?.share ?? 0;
  const left = busy && share > 0.02 ? ((performance.now() - began) / share) * (1 - share) : 0;
  return (
    <section class="trial" aria-label="Test">
      <div class="row wrap">
        <h3 class="grow">Test on what is kept</h3>
        <Segments label="How far back" value={days} of={[{ value: "1", label: "1 day" }, { value: "7", label: "7 days" }, { value: "30", label: "30 days" }]} onChange={setDays} />
        {busy ? <Button icon="stop" onClick={() => stop.current?.abort()}>Stop</Button> : <Button look="main" k="t" icon="play" disabled={!ready} onClick={() => void start()}>Test</Button>}
      </div>
      {busy && (
        <div class="stack">
          <div class="progress" role="progressbar" aria-label="Testing" aria-valuemin={0} aria-valuemax={100} aria-valuenow={Math.round(share * 100)}><i style={{ width: Math.max(2, share * 100) + "%" }} /></div>
          <p class="dim num">{progress ? `${plural(progress.events, "event")} looked at, ${plural(progress.hits, "hit")}${left > 1500 ? ", about " + Math.ceil(left / 1000) + " s left" : ""}` : "Beginning…"}</p>
        </div>
      )}
      {trouble && <Note look={trouble.startsWith("Stopped") ? undefined : "bad"}>{trouble}</Note>}
      {result && <Came of={result} />}
      {!busy && !result && !trouble && <p class="dim">Says how often it would have hit, what it would have told you, and what of that people have judged already. Nothing is changed.</p>}
    </section>
  );
}

function Came({ of: r }: { of: Result }) {
  return (
    <div class="stack gap">
      <p class="dim num">{plural(r.events, "event")} of {amount(r.kept)} looked at in {r.seconds.toFixed(1)} s, of {r.days < 2 ? plural(Math.round(r.days * 24), "hour") : plural(Math.round(r.days), "day")} with events.</p>
      {r.rules.map((o) => <One key={o.id ?? o.title} of={o} many={r.rules.length > 1} />)}
      {r.notes?.map((n) => <p key={n} class="dim">{n}</p>)}
    </div>
  );
}

const said: Record<string, string> = { malicious: "malicious", expected: "expected", "false-alarm": "false alarms" };

function One({ of: o, many }: { of: Outcome; many: boolean }) {
  const days = Object.entries(o.days ?? {}).sort(([a], [b]) => (a < b ? -1 : 1));
  const most = Math.max(...days.map(([, n]) => n), 1);
  return (
    <article class="outcome">
      {many && <h3>{o.title}</h3>}
      <div class="figures">
        <div><b>{amount(o.hits)}</b>hits</div>
        <div><b>{amount(o.alerts)}</b>alerts</div>
        <div><b>{o.alerts_per_day < 10 ? o.alerts_per_day.toFixed(1) : amount(o.alerts_per_day)}</b>alerts a day</div>
        {o.compared && <div><b>{amount(o.compared.new)}</b>new, {amount(o.compared.lost)} lost</div>}
      </div>
      {o.never && <Note>It would not have hit: {o.never.why}</Note>}
      {days.length > 0 && <div class="day-bars" role="img" aria-label={"Hits by day: " + days.map(([d, n]) => d + " " + n).join(", ")}>{days.map(([d, n]) => <span key={d} title={d + ": " + amount(n)}><i style={{ height: Math.max(3, (40 * n) / most) + "px" }} /><small>{d.slice(8)}</small></span>)}</div>}
      {o.verdicts?.filter((v) => v.incidents > 0).map((v) => <p key={v.verdict}>Of {plural(v.incidents, "incident")} judged as {said[v.verdict] ?? v.verdict} it would have told of <b>{amount(v.touched)}</b>.</p>)}
      {!!o.entities?.length && <div class="row wrap">{o.entities.slice(0, 8).map((e) => <span key={e.kind + e.name} class="row"><Entity of={e} link /><span class="dimmer num">×{amount(e.hits)}</span></span>)}</div>}
      {!!o.examples?.length && (
        <details><summary>{plural(o.examples.length, "example")}</summary>
          <ul class="examples">{o.examples.slice(0, 10).map((x, i) => (
            <li key={i}><span class="num dim">{x.time ? when(x.time, true) : ""}</span> {x.matched?.map((m) => <code key={m.field + m.value}>{m.field}={m.value.slice(0, 160)}</code>)}</li>
          ))}</ul>
        </details>
      )}
    </article>
  );
}
