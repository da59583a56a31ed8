// Exposure: what leaves this machine, or the watch over it, open; what to do about it; what somebody has decided to live with,
// for how long and why.
import { useState } from "preact/hooks";
import { api, say } from "../api";
import { amount, at, plural, span, whenUTC } from "../form";
import { useKeys } from "../keys";
import { Loaded, useLoad } from "../load";
import type { PageProps } from "../pages";
import { href, query } from "../route";
import { may } from "../session";
import { counts, Head } from "../shell";
import type { Exposure, Risk } from "../shapes";
import { levels } from "../words";
import { complain, done } from "../toast";
import { Icon, type IconName } from "../ui/icon";
import { Button, Chip, Dialog, Empty, Field, Severity } from "../ui/parts";

const kinds: Record<string, [string, IconName]> = { port: ["Open ports", "host"], certificate: ["Certificates", "key"], user: ["People", "user"], firewall: ["Firewall", "block"], logs: ["Missing logs", "file"], source: ["Sources", "globe"], notify: ["Notifications", "mail"], backup: ["Backups", "copy"], update: ["Updates", "download"] };

export default function ExposurePage(_: PageProps) {
  const u = query.value, kind = u.get("kind") ?? "", accepted = u.get("accepted") === "1";
  const load = useLoad<Exposure>(async (s) => {
    const v = await api.get<Exposure>("/exposure", {}, s);
    counts.value = { ...counts.value, "/exposure": v.items.filter((r) => !r.accepted && r.severity !== "informational").length };
    return v;
  }, []);
  const [accepting, setAccepting] = useState<Risk | null>(null);
  useKeys([{ key: "r", label: "Look anew", group: "Exposure", run: load.again }]);
  const refuse = (r: Risk) => {
    const p = api.post("/exposure/" + encodeURIComponent(r.id) + "/refuse");
    p.then(load.again, complain);
    done("Not accepted any more: " + r.title, p, () => api.post("/exposure/" + encodeURIComponent(r.id) + "/accept", { reason: r.accepted!.reason, until: r.accepted!.until }).then(load.again));
  };
  const v = load.value;
  const present = [...new Set(v?.items.map((r) => r.kind) ?? [])];
  return (
    <div class="page exposure">
      <Head title="Exposure">
        {v && <div class="row wrap sums" role="status">{levels.map((l) => <span key={l} class={"row" + (v.counts[l] ? "" : " dimmer")}><Severity level={l} /><span class="num">{amount(v.counts[l] ?? 0)}</span></span>)}</div>}
        <span class="grow" />
        <div class="tabs" role="group" aria-label="Which"><a class={accepted ? "" : "on"} href={href({ accepted: null })}>Open</a><a class={accepted ? "on" : ""} href={href({ accepted: "1" })}>Accepted<span class="num">{v ? amount(v.accepted) : ""}</span></a></div>
        <Button onClick={load.again} busy={load.busy && !!v}>Look anew</Button>
      </Head>
      <div class="body">
        {present.length > 1 && <div class="tabs kinds" role="group" aria-label="Of what">{["", ...present].map((k) => <a key={k} class={k === kind ? "on" : ""} href={href({ kind: k || null })}>{k ? (kinds[k]?.[0] ?? k) : "All"}</a>)}</div>}
        {load.busy && !v && <p class="row dim" role="status"><span class="spin" />Looking around…</p>}
        {(v || load.trouble) && <Loaded of={load}>{(x) => {
          const list = x.items.filter((r) => !!r.accepted === accepted && (!kind || r.kind === kind));
          if (!list.length) return accepted
            ? <Empty icon="check" title="No risk is accepted" actions={<a class="button main" href={href({ accepted: null })}>See what is open</a>}>What cannot be mended now can be accepted for a time, with a reason. It is asked about again when that time is over.</Empty>
            : <Empty icon="check" title="Nothing stands open">Ports, certificates, accounts, the firewall, missing logs, silent sources, notifications and backups were looked at.</Empty>;
          return <ul class="risks">{list.map((r) => (
            <li key={r.id}>
              <Severity level={r.severity} word={false} />
              <div class="stack tight">
                <span class="row wrap"><b>{r.title}</b><Chip><Icon name={kinds[r.kind]?.[1] ?? "info"} />{r.kind}</Chip>{r.ends && <Chip>{at(r.ends) > Date.now() ? "ends in " + span(at(r.ends) - Date.now()) : "has ended"}</Chip>}</span>
                <span class="dim">{r.why}{r.where && <> · <code class="any">{r.where}</code></>}</span>
                {r.accepted ? <span class="dim">Accepted by {r.accepted.by} until {whenUTC(r.accepted.until).slice(0, 11)}: {r.accepted.reason}</span> : r.todo && <span class="row todo"><Icon name="next" />{r.todo}</span>}
              </div>
              {may("rule.write") && (r.accepted ? <Button onClick={() => refuse(r)}>Not any more</Button> : r.severity !== "informational" && <Button look="quiet" onClick={() => setAccepting(r)}>Accept…</Button>)}
            </li>
          ))}</ul>;
        }}</Loaded>}
      </div>
      {accepting && <Accept r={accepting} onClose={() => setAccepting(null)} onDone={() => { setAccepting(null); load.again(); }} />}
    </div>
  );
}

function Accept({ r, onClose, onDone }: { r: Risk; onClose: () => void; onDone: () => void }) {
  const [reason, setReason] = useState(""), [days, setDays] = useState("30"), [bad, setBad] = useState(""), [busy, setBusy] = useState(false);
  const accept = async (e: Event) => {
    e.preventDefault();
    setBusy(true);
    const p = api.post("/exposure/" + encodeURIComponent(r.id) + "/accept", { reason, until: new Date(Date.now() + Number(days) * 86400e3).toISOString() });
    try {
      await p;
      done("Accepted for " + plural(Number(days), "day") + ": " + r.title, p, () => api.post("/exposure/" + encodeURIComponent(r.id) + "/refuse").then(onDone));
      onDone();
    } catch (x) { setBad(say(x)); setBusy(false); }
  };
  return (
    <Dialog label="Accept this" onClose={onClose}>
      <form class="stack gap" onSubmit={accept}>
        <h2>Live with it for a time</h2><p>{r.title}</p>
        <Field label="Why" bad={bad}><textarea autofocus required maxLength={4096} rows={2} value={reason} onInput={(e) => setReason(e.currentTarget.value)} /></Field>
        <Field label="For how long"><select value={days} onChange={(e) => setDays(e.currentTarget.value)}>{["7", "30", "90", "180", "365"].map((d) => <option key={d} value={d}>{d} days</option>)}</select></Field>
        <div class="ends"><Button onClick={onClose}>Not now</Button><Button look="main" type="submit" busy={busy}>Accept</Button></div>
      </form>
    </Dialog>
  );
}
