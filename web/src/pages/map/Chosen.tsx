/** The card of what is chosen on the map: what it is, its counts, and where it leads. It moves along when the thing does. */
import { Link } from "@tanstack/react-router";
import type L from "leaflet";
import { createPortal } from "react-dom";
import type { ScopedItem } from "~/live/view";
import { usePopup } from "~/map/usePopup";
import { Badge } from "~/ui/badge/Badge";
import { Button, ButtonLink, IconButton } from "~/ui/button/Button";
import { words } from "~/words";
import css from "./Chosen.module.css";

export function Chosen({
  map,
  item,
  offset,
  onClose,
  onEnter,
}: {
  map: L.Map;
  item: ScopedItem;
  /** Pixels the card stands above the point. */
  offset: number;
  onClose: () => void;
  onEnter: (item: ScopedItem) => void;
}) {
  const element = usePopup(map, { lat: item.y, lng: item.x }, offset, onClose);
  return createPortal(
    <article
      className={css.card}
      aria-label={item.c === "home" ? item.title : item.c === "city" ? item.name : undefined}
    >
      <div className={css.close}>
        <IconButton icon="close" label={words.dialog.close} onPress={onClose} small />
      </div>
      {item.c === "home" && (
        <>
          <p className={css.over}>{words.kind(item.kind)}</p>
          <h3 className={css.title}>{item.title}</h3>
          <p className={css.facts}>
            {words.guests(item.guests)} · <strong>{words.price(item.price)}</strong>
            {item.price && ` ${words.perNight}`}
          </p>
          {item.tonight && <Badge tone="lamp">{words.freeTonight}</Badge>}
          <div className={css.ways}>
            <ButtonLink to="/homes/$id" params={{ id: item.id }} small look="primary">
              {words.map.openHome}
            </ButtonLink>
          </div>
        </>
      )}
      {item.c === "city" && (
        <>
          <p className={css.over}>{words.country(item.country)}</p>
          <h3 className={css.title}>{item.name}</h3>
          <p className={css.facts}>
            {words.homes(item.homes)} · {words.hosts(item.hosts)}
          </p>
          <div className={css.ways}>
            <Button small look="primary" onPress={() => onEnter(item)}>
              {words.map.enterCity}
            </Button>
            <Link to="/cities/$id" params={{ id: item.id }} className={css.go}>
              {words.map.openCity}
            </Link>
          </div>
        </>
      )}
    </article>,
    element,
  );
}
