// Contain is the box with what can be done about an incident, worked out before anybody asked: harmless steps are ticked, the
// one that would break something says so and is not.
import { useEffect, useRef, useState } from "preact/hooks";
import { api, once, say } from "../api";
import { plural } from "../form";
import { useKeys } from "../keys";
import { useTold } from "../live";
import type { Load } from "../load";
import type { Action, ActionsAnswer, Containment, Step } from "../shapes";
import { complain, done, tell } from "../toast";
import { Icon } from "../ui/icon";
import { Button, Chip, Key, Note } from "../ui/parts";

const length = (s: string): string => s.replace(/^(\d+)d$/, (_, n) => plural(Number(n), "day")).replace(/^(\d+)h$/, (_, n) => plural(Number(n), "hour"));
const words: Partial<Record<Action["state"], string>> = { proposed: "waits for a yes", approved: "is to run", running: "runs", denied: "denied", failed: "failed", undoing: "is taken back", undone: "taken back", expired: "over" };

export function Contain({ k, load, onClose, onJudge, name }: { k: string; load: Load<Containment>; onClose: () => void; onJudge: () => void; name: string }) {
  const [ticks, setTicks] = useState<Record<number, boolean>>({});
  const [results, setResults] = useState<Record<number, Action>>({});
  const [busy, setBusy] = useState(false);
  const [trouble, setTrouble] = useState("");
  const box = useRef<HTMLElement>(null);
  const steps = load.value?.steps ?? [];
  const can = (s: Step) => !s.forbidden && !s.standing && !results[s.number];
  const on = (s: Step) => can(s) && (ticks[s.number] ?? s.ticked);
  const chosen = steps.filter(on);
  const finished = Object.keys(results).length > 0;
  useEffect(() => {
    box.current!.focus({ preventScroll: true });
    box.current!.scrollIntoView({ block: "nearest" });
  }, []);
  useTold("action", (t) => {
    const n = Object.entries(results).find(([, a]) => a.key === t.key)?.[0];
    if (n && results[Number(n)]!.state !== t.state) setResults((r) => ({ ...r, [n]: { ...r[Number(n)]!, state: t.state as Action["state"] } }));
  });

  // Enter may come before the steps are there, and the panel may be gone before they are: what was asked for is done.
  function act() {
    if (busy || (load.value && !chosen.length)) return;
    setBusy(true);
    setTrouble("");
    if (load.value) return perform(chosen);
    api.get<Containment>("/incidents/" + encodeURIComponent(k) + "/contain").then(
      (c) => {
        const harmless = c.steps.filter((s) => s.ticked && !s.forbidden && !s.standing);
        if (harmless.length) perform(harmless);
        else { setBusy(false); tell("Nothing was blocked: no step is harmless"); }
      },
      (e: unknown) => { setBusy(false); complain(e); },
    );
  }

  function perform(asked: Step[]) {
    const began = performance.now();
    const answer = api.post<ActionsAnswer>("/actions", { actions: asked.map((s) => s.action) }, { once: once() });
    answer.then(({ items }) => {
      setBusy(false);
      setResults((r) => ({ ...r, ...Object.fromEntries(asked.map((s, i) => [s.number, items[i]!])) }));
      const failed = items.filter((a) => a.state === "failed"), waits = items.filter((a) => a.state === "proposed");
      const well = items.length - failed.length - waits.length;
      if (failed.length) complain(new Error(plural(failed.length, "step") + " failed: " + (failed[0]!.error ?? failed[0]!.kind)));
      if (well + waits.length === 0) return;
      const undoable = asked.flatMap((s, i) => (s.undo && items[i]!.state !== "failed" ? [items[i]!] : []));
      const text = well ? plural(well, "containment step") + " done in " + Math.max(0.1, (performance.now() - began) / 1000).toFixed(1) + " s" + (waits.length ? ", " + waits.length + " waiting for a yes" : "") : plural(waits.length, "step") + " asked for";
      done(text, answer, () => takeBack(undoable), [{ label: "Close as malicious", run: onJudge }]);
    }, (e: unknown) => {
      setBusy(false);
      setTrouble(say(e));
      complain(e);
    });
  }

  async function takeBack(list: Action[]) {
    if (!list.length) throw new Error("what was done cannot be taken back");
    const back = await Promise.all(list.map((a) => (a.state === "proposed" ? api.post<Action>("/actions/" + a.key + "/deny", { text: "taken back" }) : api.post<Action>("/actions/" + a.key + "/undo", {}))));
    setResults((r) => Object.fromEntries(Object.entries(r).map(([n, a]) => [n, back.find((b) => b.key === a.key) ?? a])));
  }

  useKeys([
    ...(finished ? [] : [
      { key: "Enter", label: "Do the ticked steps", group: "Contain", run: act },
      { key: "Mod+Enter", label: "Do the ticked steps", group: "Contain", run: act },
      ...steps.filter(can).slice(0, 9).map((s) => ({ key: String(s.number), label: s.title, group: "Contain", run: () => setTicks((t) => ({ ...t, [s.number]: !on(s) })) })),
    ]),
    { key: "Escape", label: "", group: "Contain", quiet: true, run: onClose },
  ]);

  const undo = chosen.filter((s) => s.undo).length;
  return (
    <section class="contain" ref={box} tabIndex={-1} aria-label={"Contain " + name} aria-busy={load.busy || busy}>
      <h3>Contain</h3>
      {load.trouble && <Note look="bad">{load.trouble}</Note>}
      {!load.value && load.busy && <p class="row dim"><span class="spin" />Looking at what it would cut off…</p>}
      <ul>
        {steps.map((s) => {
          const r = results[s.number];
          return (
            <li key={s.number} class={on(s) || r ? "" : "off"}>
              <input type="checkbox" class="tick" id={"step-" + s.number} checked={!!r || on(s)} disabled={!can(s)} onClick={() => setTicks((t) => ({ ...t, [s.number]: !on(s) }))} />
              <label class="grow" for={"step-" + s.number}>
                <span class="row wrap"><b>{s.title}</b>{s.for ? <Chip>{length(s.for)}</Chip> : s.undo && s.kind !== "end-session" && <Chip>until undone</Chip>}{!!s.needs && <Chip>needs {plural(s.needs, "yes", "times yes")}</Chip>}</span>
                {(r?.error || s.note) && <span class={"remark" + (r?.error || (!s.ticked && !s.standing) ? " c-high" : "")}>{r?.error || s.note}</span>}
              </label>
              {r ? <Outcome of={r} /> : can(s) && <Key k={String(s.number)} />}
            </li>
          );
        })}
      </ul>
      {load.value?.notes?.map((n) => <p key={n} class="dim">{n.slice(0, 1).toUpperCase() + n.slice(1)}.</p>)}
      {trouble && <Note look="bad">{trouble}</Note>}
      <div class="foot">
        {finished || (load.value && !steps.some(can))
          ? <Button look="main" k="e" onClick={onJudge}>Close as…</Button>
          : <Button look="main" k="Enter" busy={busy} disabled={!load.value || !chosen.length} onClick={act}>{!chosen.length ? "Nothing is ticked" : chosen.length === 1 ? "Do this step" : `Do these ${chosen.length} steps`}</Button>}
        <Button look="quiet" k="Escape" onClick={onClose}>{finished ? "Done" : "Not now"}</Button>
        {chosen.length > 0 && !finished && <span class="remark">Every step is logged with your name. {undo === chosen.length ? (undo === 1 ? "It can be undone." : "All can be undone.") : `${undo} of ${chosen.length} can be undone.`}</span>}
      </div>
    </section>
  );
}

function Outcome({ of: a }: { of: Action }) {
  if (a.state === "done") return <span class="became ok" title={a.result}><Icon name="check" />done</span>;
  return <span class={"became " + (a.state === "failed" || a.state === "denied" ? "bad" : "warn")}>{words[a.state] ?? a.state}</span>;
}
