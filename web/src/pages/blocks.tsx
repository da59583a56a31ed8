// Blocks: what is done where, why, by whom, until when, and what that has met since. Everything can be taken back; what waits
// for a yes waits here.
import { useState } from "preact/hooks";
import { api, once } from "../api";
import { amount, at, plural, size, span, upper, when, whenUTC } from "../form";
import { useKeys } from "../keys";
import { useTold } from "../live";
import { Loaded, useLoad } from "../load";
import type { PageProps } from "../pages";
import { href, query } from "../route";
import { may } from "../session";
import { counts, Head } from "../shell";
import type { Action, BlockAnswer, Page } from "../shapes";
import { complain, done } from "../toast";
import { Icon } from "../ui/icon";
import { Ago, Button, Chip, Empty, Note } from "../ui/parts";
import { AskAction, nameOf, undoAction } from "../respond/ask";

const lists = [["", "Standing"], ["waiting", "Waiting for a yes"], ["past", "All that was done"]] as const;
/** What lasts can be taken back. */
const lasts = (a: Action): boolean => !/^(end-session|expire-password|webhook|jira)$/.test(a.kind);
const words: Record<Action["state"], string> = { proposed: "waits for a yes", approved: "about to run", running: "runs", done: "done", undoing: "being taken back", denied: "denied", failed: "failed", undone: "taken back", expired: "over" };

export default function Blocks(_: PageProps) {
  const is = query.value.get("is") ?? "";
  const [asking, setAsking] = useState(false);
  const load = useLoad<{ blocks: BlockAnswer[]; actions: Action[] }>(async (s) => {
    const [b, a] = await Promise.all([may("firewall.read") ? api.get<Page<BlockAnswer>>("/blocks", { limit: 1000 }, s) : { items: [] as BlockAnswer[] }, api.get<Page<Action>>("/actions", { limit: 1000 }, s)]);
    counts.value = { ...counts.value, "/blocks": b.items.filter((x) => x.state === "done").length };
    return { blocks: b.items, actions: a.items };
  }, []);
  useTold("action", () => load.again());
  useKeys([
    { key: "n", label: "Block something", group: "Blocks", run: () => may("action.ask") && setAsking(true) },
    { key: "r", label: "Read anew", group: "Blocks", run: load.again },
  ]);
  const v = load.value;
  const waiting = v?.actions.filter((a) => a.state === "proposed") ?? [];
  const met = new Map(v?.blocks.map((b) => [b.key, b]));
  const standing: Action[] = v ? [...v.blocks.filter((b) => b.state !== "proposed"), ...v.actions.filter((a) => !met.has(a.key) && ["done", "approved", "running", "undoing"].includes(a.state) && lasts(a))] : [];
  const list = is === "waiting" ? waiting : is === "past" ? (v?.actions ?? []) : standing;
  return (
    <div class="page blocks">
      <Head title="Blocks">
        <div class="tabs" role="group" aria-label="Which">
          {lists.map(([k, label]) => <a key={k} href={href({ is: k || null })} class={is === k ? "on" : ""} aria-current={is === k ? "true" : undefined}>{label}<span class="num">{v ? amount(k === "waiting" ? waiting.length : k === "past" ? v.actions.length : standing.length) : ""}</span></a>)}
        </div>
        <span class="grow" />
        {may("action.ask") && <Button look="main" k="n" icon="block" onClick={() => setAsking(true)}>Block something</Button>}
      </Head>
      <div class="body">
        {is === "" && waiting.length > 0 && <div class="top-note"><Note look="warn"><div class="row wrap"><span class="grow">{plural(waiting.length, "action waits", "actions wait")} for somebody to say yes.</span><a class="button" href={href({ is: "waiting" })}>See</a></div></Note></div>}
        <Loaded of={load}>{() => list.length === 0 ? <Nothing is={is} onAsk={() => setAsking(true)} /> : (
          <table class="table stackable">
            <thead><tr><th>What</th><th>Why</th><th>By</th><th>Since</th><th>Until</th><th class="right">Has met</th><th><span class="hidden">Do</span></th></tr></thead>
            <tbody>{list.map((a) => <Row key={a.key} a={a} met={met.get(a.key)} again={load.again} past={is === "past"} />)}</tbody>
          </table>
        )}</Loaded>
      </div>
      {asking && <AskAction onClose={() => setAsking(false)} onDone={load.again} />}
    </div>
  );
}

