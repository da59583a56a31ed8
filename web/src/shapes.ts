// Made by `make docs` from docs/reference/openapi.json: what the API takes and answers. Do not edit.

/** A part of a list; next is what after has to be for the page that follows. */
export interface Page<T> {
  items: T[];
  next?: string;
}

export interface Accepted {
  at: string;
  by: string;
  reason: string;
  until: string;
}

export interface Action {
  after?: string;
  approvals?: Vote[];
  asked: number;
  began?: number;
  by: string;
  denial?: Vote;
  ended?: number;
  error?: string;
  key: string;
  kind: string;
  needs?: number;
  next?: number;
  notes?: string[];
  params?: Record<string, string>;
  person?: boolean;
  result?: string;
  round?: number;
  state: "proposed" | "approved" | "running" | "done" | "undoing" | "denied" | "failed" | "undone" | "expired";
  target: string;
  tries?: number;
  undo?: Record<string, string>;
  until?: number;
  why?: Why;
}

export interface ActionAsk {
  /** The key of the alert or incident that it answers. */
  alert?: string;
  case?: string;
  /** Undone after this: 90m, 24h or 7d; else it stays. */
  for?: string;
  /** block, end-session, lock-account and so on: tocsin actions kinds. */
  kind: string;
  /** What else the kind needs. */
  params?: Record<string, string>;
  target: string;
  why?: string;
}

export interface ActionsAnswer {
  items: Action[];
  /** With dry, in place of items. */
  would?: Judgement[];
}

export interface ActionsAsk {
  actions: ActionAsk[];
  /** Only say what would become of them. */
  dry?: boolean;
}

export interface Agreement {
  events: number;
  examples?: string[];
  hit: number;
  incidents: number;
  touched: number;
  verdict: "malicious" | "expected" | "false-alarm";
}

export interface AlertMessage {
  entity: Entity;
  events: number;
  first?: string;
  hits: number;
  hosts?: string[];
  incident?: string;
  key: string;
  last?: string;
  level: "critical" | "high" | "medium" | "low" | "informational";
  open?: boolean;
  rule_id: string;
  samples?: string[];
  silence?: string;
  sources?: string[];
  tags?: string[];
  title: string;
  users?: string[];
}

export interface ArmAnswer {
  draft?: PreventDraft;
  items?: ArmedRule[];
}

export interface ArmFile {
  name: string;
  rule: string;
  tests: string;
}

export interface ArmRequest {
  files: ArmFile[];
}

export interface ArmedRule {
  armed?: string;
  file: string;
  ids: string[];
  name: string;
  tests: number;
  titles: string[];
}

export interface At {
  file: string;
  record: number;
}

export interface AuditHead {
  hash: string;
  seq: number;
}

export interface AuditMessage {
  action: string;
  actor: string;
  /** Any JSON. */
  detail?: unknown;
  /** SHA-256 over it and the hash of the entry before. */
  hash: string;
  seq: number;
  target: string;
  time: string;
}

export interface AuditPage {
  /** Kept elsewhere, it proves that the trail up to it has not been changed since. */
  head: AuditHead;
  items: AuditMessage[];
  next?: string;
}

export interface BacktestAsk {
  files?: RuleFile[];
  names?: string[];
  since?: string;
  until?: string;
}

export interface BackupAsk {
  /** A folder of the machine, whole. */
  dir: string;
}

export interface BackupDone {
  dir: string;
  made: string;
  sha256: Record<string, string>;
  tenants: string[];
  version: string;
}

export interface Block {
  dir: string;
  port?: number;
  prefix: string;
  proto?: string;
  rate?: number;
  until?: number;
  verdict: string;
}

export interface BlockAnswer {
  after?: string;
  approvals?: Vote[];
  asked: number;
  began?: number;
  by: string;
  bytes: number;
  denial?: Vote;
  ended?: number;
  error?: string;
  key: string;
  kind: string;
  needs?: number;
  next?: number;
  notes?: string[];
  packets: number;
  params?: Record<string, string>;
  person?: boolean;
  result?: string;
  round?: number;
  state: "proposed" | "approved" | "running" | "done" | "undoing" | "denied" | "failed" | "undone" | "expired";
  target: string;
  tries?: number;
  undo?: Record<string, string>;
  until?: number;
  why?: Why;
}

export interface Case {
  created: number;
  evidence?: Evidence[];
  incidents?: string[];
  key: string;
  notes?: Note[];
  owner?: string;
  status: "new" | "closed";
  summary?: string;
  tasks?: Task[];
  title: string;
  updated: number;
  verdict?: "malicious" | "expected" | "false-alarm";
}

export interface CaseChange {
  /** With join: keys of incidents. */
  incidents?: string[];
  op: "join" | "task" | "done" | "note" | "take" | "title" | "summary" | "close" | "reopen";
  /** Of the task, note, title or summary; with done the id of a task. */
  text?: string;
  /** With close. */
  verdict?: "malicious" | "expected" | "false-alarm";
}

