/** Names of places where the base map has none: beyond zoom 9, thinned by the server, never over each other. */
import { keepPreviousData, useQuery } from "@tanstack/react-query";
import L from "leaflet";
import { useEffect } from "react";
import { api, unwrap } from "~/api/client";
import { nearestCopy } from "~/map/createMap";
import { CITY_ZOOM } from "~/map/limits";
import type { Looking } from "~/pages/map/useStage";
import css from "./names.module.css";

export function usePlaceNames(map: L.Map | null, looking: Looking | null) {
  const bbox = looking && looking.zoom >= CITY_ZOOM ? snapped(looking) : null;
  const zoom = looking?.zoom ?? 0;
  const { data } = useQuery({
    queryKey: ["names", bbox, zoom],
    queryFn: ({ signal }) =>
      unwrap(api.GET("/api/v1/map/names", { params: { query: { bbox: bbox ?? "", zoom } }, signal })),
    enabled: bbox !== null,
    placeholderData: keepPreviousData,
    staleTime: 60 * 60_000,
  });
  const names = bbox ? data?.items : undefined;

  useEffect(() => {
    if (!map || !names) return;
    const group = L.layerGroup().addTo(map);
    const taken: L.Bounds[] = [];
    for (const place of [...names].sort((a, b) => b.population - a.population)) {
      const at = L.latLng(place.lat, nearestCopy(place.lng, map.getCenter().lng));
      const middle = map.project(at, zoom);
      const half = L.point(place.name.length * 4.2 + 8, 12);
      const box = L.bounds(middle.subtract(half), middle.add(half));
      if (taken.some((other) => other.intersects(box))) continue;
      taken.push(box);
      const element = document.createElement("span");
      element.textContent = place.name;
      element.className = `${css.name} ${place.population >= 500_000 ? css.large : place.population >= 50_000 ? css.middle : ""}`;
      element.setAttribute("aria-hidden", "true");
      const icon = L.divIcon({ html: element, className: css.anchor });
      icon.options.iconSize = undefined;
      L.marker(at, { icon, interactive: false, keyboard: false, zIndexOffset: -1000 }).addTo(group);
    }
    return () => {
      group.remove();
    };
  }, [map, names, zoom]);
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
