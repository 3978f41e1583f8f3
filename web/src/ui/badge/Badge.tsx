/** A word about something's state. The word carries the meaning, the colour only helps. */
import type { ReactNode } from "react";
import { Icon, type IconName } from "~/ui/icon/Icon";
import css from "./Badge.module.css";

export type BadgeTone = "neutral" | "brand" | "lamp" | "good" | "bad";

export function Badge({
  tone = "neutral",
  icon,
  children,
}: {
  tone?: BadgeTone;
  icon?: IconName;
  children: ReactNode;
}) {
  return (
    <span className={`${css.badge} ${css[tone]}`}>
      {icon && <Icon name={icon} size={14} />}
      {children}
    </span>
  );
}

/** A small number on a control's corner; the control's own name must say it too. */
export function CountMark({ n }: { n: number }) {
  if (n === 0) return null;
  return (
    <span className={css.mark} aria-hidden="true">
      {n}
    </span>
  );
}
