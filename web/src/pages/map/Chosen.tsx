/** The card of what is chosen on the map: what it is, its counts, and where it leads. It moves along when the thing does. */
import { Link } from "@tanstack/react-router";
import L from "leaflet";
import { useEffect, useMemo } from "react";
import { createPortal } from "react-dom";
import type { ScopedItem } from "~/live/view";
import { nearestCopy } from "~/map/limits";
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
  const element = useMemo(() => document.createElement("div"), []);
  const popup = useMemo(
    () =>
      L.popup({
        closeButton: false,
        closeOnClick: false,
        autoClose: false,
        closeOnEscapeKey: false,
        minWidth: 240,
        maxWidth: 280,
        autoPanPaddingTopLeft: [16, 76],
        autoPanPaddingBottomRight: [64, 24],
      }).setContent(element),
    [element],
  );

  useEffect(() => {
    popup.options.offset = [0, -offset];
    const at = L.latLng(item.y, nearestCopy(item.x, map.getCenter().lng));
    if (popup.isOpen()) popup.setLatLng(at);
    else popup.setLatLng(at).openOn(map);
  }, [map, popup, item.y, item.x, offset]);

  useEffect(
    () => () => {
      popup.remove();
    },
    [popup],
  );

  useEffect(() => {
    const onKey = (event: KeyboardEvent) => {
      if (event.key === "Escape") onClose();
    };
    map.getContainer().addEventListener("keydown", onKey);
    return () => map.getContainer().removeEventListener("keydown", onKey);
  }, [map, onClose]);

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
