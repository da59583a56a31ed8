// A rule as text, with what is wrong with it: by its line, at its place. It is asked while somebody writes.
import { useEffect, useLayoutEffect, useRef, useState } from "preact/hooks";
import { api, say } from "../api";
import { Icon } from "../ui/icon";
import type { RuleChecked, RuleDiagnostic } from "../shapes";

export function Editor({ text, label, onChange, onChecked, readOnly }: { text: string; label: string; readOnly?: boolean; onChange: (t: string) => void; onChecked?: (c: RuleChecked | null) => void }) {
  const [found, setFound] = useState<RuleChecked | null>(null);
  const [trouble, setTrouble] = useState("");
  const area = useRef<HTMLTextAreaElement>(null), gutter = useRef<HTMLDivElement>(null);
  useLayoutEffect(() => onChecked?.(null), [text]); // before it is painted: nothing is put in force by what was found of the text before
  useEffect(() => {
    const stop = new AbortController();
    const wait = setTimeout(() => {
      api.post<RuleChecked>("/rules/check", { yaml: text }, { signal: stop.signal, quiet: true }).then(
        (c) => { setFound(c); setTrouble(""); onChecked?.(c); },
        (e) => { if ((e as Error).name !== "AbortError") setTrouble(say(e)); },
      );
    }, 350);
    return () => { clearTimeout(wait); stop.abort(); };
  }, [text]);
  const rows = text.split("\n");
  const worst = new Map<number, RuleDiagnostic>();
  for (const d of found?.diagnostics ?? []) if (!worst.has(d.line) || d.severity === "error") worst.set(d.line, d);
  const jump = (d: RuleDiagnostic) => {
    const el = area.current!;
    const at = rows.slice(0, d.line - 1).reduce((n, r) => n + r.length + 1, 0);
    el.focus();
    el.setSelectionRange(at + d.column - 1, at + Math.max((d.end ?? d.column + 1) - 1, d.column));
    el.scrollTop = Math.max(0, (d.line - 6) * 19);
  };
  const indent = (e: KeyboardEvent) => {
    const el = area.current!;
    if (e.key === "Enter" && !e.ctrlKey && !e.metaKey) { // the next line begins where this one does
      const before = el.value.slice(0, el.selectionStart), lead = /(^|\n)( *)[^\n]*$/.exec(before)?.[2] ?? "";
      if (!lead) return;
      e.preventDefault();
      el.setRangeText("\n" + lead, el.selectionStart, el.selectionEnd, "end");
      onChange(el.value);
    }
  };
  return (
    <div class="editor">
      <div class="editor-box">
        <div class="gutter" ref={gutter} aria-hidden="true">{rows.map((_, i) => <span key={i} class={worst.get(i + 1)?.severity ?? ""}>{i + 1}</span>)}</div>
        <textarea ref={area} aria-label={label} aria-describedby="editor-says" spellcheck={false} autocapitalize="none" autocomplete="off" wrap="off" readOnly={readOnly} value={text}
          onInput={(e) => onChange(e.currentTarget.value)} onKeyDown={indent} onScroll={(e) => (gutter.current!.scrollTop = e.currentTarget.scrollTop)} />
      </div>
      <div id="editor-says" class="editor-says" role="status">
        {trouble ? <p class="bad">{trouble}</p>
          : !found ? <p class="dim row"><span class="spin" />Checking</p>
          : found.diagnostics.length === 0 ? <p class="ok row"><Icon name="check" />Nothing is wrong with it</p>
          : <ul>{found.diagnostics.map((d, i) => (
              <li key={i}><button type="button" class={"diag " + d.severity} onClick={() => jump(d)}>
                <span class="num">{d.line}:{d.column}</span><b>{d.severity}</b><span class="grow">{d.message}{d.hint && <span class="dim"> — {d.hint}</span>}</span>
              </button></li>))}</ul>}
      </div>
    </div>
  );
}
