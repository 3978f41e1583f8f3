/** What the map allows. Apart from Leaflet, so that reading an address does not load it. */
export const MIN_ZOOM = 2;
export const MAX_ZOOM = 18;
/** Below this zoom the map shows cities; from it on, the homes of the cities in view. */
export const CITY_ZOOM = 9;

export interface MapAt {
  lat: number;
  lng: number;
  zoom: number;
}

/** The copy of a longitude that lies nearest to the middle of the view, so that the date line is no edge. */
export function nearestCopy(lng: number, middle: number): number {
  return lng + 360 * Math.round((middle - lng) / 360);
}
