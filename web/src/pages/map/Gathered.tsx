/** Homes that stand on one point, or so near that no zoom parts them: a short list in place of a bubble that leads nowhere. */
import { Link } from "@tanstack/react-router";
import type L from "leaflet";
import { createPortal } from "react-dom";
import type { HomeItem } from "~/live/frames";
import type { Mark } from "~/map/arrange";
import { usePopup } from "~/map/usePopup";
import { IconButton } from "~/ui/button/Button";
import { words } from "~/words";
import css from "./Chosen.module.css";

export function Gathered({ map, mark, onClose }: { map: L.Map; mark: Mark; onClose: () => void }) {
  const element = usePopup(map, mark, mark.size / 2, onClose);
  const homes = mark.items.filter((item): item is typeof item & HomeItem => item.c === "home");
  return createPortal(
    <section className={css.card} aria-label={words.map.together(homes.length)}>
      <div className={css.close}>
        <IconButton icon="close" label={words.dialog.close} onPress={onClose} small />
      </div>
      <h3 className={css.title}>{words.map.together(homes.length)}</h3>
      <ul className={css.homes}>
        {homes.map((home) => (
          <li key={home.id}>
            <Link to="/homes/$id" params={{ id: home.id }} className={css.home}>
              <span>{home.title}</span>
              <strong>{words.price(home.price)}</strong>
            </Link>
          </li>
        ))}
      </ul>
    </section>,
    element,
  );
}
