// What is around every page: the bar at the side, help, the palette, toasts, the log-in over the page.
import type { FunctionComponent } from "preact";
import { signal } from "@preact/signals";
import { useEffect, useState } from "preact/hooks";
import { asked, ended, logIn, reachable, say, tenant } from "./api";
import { amount } from "./form";
import { bound, useKeys, type Binding } from "./keys";
import { connected, listen, pulse } from "./live";
import { pageAt, pages, type PageProps } from "./pages";
import { StepUp } from "./pages/login";
import { go, route } from "./route";
import { logout, may, me, myName, tenants } from "./session";
import { undoLast } from "./toast";
import { useCount, waiting } from "./waiting";
import { palette, Palette } from "./palette";
import { Icon } from "./ui/icon";
import { Button, Dialog, Empty, Key, Owner } from "./ui/parts";
import { Toasts } from "./ui/toasts";

/** Counts beside the pages in the bar, by path; pages set what they know. */
export const counts = signal<Record<string, number>>({});
const open = signal(false); // the bar, on a phone
const help = signal(false);

export const theme = signal<"light" | "dark">(
  (localStorage.getItem("theme") as "light" | "dark" | null) ?? (matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light"),
);
export function otherTheme(): void {
  theme.value = theme.value === "dark" ? "light" : "dark";
  localStorage.setItem("theme", theme.value);
  document.documentElement.dataset.theme = theme.value;
}

const shown = () => pages.filter((p) => p.key && (!p.needs || may(p.needs)));

/** MenuButton opens the bar on a phone; it stands first in each page's head. */
export const MenuButton = () => <Button class="menu-button" icon="menu" aria-label="Menu" onClick={() => (open.value = true)} />;

/** Head is the upper edge of a page. */
export function Head({ title, children }: { title: string; children?: preact.ComponentChildren }) {
  useEffect(() => {
    document.title = title + " · tocsin";
  }, [title]);
  return <header class="head"><MenuButton /><h1>{title}</h1>{children}</header>;
}

export function Shell() {
  useEffect(() => {
    listen();
  }, [tenant.value]);
  useCount();
  const path = route.value.path;
  useEffect(() => {
    open.value = false;
  }, [path]);
  useKeys([
    ...shown().map<Binding>((p) => ({ key: "g " + p.key, label: p.title, group: "Go to", run: () => go(p.path) })),
    { key: "?", label: "Keys", group: "Everywhere", run: () => (help.value = true) },
    { key: "Mod+k", label: "Command palette", group: "Everywhere", run: () => (palette.value = true) },
    { key: "z", label: "Undo", group: "Everywhere", run: undoLast },
    { key: "t", label: "Light or dark", group: "Everywhere", run: otherTheme },
    { key: "Escape", label: "", group: "", quiet: true, run: () => (open.value = false) },
  ]);
  return (
    <div class="shell">
      <a class="skip" href="#main" onClick={(e) => { e.preventDefault(); document.getElementById("main")?.focus(); }}>Skip to the page</a>
      <Rail />
      {open.value && <button class="rail-veil open" aria-label="Close the menu" onClick={() => (open.value = false)} />}
      <main class="main" id="main" tabIndex={-1}>
        <Lost />
        <PageView />
      </main>
      <Toasts />
      {help.value && <Help />}
      {palette.value && <Palette />}
      {asked.value && <StepUp what={asked.value.for} done={asked.value.done} />}
    </div>
  );
}

/** Lost says what keeps the page from working; it works again by itself when that is over. */
function Lost() {
  if (!reachable.value) return <div class="lost" role="status"><span class="spin" />The server cannot be reached{navigator.onLine ? "" : ": this device is offline"}. What is shown is from before; nothing can be done until it is back.</div>;
  if (!ended.value || asked.value) return null;
  return <div class="lost" role="status"><span class="grow">Your session has ended. What is shown is from before, and stays.</span><Button onClick={() => void logIn()}>Log in again</Button></div>;
}

const loaded = new Map<string, FunctionComponent<PageProps>>();

function PageView() {
  const path = route.value.path;
  const info = pageAt(path);
  const [, redraw] = useState(0);
  const [trouble, setTrouble] = useState("");
  useEffect(() => {
    setTrouble("");
    if (!info || loaded.has(info.path)) return;
    let here = true;
    info.load().then(
      (m) => { loaded.set(info.path, m.default); if (here) redraw((n) => n + 1); },
      (e: unknown) => here && setTrouble(say(e)),
    );
    return () => void (here = false);
  }, [info]);
  if (!info) return <div class="page"><Head title="Not here" /><Empty icon="search" title="There is nothing at this address" actions={<a class="button main" href="/queue">To the queue</a>}>{path}</Empty></div>;
  if (info.needs && !may(info.needs)) return <div class="page"><Head title={info.title} /><Empty icon="lock" title="This page is not for your role">Somebody with the role of an administrator can give you more.</Empty></div>;
  const Page = loaded.get(info.path);
  if (trouble && !Page) return <div class="page"><Head title={info.title} /><Empty icon="warn" title="This page could not be loaded" actions={<Button look="main" onClick={() => location.reload()}>Load again</Button>}>{trouble}</Empty></div>;
  if (!Page) return <div class="page" aria-busy="true"><Head title={info.title} /></div>;
  const rest = path.slice(info.path.length + 1).split("/").filter(Boolean).map(decodeURIComponent);
  return <Page key={info.path + tenant.value} rest={rest} />;
}

function Count({ path }: { path: string }) {
  const n = path === "/queue" ? waiting.value : counts.value[path];
  return n ? <span class="count wide">{amount(n)}</span> : null;
}

function Rail() {
  const here = pageAt(route.value.path);
  return (
    <nav class={"rail" + (open.value ? " open" : "")} aria-label="Pages">
      <div class="brand">
        <Bell />
        <span class="wide">tocsin</span>
        <TenantChoice />
      </div>
      <button type="button" class="jump" onClick={() => (palette.value = true)} aria-keyshortcuts="Control+K">
        <Icon name="search" /><span class="hidden">Jump to</span><span class="grow wide" aria-hidden="true">Jump to…</span><span class="wide"><Key k="Mod+K" /></span>
      </button>
      <div class="nav">
        {shown().map((p) => (
          <a key={p.path} href={p.path} aria-current={p === here ? "page" : undefined} title={p.title + " (g " + p.key + ")"}>
            <Icon name={p.icon} />
            <span class="label wide">{p.title}</span>
            <Count path={p.path} />
          </a>
        ))}
      </div>
      <PulseView />
      <div class="me">
        <Owner name={myName.value} />
        <a class="name cut grow wide" href="/settings" title="Your account, sources, people">{fullName()}</a>
        <Button icon={theme.value === "dark" ? "sun" : "moon"} aria-label={theme.value === "dark" ? "Light" : "Dark"} title="Light or dark (t)" onClick={otherTheme} />
        <Button icon="out" aria-label="Log out" title="Log out" onClick={() => void logout()} />
      </div>
    </nav>
  );
}

const fullName = (): string => (me.value && me.value !== "out" ? me.value.user.full_name || me.value.user.name : "");

export const Bell = () => (
  <svg viewBox="0 0 24 24" aria-hidden="true">
    <path fill="currentColor" d="M12 2a2 2 0 0 1 2 2v.5a6.5 6.5 0 0 1 4.5 6.5v4l2 3h-17l2-3v-4A6.5 6.5 0 0 1 10 4.5V4a2 2 0 0 1 2-2ZM9.5 19.5h5a2.5 2.5 0 0 1-5 0Z" />
  </svg>
);

function TenantChoice() {
  const list = tenants.value;
  if (list.length < 2) return <span class="tenant cut wide">{list[0] === "main" ? "" : list[0]}</span>;
  return (
    <select class="tenant wide" aria-label="Tenant" value={tenant.value || list[0]} onChange={(e) => {
      tenant.value = e.currentTarget.value;
      localStorage.setItem("tenant", tenant.value);
      go(pageAt(route.value.path)?.path ?? "/queue");
    }}>
      {list.map((t) => <option key={t} value={t}>{t}</option>)}
    </select>
  );
}

function PulseView() {
  const p = pulse.value;
  const rate = p?.rate ?? null;
  return (
    <div class="pulse">
      <div title={connected.value ? "The server tells at once what is new" : "The server does not tell what is new"}>
        <span class={"dot " + (connected.value ? "live ok" : "warn")} />
        {connected.value ? <span class="wide">{rate === null ? "live" : <><b class="num">{amount(rate)}</b> events/s</>}</span> : <span class="wide">not live</span>}
      </div>
      {p && p.silent > 0 && <a href="/settings?at=sources"><span class="dot warn" /><span class="wide">{p.silent} of {p.sources} sources silent</span></a>}
    </div>
  );
}

const order = ["Queue", "Act", "Contain"];

function Help() {
  const groups = new Map<string, Binding[]>();
  for (const b of bound.value) {
    const list = groups.get(b.group) ?? [];
    if (!list.some((x) => x.key === b.key)) groups.set(b.group, [...list, b]);
  }
  const names = [...groups.keys()].sort((a, b) => (order.indexOf(a) + 99) % 99 - (order.indexOf(b) + 99) % 99);
  return (
    <Dialog label="Keys" class="dialog wide" onClose={() => (help.value = false)}>
      <div class="row"><h2 class="grow">Keys</h2><Button look="quiet" icon="close" aria-label="Close" onClick={() => (help.value = false)} /></div>
      <div class="keys">
        {names.map((g) => (
          <section key={g}>
            <h3>{g}</h3>
            {groups.get(g)!.map((b) => <div class="key" key={b.key}><span>{b.label}</span><span>{b.key.split(" ").map((k) => <Key key={k} k={k} />)}</span></div>)}
          </section>
        ))}
      </div>
    </Dialog>
  );
}
