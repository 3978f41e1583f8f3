/** A place held for what is coming, in its size, so that nothing jumps. Hidden from screen readers; the page says it is loading. */
import css from "./Skeleton.module.css";

export function Skeleton({ lines = 1, tall }: { lines?: number; tall?: boolean }) {
  return (
    <span className={css.stack} aria-hidden="true">
      {Array.from({ length: lines }, (_, line) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: lines have no identity
        <span key={line} className={`${css.bone} ${tall ? css.tall : ""}`} />
      ))}
    </span>
  );
}
