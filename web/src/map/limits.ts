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
