// CloseMenu asks for the verdict: one key.
import { useEffect, useRef, useState } from "preact/hooks";
import { api, once } from "../api";
import { amount, plural } from "../form";
import { useKeys } from "../keys";
import { may } from "../session";
import type { ArmAnswer, PreventDraft } from "../shapes";
import type { Verdict } from "../words";
import { complain, done as toast, tell } from "../toast";
import { Button, Dialog, Key } from "../ui/parts";
import { signal } from "@preact/signals";
import { close, seenOf, verdicts } from "./act";

export function CloseMenu({ keys, floating, onDone, onCancel }: { keys: string[]; floating?: boolean; onDone: () => void; onCancel: () => void }) {
  const box = useRef<HTMLDivElement>(null);
  const note = useRef<HTMLInputElement>(null);
  const list = useRef(keys).current; // what is judged is what was chosen when the menu came
  const seen = useRef(seenOf(list)).current; // and what it was then
  const say = (v: Verdict) => {
    const offers = v === "false-alarm" && list.length === 1 && may("rule.write");
    close(list, v, note.current?.value.trim(), { seen, then: offers ? () => void offer(list[0]!) : undefined }).catch(() => {});
    onDone();
  };
  useEffect(() => {
    if (!box.current!.contains(document.activeElement)) box.current!.focus({ preventScroll: true });
    box.current!.scrollIntoView({ block: "nearest" });
  }, []);
  useKeys([
    ...verdicts.map((v) => ({ key: v.key, label: v.label, group: "Close as", run: () => say(v.verdict) })),
    { key: "Escape", label: "", group: "Close as", quiet: true, run: onCancel },
  ]);
  return (
    <div class={"closing" + (floating ? " floating" : "")} ref={box} tabIndex={-1} role="group" aria-label="Close as">
      <h3>Close {list.length === 1 ? "" : plural(list.length, "alert") + " "}as</h3>
      {verdicts.map((v) => (
        <button key={v.verdict} type="button" class="verdict" onClick={() => say(v.verdict)} aria-keyshortcuts={v.key}>
          <Key k={v.key} /><b>{v.label}</b><span>{v.says}</span>
        </button>
      ))}
      <div class="row"><input class="why" ref={note} placeholder="Why, in a few words (not needed)" aria-label="Why" maxLength={4000} /><Button look="quiet" k="Escape" onClick={onCancel}>Not now</Button></div>
    </div>
  );
}


export const offered = signal<{ key: string; draft: PreventDraft } | null>(null);

/** offer works out the narrowest exception that would have hidden a false alarm, and asks. */
async function offer(key: string): Promise<void> {
  try {
    const draft = await api.post<PreventDraft>("/prevent/" + key, undefined, { query: { exception: true } });
    if (draft.exceptions?.length) offered.value = { key, draft };
    else if (draft.notes?.length) tell(draft.notes[0]!);
  } catch (e) {
    complain(e);
  }
}

/** ExceptionOffer says what the exception would have hidden; it is made by one key. */
export function ExceptionOffer() {
  const o = offered.value;
  const [busy, setBusy] = useState(false);
  if (!o) return null;
  const shut = () => (offered.value = null);
  const harm = o.draft.exceptions!.reduce((n, x) => n + (x.would?.malicious ?? 0), 0);
  const make = async () => {
    setBusy(true);
    try {
      const made = await api.post<ArmAnswer>("/prevent/" + o.key + "/arm", null, { once: once(), query: { exception: true, force: harm > 0 } });
      const ids = (made.draft?.exceptions ?? []).map((x) => x.made).filter((x): x is string => !!x);
      shut();
      toast("Exception in force", Promise.resolve(), () => Promise.all(ids.map((id) => api.post("/silences/" + id + "/end"))));
    } catch (e) {
      complain(e);
    } finally {
      setBusy(false);
    }
  };
  return (
    <Dialog label="Keep it from coming again" onClose={shut}>
      <h2>Keep it from coming again?</h2>
      {o.draft.exceptions!.map((x) => (
        <div key={x.rule + x.matchers.join()} class="stack">
          <p>The narrowest exception to <b>{x.rule}</b>:</p>
          <pre class="matchers">{x.matchers.join("\n")}</pre>
          {x.would && (
            <p class={x.would.malicious ? "bad" : "dim"}>
              In {plural(x.would.days, "day")} it would have hidden {amount(x.would.hits)} of {plural(x.would.of, "hit")}; {x.would.malicious ? amount(x.would.malicious) + " of them malicious" : "none of them malicious"}.
            </p>
          )}
        </div>
      ))}
      <div class="ends"><Button onClick={shut}>Not now</Button><Button look={harm ? "danger" : "main"} autofocus={!harm} busy={busy} onClick={() => void make()}>Make the exception</Button></div>
    </Dialog>
  );
}
