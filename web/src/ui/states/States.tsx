/** The three states before content: loading, nothing here, and something went wrong, each with a way on. */
import type { ReactNode } from "react";
import { isGone, problemText } from "~/api/problem";
import { Button, ButtonLink } from "~/ui/button/Button";
import { Icon, type IconName } from "~/ui/icon/Icon";
import { Skeleton } from "~/ui/skeleton/Skeleton";
import { words } from "~/words";
import css from "./States.module.css";

export function EmptyState({
  icon = "home",
  title,
  children,
}: {
  icon?: IconName;
  title: string;
  children?: ReactNode;
}) {
  return (
    <div className={css.state}>
      <span className={css.disc}>
        <Icon name={icon} size={26} />
      </span>
      <h3>{title}</h3>
      {children && <div className={css.text}>{children}</div>}
    </div>
  );
}

/** Says what went wrong in the server's words where it gave some, and offers to try again; what is not there is not tried again. */
export function ErrorState({ error, onRetry, title }: { error: unknown; onRetry?: () => void; title?: string }) {
  const said = problemText(error);
  return (
    <div className={css.state} role="alert">
      <span className={`${css.disc} ${css.bad}`}>
        <Icon name="warning" size={26} />
      </span>
      <h3>{title ?? said.title}</h3>
      {said.detail && <p className={css.text}>{said.detail}</p>}
      {isGone(error) ? (
        <ButtonLink to="/" icon="map">
          {words.notFound.back}
        </ButtonLink>
      ) : (
        onRetry && <Button onPress={onRetry}>{words.states.retry}</Button>
      )}
      {said.instance && <p className={css.small}>{words.states.reference(said.instance)}</p>}
    </div>
  );
}

export function Loading({
  label = words.states.loading,
  lines = 3,
  tall,
}: {
  label?: string;
  lines?: number;
  tall?: boolean;
}) {
  return (
    <div className={css.loading} role="status">
      <span className="visually-hidden">{label}</span>
      <Skeleton lines={lines} tall={tall} />
    </div>
  );
}
