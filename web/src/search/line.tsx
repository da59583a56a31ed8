// The line of a search: what was written takes force with Enter. While it is written, it offers what could stand next: fields,
// the values of a field that there are, words that join, and what can be done with the events after |.
import { useEffect, useRef, useState } from "preact/hooks";
import { api } from "../api";
import { amount } from "../form";
import type { Page, ValueCount } from "../shapes";
import { Icon } from "../ui/icon";
import { Key } from "../ui/parts";

interface Offer { text: string; insert: string; hint: string }

const joins: Offer[] = [
  { text: "and", insert: "and ", hint: "both" }, { text: "or", insert: "or ", hint: "one of them" }, { text: "not", insert: "not ", hint: "not that" },
  { text: "|", insert: "| ", hint: "what to make of the events" },
];
const pipes: Offer[] = [
  { text: "stats", insert: "stats count by ", hint: "one row for each combination of values" },
  { text: "top", insert: "top 10 ", hint: "the commonest values" },
  { text: "rare", insert: "rare 10 ", hint: "the rarest values" },
  { text: "timechart", insert: "timechart 1h by ", hint: "how many for each step of time" },
  { text: "sort", insert: "sort -", hint: "in this order, - is largest first" },
  { text: "head", insert: "head 100", hint: "the first rows" },
  { text: "tail", insert: "tail 100", hint: "the last rows" },
  { text: "fields", insert: "fields ", hint: "only these columns" },
  { text: "where", insert: "where ", hint: "only rows like this" },
];

const known: { fields: ValueCount[]; at: number; key: string } = { fields: [], at: 0, key: "" };

/** fieldsOf are the fields of the events of a time; kept for a minute. */
async function fieldsOf(since: string, signal: AbortSignal): Promise<ValueCount[]> {
  if (known.key === since.slice(0, 15) && Date.now() - known.at < 60_000) return known.fields;
  const list = (await api.look<Page<ValueCount>>("/search/fields", { q: "*", since }, signal)).items;
  Object.assign(known, { fields: list, at: Date.now(), key: since.slice(0, 15) });
  return list;
}

export const quoted = (v: string): string => (/^[\w.@$/\-]+$/.test(v) && !/^(and|or|not|in)$/i.test(v) ? v : '"' + v.replaceAll("\\", "\\\\").replaceAll('"', '\\"').replaceAll("*", "\\*").replaceAll("?", "\\?") + '"');

