// What the API answers, as far as the pages use it.
export type Level = "critical" | "high" | "medium" | "low" | "informational";
export const levels: Level[] = ["critical", "high", "medium", "low"];

export interface Entity { kind: string; name: string }
export interface Scored extends Entity { score: number; level: number; alerts: number; hits: number }
export interface RuleShare { id: string; title: string; level: Level; tags?: string[]; first?: string; last?: string; alerts: number; hits: number; events: number }
export type Status = "new" | "taken" | "snoozed" | "closed" | "merged";
export type Verdict = "malicious" | "expected" | "false-alarm";

export interface Incident {
  key: string; score: number; level: Level; title: string; sentence: string;
  first?: string; last?: string; seen?: string; updated?: string;
  alerts: number; hits: number; events: number; kind: "attack" | "attempts" | "minor"; stages?: string[];
  entities: Scored[]; many?: Record<string, number>; rules: RuleShare[];
  status: Status; owner?: string; verdict?: Verdict; note?: string; until?: string; decided?: string; again?: boolean; case?: string;
}
export interface Moment { time: number; kind: string; text: string; who?: string; key?: string; source?: string; count?: number }
export interface Alert { key: string; incident?: string; rule_id: string; title: string; level: Level; tags?: string[]; entity: Entity; first?: string; last?: string; hits: number; events: number; open?: boolean; hosts?: string[]; users?: string[]; sources?: string[]; samples?: string[] }
export interface Matched { field: string; value: string; by: string }
export interface HitBody {
  time?: string; file?: string; record?: number; matched?: Matched[]; event?: Record<string, unknown>; count?: number; by?: string[];
  logsource?: { category?: string; product?: string; service?: string };
  entities?: { hosts?: string[]; users?: string[]; addresses?: string[]; targets?: string[] };
  events?: { file: string; record: number }[]; rule: { id: string; title: string; level: Level; tags?: string[] };
}
export interface Hit { key: string; level: Level; title: string; time: string; last?: string; seen: string; count: number; open?: boolean; event_id?: string; hit: HitBody }
export interface RuleInfo { id: string; title: string; level: Level; status?: string; description?: string; author?: string; tags: string[]; references?: string[]; falsepositives?: string[]; next_steps?: string[]; file: string; line: number }
export interface Explained extends Incident { list: Alert[]; why: Hit[]; about: RuleInfo[]; normal: string[]; since?: Moment[]; timeline: Moment[]; next: string[]; earlier?: Incident[] }

export interface Page<T> { items: T[]; next?: string }
export interface Bucket { critical: number; high: number; medium: number; low: number }
/** Series counts by time; a step is in seconds. */
export interface Series { start: string; step: number; buckets?: Bucket[]; counts?: number[] }
export interface Count { value: string; count: number; title?: string }
export interface Summary {
  total: number;
  counts: { open: number; mine: number; snoozed: number; closed: number };
  levels: Record<string, number>;
  facets: Record<"rules" | "hosts" | "users" | "sources" | "tactics", Count[]>;
  cut?: boolean;
  histogram: Series;
}
export interface User { name: string; full_name?: string; source: string; roles: Record<string, string>; mfa: string[] }
export interface Me { user: User; may: Record<string, string[]>; recent: boolean }
export interface Vote { by: string; at: number; text?: string }
export interface Action {
  key: string; kind: string; target: string; params?: Record<string, string>; by: string; person?: boolean; why?: { alert?: string; case?: string; rule?: string; text?: string };
  asked: number; until?: number; state: "proposed" | "approved" | "running" | "done" | "undoing" | "denied" | "failed" | "undone" | "expired";
  needs?: number; approvals?: Vote[]; denial?: Vote; began?: number; ended?: number; result?: string; error?: string; notes?: string[];
}
export interface Step {
  number: number; kind: string; target: string; for?: string; title: string; note: string; ticked: boolean; forbidden?: string; standing?: string; undo: boolean; needs?: number;
  dry_run?: { days: number; events: number; good: number; users?: string[]; hosts?: string[]; known?: string[] };
  action: { kind: string; target: string; for?: string; why?: string; alert?: string; case?: string; params?: Record<string, string> };
}
export interface Containment { steps: Step[]; notes?: string[] }
export interface Decision { keys: string[]; status?: Status; verdict?: Verdict; owner?: string; note?: string; until?: string }
export interface Decided { incidents: Incident[]; undo: Decision[] }
