/** Goes somewhere on a map: in a short flight, or at once for people who want no motion. */
import type L from "leaflet";
import { nearestCopy } from "~/map/limits";

const FLIGHT_S = 1.2;

export function flyTo(map: L.Map, lat: number, lng: number, zoom: number) {
  const to: L.LatLngTuple = [lat, nearestCopy(lng, map.getCenter().lng)];
  if (matchMedia("(prefers-reduced-motion: reduce)").matches) map.setView(to, zoom, { animate: false });
  else map.flyTo(to, zoom, { duration: FLIGHT_S });
}
