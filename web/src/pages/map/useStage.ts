/** The Leaflet map of the page: made once its element and the tenant are known, told where to look, heard when it moves. */
import type L from "leaflet";
import { type RefObject, useEffect, useRef, useState } from "react";
import type { Schemas } from "~/api/client";
import type { Box } from "~/live/frames";
import { createMap } from "~/map/createMap";
import type { MapAt } from "~/map/limits";
import { formatAt, parseAt } from "~/pages/map/address";
import { words } from "~/words";

export interface Looking {
  bbox: Box;
  zoom: number;
  at: string;
}

export function useStage(
  element: RefObject<HTMLDivElement | null>,
  tenant: Schemas["Tenant"],
  at: string | undefined,
  onMoved: (at: string) => void,
): { map: L.Map | null; looking: Looking | null } {
  const [map, setMap] = useState<L.Map | null>(null);
  const [looking, setLooking] = useState<Looking | null>(null);
  const moved = useRef(onMoved);
  moved.current = onMoved;
  const start = useRef<MapAt>(parseAt(at) ?? tenant.view);

  useEffect(() => {
    if (!element.current) return;
    const stage = createMap(element.current, {
      at: start.current,
      tileUrl: tenant.tile_url,
      credits: tenant.credits,
      label: words.map.label,
    });
    const look = () => setLooking(lookOf(stage));
    stage.on("moveend", () => {
      look();
      moved.current(atOf(stage));
    });
    stage.on("resize", look);
    const resized = new ResizeObserver(() => stage.invalidateSize({ pan: false }));
    resized.observe(element.current);
    look();
    setMap(stage);
    return () => {
      resized.disconnect();
      start.current = parseAt(atOf(stage)) ?? start.current;
      stage.remove();
      setMap(null);
    };
  }, [element, tenant.tile_url, tenant.credits]);

  // The address changed from outside: back, forward, or a link.
  useEffect(() => {
    const wanted = parseAt(at);
    if (map && wanted && at !== atOf(map)) map.setView([wanted.lat, wanted.lng], wanted.zoom);
  }, [map, at]);

  return { map, looking };
}

function atOf(map: L.Map): string {
  const { lat, lng } = map.getCenter();
  return formatAt({ lat, lng, zoom: map.getZoom() });
}

function lookOf(map: L.Map): Looking {
  const bounds = map.getBounds();
  const wrap = (lng: number) => ((((lng + 180) % 360) + 360) % 360) - 180;
  const wide = bounds.getEast() - bounds.getWest() >= 360;
  const round = (value: number) => Math.round(value * 1e6) / 1e6;
  return {
    bbox: [
      round(Math.max(-90, bounds.getSouth())),
      wide ? -180 : round(wrap(bounds.getWest())),
      round(Math.min(90, bounds.getNorth())),
      wide ? 180 : round(wrap(bounds.getEast())),
    ],
    zoom: map.getZoom(),
    at: atOf(map),
  };
}

/** Whether a point lies in a box that may cross the date line. */
export function inBox([south, west, north, east]: Box, lat: number, lng: number): boolean {
  if (lat < south || lat > north) return false;
  return west <= east ? lng >= west && lng <= east : lng >= west || lng <= east;
}