function Row({ a, met, again, past }: { a: Action; met?: BlockAnswer; again: () => void; past: boolean }) {
  const [busy, setBusy] = useState(false);
  const vote = (verb: "approve" | "deny") => {
    setBusy(true);
    const p = api.post<Action>("/actions/" + a.key + "/" + verb, {}, { once: once() });
    p.then(() => { setBusy(false); again(); }, (e: unknown) => { setBusy(false); complain(e); });
    if (verb === "approve") done(nameOf(a.kind) + " " + a.target, p, () => undoAction(a, again));
  };
  const undo = () => {
    setBusy(true);
    const p = undoAction(a, again);
    p.then(() => setBusy(false), (e: unknown) => { setBusy(false); complain(e); });
    const left = a.until ? Math.max(60, Math.round((at(a.until) - Date.now()) / 60000)) + "m" : undefined;
    done("Taken back: " + nameOf(a.kind).toLowerCase() + " " + a.target, p, () => api.post("/actions", { actions: [{ kind: a.kind, target: a.target, params: a.params, for: left, why: a.why?.text, alert: a.why?.alert }] }, { once: once() }).then(again));
  };
  const state = a.state === "done" && !past ? null : <Chip>{words[a.state]}</Chip>;
  const address = /^[\da-f.:]+$/i.test(a.target) ? a.target : "";
  return (
    <tr>
      <td class="lead"><span class="row wrap"><b>{nameOf(a.kind)}</b>{address ? <a class="mono" href={"/entities/address/" + encodeURIComponent(address)}>{a.target}</a> : <span class="mono any">{a.target}</span>}{state}</span>{a.error && <span class="bad">{a.error}</span>}{!a.error && a.result && <span class="dim">{a.result}</span>}{a.notes?.map((n) => <span key={n} class="warn">{n}</span>)}</td>
      <td data-label="Why">{a.why?.alert ? <a href={"/queue/" + encodeURIComponent(a.why.alert)}>{a.why.text || "an alert"}</a> : a.why?.case ? <a href={"/cases/" + a.why.case}>{a.why.text || "a case"}</a> : a.why?.text || <span class="dimmer">not said</span>}</td>
      <td data-label="By">{a.person ? upper(a.by) : <span class="row"><Icon name="play" />{a.by}</span>}{a.approvals?.length ? <span class="dim"> and {a.approvals.map((x) => x.by).join(", ")}</span> : null}</td>
      <td data-label="Since"><Ago t={a.began || a.asked} /></td>
      <td data-label="Until" class="num">{a.until ? <span title={whenUTC(a.until)}>{at(a.until) > Date.now() ? "in " + span(at(a.until) - Date.now()) : when(a.until)}</span> : a.state === "done" && lasts(a) ? <span class="dim">until undone</span> : ""}</td>
      <td data-label="Has met" class="right num">{met && met.packets !== undefined && a.state === "done" ? <>{plural(met.packets, "packet")}{met.bytes ? <span class="dim"> {size(met.bytes)}</span> : null}</> : <span class="dimmer">–</span>}</td>
      <td class="acts-cell"><span class="row">
        {a.state === "proposed" && may("action.approve") && <><Button look="main" busy={busy} onClick={() => vote("approve")}>Approve</Button><Button disabled={busy} onClick={() => vote("deny")}>Deny</Button></>}
        {a.state === "done" && lasts(a) && may("action.approve") && <Button icon="undo" busy={busy} onClick={undo}>Undo</Button>}
      </span></td>
    </tr>
  );
}

function Nothing({ is, onAsk }: { is: string; onAsk: () => void }) {
  if (is === "waiting") return <Empty icon="check" title="Nothing waits for a yes" actions={<a class="button main" href="/settings?at=playbooks">See the playbooks</a>}>What a playbook in the mode ask would do, and what somebody asks for who may not do it alone, waits here.</Empty>;
  if (is === "past") return <Empty icon="block" title="Nothing was done yet" actions={<a class="button main" href="/queue">To the queue</a>}>Each block, ended session and locked account stands here for good, with who did it and why.</Empty>;
  return <Empty icon="block" title="Nothing is blocked" actions={<>{may("action.ask") && <Button look="main" onClick={onAsk}>Block something</Button>}<a class="button" href="/queue">To the queue</a></>}>Contain an alert with b, and what was done stands here: where, why, until when, and what it has met since.</Empty>;
}
