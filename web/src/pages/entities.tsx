// Everything about one person, host or address: how risky it was when, what it did, what of that is new for it, what is open
// about it, and what was done.
import { useState } from "preact/hooks";
import { api } from "../api";
import { amount, at, plural, upper, when, whenUTC } from "../form";
import { useKeys } from "../keys";
import { Loaded, useLoad } from "../load";
import type { PageProps } from "../pages";
import { go } from "../route";
import { may } from "../session";
import { Head } from "../shell";
import type { EntityView, Group, Incident, Summary, Tally } from "../shapes";
import { Icon, type IconName } from "../ui/icon";
import { Ago, Button, Chip, Empty, Entity, Meter, Note, Severity } from "../ui/parts";
import { AskAction, kinds, nameOf } from "../respond/ask";
import { Timeline } from "../queue/timeline";

const icons: Record<string, IconName> = { user: "user", host: "host", address: "globe" };
const fieldNames: Record<string, string> = { "user.name": "Users", "host.name": "Hosts", "source.ip": "Comes from", "destination.ip": "Goes to", "process.name": "Programs", dataset: "Logs" };
const kindOf: Record<string, string> = { "user.name": "user", "host.name": "host", "source.ip": "address", "destination.ip": "address" };

export default function Entities({ rest }: PageProps) {
  const [kind, ...name] = rest;
  return kind && name.length ? <One key={rest.join("/")} kind={kind} name={name.join("/")} /> : <Find />;
}

const guess = (t: string): string => (/^[\d.]+$|^[\da-f]*:[\da-f:.]*$/i.test(t) ? "address" : "any");

function Find() {
  const [text, setText] = useState("");
  const load = useLoad<Summary>((s) => api.get("/incidents/summary", { status: "any" }, s), []);
  useKeys([{ key: "/", label: "Find", group: "Entities", run: () => document.getElementById("entity-find")?.focus() }]);
  const groups: [string, string, "users" | "hosts" | "sources"][] = [["People and accounts", "user", "users"], ["Hosts", "host", "hosts"], ["Addresses", "address", "sources"]];
  return (
    <div class="page entities">
      <Head title="Entities">
        <form class="filter grow" onSubmit={(e) => { e.preventDefault(); if (text.trim()) go("/entities/" + guess(text.trim()) + "/" + encodeURIComponent(text.trim())); }}>
          <Icon name="search" /><input id="entity-find" autofocus aria-label="Whom or what?" placeholder="A user, a host, an address" value={text} spellcheck={false} autocapitalize="none" autocomplete="off" onInput={(e) => setText(e.currentTarget.value)} />
        </form>
      </Head>
      <div class="body"><Loaded of={load}>{(s) => groups.every(([, , f]) => !s.facets[f]?.length)
        ? <Empty icon="user" title="Nobody stands out" actions={<a class="button main" href="/search?q=source.ip:*%20%7C%20top%2020%20source.ip">See who is in the logs</a>}>Those who are part of alerts are listed here. Anybody else is found by name: a user, a host, an address.</Empty>
        : <div class="cards">{groups.filter(([, , f]) => s.facets[f]?.length).map(([title, kind, f]) => (
            <section key={kind} class="card"><h3>{title}</h3>{s.facets[f].slice(0, 12).map((v) => <a key={v.value} class="row tally" href={"/entities/" + kind + "/" + encodeURIComponent(v.value)}><span class="grow cut"><Entity of={{ kind, name: v.value }} /></span><span class="num dim">{plural(v.count, "alert")}</span></a>)}</section>
          ))}</div>}</Loaded></div>
    </div>
  );
}

