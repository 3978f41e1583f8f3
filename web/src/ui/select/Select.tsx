/** One of a few. Opens a list under the field; the keyboard types ahead. */
import { Button } from "react-aria-components/Button";
import { FieldError } from "react-aria-components/FieldError";
import { Label } from "react-aria-components/Label";
import { ListBox, ListBoxItem } from "react-aria-components/ListBox";
import { Popover } from "react-aria-components/Popover";
import { Select as AriaSelect, SelectValue } from "react-aria-components/Select";
import { Icon } from "~/ui/icon/Icon";
import css from "./Select.module.css";

export interface Option {
  id: string;
  label: string;
}

export function Select({
  label,
  options,
  value,
  onChange,
  name,
  error,
  isRequired,
}: {
  label: string;
  options: readonly Option[];
  value: string | null;
  onChange: (id: string) => void;
  name?: string;
  error?: string | null;
  isRequired?: boolean;
}) {
  return (
    <AriaSelect
      className={css.select}
      value={value}
      onChange={(id) => id !== null && onChange(String(id))}
      name={name}
      isRequired={isRequired}
      isInvalid={Boolean(error)}
    >
      <Label className={css.label}>{label}</Label>
      <Button className={css.button}>
        <SelectValue className={css.value}>{({ selectedText }) => selectedText}</SelectValue>
        <Icon name="chevron" size={18} />
      </Button>
      <FieldError className={css.error}>{error}</FieldError>
      <Popover className={css.popover} offset={4}>
        <ListBox className={css.list} items={options}>
          {(option) => (
            <ListBoxItem id={option.id} textValue={option.label} className={css.item}>
              <span>{option.label}</span>
              <span className={css.tick}>
                <Icon name="check" size={16} />
              </span>
            </ListBoxItem>
          )}
        </ListBox>
      </Popover>
    </AriaSelect>
  );
}
