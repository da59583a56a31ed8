// The query text is the only place that says what is filtered; facets put terms into it and take them out.

const quote = (v: string): string => (/[\s",:]/.test(v) ? '"' + v.replaceAll('"', "") + '"' : v);
export const term = (field: string, value: string, not = false): string => (not ? "-" : "") + field + ":" + quote(value);

/** words are the terms of a query as they stand there. */
export const words = (q: string): string[] => q.match(/(?:[^\s"]|"[^"]*"?)+/g) ?? [];

export const has = (q: string, field: string, value: string): boolean => words(q).includes(term(field, value));

/** toggle puts a term into a query, or takes it out. Another severity is put beside the one that stands there. */
export function toggle(q: string, field: string, value: string, not: boolean): string {
  const list = words(q);
  const yes = term(field, value), no = term(field, value, true);
  if (list.includes(not ? no : yes)) return list.filter((w) => w !== yes && w !== no).join(" ");
  return [...list.filter((w) => w !== yes && w !== no && (not || !(field === "severity" && w.startsWith("severity:")))), not ? no : yes].join(" ");
}
