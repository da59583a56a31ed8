// What the API answers about rules.
import type { Level } from "../shapes";

export interface LogSource { category?: string; product?: string; service?: string }
export interface Rule {
  id: string; title: string; level: Level; status?: string; kind: string; tags: string[]; techniques: string[]; source: string; logsource: LogSource; enabled: boolean;
  off?: { by?: string; at?: string; why?: string; config?: boolean }; never?: string;
  fired: number; alerts: number; true: number; false: number; open: number; hidden?: number; last?: string;
}
export interface RulesPage { items: Rule[]; next?: string; total: number; enabled: number; all: number; blind: number }
export interface Silence { id: string; matchers: string[]; owner: string; reason: string; created: string; until?: string; ended?: string; exception: boolean; active: boolean; hidden: number; alerts: number }
export interface RuleDetail extends Rule {
  description?: string; author?: string; references?: string[]; falsepositives?: string[]; next_steps?: string[]; file: string; line: number; yaml: string; tests?: string;
  looks_for: string[]; logs: string[]; exceptions: Silence[]; days: { name: string; count: number }[]; parts?: { text: string; not?: boolean; matched: number }[];
}
export interface Diagnostic { line: number; column: number; end?: number; severity: "error" | "warning" | "info"; message: string; hint?: string }
export interface Checked { ok: boolean; rules: string[]; diagnostics: Diagnostic[] }
export interface Progress { events: number; hits: number; at?: string; share: number }
export interface Outcome {
  id?: string; title: string; level: Level; kind: string; in_force: boolean; hits: number; alerts: number; alerts_per_day: number; days?: Record<string, number>;
  entities?: { kind: string; name: string; hits: number }[]; verdicts?: { verdict: string; incidents: number; touched: number; events: number; hit: number; examples?: string[] }[];
  compared?: { kept: number; same: number; new: number; lost: number }; never?: { why: string }; truncated?: boolean;
  examples?: { time?: string; event?: Record<string, unknown>; matched?: { field: string; value: string; by: string }[]; file?: string; record?: number }[];
}
export interface Result { since?: string; until?: string; days: number; events: number; kept: number; seconds: number; rules: Outcome[]; notes?: string[]; narrow?: string }
export const ofSource = (l: LogSource): string => [l.product, l.category, l.service].filter(Boolean).join(" · ");
