// Who is at the console, and what that person may do in the tenant that is looked at.
import { computed, signal } from "@preact/signals";
import { api, asked, ended, Problem, tenant } from "./api";
import type { MeAnswer } from "./shapes";

/** null: not known yet; "out": nobody is logged in. */
export const me = signal<MeAnswer | "out" | null>(null);

const all = "*";
export const tenants = computed(() => (me.value && me.value !== "out" ? Object.keys(me.value.may).filter((t) => t !== all) : []));

/** may tells whether the person may do something here, "incident.decide". The server decides; pages only leave out what is refused. */
export function may(permission: string): boolean {
  const m = me.value;
  if (!m || m === "out") return false;
  return (m.may[tenant.value || tenants.value[0] || all] ?? m.may[all] ?? []).includes(permission);
}

export const myName = computed(() => (me.value && me.value !== "out" ? me.value.user.name : ""));

export async function whoAmI(): Promise<void> {
  try {
    const m = await api.plain<MeAnswer>("GET", "/me");
    me.value = m;
    if (tenant.value && !tenants.value.includes(tenant.value)) tenant.value = "";
  } catch (e) {
    if (!(e instanceof Problem) || e.status !== 401) throw e;
    if (me.value && me.value !== "out") ended.value = true; // in the middle of work: what is on the page stays
    else me.value = "out";
  }
}

/** welcome goes on after a log-in in the middle of work, here or in another tab, if it is the same person. */
export async function welcome(): Promise<void> {
  let m: MeAnswer;
  try {
    m = await api.plain<MeAnswer>("GET", "/me");
  } catch {
    return; // nobody has logged in yet
  }
  if (m.user.name !== myName.value) return location.reload(); // what was begun is not somebody else's to go on with
  me.value = m;
  ended.value = false;
  const a = asked.peek();
  if (a?.for === "in") a.done(true);
}

export async function logout(): Promise<void> {
  await api.post("/me/logout");
  location.assign("/login");
}