export interface CaseMessage {
  created: number;
  evidence?: Evidence[];
  incidents?: string[];
  joined: Incident[];
  key: string;
  notes?: Note[];
  owner?: string;
  status: "new" | "closed";
  summary?: string;
  tasks?: Task[];
  timeline?: Moment[];
  title: string;
  updated: number;
  verdict?: "malicious" | "expected" | "false-alarm";
}

export interface ChangePasswordAsk {
  new: string;
  old: string;
}

export interface Closed {
  first: string;
  key: string;
  level: "critical" | "high" | "medium" | "low" | "informational";
  owner?: string;
  score: number;
  status: "new" | "taken" | "snoozed" | "closed" | "merged";
  title: string;
  verdict?: "malicious" | "expected" | "false-alarm";
}

export interface CodeAsk {
  code: string;
}

export interface Comparison {
  kept: number;
  lost: number;
  lost_examples?: At[];
  new: number;
  new_examples?: At[];
  partial?: boolean;
  same: number;
}

export interface Compliance {
  /** In the order of their catalogues. */
  controls: Control[];
  frameworks: Framework[];
  /** What there is of evidence, with its numbers. */
  proofs: Proof[];
  since: string;
  until: string;
}

export interface Containment {
  /** What was left out, and why. */
  notes?: string[];
  /** In the order in which they are to be done. */
  steps: Step[];
}

export interface Control {
  /** What it asks for, in our words; its own stand in the catalogue. */
  asks: string;
  /** What no evidence here can show. */
  beyond?: string;
  framework: string;
  id: string;
  /** Ids of its evidence. */
  proofs: string[];
  /** shown: all of its evidence is there, without a gap. */
  state: "shown" | "partly" | "none";
}

export interface Coverage {
  /** Techniques, each counted once. */
  all: number;
  /** Techniques that have rules, but none of them has its logs. */
  no_logs: number;
  no_rule: number;
  /** In the order of an attack. */
  tactics: CoverageTactic[];
  /** Techniques with a rule that is on and whose logs are kept. */
  watched: number;
}

export interface CoverageBelow {
  alerts: number;
  blind: number;
  id: string;
  name: string;
  rules: number;
}

export interface CoverageTactic {
  id: string;
  name: string;
  /** As tags of rules name it: credential-access */
  tag: string;
  techniques: CoverageTechnique[];
}

export interface CoverageTechnique {
  /** In the days that were asked for. */
  alerts: number;
  /** Sub-techniques with rules. */
  below?: CoverageBelow[];
  /** That are on, but nothing of their log source is kept. */
  blind: number;
  id: string;
  name: string;
  /** That are off. */
  off: number;
  /** That are on and can hit. */
  rules: number;
}

export interface Decided {
  incidents: Incident[];
  /** The decisions that restore what was. */
  undo: Decision[];
}

export interface Decision {
  /** Of the incidents; the beginning of a key will do where it means one. */
  keys: string[];
  /** In place of the one before. */
  note?: string;
  /** Empty: nobody. */
  owner?: string;
  /** What decided was of an incident, by its key, when whoever decides looked at it; empty if nothing had been decided. If others have decided about the same since, nothing is done, and the answer is 409 and says who. Of incidents that are not named nothing is asked. */
  seen?: Record<string, string>;
  status?: "new" | "taken" | "snoozed" | "closed";
  /** With snoozed. */
  until?: string;
  /** With closed. */
  verdict?: "malicious" | "expected" | "false-alarm";
}

export interface Deeds {
  asked: number;
  forbidden?: number;
  playbook: string;
  refused: number;
  targets?: Record<string, number>;
  would: number;
}

export interface DetectHit {
  by?: string[];
  count?: number;
  entities: Entities;
  event?: unknown;
  events?: EventRef[];
  file: string;
  last?: string;
  logsource: LogSource;
  matched: Matched[];
  record: number;
  rule: HitRule;
  time?: string;
  type: string;
}

export interface Difference {
  add?: Block[];
  change?: Block[];
  remove?: Block[];
}

export interface DisabledAsk {
  disabled: boolean;
}

export interface DoneAnswer {
  done: boolean;
}

export interface DryRun {
  days: number;
  /** In which its target stands. */
  events: number;
  /** Of these, successes from before the incident. */
  good: number;
  hosts?: string[];
  /** Addresses that are known to be good. */
  known?: string[];
  users?: string[];
}

export interface Duration {
  count: number;
  /** Seconds. */
  median: number;
  /** Seconds that nine of ten stayed below. */
  most: number;
}

export interface Entities {
  addresses?: string[];
  hosts?: string[];
  targets?: string[];
  users?: string[];
}

export interface Entity {
  kind: string;
  name: string;
}

export interface EntityCount {
  hits: number;
  kind: string;
  name: string;
}

