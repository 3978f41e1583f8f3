/**
 * Names that keep one's bearings, written where no mark is: countries while the world is in view, and from zoom 9 on, where
 * the base map has little and then nothing, cities of the gazetteer as the server thins them.
 */
import { keepPreviousData, useQuery } from "@tanstack/react-query";
import L from "leaflet";
import { useEffect, useMemo, useRef } from "react";
import { api, unwrap } from "~/api/client";
import { type Mark, roomOf } from "~/map/arrange";
import { loadAtlas } from "~/map/atlas";
import { CITY_ZOOM, nearestCopy } from "~/map/limits";
import type { Looking } from "~/pages/map/useStage";
import css from "./names.module.css";

/** Pixels below or above its place where a name may stand instead. */
const ASIDE = [0, 30, -30, 54, -54];
/** A large place may stand further off rather than not at all. */
const FAR_ASIDE = [...ASIDE, 84, -84, 120, -120, 160, -160];
const LARGE = 500_000;
const MIDDLE = 50_000;
const FIRST_COUNTRY_ZOOM = 3;

interface Name {
  key: string;
  text: string;
  lat: number;
  lng: number;
  look: "country" | "large" | "middle" | "small";
}
const NEAR_ASIDE = [0, 24, -24];
const LETTER_PX = { country: 10, large: 11, middle: 8.5, small: 7.5 };

export function usePlaceNames(map: L.Map | null, looking: Looking | null, marks: readonly Mark[], ownBasemap: boolean) {
  const zoom = looking?.zoom ?? 0;
  const cities = useCityNames(looking);
  const countries = useCountryNames(zoom, ownBasemap);
  const names = zoom >= CITY_ZOOM ? cities : countries;
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
    const wanted = place(names, marks, (lat, lng) => map.project([lat, lng], zoom));
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

const NONE: readonly Name[] = [];

function useCityNames(looking: Looking | null): readonly Name[] {
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
  return useMemo(() => {
    const places = [...(data?.items ?? [])].sort((a, b) => b.population - a.population);
    return places.map(({ id, name, lat, lng, population }) => ({
      ...{ key: `${id}/${lat}`, text: name, lat, lng },
      look: population >= LARGE ? "large" : population >= MIDDLE ? "middle" : "small",
    }));
  }, [data]);
}

/** Those whose name fits into them at this zoom, the wide ones first. An operator's own tiles name countries themselves. */
function useCountryNames(zoom: number, ownBasemap: boolean): readonly Name[] {
  const wanted = ownBasemap && zoom >= FIRST_COUNTRY_ZOOM && zoom < CITY_ZOOM;
  const { data } = useQuery({
    queryKey: ["countries"],
    queryFn: async () => (await loadAtlas("fine")).countries,
    enabled: wanted,
    staleTime: Number.POSITIVE_INFINITY,
  });
  return useMemo(() => {
    if (!data || !wanted) return NONE;
    const world = 256 * 2 ** zoom;
    return data
      .filter(({ name, width }) => width * world > name.length * LETTER_PX.country)
      .sort((a, b) => b.width - a.width)
      .map(({ name, lat, lng }) => ({ key: `${name}/${zoom}`, text: name, lat, lng, look: "country" }));
  }, [data, wanted, zoom]);
}

/** Where each name fits, the first ones first; the key changes when it has to stand elsewhere. */
function place(
  names: readonly Name[],
  marks: readonly Mark[],
  project: (lat: number, lng: number) => { x: number; y: number },
) {
  const placed = new Map<string, { name: Name; aside: number }>();
  if (names.length === 0) return placed;
  const room = roomOf(marks, project);
  for (const name of names) {
    const { x, y } = project(name.lat, name.lng);
    const width = name.text.length * LETTER_PX[name.look] + 8;
    const offsets = name.look === "large" ? FAR_ASIDE : name.look === "country" ? NEAR_ASIDE : ASIDE;
    const aside = offsets.find((dy) => room.isFree(x, y + dy, width, 22));
    if (aside === undefined) continue;
    room.take(x, y + aside, width, 22);
    placed.set(`${name.key}/${aside}`, { name, aside });
  }
  return placed;
}

function writing({ text, look }: Name): HTMLElement {
  const element = document.createElement("span");
  element.textContent = text;
  element.className = `${css.name} ${css[look]}`;
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
