/** Short news after an act. `say` shows it and a screen reader hears it; nothing is said only here. */
import { Text } from "react-aria-components/Text";
import {
  UNSTABLE_Toast as AriaToast,
  UNSTABLE_ToastContent as Content,
  UNSTABLE_ToastQueue as Queue,
  UNSTABLE_ToastRegion as Region,
} from "react-aria-components/Toast";
import { IconButton } from "~/ui/button/Button";
import { Icon } from "~/ui/icon/Icon";
import { words } from "~/words";
import css from "./Toast.module.css";

interface News {
  tone: "good" | "bad";
  text: string;
}

const queue = new Queue<News>({ maxVisibleToasts: 3 });

/** Good news goes away by itself after 6 s; bad news stays until it is closed. */
export function say(text: string, tone: News["tone"] = "good") {
  queue.add({ text, tone }, tone === "good" ? { timeout: 6000 } : undefined);
}

export function Toasts() {
  return (
    <Region queue={queue} className={css.region} aria-label={words.toast.region}>
      {({ toast }) => (
        <AriaToast toast={toast} className={`${css.toast} ${css[toast.content.tone]}`}>
          <Icon name={toast.content.tone === "good" ? "check" : "warning"} size={18} />
          <Content className={css.text}>
            <Text slot="title">{toast.content.text}</Text>
          </Content>
          <IconButton slot="close" icon="close" label={words.dialog.close} small />
        </AriaToast>
      )}
    </Region>
  );
}
