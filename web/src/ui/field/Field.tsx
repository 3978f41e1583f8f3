/** Text, number, date and search fields: a label, a hint, and an error that says what would be right. */
import type { HTMLInputTypeAttribute, Ref } from "react";
import { Button } from "react-aria-components/Button";
import { FieldError } from "react-aria-components/FieldError";
import { Group } from "react-aria-components/Group";
import { Input } from "react-aria-components/Input";
import { Label } from "react-aria-components/Label";
import { NumberField as AriaNumberField, type NumberFieldProps } from "react-aria-components/NumberField";
import { SearchField as AriaSearchField, type SearchFieldProps } from "react-aria-components/SearchField";
import { Text } from "react-aria-components/Text";
import { TextArea as AriaTextArea } from "react-aria-components/TextArea";
import { TextField as AriaTextField, type TextFieldProps } from "react-aria-components/TextField";
import { Icon } from "~/ui/icon/Icon";
import { words } from "~/words";
import css from "./Field.module.css";

interface Around {
  label: string;
  hint?: string;
  /** A message from the server; what the browser finds shows by itself. */
  error?: string | null;
}
type Bare<T> = Omit<T, "className" | "style" | "children">;

function Below({ hint, error }: { hint?: string; error?: string | null }) {
  return (
    <>
      {hint && (
        <Text slot="description" className={css.hint}>
          {hint}
        </Text>
      )}
      {error ? <FieldError className={css.error}>{error}</FieldError> : <FieldError className={css.error} />}
    </>
  );
}

export function TextField({
  label,
  hint,
  error,
  type = "text",
  placeholder,
  ref,
  min,
  max,
  ...props
}: Bare<TextFieldProps> &
  Around & {
    type?: HTMLInputTypeAttribute;
    placeholder?: string;
    ref?: Ref<HTMLInputElement>;
    min?: string;
    max?: string;
  }) {
  return (
    <AriaTextField
      {...props}
      type={type as TextFieldProps["type"]}
      isInvalid={props.isInvalid ?? Boolean(error)}
      className={css.field}
    >
      <Label className={css.label}>{label}</Label>
      <Input ref={ref} className={css.input} placeholder={placeholder} type={type} min={min} max={max} />
      <Below hint={hint} error={error} />
    </AriaTextField>
  );
}

/** A day. The browser's own picker: it knows the reader's calendar and works with every keyboard and screen reader. */
export function DateField(props: Omit<Parameters<typeof TextField>[0], "type" | "placeholder">) {
  return <TextField {...props} type="date" />;
}

export function TextArea({
  label,
  hint,
  error,
  rows = 4,
  ...props
}: Bare<TextFieldProps> & Around & { rows?: number }) {
  return (
    <AriaTextField {...props} isInvalid={props.isInvalid ?? Boolean(error)} className={css.field}>
      <Label className={css.label}>{label}</Label>
      <AriaTextArea className={`${css.input} ${css.area}`} rows={rows} />
      <Below hint={hint} error={error} />
    </AriaTextField>
  );
}

export function NumberField({
  label,
  hint,
  error,
  placeholder,
  steps = true,
  ...props
}: Bare<NumberFieldProps> & Around & { placeholder?: string; steps?: boolean }) {
  return (
    <AriaNumberField {...props} isInvalid={props.isInvalid ?? Boolean(error)} className={css.field}>
      <Label className={css.label}>{label}</Label>
      <Group className={css.group}>
        {steps && (
          <Button slot="decrement" className={css.step}>
            <Icon name="minus" size={16} />
          </Button>
        )}
        <Input className={steps ? `${css.bare} ${css.centre}` : css.bare} placeholder={placeholder} />
        {steps && (
          <Button slot="increment" className={css.step}>
            <Icon name="plus" size={16} />
          </Button>
        )}
      </Group>
      <Below hint={hint} error={error} />
    </AriaNumberField>
  );
}

export function SearchField({
  label,
  placeholder,
  ...props
}: Bare<SearchFieldProps> & { label: string; placeholder?: string }) {
  return (
    <AriaSearchField {...props} aria-label={label} className={css.field}>
      <Group className={css.group}>
        <span className={css.lead}>
          <Icon name="search" size={18} />
        </span>
        <Input className={css.bare} placeholder={placeholder} />
        <Button className={css.clear} aria-label={words.field.clear}>
          <Icon name="close" size={16} />
        </Button>
      </Group>
    </AriaSearchField>
  );
}
