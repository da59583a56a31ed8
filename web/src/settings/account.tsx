// One's own account: password, second factors, and where one is logged in.
import { useState } from "preact/hooks";
import { api, say } from "../api";
import { plural, whenUTC } from "../form";
import { Loaded, useLoad } from "../load";
import { decodeAsk, encodeAnswer } from "../passkey";
import { me, whoAmI } from "../session";
import type { Page, Passkey, RecoveryAnswer, Session, TOTPAnswer } from "../shapes";
import { complain, tell } from "../toast";
import { Ago, Button, Chip, Field, Note } from "../ui/parts";
import { Once } from "./people";


export function Account() {
  const m = me.value && me.value !== "out" ? me.value : null;
  const sessions = useLoad<Session[]>(async (s) => (await api.get<Page<Session>>("/me/sessions", {}, s)).items, []);
  if (!m) return null;
  return (
    <div class="sections">
      <section><dl class="pairs"><dt>Name</dt><dd>{m.user.full_name ? m.user.full_name + ", " : ""}{m.user.name}</dd><dt>Comes by</dt><dd>{m.user.source}</dd><dt>Role</dt><dd>{Object.entries(m.user.roles).map(([t, r]) => r + (t === "*" ? " everywhere" : " in " + t)).join(", ")}</dd></dl></section>
      <Factors has={m.user.mfa ?? []} />
      {m.user.source === "local" && <Password />}
      <section class="stack"><h2>Where you are logged in</h2>
        <Loaded of={sessions}>{(list) => <>
          <ul class="lines-list">{list.map((s) => (
            <li key={s.id} class="row wrap"><span class="grow stack tight"><span class="row wrap"><b>{s.agent}</b>{s.current && <Chip>here</Chip>}</span><span class="dim">{s.address} · by {s.method} · since {whenUTC(s.created)} · last <Ago t={s.seen} /></span></span>
              {!s.current && <Button onClick={() => void api.drop("/me/sessions/" + s.id).then(() => { tell("That one is logged out"); sessions.again(); }, complain)}>Log out</Button>}</li>
          ))}</ul>
          {list.length > 1 && <div><Button onClick={() => void api.drop("/me/sessions").then(() => { tell("All others are logged out"); sessions.again(); }, complain)}>Log out everywhere else</Button></div>}
        </>}</Loaded>
      </section>
    </div>
  );
}

function Password() {
  const [old, setOld] = useState(""), [next, setNext] = useState(""), [again, setAgain] = useState(""), [bad, setBad] = useState(""), [busy, setBusy] = useState(false);
  const set = async (e: Event) => {
    e.preventDefault();
    if (next !== again) return setBad("it is not the same twice");
    setBusy(true);
    try {
      await api.post("/me/password", { old, new: next });
      tell("The password is changed");
      setOld(""); setNext(""); setAgain(""); setBad("");
    } catch (x) { setBad(say(x)); }
    setBusy(false);
  };
  return (
    <section><h2>Password</h2><form class="stack gap narrow" onSubmit={set}>
      <Field label="The present one"><input type="password" required autocomplete="current-password" value={old} onInput={(e) => setOld(e.currentTarget.value)} /></Field>
      <Field label="The new one"><input type="password" required autocomplete="new-password" value={next} onInput={(e) => setNext(e.currentTarget.value)} /></Field>
      <Field label="The new one, once more" bad={bad}><input type="password" required autocomplete="new-password" value={again} onInput={(e) => setAgain(e.currentTarget.value)} /></Field>
      <div><Button type="submit" busy={busy}>Change it</Button></div>
    </form></section>
  );
}

function Factors({ has }: { has: string[] }) {
  const keys = useLoad<Passkey[]>(async (s) => (await api.get<Page<Passkey>>("/me/passkeys", {}, s)).items, []);
  const [totp, setTOTP] = useState<{ key: string; uri: string; picture: string } | null>(null), [code, setCode] = useState(""), [bad, setBad] = useState(""), [codes, setCodes] = useState<string[]>([]), [name, setName] = useState("");
  const known = () => { void whoAmI(); keys.again(); };
  const begin = () => void api.post<TOTPAnswer>("/me/totp").then((t) => { setTOTP(t); setBad(""); }, complain);
  const confirm = async (e: Event) => {
    e.preventDefault();
    try {
      const r = await api.post<RecoveryAnswer>("/me/totp/confirm", { code: code.replace(/\s/g, "") });
      setTOTP(null); setCode(""); setCodes(r.recovery ?? []);
      known();
    } catch (x) { setBad(say(x)); }
  };
  const add = async () => {
    try {
      const ask = await api.post<{ publicKey?: unknown }>("/me/passkeys");
      const made = await navigator.credentials.create({ publicKey: decodeAsk(ask.publicKey ?? ask) as PublicKeyCredentialCreationOptions });
      if (!made) return;
      const r = await api.post<RecoveryAnswer>("/me/passkeys/finish", { name: name || "passkey", answer: encodeAnswer(made as PublicKeyCredential) });
      setName("");
      if (r.recovery?.length) setCodes(r.recovery);
      tell("The passkey is added");
      known();
    } catch (e) { complain((e as Error).name === "NotAllowedError" ? new Error("the browser has not made a passkey") : e); }
  };
  return (
    <section class="stack gap"><h2>Second factor</h2>
      {!has.length && <Note look="warn">Who knows your password is you. Add a passkey, or an app that shows codes.</Note>}
      <div class="stack"><h3>Passkeys</h3>
        <Loaded of={keys}>{(list) => <ul class="lines-list">{list.map((k) => <li key={k.id} class="row wrap"><span class="grow stack tight"><b>{k.name}</b><span class="dim">added {whenUTC(k.added).slice(0, 11)}{k.used ? ", used " + whenUTC(k.used).slice(0, 11) : ""}</span></span><Button onClick={() => void api.drop("/me/passkeys/" + encodeURIComponent(k.id)).then(() => { tell("The passkey opens nothing any more"); known(); }, complain)}>Remove</Button></li>)}</ul>}</Loaded>
        <div class="row wrap field write narrow"><input class="grow" aria-label="Name of the passkey" placeholder="Name: laptop, phone, key" value={name} onInput={(e) => setName(e.currentTarget.value)} /><Button icon="key" disabled={!("credentials" in navigator)} onClick={() => void add()}>Add a passkey</Button></div>
      </div>
      <div class="stack"><h3>Codes of an app</h3>
        {has.includes("totp") ? <div class="row wrap"><span class="ok">They are asked for.</span><Button onClick={() => void api.drop("/me/totp").then(() => { tell("Codes are not asked for any more"); known(); }, complain)}>Remove</Button></div>
          : totp ? (
            <form class="stack gap" onSubmit={confirm}>
              <img class="qr" src={totp.picture} alt="The key as a picture for the app" width="200" height="200" />
              <p>Or write the key into the app: <code class="any">{totp.key}</code></p>
              <div class="narrow"><Field label="The code that it shows" bad={bad}><input autofocus inputMode="numeric" autocomplete="one-time-code" required value={code} onInput={(e) => setCode(e.currentTarget.value)} /></Field></div>
              <div class="row"><Button look="main" type="submit">Confirm</Button><Button onClick={() => setTOTP(null)}>Not now</Button></div>
            </form>
          ) : <div><Button onClick={begin}>Set it up</Button></div>}
      </div>
      {codes.length > 0 && <Once what={plural(codes.length, "code") + " for when the factor is lost"} text={codes.join("\n")} onClose={() => setCodes([])} />}
    </section>
  );
}
