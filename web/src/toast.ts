// Short words at the lower edge about what was done, and the way back: `z`.
import { signal } from "@preact/signals";
import { passing, say } from "./api";

export interface Toast {
  id: number;
  text: string;
  bad?: boolean;
  /** takes back what was done */
  undo?: () => Promise<unknown>;
  actions?: { label: string; run: () => void }[];
}

export const toasts = signal<Toast[]>([]);
let next = 1;
const keep = 5;
/** What can be taken back, the newest last. It may be called before the server has answered: it waits for that. */
const undos: { toast: number; run: () => Promise<unknown>; after: Promise<unknown> }[] = [];

function show(t: Omit<Toast, "id">): number {
  const id = next++;
  toasts.value = [...toasts.value.slice(-(keep - 1)), { ...t, id }];
  if (!t.bad || !t.actions) setTimeout(() => dismiss(id), t.bad || t.undo ? 12_000 : 5_000); // what asks for an answer stays
  return id;
}

export function dismiss(id: number): void {
  toasts.value = toasts.value.filter((t) => t.id !== id);
}

export const tell = (text: string, more: Omit<Toast, "id" | "text"> = {}): number => show({ text, ...more });
/** complain tells what went wrong; retry is offered, and stays on the page, where the same may go well the next time. */
export function complain(e: unknown, retry?: () => void): number {
  if (!retry || !passing(e)) return show({ text: upper(say(e)), bad: true });
  return show({ text: "Not done: " + say(e), bad: true, actions: [{ label: "Try again", run: retry }] });
}
/** refused is a complaint that leaves a choice. */
export const refused = (e: unknown, choice: { label: string; run: () => void }): number => show({ text: upper(say(e)), bad: true, actions: [choice] });

/**
 * done tells of something that is under way or done, and how to take it back. `what` is the promise of it: undo waits for it,
 * and is forgotten if it fails.
 */
export function done(text: string, what: Promise<unknown>, undo: () => Promise<unknown>, actions?: Toast["actions"]): void {
  const entry = { toast: 0, run: undo, after: what };
  undos.push(entry);
  if (undos.length > 50) undos.shift();
  entry.toast = show({ text, actions, undo: () => takeBack(entry) });
  what.catch(() => {
    undos.splice(undos.indexOf(entry), 1);
    dismiss(entry.toast);
  });
}

async function takeBack(entry: (typeof undos)[number]): Promise<void> {
  const at = undos.indexOf(entry);
  if (at < 0) return;
  undos.splice(at, 1);
  dismiss(entry.toast);
  try {
    await entry.after;
  } catch {
    return; // it did not happen
  }
  try {
    await entry.run();
    tell("Taken back");
  } catch (e) {
    undos.splice(at, 0, entry);
    complain(e);
  }
}

/** undoLast takes back what was done last. */
export function undoLast(): void {
  const entry = undos.at(-1);
  if (entry) void takeBack(entry);
  else tell("There is nothing to take back");
}

const upper = (s: string): string => s.slice(0, 1).toUpperCase() + s.slice(1);
