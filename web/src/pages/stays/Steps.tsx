/** Sent, delivered, seen, answered: what has happened to a request, each with its time, in words and as a line of lamps. */
import type { Stay } from "~/api/stays";
import { Icon } from "~/ui/icon/Icon";
import { words } from "~/words";
import css from "./Steps.module.css";

export function Steps({ stay }: { stay: Stay }) {
  const answered = stay.state === "requested" ? null : (stay.answered_at ?? null);
  const steps = [
    { id: "sent", name: words.stays.step.sent, at: stay.sent_at },
    { id: "delivered", name: words.stays.step.delivered, at: stay.delivered_at ?? null },
    { id: "seen", name: words.stays.step.seen, at: stay.seen_at ?? null },
    {
      id: "answered",
      name: stay.state === "requested" ? words.stays.step.answered : (words.stays.state[stay.state] ?? stay.state),
      at: answered,
    },
  ];
  return (
    <ol className={css.steps} aria-label={words.stays.steps}>
      {steps.map(({ id, name, at }) => (
        <li key={id} className={css.step} data-done={at ? true : undefined} data-step={id}>
          <span className={css.dot}>{at && <Icon name="check" size={12} />}</span>
          <span className={css.name}>{name}</span>
          {at ? (
            <time className={css.at} dateTime={at}>
              {words.stays.stepAt(at)}
            </time>
          ) : (
            <span className={css.at}>{answered ? words.stays.notNoted : words.stays.notYet}</span>
          )}
        </li>
      ))}
    </ol>
  );
}
