import { useComputed } from "@preact/signals";
import { memo } from "../memo";
import { amount, tactic } from "../form";
import { href } from "../route";
import { Ago, Entity, Meter, Owner, Severity } from "../ui/parts";
import { belongs, cursor, incident, pick, picked, pickTo } from "./store";

/** Row is one incident. It is drawn anew when that changes, or when the cursor or the choice comes to it or leaves it. */
export const Row = memo(function Row({ k, onOpen, shown }: { k: string; onOpen: (key: string) => void; shown: boolean }) {
  const here = useComputed(() => cursor.value === k);
  const chosen = useComputed(() => picked.value.has(k));
  const i = incident(k)!.value;
  const gone = !belongs(i);
  return (
    <div role="row" id={"row-" + k} class={"qrow" + (here.value ? " here" : "") + (chosen.value ? " picked" : "") + (gone ? " gone" : "") + (shown ? " shown" : "")} aria-selected={chosen.value}
      onClick={(e) => {
        const t = e.target as Element;
        if (t.closest("input")) return;
        if (e.metaKey || e.ctrlKey) return t.closest("a") ? undefined : pick(k);
        e.preventDefault();
        if (e.shiftKey) pickTo(k);
        else { cursor.value = k; onOpen(k); }
      }}>
      <span role="gridcell" class="pick"><input type="checkbox" class="tick" tabIndex={-1} aria-label={"Select " + i.title} checked={chosen.value} onClick={(e) => { if (e.shiftKey) pickTo(k); else pick(k); cursor.value = k; }} /></span>
      <span role="gridcell" class="level"><Severity level={i.level} word={false} /></span>
      <span role="gridcell" class="title">
        <a href={href({}, "/queue/" + k)} tabIndex={-1} class="cut" title={i.sentence || i.title}>{i.title}</a>
        {i.hits > 1 && <span class="times num">×{amount(i.hits)}</span>}
        {gone && <span class="chip">{i.status === "closed" ? "closed" + (i.verdict ? " as " + i.verdict : "") : i.status}</span>}
        {!gone && i.again && <span class="chip" title="It was closed, and goes on">again</span>}
      </span>
      <span role="gridcell" class="about">{i.entities.slice(0, 2).map((e) => <Entity key={e.kind + e.name} of={e} />)}</span>
      <span role="gridcell" class="tactic cut">{tactic(i.stages?.at(-1) ?? "")}</span>
      <span role="gridcell" class="weight"><Meter value={i.score} /><span class="num" aria-hidden="true">{i.score}</span></span>
      <span role="gridcell" class="age"><Ago t={i.last} of="last " /></span>
      <span role="gridcell" class="whose"><Owner name={i.owner} /></span>
    </div>
  );
});
