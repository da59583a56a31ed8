// Compliance: for which requirements of a catalogue the running parts give evidence, with its numbers, and what that cannot show.
import { amount, plural, whenUTC } from "../form";
import { amend, query } from "../route";
import { myName } from "../session";
import type { Compliance, Control, Proof } from "../shapes";
import { Icon } from "../ui/icon";
import { Segments } from "../ui/parts";
import { Made, useReport } from "./making";

const names = [{ value: "csf", label: "NIST CSF" }, { value: "pci", label: "PCI DSS" }, { value: "iso", label: "ISO 27001" }, { value: "hipaa", label: "HIPAA" }] as const;
type Name = (typeof names)[number]["value"];
const chosen = (): Name => (query.value.get("of") as Name | null) ?? "csf";

export const Catalogue = () => <Segments label="Catalogue" value={chosen()} of={[...names]} onChange={(of) => amend({ of: of === "csf" ? null : of })} />;

export function Evidence() {
  const load = useReport<Compliance>("compliance", { days: 90 });
  return <Made of={load}>{(c) => <Paper c={c} />}</Made>;
}

const states: Record<Control["state"], { word: string; look: string; icon: "check" | "warn" | "close" }> = {
  shown: { word: "Shown", look: "ok", icon: "check" }, partly: { word: "In part", look: "warn", icon: "warn" }, none: { word: "Not shown", look: "bad", icon: "close" },
};

function Paper({ c }: { c: Compliance }) {
  const id = chosen(), f = c.frameworks.find((x) => x.id === id) ?? c.frameworks[0]!;
  const list = c.controls.filter((x) => x.framework === f.id), count = (s: Control["state"]) => list.filter((x) => x.state === s).length;
  const used = c.proofs.filter((p) => list.some((x) => x.proofs.includes(p.id)));
  return (
    <article class="paper">
      <header><h2>{f.name}: what is shown</h2>
        <p class="dim">Of {plural(list.length, "requirement")} that tocsin has something to say to, {amount(count("shown"))} {count("shown") === 1 ? "is" : "are"} shown by what it does now, {amount(count("partly"))} in part, {amount(count("none"))} not. The evidence is of {whenUTC(c.since).slice(0, 11)} – {whenUTC(c.until).slice(0, 11)}. This is not a judgement of an auditor; requirements that no log or record here can speak to are not listed.</p>
        <p class="dimmer">Identifiers: {f.source}. What each asks for stands here in short words of our own.</p></header>
      <section><h3>Requirements</h3>
        <table class="table stackable controls"><thead><tr><th>Requirement</th><th>State</th><th>Evidence</th><th>What this cannot show</th></tr></thead><tbody>{list.map((x) => (
          <tr key={x.id}><td class="lead"><b class="mono">{x.id}</b><br />{x.asks}</td><td data-label="State"><State of={x.state} /></td>
            <td data-label="Evidence"><ul class="plain-list">{x.proofs.map((p) => { const proof = c.proofs.find((y) => y.id === p)!; return <li key={p}><a href={"#proof-" + p} onClick={(e) => { e.preventDefault(); e.stopPropagation(); document.getElementById("proof-" + p)?.scrollIntoView(); }}>{proof.title}</a>{proof.gaps.length > 0 && <span class="warn"> · {plural(proof.gaps.length, "gap")}</span>}{!proof.holds && <span class="bad"> · nothing to show</span>}</li>; })}</ul></td>
            <td data-label="What this cannot show" class="dim">{x.beyond ?? ""}</td></tr>
        ))}</tbody></table></section>
      <section class="proofs"><h3>The evidence, as it is now</h3>{used.map((p) => <One key={p.id} p={p} />)}</section>
      <footer class="dimmer">Made by tocsin for {myName.value} at {whenUTC(Date.now())}.</footer>
    </article>
  );
}

const State = ({ of }: { of: Control["state"] }) => <span class={"row state " + states[of].look}><Icon name={states[of].icon} />{states[of].word}</span>;

function One({ p }: { p: Proof }) {
  return (
    <section class="proof" id={"proof-" + p.id}>
      <h4 class="row">{p.title} <State of={!p.holds ? "none" : p.gaps.length ? "partly" : "shown"} /></h4>
      <dl class="pairs">{p.facts.map((x) => <><dt key={x.name}>{x.name}</dt><dd class="num any">{x.value}</dd></>)}</dl>
      {p.gaps.map((g) => <p key={g} class="row gap-line"><Icon name="warn" />{g}</p>)}
    </section>
  );
}
