/** A home as a card in a list of homes: all of it is the link. */
import { Link } from "@tanstack/react-router";
import type { Schemas } from "~/api/client";
import { Badge } from "~/ui/badge/Badge";
import { words } from "~/words";
import css from "./HomeRow.module.css";

export function HomeRow({ home }: { home: Schemas["HomeCard"] }) {
  return (
    <Link to="/homes/$id" params={{ id: home.id }} className={css.card}>
      <span className={css.kind}>
        {words.kind(home.kind)} · {words.offer(home.offer)}
      </span>
      <span className={css.title}>{home.title}</span>
      <span className={css.facts}>
        {words.guests(home.guests)} · {words.rooms(home.rooms)}
      </span>
      <span className={css.foot}>
        <span>
          <strong className={css.price}>{words.price(home.price)}</strong>
          {home.price && <span className={css.facts}> {words.perNight}</span>}
        </span>
        {home.free_tonight && <Badge tone="lamp">{words.freeTonight}</Badge>}
      </span>
    </Link>
  );
}
