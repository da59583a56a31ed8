// The keyboard. A component says with useKeys which keys it knows; the newest that knows a key gets it, so that a panel comes
// before its list. They are bound in a layout effect: with the paint that shows them, never after it. `?` shows all of them.
//
// Keys: "j", "?", "Enter", "Escape", "g q" (one after the other), "Mod+k" (Command on a Mac, else Control).
// While something is written, only Escape and Mod+… are keys.
import { signal } from "@preact/signals";
import { useLayoutEffect, useRef } from "preact/hooks";

export interface Binding {
  key: string;
  label: string;
  group: string;
  run: (e: KeyboardEvent) => void;
  /** not shown in the help */
  quiet?: boolean;
}

interface Scope { list: Binding[]; turn: number }
const scopes: Scope[] = []; // in the order in which they were first drawn: a page before what stands in it
let turns = 0;
/** What the help shows; changes when keys are bound. */
export const bound = signal<Binding[]>([]);
/** Keys of pages behind an open dialog are not bound. */
let modal = 0;
let pending = "";
let pendingAt = 0;

export const mac = /Mac|iPhone|iPad/.test(navigator.platform);

export function useKeys(list: Binding[]): void {
  const scope = useRef<Scope | null>(null);
  scope.current ??= { list, turn: ++turns };
  scope.current.list = list;
  useLayoutEffect(() => {
    const s = scope.current!;
    const at = scopes.findIndex((x) => x.turn > s.turn); // effects of what stands in a page come before the page's own
    scopes.splice(at < 0 ? scopes.length : at, 0, s);
    publish();
    return () => {
      scopes.splice(scopes.indexOf(s), 1);
      publish();
    };
  }, []);
  useLayoutEffect(publish, [list.map((b) => b.key + b.label).join()]);
}

function publish(): void {
  bound.value = scopes.flatMap((s) => s.list).filter((b) => !b.quiet);
}

/** hold keeps keys from the page while a dialog is open; the function it returns lets go. */
export function hold(): () => void {
  modal++;
  return () => void modal--;
}

function nameOf(e: KeyboardEvent): string {
  const mod = mac ? e.metaKey : e.ctrlKey;
  if (mod) return "Mod+" + e.key.toLowerCase();
  return e.key;
}

const writes = (t: EventTarget | null): boolean =>
  t instanceof HTMLElement && (t.isContentEditable || t instanceof HTMLTextAreaElement || t instanceof HTMLSelectElement ||
    (t instanceof HTMLInputElement && !["checkbox", "radio", "button"].includes(t.type)));

addEventListener("keydown", (e) => {
  if (e.defaultPrevented || e.isComposing || e.altKey || modal > 0) return;
  if ((mac ? e.ctrlKey : e.metaKey)) return;
  const key = nameOf(e);
  if (writes(e.target) && key !== "Escape" && !key.startsWith("Mod+")) return;
  // A button or a link that has the focus answers Enter itself, unless it is a row of a list.
  if ((key === "Enter" || key === " ") && e.target instanceof HTMLElement && (e.target.closest("button, a, summary") || (key === " " && e.target.closest("input")))) return;
  const two = pending && performance.now() - pendingAt < 1200 ? pending + " " + key : "";
  pending = "";
  for (const k of [two, key]) {
    const b = k ? find(k) : undefined;
    if (b) {
      e.preventDefault();
      b.run(e);
      return;
    }
  }
  if (scopes.some((s) => s.list.some((b) => b.key.startsWith(key + " ")))) {
    pending = key;
    pendingAt = performance.now();
    e.preventDefault();
  }
});

function find(key: string): Binding | undefined {
  for (let i = scopes.length - 1; i >= 0; i--) {
    const b = scopes[i]!.list.find((x) => x.key === key);
    if (b) return b;
  }
  return undefined;
}
