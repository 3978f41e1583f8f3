/** Choices: a switch for one thing, chips for some of many. What is chosen has a tick, not colour alone. */
import type { ReactNode } from "react";
import { Checkbox } from "react-aria-components/Checkbox";
import { CheckboxGroup } from "react-aria-components/CheckboxGroup";
import { Label } from "react-aria-components/Label";
import { Switch as AriaSwitch } from "react-aria-components/Switch";
import { Icon, type IconName } from "~/ui/icon/Icon";
import css from "./Choice.module.css";

export function Switch({
  children,
  isSelected,
  onChange,
  icon,
}: {
  children: ReactNode;
  isSelected: boolean;
  onChange: (on: boolean) => void;
  icon?: IconName;
}) {
  return (
    <AriaSwitch className={css.switch} isSelected={isSelected} onChange={onChange}>
      {icon && <Icon name={icon} size={18} />}
      <span className={css.text}>{children}</span>
      <span className={css.track}>
        <span className={css.knob} />
      </span>
    </AriaSwitch>
  );
}

export function Chips({
  label,
  options,
  value,
  onChange,
}: {
  label: string;
  options: readonly { id: string; label: string }[];
  value: readonly string[];
  onChange: (ids: string[]) => void;
}) {
  return (
    <CheckboxGroup className={css.group} value={[...value]} onChange={onChange}>
      <Label className={css.label}>{label}</Label>
      <div className={css.chips}>
        {options.map((option) => (
          <Checkbox key={option.id} value={option.id} className={css.chip}>
            <span className={css.tick}>
              <Icon name="check" size={14} />
            </span>
            {option.label}
          </Checkbox>
        ))}
      </div>
    </CheckboxGroup>
  );
}
