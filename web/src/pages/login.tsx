// The door: name and password, a second factor where there is one, a passkey, or single sign-on. The same over a page in the
// middle of work, when the session has ended or a recent log-in is asked for.
import { useEffect, useState } from "preact/hooks";
import { api, Problem, say } from "../api";
import { decodeAsk, encodeAnswer } from "../passkey";
import { route } from "../route";
import { again } from "../live";
import { me, welcome } from "../session";
import { Bell } from "../shell";
import type { EntryAnswer, WaysAnswer } from "../shapes";
import { Button, Dialog, Field, focus, Note } from "../ui/parts";


/** back is where to go after the log-in: a path of this console, and nothing else. */
function back(): string {
  const q = route.value.query.get("back") ?? "";
  if (route.value.path !== "/login") return location.pathname + location.search;
  return /^\/[a-z]/.test(q) ? q : "/queue";
}

/** LoginForm asks until somebody is in; over a page, nothing of it may lead away from there. */
function LoginForm({ user, over, onIn }: { user?: string; over?: boolean; onIn: () => void }) {
  const [ways, setWays] = useState<WaysAnswer | null>(null);
  const [name, setName] = useState(user ?? "");
  const [password, setPassword] = useState("");
  const [code, setCode] = useState("");
  const [next, setNext] = useState<string[]>([]);
  const [recovery, setRecovery] = useState(false);
  const [trouble, setTrouble] = useState("");
  const [busy, setBusy] = useState(false);
  useEffect(() => {
    api.plain<WaysAnswer>("GET", "/login/ways").then(setWays, () => setWays({ password: true, passkey: false, oidc: [] }));
  }, []);
  const run = async (f: () => Promise<EntryAnswer>) => {
    setBusy(true);
    setTrouble("");
    try {
      const e = await f();
      if (e.user) onIn();
      else setNext(e.next ?? []);
    } catch (e) {
      setTrouble(e instanceof Problem && e.wait ? `${e.message} — try again in ${e.wait} s` : say(e));
      setCode("");
      if (e instanceof Problem && e.status === 401 && next.length && !/wrong/.test(e.message)) setNext([]);
    } finally {
      setBusy(false);
    }
  };
  const withPasskey = () => run(async () => {
    const ask = await api.plain<{ publicKey: PublicKeyCredentialRequestOptionsJSON }>("POST", "/login/passkey");
    const got = (await navigator.credentials.get({ publicKey: decodeAsk(ask.publicKey) as PublicKeyCredentialRequestOptions })) as PublicKeyCredential;
    return api.plain<EntryAnswer>("POST", "/login/passkey/finish", encodeAnswer(got));
  });
  if (next.length) {
    const kind = recovery || !next.includes("totp") ? "recovery" : "totp";
    const sendCode = (c: string) => void run(() => api.plain<EntryAnswer>("POST", "/login/second", { kind, code: c.trim() }));
    return (
      <form class="stack" onSubmit={(e) => { e.preventDefault(); sendCode(code); }}>
        <Field label={kind === "totp" ? "The code that your app shows" : "A recovery code"} class={kind === "totp" ? "code" : ""}>
          <input ref={focus} value={code} inputMode={kind === "totp" ? "numeric" : "text"} autocomplete="one-time-code" maxLength={kind === "totp" ? 6 : 40} spellcheck={false}
            onInput={(e) => { setCode(e.currentTarget.value); if (kind === "totp" && /^\d{6}$/.test(e.currentTarget.value)) sendCode(e.currentTarget.value); }} />
        </Field>
        {trouble && <Note look="bad">{trouble}</Note>}
        <Button look="main" type="submit" busy={busy} disabled={!code}>Log in</Button>
        {next.includes("recovery") && next.includes("totp") && <Button look="quiet" onClick={() => { setRecovery(!recovery); setCode(""); }}>{recovery ? "Use the app" : "Use a recovery code"}</Button>}
      </form>
    );
  }
  const others = ways && (ways.passkey && "PublicKeyCredential" in window ? 1 : 0) + ways.oidc.length;
  return (
    <form class="stack" style={{ gap: "14px" }} onSubmit={(e) => { e.preventDefault(); void run(() => api.plain<EntryAnswer>("POST", "/login", { user: name, password })); }}>
      <Field label="Name"><input value={name} ref={user ? undefined : focus} readOnly={!!user} autocomplete="username" autocapitalize="none" spellcheck={false} required onInput={(e) => setName(e.currentTarget.value)} /></Field>
      <Field label="Password"><input type="password" value={password} ref={user ? focus : undefined} autocomplete="current-password" required onInput={(e) => setPassword(e.currentTarget.value)} /></Field>
      {trouble && <Note look="bad">{trouble}</Note>}
      <Button look="main" type="submit" busy={busy}>Log in</Button>
      {!!others && <div class="or">or</div>}
      {ways?.passkey && "PublicKeyCredential" in window && <Button icon="key" onClick={() => void withPasskey()}>Use a passkey</Button>}
      {ways?.oidc.map((p) => <a key={p} class="button" href={"/api/v1/login/oidc/" + encodeURIComponent(p) + "?back=" + encodeURIComponent(over ? "/login/done" : back())} target={over ? "_blank" : "_self"}>Log in with {p}</a>)}
    </form>
  );
}

