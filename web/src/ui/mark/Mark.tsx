/** Posada's mark: a pin that is a doorway with the light on. */
import css from "./Mark.module.css";

export function Mark({ size = 28 }: { size?: number }) {
  return (
    <svg className={css.mark} width={size} height={size} viewBox="0 0 32 32" aria-hidden="true" focusable="false">
      <path
        className={css.wall}
        d="M16 2a11 11 0 0 1 11 11v4.2c0 5.6-6.2 8.3-11 12.8C11.2 25.5 5 22.8 5 17.2V13A11 11 0 0 1 16 2z"
      />
      <path className={css.door} d="M11.5 20.5V13a4.5 4.5 0 0 1 9 0v7.5z" />
    </svg>
  );
}
