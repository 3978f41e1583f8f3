/**
 * Natural Earth, ready to draw: land and borders as Web-Mercator lines in a unit square (x east, y south).
 * Fetched from Posada itself. Knows nothing of the screen.
 */
import { feature, mesh } from "topojson-client";
import type { GeometryCollection, Topology } from "topojson-specification";

export interface Line {
  /** x, y, x, y … in 0..1, beyond it where the line crosses the date line. */
  points: Float64Array;
  west: number;
  north: number;
  east: number;
  south: number;
}
export interface Atlas {
  /** Each area is its rings, filled even-odd. */
  land: Line[][];
  borders: Line[];
  countries: Country[];
}
/** A country's name and where to write it: in the middle of its largest part, whose width is given in the unit square. */
export interface Country {
  name: string;
  lat: number;
  lng: number;
  width: number;
}

const MAX_LATITUDE = 85.0511287798;

/** Web-Mercator (EPSG:3857) scaled to a unit square. */
export function project(lng: number, lat: number): [x: number, y: number] {
  const sin = Math.sin((Math.max(-MAX_LATITUDE, Math.min(MAX_LATITUDE, lat)) * Math.PI) / 180);
  return [lng / 360 + 0.5, 0.5 - Math.log((1 + sin) / (1 - sin)) / (4 * Math.PI)];
}

const loading = new Map<string, Promise<Atlas>>();

/** Fetched and read once for all maps of the page; a failure is tried again the next time. */
export function loadAtlas(detail: "coarse" | "fine"): Promise<Atlas> {
  const file = detail === "coarse" ? "land-110m" : "countries-50m";
  const known = loading.get(file);
  if (known) return known;
  const promise = fetchAtlas(file).catch((error) => {
    loading.delete(file);
    throw error;
  });
  loading.set(file, promise);
  return promise;
}

async function fetchAtlas(file: string): Promise<Atlas> {
  const answer = await fetch(`/basemap/${file}.json`);
  if (!answer.ok) throw new Error(`base map ${file}: ${answer.status}`);
  return readAtlas((await answer.json()) as Topology);
}

export function readAtlas(topology: Topology): Atlas {
  const objects = topology.objects as Record<string, GeometryCollection>;
  const areas = objects.countries ?? objects.land;
  if (!areas) return { land: [], borders: [], countries: [] };
  const land: Line[][] = [];
  const countries: Country[] = [];
  for (const { geometry, properties } of feature(topology, areas).features) {
    const parts: Line[][] = [];
    if (geometry.type === "Polygon") parts.push(geometry.coordinates.map(toLine));
    else if (geometry.type === "MultiPolygon") for (const rings of geometry.coordinates) parts.push(rings.map(toLine));
    land.push(...parts);
    const name = (properties as { name?: unknown } | null)?.name;
    const outer = parts.flatMap(([first]) => (first ? [first] : []));
    if (typeof name === "string" && outer.length) countries.push(nameOf(name, outer));
  }
  const borders = objects.countries ? mesh(topology, objects.countries, (a, b) => a !== b).coordinates.map(toLine) : [];
  return { land, borders, countries };
}

/** Writes a name in the middle of mass of the largest of some rings. */
function nameOf(name: string, rings: readonly Line[]): Country {
  const size = ({ west, east, north, south }: Line) => (east - west) * (south - north);
  const largest = rings.reduce((a, b) => (size(b) > size(a) ? b : a));
  const { points } = largest;
  let [area, sumX, sumY] = [0, 0, 0];
  for (let at = 0; at + 3 < points.length; at += 2) {
    const [x0 = 0, y0 = 0, x1 = 0, y1 = 0] = points.subarray(at, at + 4);
    const cross = x0 * y1 - x1 * y0;
    area += cross;
    sumX += (x0 + x1) * cross;
    sumY += (y0 + y1) * cross;
  }
  const x = area ? sumX / (3 * area) : (largest.west + largest.east) / 2;
  const y = area ? sumY / (3 * area) : (largest.north + largest.south) / 2;
  const lat = (Math.atan(Math.sinh(Math.PI * (1 - 2 * y))) * 180) / Math.PI;
  return { name, lat, lng: ((((x * 360) % 360) + 360) % 360) - 180, width: largest.east - largest.west };
}

/**
 * Natural Earth is not cut at the date line: a ring that crosses it jumps by 360°. Unrolled, it simply goes on beyond the
 * square, and whoever draws it draws its copies too. A ring round a pole does not meet itself then; it is closed along the
 * square's edge.
 */
function toLine(coordinates: number[][]): Line {
  const points: number[] = [];
  const line = { west: 1, north: 1, east: 0, south: 0 };
  let shift = 0;
  let lastLng: number | null = null;
  const add = (x: number, y: number) => {
    points.push(x, y);
    line.west = Math.min(line.west, x);
    line.east = Math.max(line.east, x);
    line.north = Math.min(line.north, y);
    line.south = Math.max(line.south, y);
  };
  for (const [lng = 0, lat = 0] of coordinates) {
    if (lastLng !== null && lng - lastLng > 180) shift -= 1;
    if (lastLng !== null && lng - lastLng < -180) shift += 1;
    lastLng = lng;
    const [x, y] = project(lng, lat);
    add(x + shift, y);
  }
  const closed = coordinates.length > 2 && coordinates[0]?.join() === coordinates.at(-1)?.join();
  if (closed && shift !== 0) {
    const edge = (points[1] ?? 0) > 0.5 ? 1 : 0;
    add(points.at(-2) ?? 0, edge);
    add(points[0] ?? 0, edge);
  }
  return { points: Float64Array.from(points), ...line };
}
