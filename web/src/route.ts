// Where the browser is. The URL holds the state of a page: what is filtered, what is open. A page reads `route` and changes it
// with `go` (a new step in the history) or `amend` (the same step, another state).
import { computed, signal } from "@preact/signals";

export interface Route {
  path: string;
  query: URLSearchParams;
}

const here = (): Route => ({ path: location.pathname, query: new URLSearchParams(location.search) });

export const route = signal<Route>(here());
export const query = computed(() => route.value.query);

addEventListener("popstate", () => (route.value = here()));

/** go opens a path of this console, "/queue?status=open". */
export function go(to: string, how: { replace?: boolean } = {}): void {
  if (to === location.pathname + location.search) return;
  history[how.replace ? "replaceState" : "pushState"](null, "", to);
  route.value = here();
}

/** href is the present place with some arguments changed; "" and null take one away. */
export function href(change: Record<string, string | null>, path = route.value.path): string {
  const q = new URLSearchParams(route.value.query);
  for (const [name, value] of Object.entries(change)) {
    if (value === null || value === "") q.delete(name);
    else q.set(name, value);
  }
  const text = q.toString().replaceAll("%3A", ":").replaceAll("%2C", ",");
  return path + (text ? "?" + text : "");
}

/** amend changes arguments of the present place without a step in the history. */
export function amend(change: Record<string, string | null>): void {
  go(href(change), { replace: true });
}

/** Links within the console do not load the page anew. */
export function follow(e: MouseEvent): void {
  const a = (e.target as Element).closest?.("a");
  if (!a || e.defaultPrevented || e.button !== 0 || e.metaKey || e.ctrlKey || e.shiftKey || e.altKey) return;
  if (a.origin !== location.origin || a.target || a.hasAttribute("download") || a.pathname.startsWith("/api/")) return;
  e.preventDefault();
  go(a.pathname + a.search);
}
