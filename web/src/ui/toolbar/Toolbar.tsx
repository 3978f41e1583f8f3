/** Controls that belong together, reached with one Tab and walked with the arrow keys. */
import type { ReactNode } from "react";
import { Toolbar as AriaToolbar } from "react-aria-components/Toolbar";
import css from "./Toolbar.module.css";

export function Toolbar({ label, children, vertical }: { label: string; children: ReactNode; vertical?: boolean }) {
  return (
    <AriaToolbar className={css.toolbar} aria-label={label} orientation={vertical ? "vertical" : "horizontal"}>
      {children}
    </AriaToolbar>
  );
}
