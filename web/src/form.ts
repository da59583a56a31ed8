// How numbers, times and lengths of time are written.
import { signal } from "@preact/signals";

/** The time by which "2 min" is told; moves every 20 seconds. */
export const now = signal(Date.now());
setInterval(() => (now.value = Date.now()), 20_000);

const number = new Intl.NumberFormat("en-GB");
export const amount = (n: number): string => number.format(Math.round(n));

/** plural is "1 alert", "2 alerts". */
export const plural = (n: number, one: string, many = one + "s"): string => amount(n) + " " + (n === 1 ? one : many);

/** span is a length of time in ms as "41 s", "2 min", "5 h", "3 d". */
export function span(ms: number): string {
  const s = Math.round(Math.abs(ms) / 1000);
  if (s < 60) return s + " s";
  if (s < 3600) return Math.round(s / 60) + " min";
  if (s < 86400 * 2) return Math.round(s / 3600) + " h";
  return Math.round(s / 86400) + " d";
}

/** ago is how long a time is past; reads the moving clock. */
export function ago(t: string | number | undefined): string {
  if (!t) return "";
  const ms = now.value - at(t);
  return ms < 45_000 ? "now" : span(ms);
}

/** at makes ms since 1970 of RFC 3339, of nanoseconds, or of ms. */
export function at(t: string | number): number {
  if (typeof t === "string") return Date.parse(t);
  return t > 1e15 ? t / 1e6 : t;
}

const two = (n: number): string => String(n).padStart(2, "0");
const months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

/** clock is "10:14", with seconds "10:14:05"; all times are in UTC, as in the reports and the terminal. */
export function clock(t: string | number, seconds = false): string {
  const d = new Date(at(t));
  return two(d.getUTCHours()) + ":" + two(d.getUTCMinutes()) + (seconds ? ":" + two(d.getUTCSeconds()) : "");
}
export function day(t: string | number): string {
  const d = new Date(at(t));
  return d.getUTCDate() + " " + months[d.getUTCMonth()];
}
/** when is "21 Nov 10:14". */
export const when = (t: string | number, seconds = false): string => day(t) + " " + clock(t, seconds);
/** whenUTC is "21 Nov 2026 10:14:05 UTC", for titles. */
export const whenUTC = (t: string | number): string => day(t) + " " + new Date(at(t)).getUTCFullYear() + " " + clock(t, true) + " UTC";

const sizes = ["B", "KB", "MB", "GB", "TB"];
export function size(bytes: number): string {
  let i = 0;
  for (; bytes >= 1000 && i < sizes.length - 1; i++) bytes /= 1000;
  return (i && bytes < 10 ? bytes.toFixed(1) : Math.round(bytes)) + " " + sizes[i];
}

/** short is the beginning of a key, as people name it. */
export const short = (key: string): string => key.slice(0, 8);
export const upper = (s: string): string => s.slice(0, 1).toUpperCase() + s.slice(1);

/** tactic is the name of a tactic of ATT&CK as people write it: "credential-access" → "Credential access". */
export const tactic = (s: string): string => upper(s.replaceAll(/[-_]/g, " "));