export interface EntityView {
  actions?: Tally[];
  /** There are events of the days before: what is new is new. */
  checked: boolean;
  days?: Tally[];
  /** What was done about it, the last first. */
  done: StandingAction[];
  events: number;
  first?: string;
  incidents?: Incident[];
  kind: string;
  last?: string;
  moments: Moment[];
  more: number;
  name: string;
  /** What stands in its events of the last day, and in none of the 29 days before. */
  new: Group[];
  /** Incidents that it is part of and that are open, the worst first. */
  open: Incident[];
  /** 14 days, the oldest first. */
  risk: RiskDay[];
  /** 0 to 100: the highest of the last two days. */
  score: number;
  since: string;
  sources?: Tally[];
  until: string;
  /** What stands in its events of these days, the commonest first. */
  usual: Group[];
  with?: Group[];
}

export interface EntryAnswer {
  next?: string[];
  user?: User;
}

export interface EventHistogram {
  counts: number[];
  /** Which limits the search has met. */
  notes?: string[];
  /** Of the first bucket. */
  start?: string;
  /** Seconds of a bucket. */
  step: number;
  total: number;
}

export interface EventRef {
  file: string;
  record: number;
}

export interface Evidence {
  at: number;
  by: string;
  from: string;
  id: string;
  name: string;
  sha256: string;
  size: number;
}

export interface Explained {
  about: RuleInfo[];
  again?: boolean;
  alerts: number;
  case?: string;
  decided?: string;
  earlier?: Incident[];
  entities: Scored[];
  events: number;
  first?: string;
  hits: number;
  key: string;
  kind: "attack" | "attempts" | "minor";
  last?: string;
  level: "critical" | "high" | "medium" | "low" | "informational";
  list: AlertMessage[];
  many?: Record<string, number>;
  next: string[];
  normal: string[];
  note?: string;
  owner?: string;
  rules: RuleMessage[];
  score: number;
  seen?: string;
  sentence: string;
  since?: Moment[];
  stages?: string[];
  status: "new" | "taken" | "snoozed" | "closed" | "merged";
  timeline: Moment[];
  title: string;
  type: string;
  until?: string;
  updated?: string;
  verdict?: "malicious" | "expected" | "false-alarm";
  why: Hit[];
}

export interface Exposure {
  accepted: number;
  /** Of those that are not accepted. */
  counts: LevelCounts;
  /** The gravest first; accepted ones last. */
  items: Risk[];
}

export interface FacetCount {
  count: number;
  /** Of a rule. */
  title?: string;
  value: string;
}

export interface Fault {
  kind: string;
  name: string;
  other?: number;
  rule: number;
  text: string;
}

export interface FirewallAnswer {
  before?: Policy;
  blocks: number;
  by?: string;
  /** Of a plan: what the policy in force has no more (- …), and what is new (+ …). */
  changes?: string[];
  difference?: Difference;
  faults?: Fault[];
  kernel?: string;
  policy?: Policy;
  trial?: Policy;
  until?: number;
  used?: Used[];
}

export interface FirewallAsk {
  /** With apply: undone after this unless it is confirmed; 0 to 1h. */
  confirm?: string;
  /** With plan and apply: as the key firewall of tocsin.yml has it. */
  policy?: unknown;
}

export interface Framework {
  id: string;
  name: string;
  /** Where its controls stand. */
  source: string;
}

export interface Front {
  fingerprint?: string;
  listen: string;
  refused?: string;
  url: string;
}

export interface Group {
  field: string;
  list: Tally[];
}

export interface Health {
  ok: boolean;
}

export interface Histogram {
  buckets: LevelCounts[];
  /** Of the first bucket. */
  start: string;
  /** Seconds of a bucket. */
  step: number;
}

export interface Hit {
  count: number;
  event_id?: string;
  hit: DetectHit;
  key: string;
  last?: string;
  level: "critical" | "high" | "medium" | "low" | "informational";
  open?: boolean;
  seen: string;
  time: string;
  title: string;
}

export interface HitRule {
  id: string;
  level: "critical" | "high" | "medium" | "low" | "informational";
  tags: string[];
  title: string;
}

export interface Incident {
  again?: boolean;
  alerts: number;
  case?: string;
  decided?: string;
  entities: Scored[];
  events: number;
  first?: string;
  hits: number;
  key: string;
  kind: "attack" | "attempts" | "minor";
  last?: string;
  level: "critical" | "high" | "medium" | "low" | "informational";
  many?: Record<string, number>;
  note?: string;
  owner?: string;
  rules: RuleMessage[];
  score: number;
  seen?: string;
  sentence: string;
  stages?: string[];
  status: "new" | "taken" | "snoozed" | "closed" | "merged";
  title: string;
  type: string;
  until?: string;
  updated?: string;
  verdict?: "malicious" | "expected" | "false-alarm";
}

export interface Judgement {
  action: Action;
  forbidden?: string[];
  kernel?: string;
  needs?: number;
  replay?: Replay;
  warnings?: string[];
}

