// useLoad asks the server as long as a component is there: again when what it depends on changes, and what is out of date is
// given up. What was shown stays until the new answer is there.
import type { ComponentChildren } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";
import { ended, passing, Problem, reachable, say } from "./api";
import { route } from "./route";
import { Button, Empty, Note } from "./ui/parts";

export interface Load<T> {
  value: T | null;
  trouble: string;
  /** there is no such thing, or none that may be known of */
  missing?: boolean;
  busy: boolean;
  again: () => void;
  /** puts another value in place, of an answer to a change */
  set: (v: T) => void;
}

export function useLoad<T>(ask: (signal: AbortSignal) => Promise<T>, deps: unknown[]): Load<T> {
  const [state, setState] = useState<{ value: T | null; trouble: string; busy: boolean; lost?: boolean; missing?: boolean }>({ value: null, trouble: "", busy: true });
  const [turn, setTurn] = useState(0);
  const first = useRef(true);
  const up = reachable.value && !ended.value;
  useEffect(() => {
    if (up && state.lost) setTurn((n) => n + 1); // what could not be had is asked for as soon as the server answers again
  }, [up]);
  useEffect(() => {
    const stop = new AbortController();
    if (!first.current) setState((s) => ({ ...s, busy: true, trouble: "" }));
    first.current = false;
    ask(stop.signal).then(
      (value) => stop.signal.aborted || setState({ value, trouble: "", busy: false }),
      (e: unknown) => stop.signal.aborted || setState((s) => ({ ...s, trouble: say(e), busy: false, lost: passing(e), missing: e instanceof Problem && e.status === 404 })),
    );
    return () => stop.abort();
  }, [...deps, turn]);
  return { ...state, again: () => setTurn((n) => n + 1), set: (value) => setState({ value, trouble: "", busy: false }) };
}

/** Loaded shows what was asked for; what is wrong, with a way to try again; or that it is still to come. */
export function Loaded<T>({ of, children }: { of: Load<T>; children: (value: T) => ComponentChildren }) {
  if (of.missing && of.value === null) {
    const list = "/" + route.value.path.split("/")[1];
    return <Empty icon="search" title="It is not here" actions={<a class="button main" href={list}>To the list</a>}>It was never there, it was forgotten with its time, or it is of another tenant.</Empty>;
  }
  return (
    <>
      {of.trouble && <Note look="bad"><div class="row wrap"><span class="grow">{of.trouble}</span><Button onClick={of.again}>Try again</Button></div></Note>}
      {of.value !== null ? children(of.value) : of.busy && <p class="row dim" role="status"><span class="spin" />One moment</p>}
    </>
  );
}