function One({ kind, name }: { kind: string; name: string }) {
  const k = ["user", "host", "address"].includes(kind) ? kind : "any";
  const load = useLoad<EntityView>((s) => api.get("/entities/" + k + "/" + encodeURIComponent(name), {}, s), [k, name]);
  const [asking, setAsking] = useState(false);
  const v = load.value, real = v?.kind || (k === "any" ? "" : k);
  const search = "/search?range=30d&q=" + encodeURIComponent(real === "address" ? `(source.ip:"${name}" or destination.ip:"${name}")` : real === "host" ? `host.name:"${name}"` : real === "user" ? `user.name:"${name}"` : `"${name}"`);
  const acts = may("action.ask");
  useKeys([
    { key: "b", label: "Contain", group: "Entity", run: () => acts && setAsking(true) },
    { key: "s", label: "Search its events", group: "Entity", run: () => go(search) },
    { key: "r", label: "Read anew", group: "Entity", run: load.again },
  ]);
  const suits = kinds.find((x) => x.entity === real)?.kind ?? "block";
  return (
    <div class="page entity-page">
      <Head title={name}>
        <span class="row dim"><Icon name={icons[real] ?? "pin"} />{real ? upper(real) : "Any kind"}</span>
        <span class="grow" />
        {acts && <Button look="main" k="b" onClick={() => setAsking(true)}>Contain</Button>}
        <a class="button" href={search}><Icon name="search" />Its events</a>
      </Head>
      <div class="body">
        {load.busy && !v && <p class="dim row" role="status"><span class="spin" />Reading 30 days of it…</p>}
        {load.trouble ? <Note look="bad"><div class="row wrap"><span class="grow">{load.trouble}</span><Button onClick={load.again}>Try again</Button></div></Note> : v && <Inside v={v} kind={real} search={search} />}
      </div>
      {asking && <AskAction kind={suits} target={real === "host" ? "self" : name.replace(/^.*\\/, "")} onClose={() => setAsking(false)} onDone={load.again} />}
    </div>
  );
}

function Inside({ v, kind, search }: { v: EntityView; kind: string; search: string }) {
  if (!v.events && !v.incidents?.length && !v.open.length && !v.done.length) {
    return <Empty icon="search" title={"Nothing is known of " + v.name} actions={<><a class="button main" href={search}>Search in all events</a><a class="button" href="/entities">Find another</a></>}>No event and no alert of the last 30 days names it{kind ? " as " + kind : ""}.</Empty>;
  }
  return (
    <div class="two">
      <div class="stack wide-gap">
        <section class="stack"><h3>Risk in 14 days</h3>
          <div class="row wrap"><span class="score num">{v.score}</span><Meter value={v.score} /><span class="dim">{plural(v.events, "event")}{v.first && <> · first <Ago t={v.first} /></>}{v.last && <> · last <Ago t={v.last} /></>}</span></div>
          <Risk of={v.risk} />
        </section>
        <section class="stack"><h3>Open alerts</h3>
          {v.open.length === 0 ? <p class="dim">None{v.incidents?.length ? "; " + plural(v.incidents.length, "alert") + " in 30 days" : ""}.</p> : <div>{v.open.map((i) => <Line key={i.key} i={i} />)}</div>}
          {!!v.incidents?.some((i) => i.status === "closed") && <details><summary>{plural(v.incidents.filter((i) => i.status === "closed").length, "closed one")}</summary>{v.incidents.filter((i) => i.status === "closed").map((i) => <Line key={i.key} i={i} />)}</details>}
        </section>
        <section class="stack"><h3>New for it in the last day</h3>
          {!v.checked && v.events > 0 && <p class="dim">It has not been seen in the 29 days before: everything is new.</p>}
          {v.checked && v.new.length === 0 && <p class="dim">Nothing: what it did stands in the 29 days before, too.</p>}
          <Groups of={v.new} fresh />
        </section>
        {v.usual.length > 0 && <section class="stack"><h3>Normal for it</h3><Groups of={v.usual} /></section>}
        <section class="stack"><h3>Done about it</h3>
          {v.done.length === 0 ? <p class="dim">Nothing was blocked, ended or locked.</p> : <ul class="lines-list">{v.done.map((a) => (
            <li key={a.key} class="stack tight"><span class="row wrap"><b>{nameOf(a.kind)}</b><span class="mono any">{a.target}</span><Chip>{a.state}</Chip></span><span class="dim">{a.why ? a.why + " · " : ""}{a.by} · <Ago t={a.asked} />{a.until ? " · until " + when(a.until) : ""}</span></li>
          ))}</ul>}
        </section>
      </div>
      <div class="stack wide-gap">
        <section class="stack"><h3>What it did</h3>
          {v.moments.length ? <Timeline of={v.moments} /> : <p class="dim">There are no events of it.</p>}
          {v.more > 0 && <p><a href={search}>{amount(v.more)} more events</a></p>}
        </section>
        <div class="cards">
          {!!v.days?.length && <Days of={v.days} />}
          {!!v.sources?.length && <Card title="Logs" list={v.sources} />}
          {!!v.actions?.length && <Card title="What, and how it came out" list={v.actions} />}
          {v.with?.map((g) => <Card key={g.field} title={fieldNames[g.field] ?? g.field} list={g.list} kind={kindOf[g.field]} />)}
        </div>
      </div>
    </div>
  );
}