export interface LevelCounts {
  critical: number;
  high: number;
  informational: number;
  low: number;
  medium: number;
}

export interface LinkAnswer {
  link: string;
  url?: string;
}

export interface LinkAsk {
  full_name?: string;
  link: string;
  name?: string;
  password: string;
}

export interface LogSource {
  category?: string;
  product?: string;
  service?: string;
}

export interface LoginAsk {
  password: string;
  user: string;
}

export interface Matched {
  by: string;
  field: string;
  value: string;
}

export interface MeAnswer {
  may: Record<string, string[]>;
  recent: boolean;
  token?: string;
  user: User;
}

export interface Moment {
  key?: string;
  kind: string;
  source?: string;
  text: string;
  time: number;
  who?: string;
}

export interface Month {
  /** Of the month before. */
  before: MonthCounts;
  /** There were more incidents than were looked at. */
  cut?: boolean;
  /** Events by day. */
  days: Tally[];
  /** What was done, by kind of action. */
  done: Tally[];
  /** That are kept of the month. */
  events: number;
  month: string;
  /** Rules with most false alarms, then those with most alerts. */
  noisy: NoisyRule[];
  now: MonthCounts;
  /** Who decided how often. */
  people: Tally[];
  /** Sources that say nothing now. */
  silent: string[];
  since: string;
  until: string;
  /** It is over. */
  whole: boolean;
  /** The gravest incidents of the month. */
  worst: Closed[];
}

export interface MonthCounts {
  actions: number;
  /** Background incidents: what is tried at everybody, and what means little. */
  attempts: number;
  /** Addresses that were blocked. */
  blocks: number;
  /** Until it was closed. */
  close: Duration;
  closed: number;
  /** Until the first action about it. */
  contain: Duration;
  /** Incidents that began. */
  found: LevelCounts;
  /** Still, without those of the background. */
  open: number;
  /** From when tocsin knew until somebody took it, or closed it. */
  take: Duration;
  /** Of these, without those of the background. */
  total: number;
  verdicts: Verdicts;
}

export interface Never {
  absent?: string[];
  can: boolean;
  events?: number;
  parts?: Part[];
  why: string;
}

export interface NewCase {
  /** Keys of incidents that it joins. */
  incidents?: string[];
  /** What is it about? */
  title: string;
}

export interface NewPasskeyAsk {
  answer: unknown;
  name: string;
}

export interface NewSilence {
  /** For good. */
  exception?: boolean;
  /** All must hold: field=value, field!=value, field~part, field^=beginning, field$=end. */
  matchers: string[];
  reason?: string;
  /** Needed, but for an exception. */
  until?: string;
}

export interface NewTokenAsk {
  days: number;
  name: string;
  scope: string[];
  tenants?: string[];
  user?: string;
}

export interface NewUserAsk {
  full_name?: string;
  name: string;
  password?: string;
  roles: Record<string, string>;
}

export interface NoisyRule {
  alerts: number;
  /** As a false alarm, or as expected. */
  false: number;
  /** Hits. */
  fired: number;
  /** That a silence or an exception hides. */
  hidden?: number;
  id: string;
  last?: string;
  level: "critical" | "high" | "medium" | "low" | "informational";
  /** That nobody has judged. */
  open: number;
  title: string;
  /** Alerts in incidents that were closed as malicious. */
  true: number;
}

export interface Note {
  at: number;
  by: string;
  text: string;
}

export interface Nothing {
}

export interface NotifyRoute {
  name: string;
  /** Who is on duty now. */
  to: string[];
  ways: string[];
  what: string;
}

export interface NotifyStatus {
  failed: number;
  sent: number;
  stuck?: Record<string, string>;
  waiting: number;
}

export interface NotifyTried {
  error?: string;
  hint?: string;
  kind: string;
  sent: boolean;
  /** Seconds. */
  took: number;
  way: string;
}

export interface NotifyView {
  /** Which severities reach nobody, and when. */
  gaps: string[];
  routes: NotifyRoute[];
  ways: NotifyWay[];
}

export interface NotifyWay {
  kind: string;
  name: string;
}

export interface Outcome {
  alerts: number;
  alerts_per_day: number;
  compared?: Comparison;
  days?: Record<string, number>;
  entities?: EntityCount[];
  examples?: DetectHit[];
  hits: number;
  id?: string;
  in_force: boolean;
  kind: "detection" | "correlation";
  level: "critical" | "high" | "medium" | "low" | "informational";
  never?: Never;
  title: string;
  truncated?: boolean;
  verdicts?: Agreement[];
}

export interface PageAction {
  items: Action[];
  /** What after has to be for the page that follows; absent where none does. */
  next?: string;
}

export interface PageAlertMessage {
  items: AlertMessage[];
  /** What after has to be for the page that follows; absent where none does. */
  next?: string;
}

export interface PageArmedRule {
  items: ArmedRule[];
  /** What after has to be for the page that follows; absent where none does. */
  next?: string;
}

