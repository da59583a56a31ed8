// Coverage: which techniques of MITRE ATT&CK are watched, which have rules without their logs, and which have none.
import { useEffect, useRef, useState } from "preact/hooks";
import { api } from "../api";
import { amount, plural } from "../form";
import { useKeys } from "../keys";
import { Loaded, useLoad } from "../load";
import type { PageProps } from "../pages";
import { amend, href, query } from "../route";
import { Head } from "../shell";
import type { Coverage, CoverageTechnique, Page, RuleEntry } from "../shapes";
import { Button, Chip, Dialog, Empty, Severity } from "../ui/parts";
import { ofSource } from "../words";


const depth = (n: number): string => (n === 0 ? "none" : n < 5 ? "few" : n < 15 ? "some" : "many");
/** broken says where a long word may be divided: browsers do not do that by themselves everywhere. */
const broken = (s: string): string => s.replace(/(\w{4,})(tion|ment|ture|sance|sion|ing|mise|ship|cate|ties|tive)(s?)\b/g, "$1\u00ad$2$3").replace("/", "/\u200b");
const gap = (t: CoverageTechnique): boolean => t.rules === 0;

export default function CoveragePage(_: PageProps) {
  const u = query.value, gaps = u.get("gaps") === "1", at = u.get("at") ?? "";
  const load = useLoad<Coverage>((s) => api.get("/coverage", {}, s), []);
  const matrix = useRef<HTMLDivElement>(null);
  const shut = () => amend({ at: null });
  useKeys([
    { key: "x", label: "Only gaps", group: "Coverage", run: () => amend({ gaps: gaps ? null : "1" }) },
    { key: "Escape", label: "Close", group: "Coverage", quiet: true, run: shut },
  ]);
  const v = load.value;
  const one = at ? v?.tactics.flatMap((t) => t.techniques).find((t) => t.id === at.slice(0, 5)) : undefined;
  return (
    <div class="page coverage">
      <Head title="Coverage">
        <p class="dim num" role="status">{v && <><b class="strong">{amount(v.watched)}</b> of {amount(v.all)} techniques are watched · {amount(v.no_logs)} have rules but no logs · {amount(v.no_rule)} have no rule</>}</p>
        <label class="row"><input type="checkbox" class="tick" checked={gaps} onChange={() => amend({ gaps: gaps ? null : "1" })} />Only gaps</label>
        <span class="grow" />
        <div class="legend" aria-label="What the colours mean"><span>rules</span>{[["none", "0"], ["few", "1–4"], ["some", "5–14"], ["many", "15+"]].map(([c, t]) => <span key={c}><i class={"cell " + c} />{t}</span>)}<span><i class="cell few stripes" />no logs</span></div>
      </Head>
      <div class="body" ref={matrix}>
        <Loaded of={load}>{(c) => c.all === 0 ? <Empty icon="grid" title="No rule is loaded">tocsin rules install brings more.</Empty> : (
          <div class="matrix">{c.tactics.map((t) => {
            const list = gaps ? t.techniques.filter(gap) : t.techniques;
            return (
              <section key={t.id} aria-label={t.name}>
                <h2><span>{broken(t.name)}</span> <span class="num dimmer">{t.techniques.filter((x) => !gap(x)).length}/{t.techniques.length}</span></h2>
                {list.length === 0 && <p class="dimmer">No gap</p>}
                {list.map((x) => (
                  <a key={x.id} class={"cell " + depth(x.rules) + (x.blind > 0 ? " stripes" : "")} href={href({ at: x.id })} title={`${x.id} ${x.name}: ${plural(x.rules, "rule")}${x.blind ? ", " + x.blind + " without logs" : ""}${x.off ? ", " + x.off + " off" : ""}, ${plural(x.alerts, "alert")} in 30 days`}>
                    <span class="mono">{x.id}</span>{x.alerts > 0 && <span class="told num">{x.alerts > 999 ? "999+" : x.alerts}<span class="hidden"> alerts</span></span>}
                    <span class="what">{broken(x.name)}</span>
                    {x.blind > 0 && <span class="hidden">{plural(x.blind, "rule")} without logs</span>}
                  </a>
                ))}
              </section>
            );
          })}</div>
        )}</Loaded>
      </div>
      {one && <Shown t={one} onClose={shut} />}
    </div>
  );
}

function Shown({ t, onClose }: { t: CoverageTechnique; onClose: () => void }) {
  const rules = useLoad<Page<RuleEntry>>((s) => api.get("/rules", { tag: t.id, limit: 200, order: "fired" }, s), [t.id]);
  const [all, setAll] = useState(false);
  useEffect(() => setAll(false), [t.id]);
  return (
    <Dialog label={t.name} class="dialog wide" onClose={onClose}>
      <div class="row"><h2 class="grow">{t.name} <span class="mono dim">{t.id}</span></h2><Button look="quiet" icon="close" aria-label="Close" onClick={onClose} /></div>
      <div class="figures"><div><b>{amount(t.rules)}</b>rules that can hit</div><div><b class={t.blind ? "warn" : ""}>{amount(t.blind)}</b>without logs</div><div><b>{amount(t.off)}</b>off</div><div><b>{amount(t.alerts)}</b>alerts in 30 days</div></div>
      {!!t.below?.length && <div class="row wrap">{t.below.map((b) => <span key={b.id} class="pill">{b.id} {b.name} <span class="num dimmer">{b.rules}{b.blind ? " +" + b.blind + " without logs" : ""}</span></span>)}</div>}
      <Loaded of={rules}>{(p) => p.items.length === 0
        ? <p class="dim">No rule is about it. <a href="/detections/new" onClick={onClose}>Write one</a>, or install more: tocsin rules install.</p>
        : <><ul class="lines-list">{(all ? p.items : p.items.slice(0, 12)).map((r) => (
            <li key={r.id} class="row wrap"><Severity level={r.level} word={false} /><a class="grow" href={"/detections/" + encodeURIComponent(r.id)} onClick={onClose}>{r.title}</a>{r.off ? <Chip>off</Chip> : r.never ? <Chip title={r.never}>no logs: {ofSource(r.logsource)}</Chip> : null}<span class="dim num">{r.fired ? plural(r.fired, "hit") : ""}</span></li>
          ))}</ul>{p.items.length > 12 && !all && <div><Button look="link" onClick={() => setAll(true)}>All {amount(p.items.length)} rules</Button></div>}</>}</Loaded>
    </Dialog>
  );
}
