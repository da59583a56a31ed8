// A search as the beginning of a rule: what is plain field:value becomes a selection of a Sigma rule; the rest stands in a
// comment, for a person to write.
const indent = "        ";
const scalar = (v: string): string => (/^[\w.@/\-\\$]+( [\w.@/\-\\$]+)*$/.test(v) && !/^(true|false|null|yes|no|on|off)$/i.test(v) && Number.isNaN(Number(v)) ? v : "'" + v.replaceAll("'", "''") + "'");

interface Term { not: boolean; key: string; value: string }

function term(word: string): Term | string {
  const not = /^[-!]/.test(word);
  const m = /^[-!+]?(?:([\w@.\-]+)(!?[:=]=?))?(.*)$/s.exec(word)!;
  const value = (m[3] ?? "").replace(/^"(.*)"$/s, "$1").replaceAll('\\"', '"');
  if (!value || /^[([{/<>]/.test(m[3] ?? "")) return word;
  const no = not !== (m[2] ?? "").startsWith("!");
  if (!m[1]) return { not: no, key: "", value };
  if (/^[\da-f.:]+\/\d+$/i.test(value)) return { not: no, key: m[1] + "|cidr", value };
  return { not: no, key: m[1] + (m[2]!.includes(":") && !/[*?]/.test(value) ? "|contains" : ""), value };
}

export function draftOf(q: string, id: string): string {
  const [filter = "", ...rest] = q.split("|");
  const words = filter.match(/(?:[^\s"]|"(?:[^"\\]|\\.)*")+/g) ?? [];
  const terms: Term[] = [], left: string[] = [];
  let dataset = "", no = false;
  for (const w of words) {
    if (/^and$/i.test(w)) continue;
    if (/^not$/i.test(w)) { no = true; continue; }
    const t = /^or$/i.test(w) ? w : term(w);
    if (typeof t === "string") left.push(no ? "not " + t : t);
    else if (/^dataset/.test(t.key) && !t.not && !no) dataset = t.value;
    else terms.push({ ...t, not: t.not !== no });
    no = false;
  }
  if (rest.length) left.push("|" + rest.join("|"));
  const map = (list: Term[]) => {
    const keys = new Map<string, string[]>();
    for (const t of list) keys.set(t.key, [...(keys.get(t.key) ?? []), t.value]);
    return [...keys].map(([k, v]) => (v.length === 1 ? `${indent}${k}: ${scalar(v[0]!)}` : `${indent}${k}${k.includes("|") ? "|all" : "|contains|all"}:\n` + v.map((x) => indent + "    - " + scalar(x)).join("\n"))).join("\n");
  };
  const yes = terms.filter((t) => !t.not && t.key), out = terms.filter((t) => t.not && t.key), plain = terms.filter((t) => !t.key && !t.not), never = terms.filter((t) => !t.key && t.not);
  const list = (l: Term[]) => l.map((t) => indent + "- " + scalar(t.value)).join("\n");
  const parts: string[] = [], conds: string[] = [];
  if (yes.length || !plain.length) { parts.push("    selection:\n" + (map(yes) || indent + "field: value")); conds.push("selection"); }
  plain.forEach((t, i) => { parts.push(`    word${i + 1}:\n` + list([t])); conds.push(`word${i + 1}`); });
  if (out.length) { parts.push("    filter:\n" + map(out)); conds.push("not filter"); }
  if (never.length) { parts.push("    others:\n" + list(never)); conds.push("not others"); }
  const source = /windows|sysmon/.test(dataset) ? "    product: windows" : dataset ? `    product: linux\n    service: ${dataset}` : "    product: linux";
  return `title: What this search finds
id: ${id}
status: experimental
description: |
    Made of the search
    ${q.replaceAll("\n", " ")}
${left.length ? "# Not yet in the rule: " + left.join(" ").replaceAll("\n", " ") + "\n" : ""}logsource:
${source}
detection:
${parts.join("\n")}
    condition: ${conds.join(" and ")}
level: medium
`;
}
