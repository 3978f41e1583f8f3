/** A Leaflet map in Posada's manner: own base map or the tenant's tiles, no controls but credits and scale. */
import L from "leaflet";
import "~/map/map.css";
import { basemap } from "~/map/basemap";
import { MAX_ZOOM, type MapAt, MIN_ZOOM } from "~/map/limits";

export function createMap(
  element: HTMLElement,
  {
    at,
    tileUrl,
    credits,
    label,
    still,
  }: { at: MapAt; tileUrl?: string | null; credits: readonly string[]; label: string; still?: boolean },
): L.Map {
  const map = L.map(element, {
    center: [at.lat, at.lng],
    zoom: at.zoom,
    minZoom: MIN_ZOOM,
    maxZoom: MAX_ZOOM,
    zoomControl: false,
    attributionControl: false,
    worldCopyJump: true,
    maxBounds: [
      [-85.05, Number.NEGATIVE_INFINITY],
      [85.05, Number.POSITIVE_INFINITY],
    ],
    maxBoundsViscosity: 0.8,
    fadeAnimation: !still && !matchMedia("(prefers-reduced-motion: reduce)").matches,
    zoomAnimation: !matchMedia("(prefers-reduced-motion: reduce)").matches,
    markerZoomAnimation: !matchMedia("(prefers-reduced-motion: reduce)").matches,
    keyboardPanDelta: 120,
    bounceAtZoomLimits: false,
  });
  (tileUrl ? L.tileLayer(tileUrl, { maxZoom: MAX_ZOOM }) : basemap()).addTo(map);
  const attribution = L.control.attribution({ prefix: false, position: "bottomright" }).addTo(map);
  for (const credit of credits) attribution.addAttribution(asHtml(credit));
  L.control.scale({ imperial: false, position: "bottomright", maxWidth: 110 }).addTo(map);
  element.setAttribute("role", "application");
  element.setAttribute("aria-label", label);
  return map;
}

function asHtml(text: string): string {
  const span = document.createElement("span");
  span.textContent = text;
  return span.innerHTML;
}
