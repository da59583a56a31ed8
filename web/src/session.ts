// Who is at the console, and what that person may do in the tenant that is looked at.
import { computed, signal } from "@preact/signals";
import { api, Problem, tenant } from "./api";
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
    me.value = "out";
  }
}

export async function logout(): Promise<void> {
  await api.post("/me/logout");
  location.assign("/login");
}
