// Who may come in, as what, and by which tokens programs do.
import { useState } from "preact/hooks";
import { api, say } from "../api";
import { whenUTC } from "../form";
import { Loaded, useLoad } from "../load";
import { may, me, myName, tenants } from "../session";
import type { LinkAnswer, Page, Token, TokenAnswer, User } from "../shapes";
import { complain, done, tell } from "../toast";
import { Ago, Button, Chip, Dialog, Empty, Field, Note, Owner } from "../ui/parts";

const roles = ["viewer", "analyst", "responder", "administrator"] as const;
const roleDoes = { viewer: "looks", analyst: "judges", responder: "acts", administrator: "says who is what" };

/** Once shows something that is shown this once. */
export function Once({ text, what, onClose }: { text: string; what: string; onClose: () => void }) {
  return (
    <Dialog label={what} class="dialog wide" onClose={onClose}>
      <h2>{what}</h2>
      <p class="dim">It is shown this once.</p>
      <pre class="words" tabIndex={0} aria-label={what}>{text}</pre>
      <div class="ends"><Button icon="copy" onClick={() => void navigator.clipboard?.writeText(text).then(() => tell("Copied"), () => tell("The browser does not let it be copied"))}>Copy</Button><Button look="main" onClick={onClose}>I have it</Button></div>
    </Dialog>
  );
}

export function People() {
  const load = useLoad<User[]>(async (s) => (await api.get<Page<User>>("/users", {}, s)).items, []);
  const [adding, setAdding] = useState(false), [link, setLink] = useState("");
  const write = may("user.write");
  const act = (p: Promise<unknown>, told: string) => void p.then(() => { tell(told); load.again(); }, complain);
  const path = (u: User, what: string) => "/users/" + encodeURIComponent(u.name) + "/" + what;
  return (
    <div class="sections">
      {write && <div><Button look="main" icon="plus" onClick={() => setAdding(true)}>Ask somebody in</Button></div>}
      <Loaded of={load}>{(list) => (
        <table class="table stackable">
          <thead><tr><th>Who</th><th>Role</th><th>Second factor</th><th>Comes by</th><th class="right">Last here</th><th><span class="hidden">Do</span></th></tr></thead>
          <tbody>{list.map((u) => (
            <tr key={u.name}>
              <td class="lead"><span class="row wrap"><Owner name={u.name} /><b>{u.full_name || u.name}</b><span class="dim">{u.name}</span>{u.disabled && <Chip>locked out</Chip>}</span></td>
              <td data-label="Role"><span class="stack tight">{Object.entries(u.roles).map(([t, r]) => (
                <span key={t} class="row"><select class="small-select" aria-label={"Role of " + u.name + (t === "*" ? "" : " in " + t)} disabled={!write || u.name === myName.value} value={r} onChange={(e) => act(api.post(path(u, "role"), { tenant: t, role: e.currentTarget.value }), u.name + " is " + e.currentTarget.value)}>{roles.map((x) => <option key={x} value={x}>{x}</option>)}</select><span class="dim">{t === "*" ? "everywhere" : "in " + t}</span></span>
              ))}</span></td>
              <td data-label="Second factor">{u.mfa?.length ? u.mfa.join(", ") : <span class="warn">none</span>}</td>
              <td data-label="Comes by">{u.source}</td>
              <td data-label="Last here" class="right">{u.last_login ? <Ago t={u.last_login} /> : <span class="dim">never</span>}</td>
              <td class="acts-cell"><span class="row wrap">{write && u.name !== myName.value && <>
                {u.source === "local" && <Button look="quiet" onClick={() => void api.post<LinkAnswer>(path(u, "link")).then((r) => setLink(r.link), complain)}>Password link</Button>}
                {!!u.mfa?.length && <Button look="quiet" onClick={() => act(api.drop(path(u, "mfa")), "The second factor of " + u.name + " is gone")}>Drop factor</Button>}
                <Button look="quiet" onClick={() => { const p = api.post(path(u, "disabled"), { disabled: !u.disabled }); p.then(load.again, complain); done(u.name + (u.disabled ? " may come in again" : " is locked out"), p, () => api.post(path(u, "disabled"), { disabled: !!u.disabled }).then(load.again)); }}>{u.disabled ? "Let in" : "Lock out"}</Button>
              </>}</span></td>
            </tr>
          ))}</tbody>
        </table>
      )}</Loaded>
      {adding && <NewUser onClose={() => setAdding(false)} onMade={(l) => { setAdding(false); setLink(l); load.again(); }} />}
      {link && <Once what="The link by which a password is set" text={link} onClose={() => setLink("")} />}
    </div>
  );
}

