import { dismiss, toasts } from "../toast";
import { Button } from "./parts";

export function Toasts() {
  const list = toasts.value;
  return (
    <div class="toasts" role="status" aria-live="polite">
      {list.map((t, i) => (
        <div key={t.id} class={"toast " + (t.bad ? "bad" : "")}>
          <span class="grow">{t.text}</span>
          {t.actions?.map((a) => <Button key={a.label} look="link" onClick={() => { dismiss(t.id); a.run(); }}>{a.label}</Button>)}
          {t.undo && <Button look="link" k={i === list.findLastIndex((x) => x.undo) ? "z" : undefined} onClick={() => void t.undo!()}>Undo</Button>}
          {t.bad && <Button look="quiet" icon="close" aria-label="Dismiss" onClick={() => dismiss(t.id)} />}
        </div>
      ))}
    </div>
  );
}
