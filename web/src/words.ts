// Words that the API's answers are made of.
import type { Incident, LogSource } from "./shapes";

export type Level = Incident["level"];
export type Status = Incident["status"];
export type Verdict = NonNullable<Incident["verdict"]>;

/** The levels that anybody should look at, the gravest first. */
export const levels: Exclude<Level, "informational">[] = ["critical", "high", "medium", "low"];
export const ofSource = (l: LogSource): string => [l.product, l.category, l.service].filter(Boolean).join(" · ");