function NewUser({ onClose, onMade }: { onClose: () => void; onMade: (link: string) => void }) {
  const [v, setV] = useState({ name: "", full_name: "", role: "analyst", tenant: "*" }), [bad, setBad] = useState(""), [busy, setBusy] = useState(false);
  const make = async (e: Event) => {
    e.preventDefault();
    setBusy(true);
    try {
      await api.post("/users", { name: v.name, full_name: v.full_name, password: "", roles: { [v.tenant]: v.role } });
      onMade((await api.post<LinkAnswer>("/users/" + encodeURIComponent(v.name) + "/link")).link);
    } catch (x) { setBad(say(x)); setBusy(false); }
  };
  return (
    <Dialog label="Ask somebody in" onClose={onClose}>
      <form class="stack gap" onSubmit={make}>
        <h2>Ask somebody in</h2>
        <Field label="Name to log in with" bad={bad}><input autofocus required autocapitalize="none" spellcheck={false} autocomplete="off" value={v.name} onInput={(e) => setV({ ...v, name: e.currentTarget.value })} /></Field>
        <Field label="Name"><input autocomplete="off" value={v.full_name} onInput={(e) => setV({ ...v, full_name: e.currentTarget.value })} /></Field>
        <Field label="Role"><select value={v.role} onChange={(e) => setV({ ...v, role: e.currentTarget.value })}>{roles.map((r) => <option key={r} value={r}>{r}: {roleDoes[r]}</option>)}</select></Field>
        {tenants.value.length > 1 && <Field label="Where"><select value={v.tenant} onChange={(e) => setV({ ...v, tenant: e.currentTarget.value })}><option value="*">everywhere</option>{tenants.value.map((t) => <option key={t} value={t}>{t}</option>)}</select></Field>}
        <p class="dim">You get a link by which they set a password. Give it to them in person.</p>
        <div class="ends"><Button onClick={onClose}>Not now</Button><Button look="main" type="submit" busy={busy}>Make the link</Button></div>
      </form>
    </Dialog>
  );
}

export function Tokens() {
  const load = useLoad<Token[]>(async (s) => (await api.get<Page<Token>>("/tokens", {}, s)).items, []);
  const [adding, setAdding] = useState(false), [secret, setSecret] = useState("");
  return (
    <div class="sections">
      <div><Button look="main" icon="plus" onClick={() => setAdding(true)}>New token</Button></div>
      <Loaded of={load}>{(list) => list.length === 0 ? <Empty icon="key" title="No token yet" actions={<Button onClick={() => setAdding(true)}>New token</Button>}>A token lets a program use the API, with no more than the permissions that you give it, until a day that you name.</Empty> : (
        <table class="table stackable"><thead><tr><th>For</th><th>Whose</th><th>May</th><th>Used</th><th>Ends</th><th><span class="hidden">Do</span></th></tr></thead><tbody>{list.map((t) => (
          <tr key={t.id}><td class="lead"><b>{t.name}</b></td><td data-label="Whose">{t.user}</td><td data-label="May" class="dim any">{t.scope.join(", ")}{t.tenants?.length ? " in " + t.tenants.join(", ") : ""}</td><td data-label="Used">{t.used ? <Ago t={t.used} /> : <span class="dim">never</span>}</td><td data-label="Ends">{whenUTC(t.ends).slice(0, 11)}</td>
            <td class="acts-cell"><span class="row"><Button look="danger" onClick={() => void api.drop("/tokens/" + t.id).then(() => { tell("The token opens nothing any more"); load.again(); }, complain)}>Revoke</Button></span></td></tr>
        ))}</tbody></table>
      )}</Loaded>
      {adding && <NewToken onClose={() => setAdding(false)} onMade={(s) => { setAdding(false); setSecret(s); load.again(); }} />}
      {secret && <Once what="The token" text={secret} onClose={() => setSecret("")} />}
    </div>
  );
}

function NewToken({ onClose, onMade }: { onClose: () => void; onMade: (secret: string) => void }) {
  const m = me.value && me.value !== "out" ? me.value : null;
  const all = m ? (m.may[tenants.value[0] ?? "*"] ?? m.may["*"] ?? []).filter((p) => p !== "token.own") : [];
  const [name, setName] = useState(""), [days, setDays] = useState("90"), [scope, setScope] = useState<string[]>(["incident.read", "search.read"].filter((p) => all.includes(p))), [bad, setBad] = useState(""), [busy, setBusy] = useState(false);
  const make = async (e: Event) => {
    e.preventDefault();
    setBusy(true);
    try {
      onMade((await api.post<TokenAnswer>("/tokens", { name, scope, days: Number(days) })).secret);
    } catch (x) { setBad(say(x)); setBusy(false); }
  };
  return (
    <Dialog label="New token" class="dialog wide" onClose={onClose}>
      <form class="stack gap" onSubmit={make}>
        <h2>New token</h2>
        <div class="ask-grid">
          <Field label="What is it for?"><input autofocus required autocomplete="off" value={name} onInput={(e) => setName(e.currentTarget.value)} /></Field>
          <Field label="Ends after"><select value={days} onChange={(e) => setDays(e.currentTarget.value)}>{["7", "30", "90", "365"].map((d) => <option key={d} value={d}>{d} days</option>)}</select></Field>
        </div>
        <fieldset class="choose grid"><legend>What it may do</legend>{all.map((p) => <label key={p} class="row"><input type="checkbox" class="tick" checked={scope.includes(p)} onChange={(e) => setScope(e.currentTarget.checked ? [...scope, p] : scope.filter((x) => x !== p))} />{p}</label>)}</fieldset>
        {bad && <Note look="bad">{bad}</Note>}
        <div class="ends"><Button onClick={onClose}>Not now</Button><Button look="main" type="submit" busy={busy} disabled={!scope.length}>Make it</Button></div>
      </form>
    </Dialog>
  );
}
