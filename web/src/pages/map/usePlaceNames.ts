/** Names of places where the base map has none: beyond zoom 9, thinned by the server, written where no mark is. */
import { keepPreviousData, useQuery } from "@tanstack/react-query";
import L from "leaflet";
import { useEffect, useRef } from "react";
import { api, type Schemas, unwrap } from "~/api/client";
import { type Mark, roomOf } from "~/map/arrange";
import { CITY_ZOOM, nearestCopy } from "~/map/limits";
import type { Looking } from "~/pages/map/useStage";
import css from "./names.module.css";

const ASIDE_PX = [0, 30, -30, 54, -54];
/** A large place may stand further off rather than not at all. */
const FAR_ASIDE_PX = [...ASIDE_PX, 84, -84, 120, -120, 160, -160];
const LARGE = 500_000;

export function usePlaceNames(map: L.Map | null, looking: Looking | null, marks: readonly Mark[]) {
  const zoom = looking?.zoom ?? 0;
  const bbox = looking && zoom >= CITY_ZOOM ? snapped(looking) : null;
  const { data } = useQuery({
    queryKey: ["names", bbox, zoom],
    queryFn: ({ signal }) =>
      unwrap(api.GET("/api/v1/map/names", { params: { query: { bbox: bbox ?? "", zoom } }, signal })),
    enabled: bbox !== null,
    placeholderData: keepPreviousData,
    staleTime: 60 * 60_000,
  });
  const names = bbox ? data?.items : undefined;
  const standing = useRef(new Map<string, L.Marker>());

  useEffect(() => {
    const labels = standing.current;
    return () => {
      if (map) for (const label of labels.values()) label.remove();
      labels.clear();
    };
  }, [map]);

  useEffect(() => {
    if (!map) return;
    const wanted = place(names ?? [], marks, (lat, lng) => map.project([lat, lng], zoom));
    for (const [key, label] of standing.current) {
      if (wanted.has(key)) continue;
      label.remove();
      standing.current.delete(key);
    }
    for (const [key, { name, aside }] of wanted) {
      if (standing.current.has(key)) continue;
      const at = map.unproject(map.project([name.lat, name.lng], zoom).add([0, aside]), zoom);
      const icon = L.divIcon({ html: writing(name), className: css.anchor });
      icon.options.iconSize = undefined;
      const label = L.marker([at.lat, nearestCopy(at.lng, map.getCenter().lng)], {
        ...{ icon, interactive: false, keyboard: false, zIndexOffset: -1000 },
      });
      standing.current.set(key, label.addTo(map));
    }
  }, [map, names, marks, zoom]);
}

/** Where each name fits, the larger places first; the key changes when it has to stand elsewhere. */
function place(
  names: readonly Schemas["CityRef"][],
  marks: readonly Mark[],
  project: (lat: number, lng: number) => { x: number; y: number },
) {
  const placed = new Map<string, { name: Schemas["CityRef"]; aside: number }>();
  if (names.length === 0) return placed;
  const room = roomOf(marks, project);
  for (const name of [...names].sort((a, b) => b.population - a.population)) {
    const { x, y } = project(name.lat, name.lng);
    const width = name.name.length * (name.population >= LARGE ? 11 : 8) + 8;
    const aside = (name.population >= LARGE ? FAR_ASIDE_PX : ASIDE_PX).find((dy) => room.isFree(x, y + dy, width, 22));
    if (aside === undefined) continue;
    room.take(x, y + aside, width, 22);
    placed.set(`${name.id}/${name.lat}/${aside}`, { name, aside });
  }
  return placed;
}

function writing(name: Schemas["CityRef"]): HTMLElement {
  const element = document.createElement("span");
  element.textContent = name.name;
  const size = name.population >= LARGE ? css.large : name.population >= 50_000 ? css.middle : undefined;
  element.className = [css.name, size].filter(Boolean).join(" ");
  element.setAttribute("aria-hidden", "true");
  return element;
}

/** The view's box widened to a grid, so that a small pan asks for nothing new. */
function snapped({ bbox: [south, west, north, east], zoom }: Looking): string {
  const step = 180 / 2 ** (zoom - 1);
  const down = (value: number) => Math.floor(value / step) * step;
  const up = (value: number) => Math.ceil(value / step) * step;
  return [Math.max(-90, down(south)), Math.max(-180, down(west)), Math.min(90, up(north)), Math.min(180, up(east))]
    .map((value) => value.toFixed(5))
    .join(",");
}
