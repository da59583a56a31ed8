// A report that is made on the server: how far it is, and what came of it. It can be stopped; what was shown stays.
import type { ComponentChildren } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";
import { lines, say, type Query } from "../api";
import { Button, Note } from "../ui/parts";

/** How far it is: a share from 0 to 1, and what is looked at. */
interface ReportProgress { share: number; doing: string }
export interface Making<T> { value: T | null; trouble: string; busy: boolean; progress: ReportProgress | null; stop: () => void; again: () => void }

export function useReport<T>(name: string, query: Query): Making<T> {
  const [value, setValue] = useState<T | null>(null), [trouble, setTrouble] = useState(""), [busy, setBusy] = useState(true);
  const [progress, setProgress] = useState<ReportProgress | null>(null), [turn, setTurn] = useState(0);
  const running = useRef<AbortController | null>(null);
  useEffect(() => {
    const stop = (running.current = new AbortController());
    let left = false;
    setBusy(true);
    setTrouble("");
    setProgress(null);
    lines<{ progress?: ReportProgress; result?: T }>("/reports/" + name + "/lines", query, (bundle) => {
      for (const l of bundle) {
        if (l.progress) setProgress(l.progress);
        if (l.result) setValue(l.result);
      }
    }, stop.signal).then(() => left || setBusy(false), (e: unknown) => {
      if (left) return;
      setBusy(false);
      setTrouble((e as Error).name === "AbortError" ? "Stopped." : say(e));
    });
    return () => { left = true; stop.abort(); };
  }, [name, JSON.stringify(query), turn]);
  return { value, trouble, busy, progress, stop: () => running.current?.abort(), again: () => setTurn((n) => n + 1) };
}

/** Made shows a report, or how far it is, or why there is none. */
export function Made<T>({ of, children }: { of: Making<T>; children: (v: T) => ComponentChildren }) {
  const share = Math.round((of.progress?.share ?? 0) * 100);
  return (
    <>
      {of.trouble && <Note look={of.trouble === "Stopped." ? undefined : "bad"}><div class="row wrap"><span class="grow">{of.trouble}</span><Button onClick={of.again}>{of.trouble === "Stopped." ? "Make it" : "Try again"}</Button></div></Note>}
      {of.busy && (of.progress || !of.value) && (
        <div class="making stack" role="status">
          <div class="row"><span class="spin" /><span class="grow dim">{of.progress ? of.progress.doing + "…" : "One moment"}</span><span class="num dim">{of.progress ? share + " %" : ""}</span><Button icon="stop" onClick={of.stop}>Stop</Button></div>
          <div class="progress" role="progressbar" aria-label="Making the report" aria-valuemin={0} aria-valuemax={100} aria-valuenow={share}><i style={{ width: Math.max(2, share) + "%" }} /></div>
        </div>
      )}
      {of.value && children(of.value)}
    </>
  );
}
