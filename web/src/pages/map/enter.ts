/** Going closer to what a bubble stands for, always by at least one step, so that pressing never does nothing. */
import L from "leaflet";
import type { ScopedItem } from "~/live/view";
import { flyTo } from "~/map/fly";
import { CITY_ZOOM, MAX_ZOOM, nearestCopy } from "~/map/limits";

/** As far apart as marks of two homes must be. */
const PARTED_PX = 24;

export function enter(map: L.Map, items: readonly ScopedItem[]) {
  const [only] = items;
  if (!only) return;
  if (items.length === 1 && only.c === "city") {
    flyTo(map, only.y, only.x, Math.max(CITY_ZOOM + 2, map.getZoom() + 1));
    return;
  }
  const bounds = L.latLngBounds([]);
  const middle = only.x;
  for (const item of items) {
    const box = item.c === "cluster" ? item.box : undefined;
    if (box) bounds.extend([box[0], nearestCopy(box[1], middle)]).extend([box[2], nearestCopy(box[3], middle)]);
    else bounds.extend([item.y, nearestCopy(item.x, middle)]);
  }
  const { lat, lng } = bounds.getCenter();
  const fitting = map.getBoundsZoom(bounds.pad(0.15));
  flyTo(map, lat, lng, Math.min(MAX_ZOOM, Math.max(fitting, map.getZoom() + 1)));
}

/** Whether these stay on one spot however close one goes. */
export function cannotPart(map: L.Map, items: readonly ScopedItem[]): boolean {
  if (!items.every((item) => item.c === "home")) return false;
  const points = items.map((item) => map.project([item.y, item.x], MAX_ZOOM));
  const { x, y } = L.bounds(points).getSize();
  return Math.hypot(x, y) < PARTED_PX;
}
