// First run: the link that serve has printed makes the first administrator. The same page serves a link by which an
// administrator lets somebody set a password. The link's secret stands after the #, so that it is in no log of any proxy.
import { useEffect, useState } from "preact/hooks";
import { api, Problem, say } from "../api";
import { route } from "../route";
import { Bell } from "../shell";
import type { EntryAnswer } from "../shapes";
import { Button, Field, focus, Note } from "../ui/parts";


export function First() {
  const q = route.value.query;
  const link = decodeURIComponent(location.hash.slice(1)).replace(/^link=/, "") || q.get("link") || q.get("key") || "";
  const first = route.value.path === "/first";
  const [name, setName] = useState("");
  const [full, setFull] = useState("");
  const [password, setPassword] = useState("");
  const [again, setAgain] = useState("");
  const [trouble, setTrouble] = useState<{ field: string; text: string } | null>(null);
  const [busy, setBusy] = useState(false);
  useEffect(() => {
    document.title = (first ? "First run" : "Set a password") + " · tocsin";
  }, []);
  const submit = async () => {
    if (password !== again) return setTrouble({ field: "again", text: "it is not the same" });
    setBusy(true);
    setTrouble(null);
    try {
      const e = await api.plain<EntryAnswer>("POST", "/login/link", first ? { link, name, full_name: full, password } : { link, password });
      location.replace(e.user ? "/queue" : "/login");
    } catch (e) {
      const p = e instanceof Problem ? e : null;
      setTrouble(p?.status === 401 ? { field: "", text: "This link is not good any more: it is for one use, within an hour. " + (first ? "When tocsin serve starts again it prints a new one." : "An administrator can make a new one.") } : { field: p?.field ?? "", text: say(e) });
      setBusy(false);
    }
  };
  const bad = (field: string) => (trouble?.field === field ? trouble.text : undefined);
  const elsewhere = trouble && !["name", "full_name", "password", "again"].includes(trouble.field);
  return (
    <main class="door">
      <div class="brand"><Bell />tocsin</div>
      <section class="card" aria-label={first ? "First run" : "Set a password"}>
        <h1>{first ? "You are the first" : "Set your password"}</h1>
        <p class="dim">{first ? "Make the first administrator. Everybody else is asked in by you, from Settings." : "The link is for one use. You log in with the new password then."}</p>
        {!link && <Note look="bad">There is no link in this address. Copy the whole line that {first ? "tocsin serve has printed" : "you were given"}.</Note>}
        <form class="stack" style={{ gap: "14px" }} onSubmit={(e) => { e.preventDefault(); void submit(); }}>
          {first && <Field label="Name to log in with" bad={bad("name")}><input value={name} ref={focus} autocomplete="username" autocapitalize="none" spellcheck={false} required onInput={(e) => setName(e.currentTarget.value)} /></Field>}
          {first && <Field label="Your name" bad={bad("full_name")}><input value={full} autocomplete="name" onInput={(e) => setFull(e.currentTarget.value)} /></Field>}
          <Field label="Password" bad={bad("password")}><input type="password" value={password} autocomplete="new-password" required onInput={(e) => setPassword(e.currentTarget.value)} /></Field>
          <Field label="Password, once more" bad={bad("again")}><input type="password" value={again} autocomplete="new-password" required onInput={(e) => setAgain(e.currentTarget.value)} /></Field>
          {elsewhere && <Note look="bad">{trouble.text}</Note>}
          <Button look="main" type="submit" busy={busy} disabled={!link}>{first ? "Begin" : "Set it"}</Button>
        </form>
      </section>
      <footer>A long password beats a clever one: four words are good. It is kept as argon2id, and is checked against the commonest.</footer>
    </main>
  );
}
