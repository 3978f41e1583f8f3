/** The map in words: the same things, for keyboards, screen readers and whoever prefers a list. */
import { Link } from "@tanstack/react-router";
import { useEffect, useState } from "react";
import type { ScopedItem } from "~/live/view";
import type { MapAt } from "~/map/limits";
import { nearestCopy } from "~/map/limits";
import { parseAt } from "~/pages/map/address";
import { Badge } from "~/ui/badge/Badge";
import { Button } from "~/ui/button/Button";
import { Icon } from "~/ui/icon/Icon";
import { words } from "~/words";
import css from "./List.module.css";

const PAGE = 40;

export function List({
  items,
  chosen,
  resetOn,
  onChoose,
}: {
  items: readonly ScopedItem[];
  chosen: string | null;
  /** A new view begins at the first page. */
  resetOn: string;
  onChoose: (item: ScopedItem) => void;
}) {
  const [shown, setShown] = useState(PAGE);
  const middle = parseAt(resetOn);
  // biome-ignore lint/correctness/useExhaustiveDependencies: the view's address is the trigger, not an input
  useEffect(() => setShown(PAGE), [resetOn]);
  const rest = items.length - shown;
  return (
    <>
      <ul className={css.list}>
        {items.slice(0, shown).map((item) => (
          <li key={item.key} className={css.row} data-chosen={item.key === chosen || undefined}>
            <button
              type="button"
              className={css.choose}
              aria-pressed={item.key === chosen}
              onClick={() => onChoose(item)}
            >
              <Entry item={item} middle={middle} />
            </button>
            {item.c === "home" && (
              <Link
                to="/homes/$id"
                params={{ id: item.id }}
                className={css.open}
                aria-label={words.map.openNamed(item.title)}
              >
                <Icon name="right" size={18} />
              </Link>
            )}
            {item.c === "city" && (
              <Link
                to="/cities/$id"
                params={{ id: item.id }}
                className={css.open}
                aria-label={words.map.openNamed(item.name)}
              >
                <Icon name="right" size={18} />
              </Link>
            )}
          </li>
        ))}
      </ul>
      {rest > 0 && (
        <div className={css.more}>
          <p>{words.map.shownOf(shown, items.length)}</p>
          <Button small onPress={() => setShown((now) => now + PAGE)}>
            {words.map.showMore(Math.min(PAGE, rest))}
          </Button>
        </div>
      )}
    </>
  );
}

function Entry({ item, middle }: { item: ScopedItem; middle: MapAt | null }) {
  if (item.c === "city") {
    return (
      <>
        <span className={css.figure}>{words.short(item.homes)}</span>
        <span className={css.what}>
          <span className={css.title}>{item.name}</span>
          <span className={css.facts}>
            {words.country(item.country)} · {words.homes(item.homes)} · {words.hosts(item.hosts)}
          </span>
        </span>
      </>
    );
  }
  if (item.c === "cluster") {
    const world = item.scope === "world";
    return (
      <>
        <span className={css.figure}>{words.short(item.homes)}</span>
        <span className={css.what}>
          <span className={css.title}>{words.map.together(item.homes)}</span>
          <span className={css.facts}>{world ? words.map.inCities(item.n) : middle && fromMiddle(middle, item)}</span>
        </span>
      </>
    );
  }
  return (
    <span className={css.what}>
      <span className={css.title}>{item.title}</span>
      <span className={css.facts}>
        {words.kind(item.kind)} · {words.guests(item.guests)} · <strong>{words.price(item.price)}</strong>
      </span>
      {item.tonight && (
        <span>
          <Badge tone="lamp">{words.freeTonight}</Badge>
        </span>
      )}
    </span>
  );
}

/** Metres on a sphere (haversine) and the compass bearing in degrees, from the middle of the view. */
function fromMiddle(middle: MapAt, { y, x }: { y: number; x: number }): string {
  const rad = Math.PI / 180;
  const east = (nearestCopy(x, middle.lng) - middle.lng) * rad;
  const [from, to] = [middle.lat * rad, y * rad];
  const half = Math.sin((to - from) / 2) ** 2 + Math.cos(from) * Math.cos(to) * Math.sin(east / 2) ** 2;
  const metres = 2 * 6_371_008 * Math.asin(Math.sqrt(half));
  const bearing = Math.atan2(
    Math.sin(east) * Math.cos(to),
    Math.cos(from) * Math.sin(to) - Math.sin(from) * Math.cos(to) * Math.cos(east),
  );
  return words.map.fromMiddle(metres, (bearing / rad + 360) % 360);
}