const Line = ({ i }: { i: Incident }) => <a class="incident-line" href={"/queue/" + i.key}><Severity level={i.level} word={false} /><b class="cut">{i.title}</b><span class="dim">{i.status}</span><Ago t={i.last} /></a>;

function Risk({ of: list }: { of: EntityView["risk"] }) {
  return (
    <div class="risk" role="img" aria-label={"Risk by day: " + list.map((d) => d.day + " " + d.score).join(", ")}>
      {list.map((d, i) => <span key={d.day} title={`${d.day}: risk ${d.score}, ${plural(d.hits, "hit")} of ${plural(d.rules, "rule")}`}><i class={"bar-" + (d.level ?? "none")} style={{ height: Math.max(2, d.score * 0.56) + "px" }} /><small>{i % 2 === (list.length - 1) % 2 ? Number(d.day.slice(8)) : ""}</small></span>)}
    </div>
  );
}

function Groups({ of, fresh }: { of: Group[]; fresh?: boolean }) {
  const all = of.map((g) => ({ ...g, list: g.list.filter((t) => t.name !== "-") })).filter((g) => g.list.length);
  return <dl class="pairs">{all.map((g) => (
    <><dt key={g.field}>{fieldNames[g.field] ?? g.field}</dt><dd><span class="row wrap">{g.list.map((t) => kindOf[g.field] ? <a key={t.name} class={"pill" + (fresh ? " fresh" : "")} href={"/entities/" + kindOf[g.field] + "/" + encodeURIComponent(t.name)}>{t.name} <span class="num dimmer">×{amount(t.count)}</span></a> : <span key={t.name} class={"pill" + (fresh ? " fresh" : "")}>{t.name} <span class="num dimmer">×{amount(t.count)}</span></span>)}</span></dd></>
  ))}</dl>;
}

function Card({ title, list, kind }: { title: string; list: Tally[]; kind?: string }) {
  const most = Math.max(...list.map((t) => t.count), 1);
  return (
    <section class="card"><h3>{title}</h3>{list.map((t) => {
      const inner = <><span class="bar" style={{ width: (100 * t.count) / most + "%" }} /><span class="cut grow">{t.name || "–"}</span><span class="num">{amount(t.count)}</span></>;
      return kind ? <a key={t.name} class="facet" title={t.name} href={"/entities/" + kind + "/" + encodeURIComponent(t.name)}>{inner}</a> : <span key={t.name} class="facet" title={t.name}>{inner}</span>;
    })}</section>
  );
}

function Days({ of: list }: { of: Tally[] }) {
  const most = Math.max(...list.map((t) => t.count), 1);
  return <section class="card"><h3>Events a day</h3><div class="day-bars" role="img" aria-label={list.map((d) => d.name.slice(0, 10) + " " + d.count).join(", ")}>{list.slice(-14).map((d) => <span key={d.name} title={whenUTC(at(d.name)).slice(0, 11) + ": " + amount(d.count)}><i style={{ height: Math.max(3, (40 * d.count) / most) + "px" }} /><small>{d.name.slice(8, 10)}</small></span>)}</div></section>;
}