export interface PageBlockAnswer {
  items: BlockAnswer[];
  /** What after has to be for the page that follows; absent where none does. */
  next?: string;
}

export interface PageCase {
  items: Case[];
  /** What after has to be for the page that follows; absent where none does. */
  next?: string;
}

export interface PageHit {
  items: Hit[];
  /** What after has to be for the page that follows; absent where none does. */
  next?: string;
}

export interface PageIncident {
  items: Incident[];
  /** What after has to be for the page that follows; absent where none does. */
  next?: string;
}

export interface PagePlaybookAnswer {
  items: PlaybookAnswer[];
  /** What after has to be for the page that follows; absent where none does. */
  next?: string;
}

export interface PageSavedSearch {
  items: SavedSearch[];
  /** What after has to be for the page that follows; absent where none does. */
  next?: string;
}

export interface PageSilenceMessage {
  items: SilenceMessage[];
  /** What after has to be for the page that follows; absent where none does. */
  next?: string;
}

export interface PageValueCount {
  items: ValueCount[];
  /** What after has to be for the page that follows; absent where none does. */
  next?: string;
}

export interface PageVerified {
  items: Verified[];
  /** What after has to be for the page that follows; absent where none does. */
  next?: string;
}

export interface Part {
  matched: number;
  not?: boolean;
  text: string;
}

export interface Passkey {
  added: string;
  id: string;
  name: string;
  used?: string;
}

export interface PasswordAsk {
  password: string;
}

export interface PlaybookAnswer {
  alerts: number;
  /** How many persons must approve, in the mode ask. */
  approvals?: number;
  deeds?: Deeds;
  /** What it does. */
  do: PlaybookStep[];
  /** What it does, and why. */
  doc?: string;
  /** auto: it acts. ask: what it would do waits for a person. watch: it only notes what it would have done. */
  mode?: string;
  /** Its name: small letters, digits, -. */
  name: string;
  /** Which alerts it answers. */
  on: Trigger;
  /** More than so many actions in an hour wait for a person. */
  per_hour?: number;
  problems?: string[];
  /** Hours of the day, in the time of this machine, in which auto is ask. */
  quiet?: string[];
  refused?: Record<string, number>;
  /** What it answers, in a few words. */
  title?: string;
  would?: Record<string, number>;
}

export interface PlaybookStep {
  /** Undo it after this time. */
  for?: number;
  /** The kind of action. */
  kind: string;
  /** What else the kind needs. */
  params?: Record<string, string>;
  /** Its target. {source} and {target} stand for the addresses that it came from and went to, {user} and {host} for those of the alert, {field:NAME} for a field of its event; the action is done for each. */
  target: string;
}

export interface Policy {
  /** What happens to the rest: deny or allow. */
  default?: string;
  /** Who may reach what, in order; the first rule that fits decides. */
  rules?: PolicyRule[];
  /** What can be reached, by name: tcp/443, udp/53, tcp/8000-8100, icmp. */
  services?: Record<string, string[]>;
  /** Parts of the network, by name. self is this host, any is everything else. */
  zones?: Record<string, Zone>;
}

export interface PolicyRule {
  /** It does not pass. */
  deny?: boolean;
  /** Zones that it comes from. */
  from: string[];
  /** What it is for. */
  name?: string;
  /** Services by name, or as tcp/443; none is all. */
  services?: string[];
  /** Zones that it goes to. */
  to: string[];
}

export interface PreventDraft {
  addresses?: string[];
  backtest?: Result;
  days: number;
  events: number;
  exceptions?: PreventException[];
  hits: number;
  key: string;
  kind: string;
  notes?: string[];
  playbook?: string;
  rules?: Rule[];
  title: string;
  verdict?: string;
}

export interface PreventException {
  made?: string;
  matchers: string[];
  rule: string;
  would: WouldHide;
}

export interface Problem {
  detail?: string;
  field?: string;
  status: number;
  step_up?: boolean;
  title: string;
  wait?: number;
}

export interface Proof {
  facts: ProofFact[];
  /** What is wrong with it, or missing. */
  gaps: string[];
  /** There is something to show. */
  holds: boolean;
  id: string;
  title: string;
}

export interface ProofFact {
  name: string;
  value: string;
}

export interface QueueCounts {
  closed: number;
  /** Of these, taken by who asks. */
  mine: number;
  /** Open, and not put off. */
  open: number;
  snoozed: number;
}

export interface QueueFacets {
  hosts: FacetCount[];
  rules: FacetCount[];
  sources: FacetCount[];
  tactics: FacetCount[];
  users: FacetCount[];
}

export interface RecoveryAnswer {
  recovery: string[];
}

export interface Reloaded {
  inputs_started: number;
  inputs_stopped: number;
  needs_restart?: string[];
  refused: number;
  rules: number;
}

export interface Replay {
  spans: ReplaySpan[];
}

