// What somebody does with incidents: one or many, in one step, seen at once, told with its undo.
import { api, once } from "../api";
import { day, clock, plural } from "../form";
import type { Decided, Decision, Incident } from "../shapes";
import type { Verdict } from "../words";
import { myName } from "../session";
import { complain, done } from "../toast";
import { belongs, countAll, incident, judging, learn, remove } from "./store";

export const verdicts: { verdict: Verdict; key: string; label: string; says: string; short: string }[] = [
  { verdict: "malicious", key: "1", label: "Malicious, handled", says: "It was an attack and it is contained", short: "malicious" },
  { verdict: "expected", key: "2", label: "Expected", says: "Real, but allowed: a test, a change, a known job", short: "expected" },
  { verdict: "false-alarm", key: "3", label: "False alarm", says: "The rule is wrong", short: "a false alarm" },
];

/** decide says something of incidents. The rows change at once; if the server refuses, they are as before. What was not
 *  answered may be said again under the same key: it is done once. */
function decide(keys: string[], change: Omit<Decision, "keys">, text: string, then = (): void => {}, key = once()): Promise<Decided> {
  const before = keys.map((k) => incident(k)?.peek()).filter((i): i is Incident => !!i);
  const after = before.map((i) => ({ ...i, ...change, until: change.until ?? i.until }) as Incident);
  const leaves = after.filter((i) => !belongs(i)).map((i) => i.key);
  const settled = judging(keys);
  learn(after);
  const putBack = leaves.length ? remove(leaves) : () => {};
  const answer = api.post<Decided>("/incidents/decide", { keys, ...change }, { once: key });
  answer.then(
    (d) => { settled(); learn(d.incidents); void countAll(); then(); },
    (e: unknown) => { settled(); learn(before); putBack(); complain(e, () => void decide(keys, change, text, then, key).catch(() => {})); },
  );
  done(text, answer, async () => {
    const d = await answer;
    learn(before);
    putBack();
    for (const u of d.undo) learn((await api.post<Decided>("/incidents/decide", u, { once: once() })).incidents);
    void countAll();
  });
  return answer;
}

const these = (keys: string[]): string => (keys.length === 1 ? "" : plural(keys.length, "alert") + " ");

export const close = (keys: string[], verdict: Verdict, note?: string, then?: () => void): Promise<Decided> =>
  decide(keys, { status: "closed", verdict, ...(note ? { note } : {}) }, upper(these(keys) + "closed as " + verdicts.find((v) => v.verdict === verdict)!.short), then);

export const take = (keys: string[]): Promise<Decided> => decide(keys, { status: "taken", owner: myName.value }, upper(these(keys) + "taken"));

export const leave = (keys: string[]): Promise<Decided> => decide(keys, { status: "new", owner: "" }, upper(these(keys) + "given back"));

export const reopen = (keys: string[]): Promise<Decided> => decide(keys, { status: "new" }, upper(these(keys) + "open again"));

export const write = (keys: string[], note: string): Promise<Decided> => decide(keys, { note }, "Note kept");

/** tomorrow is the next morning at eight, where the person is; on a Friday too: the weekend has its people. */
function tomorrow(): Date {
  const d = new Date();
  d.setDate(d.getDate() + 1);
  d.setHours(8, 0, 0, 0);
  return d;
}

export function snooze(keys: string[]): Promise<Decided> {
  const until = tomorrow().toISOString();
  return decide(keys, { status: "snoozed", until }, upper(these(keys) + "snoozed until " + day(until) + " " + clock(until) + " UTC"));
}

const upper = (s: string): string => s.slice(0, 1).toUpperCase() + s.slice(1);
