/** Buttons, and links that look like them. `IconButton` insists on a name, and shows it as a tooltip. */
import { createLink } from "@tanstack/react-router";
import type { ReactNode, Ref } from "react";
import { Button as AriaButton, type ButtonProps as AriaButtonProps } from "react-aria-components/Button";
import { ToggleButton as AriaToggleButton, type ToggleButtonProps } from "react-aria-components/ToggleButton";
import { Icon, type IconName } from "~/ui/icon/Icon";
import { Tip } from "~/ui/tooltip/Tip";
import css from "./Button.module.css";

export type ButtonLook = "primary" | "soft" | "plain" | "danger";
type Shape = { look?: ButtonLook; small?: boolean; icon?: IconName; wide?: boolean };

function classes({ look = "soft", small, wide }: Shape, extra?: string) {
  return [css.button, css[look], small && css.small, wide && css.wide, extra].filter(Boolean).join(" ");
}

export interface ButtonProps extends Omit<AriaButtonProps, "className" | "style" | "children">, Shape {
  children: ReactNode;
  ref?: Ref<HTMLButtonElement>;
}

/**
 * While pending it keeps the focus and does nothing. The library's own pending state would leave an unnamed image in its
 * live region when the button goes with the answer.
 */
export function Button({ look, small, wide, icon, children, isPending, onPress, ...props }: ButtonProps) {
  return (
    <AriaButton
      {...props}
      onPress={isPending ? undefined : onPress}
      aria-disabled={isPending || undefined}
      data-pending={isPending || undefined}
      className={classes({ look, small, wide })}
    >
      {icon && <Icon name={icon} size={small ? 16 : 18} />}
      <span>{children}</span>
    </AriaButton>
  );
}

interface IconShape {
  icon: IconName;
  label: string;
  look?: ButtonLook;
  small?: boolean;
  /** Drawn over the icon's corner: a count, say. The label must say it too. */
  mark?: ReactNode;
}

export function IconButton({
  icon,
  label,
  look = "plain",
  small,
  mark,
  ...props
}: Omit<AriaButtonProps, "className" | "style" | "children"> & IconShape) {
  return (
    <Tip text={label}>
      <AriaButton {...props} aria-label={label} className={classes({ look, small }, css.square)}>
        <Icon name={icon} size={small ? 18 : 20} />
        {mark}
      </AriaButton>
    </Tip>
  );
}

export function IconToggle({
  icon,
  label,
  small,
  look = "plain",
  ...props
}: Omit<ToggleButtonProps, "className" | "style" | "children"> & IconShape) {
  return (
    <Tip text={label}>
      <AriaToggleButton {...props} aria-label={label} className={classes({ look, small }, css.square)}>
        <Icon name={icon} size={small ? 18 : 20} />
      </AriaToggleButton>
    </Tip>
  );
}

function Anchor({
  look,
  small,
  wide,
  icon,
  children,
  ...props
}: Shape &
  Omit<React.AnchorHTMLAttributes<HTMLAnchorElement>, "className" | "style"> & { ref?: Ref<HTMLAnchorElement> }) {
  return (
    <a {...props} className={classes({ look, small, wide })}>
      {icon && <Icon name={icon} size={small ? 16 : 18} />}
      <span>{children}</span>
    </a>
  );
}

/** A router link with a button's look. */
export const ButtonLink = createLink(Anchor);
