// The console's pages. It begins here: who is it, then the shell with the page that the URL names, or the door.
import "./css/index.css";
import { render } from "preact";
import { useEffect } from "preact/hooks";
import { LoggedIn, Login } from "./pages/login";
import { First } from "./pages/first";
import { say } from "./api";
import { again } from "./live";
import { route, follow, go } from "./route";
import { me, whoAmI } from "./session";
import { Shell } from "./shell";
import { Button, Empty } from "./ui/parts";
import { signal } from "@preact/signals";

const trouble = signal("");

function begin(): void {
  trouble.value = "";
  whoAmI().catch((e: unknown) => (trouble.value = say(e)));
}

function App() {
  const path = route.value.path;
  const m = me.value;
  useEffect(() => {
    if (path === "/" && m && m !== "out") go("/queue", { replace: true });
  }, [path, m]);
  if (path === "/first" || path === "/login/link") return <First />;
  if (trouble.value && !m) {
    return <div class="door"><Empty icon="warn" title="The console cannot be reached" actions={<Button look="main" onClick={begin}>Try again</Button>}>{trouble.value}</Empty></div>;
  }
  if (m === null) return null;
  if (path === "/login/done" && m !== "out") return <LoggedIn />;
  if (m === "out" || path === "/login") return <Login />;
  return <Shell />;
}

addEventListener("click", follow);
addEventListener("online", again); // it may be so or not: what the browser knows is the state of its network, not the server's
addEventListener("offline", again);
begin();
render(<App />, document.getElementById("app")!);
