/** A short name beside a control that shows only an icon. Never the only place where something is said. */
import type { ReactElement } from "react";
import { Tooltip, TooltipTrigger } from "react-aria-components/Tooltip";
import css from "./Tip.module.css";

export function Tip({ text, children }: { text: string; children: ReactElement }) {
  return (
    <TooltipTrigger delay={600} closeDelay={80}>
      {children}
      <Tooltip className={css.tip} offset={6}>
        {text}
      </Tooltip>
    </TooltipTrigger>
  );
}