export function Login() {
  useEffect(() => {
    document.title = "Log in · tocsin";
  }, []);
  const refused = route.value.query.get("refused");
  return (
    <main class="door">
      <div class="brand"><Bell />tocsin</div>
      <section class="card" aria-label="Log in">
        <h1>Log in</h1>
        {refused && <Note look="bad">The log-in elsewhere was not accepted: {refused}</Note>}
        <LoginForm onIn={() => { location.replace(back()); }} />
      </section>
      <footer>Nobody here yet? <code>tocsin serve</code> prints a link that makes the first administrator; for others, and for a forgotten password, an administrator has links.</footer>
    </main>
  );
}

const wire = "tocsin log-in"; // between windows

/** LoggedIn is what is left of a window that was opened for a log-in elsewhere. */
export function LoggedIn() {
  useEffect(() => {
    const c = new BroadcastChannel(wire);
    c.postMessage("in");
    c.close();
  }, []);
  return (
    <main class="door">
      <div class="brand"><Bell />tocsin</div>
      <section class="card" aria-label="Logged in"><h1>You are logged in</h1><p>Close this window: what you were doing goes on in the other.</p></section>
    </main>
  );
}

/** StepUp is the log-in over the page. */
export function StepUp({ what, done }: { what: "in" | "step-up"; done: (ok: boolean) => void }) {
  const [password, setPassword] = useState("");
  const [totp, setTOTP] = useState("");
  const [trouble, setTrouble] = useState("");
  const [busy, setBusy] = useState(false);
  const user = me.value && me.value !== "out" ? me.value.user : null;
  useEffect(() => {
    if (what !== "in") return;
    const look = () => void welcome().then(again); // the log-in may have been in another window
    const c = new BroadcastChannel(wire);
    c.onmessage = look;
    addEventListener("focus", look);
    return () => { removeEventListener("focus", look); c.close(); };
  }, [what]);
  if (what === "in") {
    return (
      <Dialog label="Log in again" onClose={() => done(false)}>
        <h2>Your session has ended</h2>
        <p class="dim">Log in again; what you were doing goes on then.</p>
        <LoginForm user={user?.name} over onIn={() => void welcome().then(again)} />
      </Dialog>
    );
  }
  const submit = async () => {
    setBusy(true);
    setTrouble("");
    try {
      await api.plain("POST", "/me/step-up", { password, totp });
      done(true);
    } catch (e) {
      setTrouble(say(e));
      setBusy(false);
    }
  };
  return (
    <Dialog label="Is it you?" onClose={() => done(false)}>
      <form class="stack" style={{ gap: "14px" }} onSubmit={(e) => { e.preventDefault(); void submit(); }}>
        <h2>Is it you?</h2>
        <p class="dim">This can do harm, so it needs a log-in that is recent.</p>
        <Field label="Password"><input type="password" autofocus value={password} autocomplete="current-password" required onInput={(e) => setPassword(e.currentTarget.value)} /></Field>
        {user?.mfa?.includes("totp") && <Field label="The code that your app shows"><input value={totp} inputMode="numeric" autocomplete="one-time-code" maxLength={6} onInput={(e) => setTOTP(e.currentTarget.value)} /></Field>}
        {trouble && <Note look="bad">{trouble}</Note>}
        <div class="ends"><Button onClick={() => done(false)}>Not now</Button><Button look="main" type="submit" busy={busy}>Go on</Button></div>
      </form>
    </Dialog>
  );
}
