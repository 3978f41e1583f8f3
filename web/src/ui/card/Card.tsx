/** A quiet box for things that belong together. */
import type { ReactNode } from "react";
import css from "./Card.module.css";

export function Card({
  children,
  as: As = "section",
  label,
}: {
  children: ReactNode;
  as?: "section" | "div" | "article";
  label?: string;
}) {
  return (
    <As className={css.card} aria-label={label}>
      {children}
    </As>
  );
}
