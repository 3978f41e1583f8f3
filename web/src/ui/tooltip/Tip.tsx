/**
 * A short name beside a control that shows only an icon, for people with a mouse or a keyboard. Never the only place where
 * something is said: the control carries the same name itself, so the tip is hidden from screen readers.
 */
import { type ReactElement, useEffect, useRef, useState } from "react";
import { createPortal } from "react-dom";
import css from "./Tip.module.css";

const DELAY_MS = 500;
const GAP_PX = 8;

interface Place {
  left: number;
  top: number;
  above: boolean;
}

export function Tip({ text, children }: { text: string; children: ReactElement }) {
  const around = useRef<HTMLSpanElement>(null);
  const timer = useRef<ReturnType<typeof setTimeout> | undefined>(undefined);
  const [place, setPlace] = useState<Place | null>(null);

  const show = () => {
    const control = around.current?.firstElementChild;
    // What is open already says more than its name.
    if (control && control.getAttribute("aria-expanded") !== "true") setPlace(beside(control, text));
  };
  const hide = () => {
    clearTimeout(timer.current);
    setPlace(null);
  };
  useEffect(() => () => clearTimeout(timer.current), []);
  useEffect(() => {
    if (!place) return;
    const gone = (event: Event) => {
      if (!(event instanceof KeyboardEvent) || event.key === "Escape") setPlace(null);
    };
    addEventListener("keydown", gone);
    addEventListener("scroll", gone, true);
    return () => {
      removeEventListener("keydown", gone);
      removeEventListener("scroll", gone, true);
    };
  }, [place]);

  return (
    // biome-ignore lint/a11y/noStaticElementInteractions: hears what the control inside hears
    <span
      ref={around}
      className={css.around}
      onPointerEnter={(event) => {
        if (event.pointerType === "mouse") timer.current = setTimeout(show, DELAY_MS);
      }}
      onPointerLeave={hide}
      onPointerDown={hide}
      onFocus={(event) => {
        if (event.target.matches(":focus-visible")) timer.current = setTimeout(show, DELAY_MS);
      }}
      onBlur={hide}
    >
      {children}
      {place &&
        createPortal(
          <span
            className={`${css.tip} ${place.above ? css.above : ""}`}
            style={{ left: place.left, top: place.top }}
            aria-hidden="true"
          >
            {text}
          </span>,
          document.body,
        )}
    </span>
  );
}

/** Under the control's middle, above it where there is no room below. */
function beside(control: Element, text: string): Place {
  const { left, width, top, bottom } = control.getBoundingClientRect();
  const above = bottom + 44 > innerHeight;
  const half = text.length * 4 + 16;
  const middle = Math.max(half, Math.min(innerWidth - half, left + width / 2));
  return { left: middle, top: above ? top - GAP_PX : bottom + GAP_PX, above };
}
