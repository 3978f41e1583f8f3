/** One stay: who, where, which nights, how far it has come, and what its reader can do about it. */
import { useQueryClient } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { useEffect, useId } from "react";
import { api, unwrap } from "~/api/client";
import { keepStay, type Stay } from "~/api/stays";
import { useUnread } from "~/app/inbox/Inbox";
import { Badge, type BadgeTone } from "~/ui/badge/Badge";
import { Icon } from "~/ui/icon/Icon";
import { words } from "~/words";
import { Answer } from "./Answer";
import css from "./Stays.module.css";
import { Steps } from "./Steps";

const TONES: Record<Stay["state"], BadgeTone> = {
  requested: "lamp",
  approved: "good",
  declined: "bad",
  withdrawn: "neutral",
  expired: "neutral",
};

export function StayCard({
  stay,
  open,
  fresh,
  onToggle,
}: {
  stay: Stay;
  open: boolean;
  fresh: boolean;
  onToggle: () => void;
}) {
  const body = useId();
  useLooked(stay, open, fresh);
  const other = stay.mine === "host" ? words.stays.asks(stay.guest.name) : words.stays.hostedBy(stay.host.name);
  return (
    <article className={css.card} data-fresh={fresh || undefined} data-stay={stay.id}>
      <header className={css.head}>
        <div className={css.who}>
          <p className={css.quiet}>{other}</p>
          <h2 className={css.title}>
            <Link to="/homes/$id" params={{ id: stay.home.id }}>
              {stay.home.title}
            </Link>
          </h2>
          <p>{words.stays.nights(stay.arrive, stay.leave, stay.nights)}</p>
        </div>
        <div className={css.badge}>
          <Badge tone={TONES[stay.state]}>{words.stays.state[stay.state]}</Badge>
        </div>
      </header>
      <Steps stay={stay} />
      <button type="button" className={css.toggle} aria-expanded={open} aria-controls={body} onClick={onToggle}>
        <span>{open ? words.stays.close : words.stays.open}</span>
        <Icon name="chevron" size={18} />
      </button>
      <div id={body} hidden={!open} className={css.body}>
        {open && <Body stay={stay} />}
      </div>
    </article>
  );
}

function Body({ stay }: { stay: Stay }) {
  const host = stay.mine === "host";
  return (
    <>
      <dl className={css.facts}>
        <Fact name={words.stays.room} value={stay.room.name} />
        <Fact name={words.stays.guests} value={words.number(stay.guests)} />
        <Fact name={words.stays.total} value={words.price(stay.total)} />
      </dl>
      <section className={css.words}>
        <h3>{host ? words.stays.message.host(stay.guest.name) : words.stays.message.guest}</h3>
        <p className={css.text}>{stay.message}</p>
      </section>
      {stay.reason && (
        <section className={css.words}>
          <h3>{host ? words.stays.reason.host : words.stays.reason.guest(stay.host.name)}</h3>
          <p className={css.text}>{stay.reason}</p>
        </section>
      )}
      {stay.state === "requested" && (
        <>
          <p className={css.quiet}>{words.stays.answerBy(stay.answer_by)}</p>
          <Answer stay={stay} />
        </>
      )}
    </>
  );
}

function Fact({ name, value }: { name: string; value: string }) {
  return (
    <div>
      <dt>{name}</dt>
      <dd>{value}</dd>
    </div>
  );
}

/** Opening a stay is looking at it; a host's look is told to the guest. */
function useLooked(stay: Stay, open: boolean, fresh: boolean) {
  const queries = useQueryClient();
  const { looked } = useUnread();
  const { id } = stay;
  const unseen = open && stay.mine === "host" && !stay.seen_at && stay.state === "requested";
  useEffect(() => {
    if (open && fresh) looked(id);
  }, [open, fresh, id, looked]);
  useEffect(() => {
    if (!unseen) return;
    unwrap(api.POST("/api/v1/stays/{id}/seen", { params: { path: { id } } })).then(
      (seen) => keepStay(queries, seen),
      // Not told now; it is told when it is opened again.
      () => {},
    );
  }, [unseen, id, queries]);
}
