/** Short news after an act: `say` shows it and a screen reader hears it. Nothing is said only here. */
import { useSyncExternalStore } from "react";
import { IconButton } from "~/ui/button/Button";
import { Icon } from "~/ui/icon/Icon";
import { words } from "~/words";
import css from "./Toast.module.css";

interface News {
  id: number;
  tone: "good" | "bad";
  text: string;
}

const GOOD_LASTS_MS = 6000;
const MOST = 3;
let news: readonly News[] = [];
let next = 1;
const listeners = new Set<() => void>();

function set(now: readonly News[]) {
  news = now;
  for (const listener of listeners) listener();
}

function close(id: number) {
  set(news.filter((entry) => entry.id !== id));
}

/** Good news goes away by itself after 6 s; bad news stays until it is closed. */
export function say(text: string, tone: News["tone"] = "good") {
  const id = next++;
  set([...news.filter((entry) => entry.text !== text), { id, tone, text }].slice(-MOST));
  if (tone === "good") setTimeout(() => close(id), GOOD_LASTS_MS);
}

function subscribe(listener: () => void) {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

/** Always on the page, also when empty: a live region that comes with its text is not always heard. */
export function Toasts() {
  const shown = useSyncExternalStore(subscribe, () => news);
  return (
    <section className={css.region} aria-label={words.toast.region} aria-live="polite">
      {shown.map(({ id, tone, text }) => (
        <div key={id} className={`${css.toast} ${css[tone]}`}>
          <Icon name={tone === "good" ? "check" : "warning"} size={18} />
          <p className={css.text}>{text}</p>
          <IconButton icon="close" label={words.dialog.close} small onPress={() => close(id)} />
        </div>
      ))}
    </section>
  );
}