export interface ReplaySpan {
  days: number;
  events: number;
  good?: number;
  hosts?: string[];
  known?: string[];
  users?: string[];
}

export interface Report {
  kept: number;
  notes?: string[];
  rules: RuleStat[];
  seconds: number;
  since?: string;
  timed: number;
  until?: string;
}

export interface Result {
  days: number;
  events: number;
  kept: number;
  narrow?: string;
  notes?: string[];
  rules: Outcome[];
  seconds: number;
  since?: string;
  until?: string;
}

export interface Risk {
  /** Somebody has decided to live with it. */
  accepted?: Accepted;
  /** When a certificate does. */
  ends?: string;
  /** The same as long as it is the same. */
  id: string;
  /** port, certificate, user, firewall, logs, source, notify, backup or update */
  kind: string;
  /** informational: it is in order. */
  severity: "critical" | "high" | "medium" | "low" | "informational";
  title: string;
  /** What to do about it. */
  todo: string;
  where?: string;
  why: string;
}

export interface RiskAcceptance {
  reason: string;
  /** A year from now at most. */
  until: string;
}

export interface RiskDay {
  /** 2026-11-22, in UTC. */
  day: string;
  hits: number;
  /** Of the gravest rule. */
  level?: string;
  rules: number;
  /** 0 to 100. */
  score: number;
}

export interface RoleAsk {
  role?: string;
  tenant: string;
}

export interface Rule {
  address: boolean;
  covered: number;
  events: number;
  id: string;
  logsource: LogSource;
  name: string;
  near: number;
  notes?: string[];
  remain: number;
  tests: string;
  text: string;
  title: string;
}

export interface RuleArm {
  /** They are put in force together, or none of them is. */
  files: SaveFile[];
  /** For the audit trail. */
  why?: string;
}

export interface RuleCheck {
  name?: string;
  yaml: string;
}

export interface RuleChecked {
  diagnostics: RuleDiagnostic[];
  /** All rules of it can be used. */
  ok: boolean;
  /** The titles of those that can. */
  rules: string[];
}

export interface RuleDetail {
  alerts: number;
  author?: string;
  /** Hits by day, the oldest first. */
  days: Tally[];
  description?: string;
  enabled: boolean;
  /** Exceptions and silences that name it. */
  exceptions: SilenceMessage[];
  /** As a false alarm, or as expected. */
  false: number;
  falsepositives?: string[];
  file: string;
  /** Hits. */
  fired: number;
  /** That a silence or an exception hides. */
  hidden?: number;
  /** Or its title, where it has none. */
  id: string;
  kind: "detection" | "correlation";
  last?: string;
  level: "critical" | "high" | "medium" | "low" | "informational";
  line: number;
  /** Which events its log sources are. */
  logs: string[];
  logsource: LogSource;
  /** Its condition in words, indented. */
  looks_for: string[];
  /** Why it cannot hit: it is off, or nothing of its log source is kept. */
  never?: string;
  next_steps?: string[];
  /** Why it is off. */
  off?: RuleOff;
  /** That nobody has judged. */
  open: number;
  /** Where it has not hit: how many events each part of its condition holds for. */
  parts?: RulePart[];
  references?: string[];
  /** The file of a rule with the same id that this armed one stands in for; that one is back when this one is taken back. */
  replaces?: string;
  /** builtin, pack:NAME, armed, or its file. */
  source: string;
  status?: string;
  tags: string[];
  techniques: string[];
  /** Of an armed rule. */
  tests?: string;
  title: string;
  /** Alerts in incidents that were closed as malicious. */
  true: number;
  yaml: string;
}

export interface RuleDiagnostic {
  /** From 1. */
  column: number;
  /** The column behind the last character concerned. */
  end?: number;
  hint?: string;
  /** From 1. */
  line: number;
  message: string;
  severity: "error" | "warning" | "info";
}

export interface RuleEntry {
  alerts: number;
  enabled: boolean;
  /** As a false alarm, or as expected. */
  false: number;
  /** Hits. */
  fired: number;
  /** That a silence or an exception hides. */
  hidden?: number;
  /** Or its title, where it has none. */
  id: string;
  kind: "detection" | "correlation";
  last?: string;
  level: "critical" | "high" | "medium" | "low" | "informational";
  logsource: LogSource;
  /** Why it cannot hit: it is off, or nothing of its log source is kept. */
  never?: string;
  /** Why it is off. */
  off?: RuleOff;
  /** That nobody has judged. */
  open: number;
  /** builtin, pack:NAME, armed, or its file. */
  source: string;
  status?: string;
  tags: string[];
  techniques: string[];
  title: string;
  /** Alerts in incidents that were closed as malicious. */
  true: number;
}

export interface RuleFile {
  name: string;
  text: string;
}

