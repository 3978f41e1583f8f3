/**
 * A field that looks things up while one types: an ARIA combobox with a list box. What is found comes from outside, in
 * groups; choosing gives its id back. Focus stays in the field; arrows walk, Enter chooses, Escape closes.
 */
import { type KeyboardEvent, type ReactNode, useEffect, useId, useRef, useState } from "react";
import { Icon, type IconName } from "~/ui/icon/Icon";
import { words } from "~/words";
import css from "./Lookup.module.css";

export interface Found {
  id: string;
  label: string;
  detail?: string;
  icon?: IconName;
}
export interface FoundGroup {
  title?: string;
  items: readonly Found[];
}

export function Lookup({
  label,
  showLabel,
  placeholder,
  hint,
  error,
  text,
  onText,
  groups,
  note,
  onChoose,
  round,
  name,
  isRequired,
}: {
  label: string;
  /** A form shows the label above the field; a search bar has its lens. */
  showLabel?: boolean;
  placeholder?: string;
  hint?: string;
  error?: string | null;
  text: string;
  onText: (text: string) => void;
  groups: readonly FoundGroup[];
  /** Said in place of the list: nothing found, looking, or what went wrong. */
  note?: ReactNode;
  onChoose: (id: string) => void;
  round?: boolean;
  name?: string;
  isRequired?: boolean;
}) {
  const base = useId();
  const [open, setOpen] = useState(false);
  const [at, setAt] = useState(-1);
  const input = useRef<HTMLInputElement>(null);
  const list = useRef<HTMLDivElement>(null);
  const items = groups.flatMap((group) => group.items);
  const shown = open && text.trim() !== "" && (items.length > 0 || Boolean(note));
  const active = shown ? items[at] : undefined;
  const idOf = (item: Found) => `${base}-${item.id}`;

  // Other things were found: the first of them is offered, so that Enter goes to the best.
  const first = items[0]?.id;
  useEffect(() => setAt(first === undefined ? -1 : 0), [first]);

  useEffect(() => {
    if (active) list.current?.querySelector("[aria-selected=true]")?.scrollIntoView({ block: "nearest" });
  }, [active]);

  const choose = (item: Found) => {
    setOpen(false);
    onChoose(item.id);
  };
  const onKeyDown = (event: KeyboardEvent) => {
    if (event.key === "ArrowDown" || event.key === "ArrowUp") {
      event.preventDefault();
      setOpen(true);
      const step = event.key === "ArrowDown" ? 1 : -1;
      if (items.length) setAt((now) => (now + step + items.length) % items.length);
    } else if (event.key === "Enter" && active) {
      event.preventDefault();
      choose(active);
    } else if (event.key === "Escape") {
      if (shown) event.stopPropagation();
      else onText("");
      setOpen(false);
    }
  };

  return (
    <div className={css.lookup}>
      {showLabel && (
        <label htmlFor={`${base}-input`} className={css.label}>
          {label}
        </label>
      )}
      <div className={`${css.box} ${round ? css.round : ""}`} data-invalid={error ? true : undefined}>
        <span className={css.lens}>
          <Icon name="search" size={18} />
        </span>
        <input
          ref={input}
          id={`${base}-input`}
          name={name}
          className={css.input}
          type="text"
          role="combobox"
          aria-label={showLabel ? undefined : label}
          aria-expanded={shown}
          aria-controls={`${base}-list`}
          aria-activedescendant={active ? idOf(active) : undefined}
          aria-autocomplete="list"
          aria-describedby={hint || error ? `${base}-below` : undefined}
          aria-invalid={error ? true : undefined}
          autoComplete="off"
          spellCheck={false}
          required={isRequired}
          placeholder={placeholder}
          value={text}
          onChange={(event) => {
            onText(event.target.value);
            setOpen(true);
          }}
          onFocus={() => setOpen(true)}
          onBlur={() => setOpen(false)}
          onKeyDown={onKeyDown}
        />
        {text && (
          <button
            type="button"
            className={css.clear}
            aria-label={words.field.clear}
            onClick={() => {
              onText("");
              input.current?.focus();
            }}
          >
            <Icon name="close" size={16} />
          </button>
        )}
      </div>
      <div
        ref={list}
        id={`${base}-list`}
        role="listbox"
        aria-label={label}
        className={css.list}
        hidden={!shown || items.length === 0}
        // The field keeps the focus while the mouse presses in the list.
        onMouseDown={(event) => event.preventDefault()}
      >
        {groups.map(
          (group, index) =>
            group.items.length > 0 && (
              // biome-ignore lint/a11y/useSemanticElements: a group inside a list box
              <div key={group.title ?? index} role="group" aria-label={group.title ?? label}>
                {group.title && (
                  <p className={css.header} aria-hidden="true">
                    {group.title}
                  </p>
                )}
                {group.items.map((item) => (
                  // biome-ignore lint/a11y/useKeyWithClickEvents: the combobox has the keys
                  <div
                    key={item.id}
                    id={idOf(item)}
                    role="option"
                    tabIndex={-1}
                    aria-selected={item === active}
                    className={css.item}
                    onClick={() => choose(item)}
                    onMouseMove={() => setAt(items.indexOf(item))}
                  >
                    {item.icon && <Icon name={item.icon} size={18} />}
                    <span className={css.what}>
                      <span className={css.name}>{item.label}</span>
                      {item.detail && <span className={css.detail}>{item.detail}</span>}
                    </span>
                  </div>
                ))}
              </div>
            ),
        )}
      </div>
      <p className={shown && items.length === 0 ? css.note : "visually-hidden"} role="status">
        {shown ? (items.length === 0 ? note : words.search.found(items.length)) : ""}
      </p>
      {(hint || error) && (
        <p id={`${base}-below`} className={error ? css.error : css.hint}>
          {error ?? hint}
        </p>
      )}
    </div>
  );
}
