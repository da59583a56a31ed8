// The small parts of which pages are made: see web/README.md for which there are.
import type { ComponentChildren, JSX } from "preact";
import { useEffect, useRef } from "preact/hooks";
import { ago, amount, upper, whenUTC } from "../form";
import { hold, mac } from "../keys";
import type { Entity as EntityShape, FacetCount } from "../shapes";
import type { Level } from "../words";
import { Icon, type IconName } from "./icon";

/** Key is a key as it stands on the keyboard. */
export function Key({ k }: { k: string }) {
  const face = k.replace("Mod+", mac ? "⌘" : "Ctrl ").replace("Enter", "⏎").replace("Escape", "esc");
  return <kbd aria-hidden="true">{face.length === 2 && mac ? face.toUpperCase() : face}</kbd>;
}

type ButtonProps = Omit<JSX.HTMLAttributes<HTMLButtonElement>, "icon"> & {
  /** the key that does the same; it is only shown: bind it with useKeys */
  k?: string;
  icon?: IconName;
  /** main: the one thing to do; quiet: without an edge; link; danger */
  look?: "main" | "quiet" | "link" | "danger";
  busy?: boolean;
  disabled?: boolean;
  type?: "button" | "submit";
  form?: string;
  children?: ComponentChildren;
};

export function Button({ k, icon, look, busy, children, class: c, ...rest }: ButtonProps) {
  const name = ["button", look, !children && "icon-only", c].filter(Boolean).join(" ");
  return (
    <button type="button" {...rest} class={name} aria-keyshortcuts={k?.replace("Mod", mac ? "Meta" : "Control")} disabled={rest.disabled || busy}>
      {busy ? <span class="spin" /> : icon && <Icon name={icon} />}
      {children}
      {k && <Key k={k} />}
    </button>
  );
}

/** Severity is a shape, a colour and a word; without the word where the place says it already (for the eye: it is still read out). */
export function Severity({ level, word = true }: { level: Level; word?: boolean }) {
  const n = { critical: 4, high: 3, medium: 2, low: 1, informational: 0 }[level] ?? 0;
  return (
    <span class={"sev " + level}>
      <svg viewBox="0 0 15 15" aria-hidden="true">
        {n === 4 ? (
          <>
            <rect x="1" y="1" width="13" height="13" rx="3" fill="currentColor" />
            <path class="mark" d="M7.5 4v4M7.5 10.5v.2" stroke-width="1.8" stroke-linecap="round" fill="none" />
          </>
        ) : (
          [4, 7, 10].map((h, i) => <rect key={i} class={i < n ? "" : "off"} x={1.5 + i * 4.5} y={13 - h} width="3" height={h} rx="0.8" fill="currentColor" />)
        )}
      </svg>
      <span class={word ? "" : "hidden"}>{upper(level)}</span>
    </span>
  );
}

const entityIcons: Record<string, IconName> = { user: "user", host: "host", address: "globe", domain: "globe", mail: "mail", file: "file", process: "process" };

/** Entity is a person, a host or an address. */
export function Entity({ of, link }: { of: EntityShape; link?: boolean }) {
  const inner = (
    <>
      <Icon name={entityIcons[of.kind] ?? "pin"} />
      <span class="name cut">{of.name}</span>
    </>
  );
  const title = of.kind + " " + of.name;
  return link ? <a class="entity" title={title} href={entityHref(of)}>{inner}</a> : <span class="entity" title={title}>{inner}</span>;
}
export const entityHref = (e: EntityShape): string => "/entities/" + encodeURIComponent(e.kind) + "/" + encodeURIComponent(e.name);

/** Owner is whose something is: a letter in a circle, or an empty one. */
export function Owner({ name }: { name?: string }) {
  if (!name) return <span class="owner none" title="nobody has taken it"><span class="hidden">nobody's</span></span>;
  let h = 0;
  for (const c of name) h = (h * 31 + c.charCodeAt(0)) % 6;
  return (
    <span class={"owner tone" + h} title={"taken by " + name}>
      <span aria-hidden="true">{name[0]!.toUpperCase()}</span>
      <span class="hidden">{name}</span>
    </span>
  );
}

/** Ago is how long ago something was; the whole time stands in its title. */
export function Ago({ t, of }: { t?: string | number; of?: string }) {
  if (!t) return null;
  return <time class="num" title={(of ?? "") + whenUTC(t)}>{ago(t)}</time>;
}