export interface RuleInfo {
  author?: string;
  description?: string;
  falsepositives?: string[];
  file: string;
  id: string;
  level: "critical" | "high" | "medium" | "low" | "informational";
  line: number;
  logsource: LogSource;
  next_steps?: string[];
  references?: string[];
  status?: string;
  tags: string[];
  title: string;
  type: string;
}

export interface RuleMessage {
  alerts: number;
  events: number;
  first?: string;
  hits: number;
  id: string;
  last?: string;
  level: "critical" | "high" | "medium" | "low" | "informational";
  tags?: string[];
  title: string;
}

export interface RuleOff {
  at?: string;
  by?: string;
  /** tocsin.yml leaves it out: it can be turned on there only. */
  config?: boolean;
  why?: string;
}

export interface RulePart {
  matched: number;
  not?: boolean;
  text: string;
}

export interface RuleStat {
  alerts: number;
  false: number;
  hidden?: number;
  hits: number;
  id?: string;
  kind: "detection" | "correlation";
  level: "critical" | "high" | "medium" | "low" | "informational";
  never?: Never;
  ns_per_event: number;
  open: number;
  share: number;
  title: string;
  true: number;
}

export interface RuleSwitch {
  enabled: boolean;
  why?: string;
}

export interface RulesPage {
  all: number;
  /** Of those that are on: nothing of their log source is kept. */
  blind: number;
  /** Of all rules. */
  enabled: number;
  items: RuleEntry[];
  next?: string;
  /** That are meant. */
  total: number;
}

export interface SaveFile {
  /** Of the file, without .yml: small letters, digits, - and _. Else that of the armed rule with the same id, or one made of its title. */
  name?: string;
  /** Sigma, as YAML. */
  rule: string;
  /** As they stand in NAME.test.yml. Where there are some, all must pass, and one must expect a hit. */
  tests?: string;
}

export interface Saved {
  items: ArmedRule[];
  /** Why one of them is in force and still cannot hit, or has no tests. */
  notes: string[];
}

export interface SavedSearch {
  id: string;
  name: string;
  owner: string;
  /** Where it is: search or queue. */
  page: string;
  query: string;
  saved: string;
  /** Others see it, too. */
  shared: boolean;
  /** The span that belongs to it: 24h, or a time. */
  since?: string;
  until?: string;
}

export interface Scored {
  alerts: number;
  hits: number;
  kind: string;
  level: number;
  name: string;
  score: number;
}

export interface SearchWish {
  name: string;
  page?: "search" | "queue";
  query: string;
  shared?: boolean;
  since?: string;
  until?: string;
}

export interface SecondAsk {
  code: string;
  kind: string;
}

export interface Session {
  address: string;
  agent: string;
  created: string;
  current?: boolean;
  ends: string;
  id: string;
  method: string;
  proven: string;
  seen: string;
  user: string;
}

export interface SettingsView {
  /** Where it was read from. */
  file?: string;
  /** Every key that there is, with what it is for; secrets stand where they are kept, never here. */
  yaml: string;
}

export interface Shift {
  /** Open cases, the last changed first. */
  cases: ShiftCase[];
  /** There was more than is told here. */
  cut?: boolean;
  /** What was asked for in these hours, the last first. */
  done: StandingAction[];
  /** What is in force and ends by itself within twelve hours. */
  ends: StandingAction[];
  /** Incidents that tocsin came to know of in these hours, without those of the background. */
  found: LevelCounts;
  /** The gravest of these. */
  fresh: ShiftIncident[];
  /** Closed in these hours. */
  judged: ShiftIncident[];
  /** Of these, those that nobody has taken. */
  lone: number;
  /** Open now, whenever they began: the gravest first. */
  open: ShiftIncident[];
  /** How many are open now, without those of the background. */
  opened: number;
  /** What people decided and wrote, in order. */
  said: ShiftMoment[];
  /** Sources that say nothing now. */
  silent: string[];
  since: string;
  /** Why nothing is kept for now. */
  stalled?: string;
  until: string;
  /** What waits for approval now. */
  waits: StandingAction[];
}

export interface ShiftCase {
  key: string;
  owner?: string;
  /** Those that are not done. */
  tasks: string[];
  title: string;
  updated: string;
}

export interface ShiftIncident {
  case?: string;
  decided?: string;
  first: string;
  key: string;
  last: string;
  level: "critical" | "high" | "medium" | "low" | "informational";
  owner?: string;
  score: number;
  /** When tocsin came to know of it. */
  seen?: string;
  sentence: string;
  status: "new" | "taken" | "snoozed" | "closed" | "merged";
  title: string;
  /** Of one that is put off. */
  until?: string;
  verdict?: "malicious" | "expected" | "false-alarm";
}

export interface ShiftMoment {
  /** A key, or a rule's id. */
  of: string;
  text: string;
  time: string;
  /** Of the audit trail: incident.decide and so on. */
  what: string;
  who: string;
}

export interface SilenceMessage {
  active: boolean;
  alerts: number;
  created: string;
  ended?: string;
  exception: boolean;
  hidden: number;
  id: string;
  matchers: string[];
  owner: string;
  reason: string;
  until?: string;
}

