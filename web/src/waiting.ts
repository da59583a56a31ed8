// How many incidents wait for somebody: the number beside "Queue", whatever page is open.
import { signal } from "@preact/signals";
import { useEffect } from "preact/hooks";
import { api, tenant } from "./api";
import { calmly, returned, useTold } from "./live";
import { may } from "./session";
import type { Summary } from "./shapes";

/** All that are open, whatever is filtered; null: not known yet. */
export const waiting = signal<number | null>(null);

let turn = 0;

/** count asks how many there are. */
export async function count(): Promise<void> {
  if (!may("incident.read")) return;
  const mine = ++turn;
  try {
    const s = await api.look<Summary>("/incidents/summary", { status: "waiting", buckets: 1, top: 1 });
    if (mine === turn) waiting.value = s.counts.open;
  } catch {
    // the number stays as it was; what is wrong is told where the list is
  }
}

/** soon counts again, once for all that is told within a moment. */
export const soon = calmly(2000, () => void count());

/** useCount keeps the number right while the component is there. */
export function useCount(): void {
  const back = returned.value, t = tenant.value;
  useEffect(soon, [back, t]);
  useTold("incident", soon);
}
