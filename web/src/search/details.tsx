// One event with all that is known of it. Each value can be looked for, or left out.
import { lines } from "../api";
import { whenUTC } from "../form";
import { useKeys } from "../keys";
import { useLoad, Loaded } from "../load";
import { tell } from "../toast";
import { entityHref } from "../ui/parts";
import { Button } from "../ui/parts";
import { after, type Cells, type Row } from "./run";

const own = /^(_id|_time|_msg)$/;
const order = ["dataset", "host.name", "user.name", "source.ip", "destination.ip", "event.action", "event.outcome", "event.code", "process.name", "process.command_line"];
const kinds: [RegExp, string][] = [[/(^|\.)ip$|^(src|dst)_ip$|^IpAddress$/, "address"], [/^user\.(target\.)?name$|^(Target|Subject)UserName$/, "user"], [/^host\.name$/, "host"]];

export function Details({ row, onClose, onPick, onStep }: { row: Row; onClose: () => void; onPick: (field: string, value: string, not: boolean) => void; onStep: (d: number) => void }) {
  const whole = useLoad<Cells>(async (signal) => {
    let out: Cells | null = null;
    const near = row.time ? { since: row.time, until: after(row.time) } : {};
    await lines<Cells>("/search", { q: '_id:="' + row.id + '"', ...near, limit: 1 }, (b) => (out = b.find((x) => x._id === row.id) ?? out), signal);
    if (!out) throw new Error("the event is not kept yet, or not any more");
    return out;
  }, [row.id]);
  useKeys([
    { key: "n", label: "Next event", group: "Event", run: () => onStep(1) },
    { key: "p", label: "Previous event", group: "Event", run: () => onStep(-1) },
    { key: "c", label: "Copy the event", group: "Event", run: () => copy(whole.value) },
  ]);
  const fields = Object.entries(whole.value ?? {}).filter(([k]) => !own.test(k))
    .sort(([a], [b]) => (order.indexOf(a) + 99) % 99 - (order.indexOf(b) + 99) % 99 || a.localeCompare(b));
  return (
    <aside class="event-panel" aria-label="Event">
      <header class="row">
        <h2 class="grow">{row.dataset || "Event"}</h2>
        <Button look="quiet" icon="copy" aria-label="Copy the event as JSON" title="Copy as JSON (c)" onClick={() => copy(whole.value)} />
        <Button look="quiet" icon="close" aria-label="Close" onClick={onClose} />
      </header>
      <div class="event-body" tabIndex={0} role="group" aria-label="Fields of the event">
        <p class="dim num">{row.time ? whenUTC(row.time) : "states no time"}</p>
        <Loaded of={whole}>{(e) => (
          <>
            {e._msg && <pre class="raw">{e._msg.replaceAll("\u001d", "\n")}</pre>}
            <dl class="event-fields">
              {fields.map(([k, v]) => {
                const kind = kinds.find(([r]) => r.test(k))?.[1];
                return (
                  <div key={k}>
                    <dt>{k}</dt>
                    <dd>
                      {kind && v !== "-" ? <a class="mono" href={entityHref({ kind, name: v })}>{v}</a> : <span class="mono">{v}</span>}
                      <span class="acts">
                        <button type="button" title="Only these" aria-label={"Only " + k + " " + v.slice(0, 60)} onClick={() => onPick(k, v, false)}>+</button>
                        <button type="button" title="All but these" aria-label={"All but " + k + " " + v.slice(0, 60)} onClick={() => onPick(k, v, true)}>−</button>
                      </span>
                    </dd>
                  </div>
                );
              })}
            </dl>
          </>
        )}</Loaded>
      </div>
    </aside>
  );
}

function copy(e: Cells | null): void {
  if (!e) return;
  navigator.clipboard?.writeText(JSON.stringify(e, null, 2)).then(() => tell("Copied"), () => tell("The browser does not let it be copied"));
}