export interface SourceStatus {
  clock_off?: number;
  clock_wrong?: boolean;
  events: number;
  first: string;
  format: string;
  last: string;
  learnt: boolean;
  longest_pause: number;
  path: string;
  sender?: string;
  silent: boolean;
}

export interface SourcesView {
  /** Events kept of the last 24 hours by the kind of log. */
  datasets: Tally[];
  /** That listen or read. */
  inputs: string[];
  /** Silent ones first. */
  items: SourceStatus[];
  silent: number;
}

export interface StandingAction {
  asked: string;
  by: string;
  key: string;
  kind: string;
  result?: string;
  state: string;
  target: string;
  until?: string;
  why?: string;
}

export interface Status {
  console?: Front;
  data?: string;
  pid?: number;
  started: string;
  tenants: TenantStatus[];
  version: string;
}

export interface Step {
  /** What is to be sent to POST /actions. */
  action: StepAction;
  dry_run?: DryRun;
  /** For how long: 7d; absent: until somebody undoes it, or at once and for good. */
  for?: string;
  /** Why it cannot be done. */
  forbidden?: string;
  kind: string;
  /** Approvals that it needs. */
  needs?: number;
  /** What it would have cut off, or why it is not ticked. */
  note: string;
  /** From 1; the key that ticks it. */
  number: number;
  /** The state of the same action, where it was asked for already. */
  standing?: string;
  target: string;
  /** It breaks nothing that is known. */
  ticked: boolean;
  title: string;
  /** It can be undone. */
  undo: boolean;
}

export interface StepAction {
  alert?: string;
  case?: string;
  for?: string;
  kind: string;
  params?: Record<string, string>;
  target: string;
  why?: string;
}

export interface StepAsk {
  /** Why, in a few words. */
  text?: string;
}

export interface StepUpAsk {
  password?: string;
  totp?: string;
}

export interface Summary {
  counts: QueueCounts;
  /** There are more than are looked at: facets and histogram are of the newest. */
  cut?: boolean;
  facets: QueueFacets;
  histogram: Histogram;
  levels: LevelCounts;
  /** That are meant, with the status that was asked for. */
  total: number;
}

export interface Suppressed {
  today: number;
  total: number;
}

export interface TOTPAnswer {
  key: string;
  picture: string;
  uri: string;
}

export interface Tally {
  count: number;
  name: string;
}

export interface Task {
  at: number;
  by: string;
  done?: number;
  id: string;
  text: string;
  who?: string;
}

export interface TenantStatus {
  events: number;
  full?: boolean;
  held_novelties?: Suppressed;
  hits: number;
  incidents?: Record<string, number>;
  inputs: string[];
  kept: number;
  log_bytes: number;
  name: string;
  not_kept?: number;
  notify: NotifyStatus;
  rules: number;
  stalled?: string;
  store_bytes?: number;
  unread?: number;
  waiting: number;
}

export interface Token {
  created: string;
  ends: string;
  id: string;
  name: string;
  scope: string[];
  tenants?: string[];
  used?: string;
  user: string;
}

export interface TokenAnswer {
  created: string;
  ends: string;
  id: string;
  name: string;
  scope: string[];
  secret: string;
  tenants?: string[];
  used?: string;
  user: string;
}

export interface Trigger {
  /** Further tags; any of them, too. */
  and_tags?: string[];
  /** The least level: informational, low, medium, high, critical. */
  level?: string;
  /** Tags that the rule must not have. */
  not_tags?: string[];
  /** Ids of rules; any of them. */
  rules?: string[];
  /** Tags of rules; any of them. */
  tags?: string[];
}

export interface Used {
  bytes: number;
  chain: string;
  packets: number;
  rule: string;
}

export interface User {
  created: string;
  disabled?: boolean;
  full_name?: string;
  last_login?: string;
  mfa: string[];
  name: string;
  password_set?: string;
  roles: Record<string, string>;
  source: string;
}

export interface ValueCount {
  count: number;
  value: string;
}

export interface Verdicts {
  expected: number;
  false_alarm: number;
  malicious: number;
}

export interface Verified {
  audit_entries: number;
  evidence: number;
  findings: string[];
  open_days: string[];
  sealed_days: number;
  tenant: string;
}

export interface Vote {
  at: number;
  by: string;
  text?: string;
}

export interface WaysAnswer {
  oidc: string[];
  passkey: boolean;
  password: boolean;
}

export interface Why {
  alert?: string;
  case?: string;
  rule?: string;
  text?: string;
}

export interface WouldHide {
  cut?: boolean;
  days: number;
  harmless: number;
  hits: number;
  incidents: Incident[];
  malicious: number;
  of: number;
}

export interface Zone {
  /** Names of interfaces. */
  interfaces?: string[];
  /** Addresses and networks. */
  networks?: string[];
}
