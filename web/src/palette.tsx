// The palette: go anywhere, do anything that has a key, look for an incident, a person, a host, an address.
import { signal } from "@preact/signals";
import { useEffect, useRef, useState } from "preact/hooks";
import { api } from "./api";
import { bound } from "./keys";
import { pages } from "./pages";
import { go } from "./route";
import { may } from "./session";
import type { Incident, Page } from "./shapes";
import { Icon, type IconName } from "./ui/icon";
import { Dialog, Key } from "./ui/parts";

export const palette = signal(false);

interface Choice { id: string; icon: IconName; label: string; hint?: string; keys?: string; run: () => void }

const close = () => (palette.value = false);

function choices(text: string, found: Incident[]): Choice[] {
  const fits = (s: string) => text.toLowerCase().split(/\s+/).every((w) => s.toLowerCase().includes(w));
  const out: Choice[] = [];
  for (const i of found) out.push({ id: "i" + i.key, icon: "queue", label: i.title, hint: i.entities[0]?.name, run: () => go("/queue/" + i.key) });
  for (const p of pages) {
    if (p.needs && !may(p.needs)) continue;
    if (fits("go to " + p.title)) out.push({ id: p.path, icon: p.icon, label: p.title, keys: p.key ? "g " + p.key : undefined, run: () => go(p.path) });
  }
  for (const b of bound.value) {
    if (b.group === "Go to" || b.key === "Mod+k") continue;
    if (fits(b.group + " " + b.label)) out.push({ id: b.group + b.key, icon: "next", label: b.label, keys: b.key, run: () => b.run(new KeyboardEvent("keydown")) });
  }
  if (text) {
    const kind = /^[\d.]+$|^[\da-f:]+:[\da-f:]*$/i.test(text) ? "address" : "any";
    if (pages.some((p) => p.path === "/search")) out.push({ id: "s", icon: "search", label: "Search for " + text, run: () => go("/search?q=" + encodeURIComponent(text)) });
    if (pages.some((p) => p.path === "/entities")) out.push({ id: "e", icon: "user", label: "Everything about " + text, run: () => go("/entities/" + kind + "/" + encodeURIComponent(text)) });
    out.push({ id: "q", icon: "queue", label: "Filter the queue by " + text, run: () => go("/queue?q=" + encodeURIComponent(text)) });
  }
  return out;
}

export function Palette() {
  const [text, setText] = useState("");
  const [found, setFound] = useState<Incident[]>([]);
  const [at, setAt] = useState(0);
  const list = useRef<HTMLUListElement>(null);
  useEffect(() => {
    setAt(0);
    if (text.trim().length < 2) return setFound([]);
    const stop = new AbortController();
    const wait = setTimeout(() => {
      api.look<Page<Incident>>("/incidents", { text: text.trim(), status: "any", limit: 5 }, stop.signal).then((p) => setFound(p.items), () => setFound([]));
    }, 120);
    return () => { clearTimeout(wait); stop.abort(); };
  }, [text]);
  const all = choices(text.trim(), found);
  const take = (c?: Choice) => { close(); c && setTimeout(c.run); };
  useEffect(() => list.current?.querySelector("[aria-selected=true]")?.scrollIntoView({ block: "nearest" }), [at]);
  return (
    <Dialog label="Jump to" class="palette" onClose={close}>
      <label class="filter">
        <Icon name="search" />
        <input autofocus role="combobox" aria-expanded="true" aria-controls="palette-list" aria-activedescendant={all[at] && "choice-" + at} aria-label="Jump to" placeholder="A page, a key, an alert, a name, an address" value={text} autocomplete="off" spellcheck={false}
          onInput={(e) => setText(e.currentTarget.value)}
          onKeyDown={(e) => {
            if (e.key === "ArrowDown" || e.key === "ArrowUp") {
              e.preventDefault();
              setAt((at + (e.key === "ArrowDown" ? 1 : -1) + all.length) % Math.max(all.length, 1));
            } else if (e.key === "Enter") {
              e.preventDefault();
              take(all[at]);
            }
          }} />
      </label>
      <ul id="palette-list" role="listbox" aria-label="Choices" ref={list}>
        {all.map((c, i) => (
          <li key={c.id} id={"choice-" + i} role="option" aria-selected={i === at} onClick={() => take(c)} onPointerMove={() => setAt(i)}>
            <Icon name={c.icon} /><span class="cut">{c.label}</span>
            <span>{c.hint}{c.keys?.split(" ").map((k) => <Key key={k} k={k} />)}</span>
          </li>
        ))}
      </ul>
    </Dialog>
  );
}
