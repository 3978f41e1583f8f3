/** What asks for attention: a dialog in the middle, a sheet from the edge, a panel beside its button. Focus stays in and comes back. */
import type { ReactElement, ReactNode } from "react";
import { Dialog as AriaDialog, DialogTrigger } from "react-aria-components/Dialog";
import { Heading } from "react-aria-components/Heading";
import { Modal, ModalOverlay } from "react-aria-components/Modal";
import { Popover } from "react-aria-components/Popover";
import { IconButton } from "~/ui/button/Button";
import { words } from "~/words";
import css from "./Dialog.module.css";

interface DialogProps {
  title: string;
  children: ReactNode | ((close: () => void) => ReactNode);
  /** The control that opens it; without one, `isOpen` decides. */
  trigger?: ReactElement;
  isOpen?: boolean;
  onOpenChange?: (open: boolean) => void;
  /** `sheet` slides in from below on a phone and from the side on a desk. */
  as?: "dialog" | "sheet";
  alert?: boolean;
}

export function Dialog({ title, children, trigger, isOpen, onOpenChange, as = "dialog", alert }: DialogProps) {
  const overlay = (
    <ModalOverlay
      className={css.scrim}
      isDismissable={!alert}
      isOpen={trigger ? undefined : isOpen}
      onOpenChange={trigger ? undefined : onOpenChange}
    >
      <Modal className={as === "sheet" ? css.sheet : css.modal}>
        <AriaDialog className={css.dialog} role={alert ? "alertdialog" : "dialog"}>
          {({ close }) => (
            <>
              <header className={css.head}>
                <Heading slot="title" level={2}>
                  {title}
                </Heading>
                <IconButton icon="close" label={words.dialog.close} onPress={close} />
              </header>
              <div className={css.body}>{typeof children === "function" ? children(close) : children}</div>
            </>
          )}
        </AriaDialog>
      </Modal>
    </ModalOverlay>
  );
  if (!trigger) return overlay;
  return (
    <DialogTrigger isOpen={isOpen} onOpenChange={onOpenChange}>
      {trigger}
      {overlay}
    </DialogTrigger>
  );
}

/** A panel beside the control that opens it. */
export function Panel({
  title,
  trigger,
  children,
  isOpen,
  onOpenChange,
}: {
  title: string;
  trigger: ReactElement;
  children: ReactNode | ((close: () => void) => ReactNode);
  isOpen?: boolean;
  onOpenChange?: (open: boolean) => void;
}) {
  return (
    <DialogTrigger isOpen={isOpen} onOpenChange={onOpenChange}>
      {trigger}
      <Popover className={css.panel} offset={8}>
        <AriaDialog className={css.panelBody} aria-label={title}>
          {({ close }) => <>{typeof children === "function" ? children(close) : children}</>}
        </AriaDialog>
      </Popover>
    </DialogTrigger>
  );
}
