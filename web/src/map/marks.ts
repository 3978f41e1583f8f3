/**
 * Marks on a Leaflet map, kept by key: what stays is moved and rewritten in place, never taken away and put back, so
 * that nothing flickers. The list beside the map is their equal for keyboards and screen readers.
 */
import L from "leaflet";
import type { Mark } from "~/map/arrange";
import { nearestCopy } from "~/map/limits";
import { words } from "~/words";
import css from "./marks.module.css";

interface Standing {
  marker: L.Marker;
  element: HTMLElement;
  text: HTMLElement;
  label: HTMLElement;
  mark: Mark;
  drawn: string;
}

export class MarkLayer {
  private standing = new Map<string, Standing>();

  constructor(
    private readonly map: L.Map,
    private readonly onPress: (mark: Mark) => void,
  ) {}

  /** One batch: what goes goes, what stays is updated, what comes comes. `fresh` are keys that just changed live. */
  show(marks: readonly Mark[], chosen: string | null, fresh: ReadonlySet<string>) {
    const middle = this.map.getCenter().lng;
    const keys = new Set(marks.map(({ key }) => key));
    for (const [key, { marker }] of this.standing) {
      if (keys.has(key)) continue;
      marker.remove();
      this.standing.delete(key);
    }
    for (const mark of marks) {
      const standing = this.standing.get(mark.key) ?? this.add(mark);
      const at = L.latLng(mark.lat, nearestCopy(mark.lng, middle));
      if (!standing.marker.getLatLng().equals(at, 1e-9)) standing.marker.setLatLng(at);
      standing.mark = mark;
      draw(standing, mark.key === chosen);
      if (fresh.has(mark.key)) pulse(standing.element);
    }
  }

  clear() {
    for (const { marker } of this.standing.values()) marker.remove();
    this.standing.clear();
  }

  private add(mark: Mark): Standing {
    const element = document.createElement("div");
    const text = element.appendChild(document.createElement("span"));
    const label = element.appendChild(document.createElement("em"));
    text.className = css.text ?? "";
    label.className = css.label ?? "";
    const icon = L.divIcon({ html: element, className: css.anchor, iconSize: undefined });
    // Leaflet gives a div icon 12 by 12 pixels unless told that it has no size.
    icon.options.iconSize = undefined;
    const marker = L.marker([mark.lat, nearestCopy(mark.lng, this.map.getCenter().lng)], {
      icon,
      keyboard: false,
      riseOnHover: true,
    });
    const standing: Standing = { marker, element, text, label, mark, drawn: "" };
    marker.on("click", () => this.onPress(standing.mark));
    marker.addTo(this.map);
    this.standing.set(mark.key, standing);
    return standing;
  }
}

function draw(standing: Standing, chosen: boolean) {
  const { mark, element } = standing;
  const [item] = mark.items;
  const home = item?.c === "home" ? item : null;
  const text =
    mark.look === "bubble" ? words.short(mark.homes) : mark.look === "price" && home ? words.price(home.price) : "";
  const tonight = Boolean(home?.tonight);
  const drawn = [mark.look, mark.size, mark.band, text, mark.label, tonight, chosen].join("|");
  if (drawn === standing.drawn) return;
  standing.drawn = drawn;
  element.className = [
    css.mark,
    css[mark.look],
    tonight && css.tonight,
    chosen && css.chosen,
    mark.label && css.labelled,
  ]
    .filter(Boolean)
    .join(" ");
  element.dataset.band = mark.band;
  element.style.setProperty("--size", `${mark.size}px`);
  standing.text.textContent = text;
  standing.label.textContent = mark.label ?? "";
  standing.marker.setZIndexOffset(chosen ? 10_000 : mark.look === "dot" ? -100 : Math.min(5000, mark.homes));
}

/** A lamp that is lit: once, for what changed while somebody looked. */
function pulse(element: HTMLElement) {
  element.classList.remove(css.fresh ?? "");
  void element.offsetWidth;
  element.classList.add(css.fresh ?? "");
}
