// What is put in force: a rule that somebody has written or changed, with its tests where it has some.
import { useState } from "preact/hooks";
import type { ComponentChildren } from "preact";
import { api, once, say, type Problem } from "../api";
import { plural } from "../form";
import { may } from "../session";
import { tell } from "../toast";
import { Button, Note } from "../ui/parts";
import type { ArmedRule, Result, RuleArm, Saved } from "../shapes";

export interface Written { name: string; text: string; tests: string }

/** arm puts one rule in force, in place of the one with its id. */
export const arm = (f: { name?: string; rule: string; tests?: string }): Promise<Saved> =>
  api.post("/rules/arm", { files: [{ name: f.name || undefined, rule: f.rule, tests: f.tests || undefined }] }, { once: once() });
export const disarm = (id: string): Promise<ArmedRule> => api.post("/rules/" + encodeURIComponent(id) + "/disarm", undefined, { once: once() });

/** testsOf writes tests of what a rule has found: each example must hit. YAML reads what stands here as JSON. */
function testsOf(r: Result): string {
  const list = r.rules[0]?.kind === "detection" ? (r.rules[0].examples ?? []).filter((x) => x.event).slice(0, 3) : [];
  return list.map((x, i) => {
    const l = x.logsource && Object.values(x.logsource).some(Boolean) ? `  logsource: ${JSON.stringify(x.logsource)}\n` : "";
    return `- name: ${JSON.stringify("what it found" + (list.length > 1 ? ", " + (i + 1) : "") + (x.time ? ", at " + x.time : ""))}\n${l}  events:\n    - ${JSON.stringify(x.event)}\n  match: true\n`;
  }).join("");
}

/** Save is the rule's tests and the way to put it in force: alone, or with the others that were drafted of the same thing. */
export function Save({ files, at, of, ready, quiet, result, onTests, onArmed, children }: {
  files: Written[]; at: number; of?: string; ready: boolean; quiet?: boolean; result: Result | null; onTests: (t: string) => void; onArmed: (ids: string[]) => void; children?: ComponentChildren;
}) {
  const [busy, setBusy] = useState(false), [bad, setBad] = useState("");
  const here = files[at]!;
  const put = async (list: Written[]) => {
    setBusy(true);
    setBad("");
    try {
      const named: RuleArm["files"] = list.map((f) => ({ name: f.name || undefined, rule: f.text, tests: f.tests || undefined }));
      const a = of ? await api.post<Partial<Saved>>("/prevent/" + encodeURIComponent(of) + "/arm", { files: named }, { once: once() })
        : await api.post<Partial<Saved>>("/rules/arm", { files: named }, { once: once() });
      tell(list.length > 1 ? plural(list.length, "rule") + " are in force" : "The rule is in force");
      for (const n of a.notes ?? []) if (!n.endsWith("has no tests")) tell(n);
      onArmed(a.items?.flatMap((x) => x.ids) ?? []);
    } catch (e) {
      const p = e as Problem;
      setBad(p.detail ? p.message + "\n" + p.detail : say(e));
    }
    setBusy(false);
  };
  const offered = result && !here.tests.trim() ? testsOf(result) : "";
  const untested = !!of && files.some((f) => !f.tests.trim());
  if (quiet) return <div class="row wrap">{children}</div>;
  return (
    <section class="stack save" aria-label="Its tests, and putting it in force">
      <div class="row wrap"><h3 class="grow">Its tests</h3>{offered && <Button look="quiet" icon="plus" onClick={() => onTests(offered)}>Make tests of the examples</Button>}</div>
      <textarea class="tests" aria-label="Its tests" spellcheck={false} autocapitalize="none" wrap="off" value={here.tests} placeholder={"- name: what it finds\n  lines:\n    - 'a line of the log'\n  match: true"} onInput={(e) => onTests(e.currentTarget.value)} />
      <p class="dim">{of ? "They must pass before it is put in force; one of them must expect a hit." : "Where there are some, they must pass before it is put in force, and one must expect a hit. Test it on what is kept first: tests can be made of what it finds."}</p>
      {bad && <Note look="bad"><pre class="plain" tabIndex={0} aria-label="What is wrong">{bad}</pre></Note>}
      <div class="row wrap">
        {may("rule.write") && <Button look="main" busy={busy} disabled={!ready || (!!of && !here.tests.trim())} onClick={() => void put([here])}>Put it in force</Button>}
        {may("rule.write") && files.length > 1 && <Button busy={busy} disabled={!ready || untested} onClick={() => void put(files)}>Put all {files.length} in force</Button>}
        {children}
      </div>
      {!may("rule.write") && <p class="dim">Who may change rules can put it in force.</p>}
    </section>
  );
}