/** last is what stands before the caret and is not finished. */
function last(text: string): { word: string; field: string; part: string; piped: boolean } {
  const word = /(?:[^\s()|"]|"[^"]*"?)*$/.exec(text)?.[0] ?? "";
  const m = /^[-!+]?([\w@.\-]+)(?:!?[:=]+)(.*)$/.exec(word);
  return { word, field: m?.[1] ?? "", part: (m?.[2] ?? word.replace(/^[-!+]/, "")).replace(/^"/, ""), piped: /\|\s*\S*$/.test(text) };
}

async function offersFor(text: string, since: string, signal: AbortSignal): Promise<Offer[]> {
  const l = last(text);
  const fits = (s: string) => s.toLowerCase().includes(l.part.toLowerCase());
  if (l.field) {
    const values = (await api.look<Page<ValueCount>>("/search/fields", { q: "*", field: l.field, since }, signal)).items;
    const lead = l.word.slice(0, l.word.length - l.part.length).replace(/"$/, "");
    return values.filter((v) => v.value && fits(v.value)).slice(0, 12).map((v) => ({ text: v.value, insert: lead + quoted(v.value) + " ", hint: amount(v.count) }));
  }
  if (l.piped) return pipes.filter((p) => p.text.startsWith(l.part.toLowerCase()));
  const sign = /^[-!+]/.exec(l.word)?.[0] ?? "";
  const fields = (await fieldsOf(since, signal)).filter((f) => fits(f.value) && f.value !== "_id");
  fields.sort((a, b) => Number(b.value.startsWith(l.part)) - Number(a.value.startsWith(l.part)) || b.count - a.count);
  const words = text.trim() && !l.word ? joins : l.part ? joins.filter((j) => j.text.startsWith(l.part.toLowerCase())) : [];
  const afterPipe = text.includes("|");
  return [...words, ...fields.slice(0, 12).map((f) => ({ text: f.value, insert: sign + (/^[\w@.\-]+$/.test(f.value) ? f.value : '"' + f.value + '"') + (afterPipe ? " " : ":"), hint: amount(f.count) + " events" }))];
}

export function Line({ q, since, bad, onRun }: { q: string; since: () => string; bad: boolean; onRun: (q: string) => void }) {
  const [text, setText] = useState(q);
  const [offers, setOffers] = useState<Offer[]>([]);
  const [at, setAt] = useState(-1);
  const [open, setOpen] = useState(false);
  const input = useRef<HTMLInputElement>(null);
  const asked = useRef<AbortController | null>(null);
  useEffect(() => setText(q), [q]);
  useEffect(() => () => asked.current?.abort(), []);
  useEffect(() => { if (!q && matchMedia("(min-width: 620px)").matches) input.current?.focus(); }, []);
  useEffect(() => document.getElementById("offer-" + at)?.scrollIntoView({ block: "nearest" }), [at]);

  const look = () => {
    asked.current?.abort();
    const stop = (asked.current = new AbortController());
    setTimeout(() => {
      const el = input.current;
      if (stop.signal.aborted || !el || document.activeElement !== el) return;
      offersFor(el.value.slice(0, el.selectionStart ?? el.value.length), since(), stop.signal).then(
        (list) => { if (!stop.signal.aborted) { setOffers(list); setAt(-1); setOpen(list.length > 0); } },
        () => undefined, // without offers it can be written as well
      );
    }, 90);
  };
  const shut = () => { asked.current?.abort(); setOpen(false); setAt(-1); };
  const take = (o: Offer) => {
    const el = input.current!, caret = el.selectionStart ?? el.value.length;
    const before = el.value.slice(0, caret), l = last(before);
    const head = before.slice(0, before.length - (l.piped && !l.field ? (/\S*$/.exec(before.replace(/.*\|\s*/, "")) ?? [""])[0].length : l.word.length)) + o.insert;
    const next = head + el.value.slice(caret);
    setText(next);
    el.value = next;
    el.setSelectionRange(head.length, head.length);
    el.focus();
    look();
  };
  const run = () => { shut(); onRun((input.current?.value ?? text).trim()); };
  return (
    <div class="search-line grow">
      <label class={"filter" + (bad ? " wrong" : "")}>
        <Icon name="search" />
        <input ref={input} id="search-line" type="text" role="combobox" aria-label="Search" aria-autocomplete="list" aria-expanded={open} aria-controls="search-offers" aria-activedescendant={at >= 0 ? "offer-" + at : undefined}
          aria-invalid={bad} spellcheck={false} autocomplete="off" autocapitalize="none" placeholder={'failed password source.ip:203.0.113.0/24 | top 10 user.name'} value={text} enterkeyhint="search"
          onInput={(e) => { setText(e.currentTarget.value); look(); }} onClick={() => text && look()} onBlur={() => setTimeout(shut, 120)}
          onKeyDown={(e) => {
            if (open && (e.key === "ArrowDown" || e.key === "ArrowUp")) {
              e.preventDefault();
              setAt((at + (e.key === "ArrowDown" ? 1 : at < 0 ? offers.length : -1) + offers.length) % offers.length);
            } else if (!open && e.key === "ArrowDown") look();
            else if (open && (e.key === "Tab" && !e.shiftKey || e.key === "Enter" && at >= 0)) {
              e.preventDefault();
              take(offers[Math.max(at, 0)]!);
            } else if (e.key === "Enter") {
              e.preventDefault();
              run();
              if (!matchMedia("(hover: none)").matches) document.querySelector<HTMLElement>(".search .virtual")?.focus();
            } else if (e.key === "Escape") {
              e.stopPropagation();
              open ? shut() : input.current?.blur();
            }
          }} />
        <Key k="/" />
      </label>
      <ul id="search-offers" class="offers" role="listbox" aria-label="What could stand next" hidden={!open}>
        {offers.map((o, i) => (
          <li key={o.text + i} id={"offer-" + i} role="option" aria-selected={i === at} onPointerDown={(e) => { e.preventDefault(); take(o); }} onPointerMove={() => setAt(i)}>
            <span class="cut mono">{o.text}</span><span class="hint">{o.hint}</span>
          </li>
        ))}
      </ul>
    </div>
  );
}
