// What somebody does with incidents: one or many, in one step, seen at once, told with its undo.
import { api, once, Problem } from "../api";
import { day, clock, plural } from "../form";
import type { Decided, Decision, Incident } from "../shapes";
import type { Verdict } from "../words";
import { myName } from "../session";
import { complain, done, refused } from "../toast";
import { count } from "../waiting";
import { belongs, incident, judging, learn, refresh, remove } from "./store";

export const verdicts: { verdict: Verdict; key: string; label: string; says: string; short: string }[] = [
  { verdict: "malicious", key: "1", label: "Malicious, handled", says: "It was an attack and it is contained", short: "malicious" },
  { verdict: "expected", key: "2", label: "Expected", says: "Real, but allowed: a test, a change, a known job", short: "expected" },
  { verdict: "false-alarm", key: "3", label: "False alarm", says: "The rule is wrong", short: "a false alarm" },
];

/** What was known of incidents when somebody looked at them: by key, when they had last been decided about. */
export type Seen = Record<string, string>;

export const seenOf = (keys: string[]): Seen => Object.fromEntries(keys.map((k) => [k, incident(k)?.peek().decided ?? ""]));

let line: Promise<unknown> = Promise.resolve();

/** send sends one decision after the other: what was pressed last must come last. */
function send(d: Decision, key = once()): Promise<Decided> {
  const answer = line.then(() => api.post<Decided>("/incidents/decide", d, { once: key }));
  line = answer.catch(() => {});
  return answer;
}

interface How {
  /** what was seen; else what is known now; null: whatever has been said meanwhile */
  seen?: Seen | null;
  /** once it is done */
  then?: () => void;
  key?: string;
}

/**
 * decide says something of incidents. The rows change at once; if the server refuses, they are as before. What was not answered
 * may be said again under the same key: it is done once. What somebody else has decided about them since they were seen is not
 * overruled unawares: it is told, and who wants to can do it all the same.
 */
function decide(keys: string[], change: Omit<Decision, "keys" | "seen">, text: string, how: How = {}): Promise<Decided> {
  const { seen = seenOf(keys), then, key = once() } = how;
  const before = keys.map((k) => incident(k)?.peek()).filter((i): i is Incident => !!i);
  const after = before.map((i) => ({ ...i, ...change, until: change.until ?? i.until }) as Incident);
  const leaves = after.filter((i) => !belongs(i)).map((i) => i.key);
  const settled = judging(keys);
  learn(after);
  const putBack = leaves.length ? remove(leaves) : () => {};
  const again = (more: How) => () => void decide(keys, change, text, { then, ...more }).catch(() => {});
  const answer = send({ keys, ...change, ...(seen ? { seen } : {}) }, key);
  answer.then(
    (d) => { settled(); learn(d.incidents); void count(); then?.(); },
    (e: unknown) => {
      settled();
      learn(before);
      putBack();
      if (!overruled(e)) return complain(e, again({ seen, key }));
      void refresh(keys);
      refused(e, { label: "Do it all the same", run: again({ seen: null }) });
    },
  );
  done(text, answer, async () => {
    const d = await answer;
    learn(before);
    putBack();
    for (const u of d.undo) {
      try {
        learn((await send(u)).incidents);
      } catch (e) {
        void refresh(u.keys);
        throw e;
      }
    }
    void count();
  });
  return answer;
}

/** overruled tells whether somebody else was faster. */
const overruled = (e: unknown): e is Problem => e instanceof Problem && e.status === 409;

const these = (keys: string[]): string => (keys.length === 1 ? "" : plural(keys.length, "alert") + " ");

export const close = (keys: string[], verdict: Verdict, note?: string, how?: How): Promise<Decided> =>
  decide(keys, { status: "closed", verdict, ...(note ? { note } : {}) }, upper(these(keys) + "closed as " + verdicts.find((v) => v.verdict === verdict)!.short), how);

export const take = (keys: string[]): Promise<Decided> => decide(keys, { status: "taken", owner: myName.value }, upper(these(keys) + "taken"));

export const leave = (keys: string[]): Promise<Decided> => decide(keys, { status: "new", owner: "" }, upper(these(keys) + "given back"));

export const reopen = (keys: string[]): Promise<Decided> => decide(keys, { status: "new" }, upper(these(keys) + "open again"));

export const write = (keys: string[], note: string, seen: Seen): Promise<Decided> => decide(keys, { note }, "Note kept", { seen });

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
