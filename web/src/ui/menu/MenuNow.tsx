/** The menu itself; `Menu` brings it when the page has painted. */
import type { ReactElement } from "react";
import { Menu as AriaMenu, MenuItem, MenuTrigger } from "react-aria-components/Menu";
import { Popover } from "react-aria-components/Popover";
import { Icon, type IconName } from "~/ui/icon/Icon";
import css from "./Menu.module.css";

export interface Act {
  id: string;
  label: string;
  icon?: IconName;
  href?: string;
  chosen?: boolean;
  onAction?: () => void;
}

export default function MenuNow({
  trigger,
  label,
  acts,
}: {
  trigger: ReactElement;
  label: string;
  acts: readonly Act[];
}) {
  return (
    <MenuTrigger>
      {trigger}
      <Popover className={css.popover} offset={6} placement="bottom end">
        <AriaMenu className={css.menu} aria-label={label} items={acts}>
          {(act) => (
            <MenuItem id={act.id} textValue={act.label} href={act.href} onAction={act.onAction} className={css.item}>
              {act.icon && <Icon name={act.icon} size={18} />}
              <span className={css.text}>{act.label}</span>
              {act.chosen && <Icon name="check" size={16} />}
            </MenuItem>
          )}
        </AriaMenu>
      </Popover>
    </MenuTrigger>
  );
}