export function Meter({ value, label }: { value: number; label?: string }) {
  const level = value >= 80 ? "critical" : value >= 60 ? "high" : value >= 30 ? "medium" : "low";
  return <span class={"meter c-" + level} role="img" aria-label={(label ?? "score") + " " + value + " of 100"}><i style={{ width: Math.max(2, Math.min(100, value)) + "%" }} /></span>;
}

/** focus is a ref that gives an element the focus as soon as it is there; a dialog does that by itself. */
export const focus = (e: HTMLElement | null): void => e?.focus();

export const Chip = ({ children, title }: { children: ComponentChildren; title?: string }) => <span class="chip" title={title}>{children}</span>;

/** Note is something that must be known; bad and warn are for what is wrong. */
export function Note({ look, children }: { look?: "bad" | "warn"; children: ComponentChildren }) {
  return <div class={"note " + (look ?? "")} role={look === "bad" ? "alert" : undefined}><Icon name={look ? "warn" : "info"} /><div class="grow">{children}</div></div>;
}

/** Empty is a page or a list without anything in it: it says why, and what to do next. */
export function Empty({ icon = "check", title, children, actions }: { icon?: IconName; title: string; children?: ComponentChildren; actions?: ComponentChildren }) {
  return (
    <div class="empty">
      <Icon name={icon} />
      <h2>{title}</h2>
      {children && <p>{children}</p>}
      {actions && <div class="row">{actions}</div>}
    </div>
  );
}

/** Segments is a choice of one of few. */
export function Segments<T extends string>({ label, value, of, onChange }: { label: string; value: T; of: { value: T; label: string; title?: string }[]; onChange: (v: T) => void }) {
  return (
    <div class="segments" role="group" aria-label={label}>
      {of.map((o) => <button key={o.value} type="button" title={o.title} aria-pressed={o.value === value} onClick={() => onChange(o.value)}>{o.label}</button>)}
    </div>
  );
}

export interface FacetGroup {
  title: string;
  field: string;
  values: (FacetCount & { label?: ComponentChildren; on?: boolean })[];
}

/** Facets are the values that there are, with how often; a click filters, a click with Shift leaves out. */
export function Facets({ groups, onPick }: { groups: FacetGroup[]; onPick: (field: string, value: string, not: boolean) => void }) {
  return (
    <div class="facets">
      {groups.filter((g) => g.values.length > 0).map((g) => {
        const most = Math.max(...g.values.map((v) => v.count), 1);
        return (
          <section key={g.field} aria-label={g.title}>
            <h3>{g.title}</h3>
            {g.values.map((v) => (
              <button key={v.value} type="button" class="facet" aria-pressed={!!v.on} title={v.value + " · with Shift: all but these"} onClick={(e) => onPick(g.field, v.value, e.shiftKey)}>
                <span class="bar" style={{ width: (100 * v.count) / most + "%" }} />
                <span class="cut grow">{v.label ?? v.value}</span>
                <span class="num">{amount(v.count)}</span>
              </button>
            ))}
          </section>
        );
      })}
    </div>
  );
}

/** Dialog is a window over the page. Keys of the page rest while it is open; Escape closes it. */
export function Dialog({ label, onClose, class: c, children }: { label: string; onClose: () => void; class?: string; children: ComponentChildren }) {
  const box = useRef<HTMLDialogElement>(null);
  useEffect(() => {
    const d = box.current!;
    const before = document.activeElement as HTMLElement | null;
    d.showModal();
    const release = hold();
    return () => {
      release();
      d.close();
      before?.focus?.();
    };
  }, []);
  return (
    <dialog ref={box} aria-label={label} onCancel={(e) => { e.preventDefault(); onClose(); }} onClick={(e) => e.target === box.current && onClose()}>
      <div class={c ?? "dialog"}>{children}</div>
    </dialog>
  );
}

/** Field is a line to write with its name; bad is what is wrong with it. */
export function Field({ label, bad, children, class: c }: { label: string; bad?: string; class?: string; children: ComponentChildren }) {
  return (
    <label class={"field " + (c ?? "")}>
      <span>{label}</span>
      {children}
      {bad && <span class="bad" role="alert">{bad}</span>}
    </label>
  );
}
