/** The map's state in the address: where one looks, which layers, which filter, what is chosen. Wrong parts are left out. */
import type { Currency, Filter } from "~/live/frames";
import { MAX_ZOOM, type MapAt, MIN_ZOOM } from "~/map/limits";

export interface MapAddress {
  /** "lat,lng,zoom" */
  at?: string;
  layers?: string;
  kinds?: string;
  guests?: string;
  /** Minor units, as in the API. */
  min?: string;
  max?: string;
  currency?: string;
  from?: string;
  to?: string;
  /** The key of the chosen thing: "home/…", "city/…". */
  chosen?: string;
}

const DAY = /^\d{4}-\d{2}-\d{2}$/;

/** The earliest day that is still today anywhere: 12 hours behind UTC. The server refuses nights that begin before it. */
function earliestToday(now: number): string {
  return new Date(now - 12 * 3_600_000).toISOString().slice(0, 10);
}

export function readAddress(raw: Record<string, unknown>, now = Date.now()): MapAddress {
  const text = (name: keyof MapAddress, good: (value: string) => boolean) => {
    const value = raw[name];
    return typeof value === "string" && good(value) ? value : undefined;
  };
  const whole = (value: string) => /^\d{1,9}$/.test(value);
  const list = (value: string) => /^[a-z_]+(,[a-z_]+)*$/.test(value);
  const address: MapAddress = {
    at: text("at", (value) => parseAt(value) !== null),
    layers: text("layers", (value) => value === "none" || list(value)),
    kinds: text("kinds", list),
    guests: text("guests", (value) => whole(value) && Number(value) >= 1 && Number(value) <= 20),
    min: text("min", whole),
    max: text("max", whole),
    currency: text("currency", (value) => /^[A-Z]{3}$/.test(value)),
    from: text("from", (value) => DAY.test(value)),
    to: text("to", (value) => DAY.test(value)),
    chosen: text("chosen", (value) => /^(home|city)\/[\w-]+$/.test(value)),
  };
  const { from, to } = address;
  // An old address: its nights are over, and the map as it is now is what can still be shown.
  if (from === undefined || to === undefined || from >= to || from < earliestToday(now)) {
    address.from = undefined;
    address.to = undefined;
  }
  return address;
}

export function parseAt(text: string | undefined): MapAt | null {
  const parts = text?.split(",").map(Number) ?? [];
  const [lat, lng, zoom] = parts;
  if (parts.length !== 3 || lat === undefined || lng === undefined || zoom === undefined) return null;
  if (!parts.every(Number.isFinite) || Math.abs(lat) > 90 || Math.abs(lng) > 180) return null;
  return { lat, lng, zoom: Math.min(MAX_ZOOM, Math.max(MIN_ZOOM, Math.round(zoom))) };
}

/** As many digits as the zoom can tell apart. */
export function formatAt({ lat, lng, zoom }: MapAt): string {
  const digits = zoom < 5 ? 2 : zoom < 10 ? 3 : zoom < 15 ? 4 : 5;
  const wrapped = ((((lng + 180) % 360) + 360) % 360) - 180;
  return `${lat.toFixed(digits)},${wrapped.toFixed(digits)},${zoom}`;
}

export function filterOf(address: MapAddress): Filter {
  const filter: Filter = {};
  if (address.kinds) filter.kinds = address.kinds.split(",");
  if (address.guests) filter.guests = Number(address.guests);
  if (address.currency && (address.min || address.max)) {
    filter.price = {
      ...(address.min ? { min: Number(address.min) } : {}),
      ...(address.max ? { max: Number(address.max) } : {}),
      // Checked by the server, which knows its currencies; here it is only written as one.
      currency: address.currency as Currency,
    };
  }
  if (address.from && address.to) filter.free = { from: address.from, to: address.to };
  return filter;
}

/** How many filters are on: the number on the filter button. */
export function countFilters(filter: Filter): number {
  return [filter.kinds?.length, filter.guests, filter.price, filter.free].filter(Boolean).length;
}

export function layersOf(address: MapAddress, all: readonly string[]): string[] {
  if (address.layers === undefined) return [...all];
  const on = address.layers.split(",");
  return all.filter((layer) => on.includes(layer));
}
