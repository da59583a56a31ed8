// Asking for an action: first what it would cut off, then doing it.
import { useRef, useState } from "preact/hooks";
import { api, once, say } from "../api";
import { amount, plural, upper } from "../form";
import { may } from "../session";
import type { Action, ActionsAnswer, Judgement } from "../shapes";
import { done } from "../toast";
import { Button, Dialog, Field, Note } from "../ui/parts";


/** What can be asked for by hand; the rest is offered where an alert calls for it. */
export const kinds: { kind: string; label: string; target: string; lasts: boolean; entity?: string }[] = [
  { kind: "block", label: "Block an address or network", target: "203.0.113.7, 203.0.113.0/24 or 203.0.113.7 out tcp/443", lasts: true, entity: "address" },
  { kind: "rate-limit", label: "Let through only drops of it", target: "203.0.113.7", lasts: true, entity: "address" },
  { kind: "allow", label: "Always let through", target: "192.0.2.0/24", lasts: true, entity: "address" },
  { kind: "end-session", label: "End SSH sessions", target: "anna, or from 203.0.113.7", lasts: false, entity: "user" },
  { kind: "lock-account", label: "Lock an account of this host", target: "anna", lasts: true, entity: "user" },
  { kind: "isolate", label: "Cut this host off", target: "self", lasts: true, entity: "host" },
];
export const nameOf = (kind: string): string => ({ block: "Block", "rate-limit": "Slow down", allow: "Let through", "end-session": "End sessions of", "lock-account": "Lock", isolate: "Isolate", webhook: "Tell", program: "Run" })[kind] ?? kind.replaceAll("-", " ");
const lengths = ["1h", "24h", "7d", "30d", ""];

export function undoAction(a: Action, then: () => void): Promise<Action> {
  const p = api.post<Action>("/actions/" + a.key + "/undo", {}, { once: once() });
  p.then(then, () => undefined);
  return p;
}

export function AskAction({ kind: k0, target: t0, onClose, onDone }: { kind?: string; target?: string; onClose: () => void; onDone: () => void }) {
  const [kind, setKind] = useState(k0 ?? "block"), [target, setTarget] = useState(t0 ?? ""), [length, setLength] = useState("7d"), [why, setWhy] = useState("");
  const [would, setWould] = useState<Judgement | null>(null), [bad, setBad] = useState(""), [busy, setBusy] = useState(false);
  const stop = useRef<AbortController | null>(null);
  const info = kinds.find((x) => x.kind === kind) ?? kinds[0]!;
  const changed = () => { stop.current?.abort(); setWould(null); setBad(""); };
  const ask = () => ({ kind, target: target.trim(), ...(info.lasts && length ? { for: length } : {}), ...(why ? { why } : {}), ...(kind === "rate-limit" ? { params: { rate: "10" } } : {}) });
  const look = async () => {
    setBusy(true);
    stop.current = new AbortController();
    try {
      const a = await api.post<ActionsAnswer>("/actions", { actions: [ask()], dry: true }, { signal: stop.current.signal });
      setWould(a.would?.[0] ?? null);
    } catch (e) { if ((e as Error).name !== "AbortError") setBad(say(e)); }
    setBusy(false);
  };
  const act = async () => {
    setBusy(true);
    const p = api.post<ActionsAnswer>("/actions", { actions: [ask()] }, { once: once() });
    try {
      const a = (await p).items[0]!;
      if (a.state === "failed") throw new Error(a.error ?? "it failed");
      done(a.state === "proposed" ? "Asked for; somebody has to say yes" : nameOf(a.kind) + " " + a.target + ": " + a.state, p, () => api.post("/actions/" + a.key + (a.state === "proposed" ? "/deny" : "/undo"), {}).then(onDone));
      onDone();
      onClose();
    } catch (e) { setBad(say(e)); setBusy(false); }
  };
  const parts = would?.replay?.spans ?? [];
  const forbidden = would?.forbidden ?? [];
  return (
    <Dialog label="Do something about it" class="dialog wide" onClose={onClose}>
      <form class="stack gap" onSubmit={(e) => { e.preventDefault(); void (would && !forbidden.length ? act() : look()); }}>
        <h2>{t0 ? "Do something about " + t0 : "Block something"}</h2>
        <div class="ask-grid">
          <Field label="What"><select value={kind} onChange={(e) => { changed(); setKind(e.currentTarget.value); if (e.currentTarget.value === "isolate") setTarget("self"); }}>{kinds.map((x) => <option key={x.kind} value={x.kind}>{x.label}</option>)}</select></Field>
          <Field label="For how long"><select disabled={!info.lasts} value={length} onChange={(e) => { changed(); setLength(e.currentTarget.value); }}>{lengths.map((l) => <option key={l} value={l}>{l ? l.replace("h", " h").replace("d", " days") : "until somebody undoes it"}</option>)}</select></Field>
        </div>
        <Field label="Target" bad={bad}><input autofocus required value={target} placeholder={info.target} spellcheck={false} autocapitalize="none" autocomplete="off" class="mono" onInput={(e) => { changed(); setTarget(e.currentTarget.value); }} /></Field>
        <Field label="Why"><input value={why} maxLength={4096} onInput={(e) => setWhy(e.currentTarget.value)} placeholder="It stands in the audit trail" /></Field>
        {would && (
          <div class="stack" role="status">
            {forbidden.map((f) => <Note key={f} look="bad">{upper(f)}</Note>)}
            {would.warnings?.filter((w) => !parts.length || !/ it would have met /.test(w)).map((w) => <Note key={w} look="warn">{upper(w)}</Note>)}
            {would.kernel && <Note look="warn">{would.kernel}</Note>}
            {parts.map((s) => (
              <p key={s.days}><b>In the last {plural(s.days, "day")}</b> it stands in {plural(s.events, "event")}{s.good ? <span class="warn">, {amount(s.good)} of them successes</span> : s.events ? ", none of them a success" : ""}{s.users?.some((u) => u !== "-") ? ", of " + s.users.filter((u) => u !== "-").slice(0, 4).join(", ") : ""}{s.hosts?.length ? ", on " + s.hosts.slice(0, 4).join(", ") : ""}{s.known?.length ? <span class="warn">; known to be good: {s.known.join(", ")}</span> : ""}.</p>
            ))}
            {(would.needs ?? 0) > 0 && <p class="dim">It needs {plural(would.needs!, "yes", "times yes")} of somebody else before it happens.</p>}
          </div>
        )}
        <div class="ends">
          <Button onClick={onClose}>Not now</Button>
          {would && !forbidden.length
            ? <Button look="main" type="submit" busy={busy}>{may("action.approve") ? nameOf(kind) + " " + target.trim().slice(0, 30) : "Ask for it"}</Button>
            : <Button look="main" type="submit" busy={busy} disabled={!target.trim() || forbidden.length > 0}>See what it would do</Button>}
        </div>
      </form>
    </Dialog>
  );
}
