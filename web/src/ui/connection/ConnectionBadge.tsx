/** Says honestly whether what is shown is live: live, paused by the reader, catching up, or offline and since when. */
import type { Connection } from "~/live/status";
import { ago } from "~/ui/time/ago";
import { useNow } from "~/ui/time/useNow";
import { words } from "~/words";
import css from "./ConnectionBadge.module.css";

const WORTH_TELLING_MS = 4000;

export function ConnectionBadge({ connection, paused }: { connection: Connection; paused?: boolean }) {
  const now = useNow(connection.state === "live" ? null : 2000);
  const state = paused ? "paused" : connection.state;
  const old = connection.heardAt !== null && connection.state !== "live" && now - connection.heardAt > WORTH_TELLING_MS;
  const since = old && connection.heardAt !== null ? ago(connection.heardAt, now) : null;
  const text = words.connection[state];
  return (
    <span className={`${css.badge} ${css[state]}`} role="status">
      <span className={css.dot} aria-hidden="true" />
      <span>
        {text}
        {since && !paused && <span className={css.since}> · {words.connection.asOf(since)}</span>}
      </span>
    </span>
  );
}
