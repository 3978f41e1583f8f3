/**
 * Turns what a view holds into marks that can be read: bubbles that would cover each other become one with their sum,
 * homes show their price where there is room and a dot where there is none. Pure; positions in, marks out.
 *
 * Invariant: the homes on all marks add up to the homes of all items. Nothing is left out, only put together.
 */
import type { ScopedItem } from "~/live/view";
import { words } from "~/words";

export interface Band {
  /** Inclusive; null has no end. */
  upto?: number | null;
  /** Diameter in pixels. */
  size: number;
  colour: string;
}

export interface Mark {
  key: string;
  lat: number;
  lng: number;
  look: "bubble" | "price" | "dot";
  homes: number;
  hosts: number;
  /** How many cities a bubble stands for; 0 when it counts homes of one city. */
  cities: number;
  size: number;
  band: string;
  /** The city's name where it fits under the bubble. */
  label: string | null;
  items: ScopedItem[];
}

export interface Point {
  x: number;
  y: number;
}
type Projected = (lat: number, lng: number) => Point;

const PRICE = { width: 58, height: 28 };
const LABEL_HEIGHT = 18;
const CELL = 80;

export function bandOf(homes: number, bands: readonly Band[]): Band {
  const band = bands.find(({ upto }) => upto === null || upto === undefined || homes <= upto) ?? bands.at(-1);
  return band ?? { upto: null, size: 36, colour: "band-3" };
}

export function arrange(
  items: readonly ScopedItem[],
  bands: readonly Band[],
  project: Projected,
  chosen: string | null,
): Mark[] {
  const cities = items.filter((item) => item.c !== "home").sort((a, b) => rank(a, b, chosen));
  const homes = items.filter((item) => item.c === "home").sort((a, b) => rank(a, b, chosen));
  const place = (item: ScopedItem): Placed => ({ mark: markOf(item, bands), at: project(item.y, item.x) });
  const bubbles = gather(cities.map(place), bands, chosen, reachOfBubbles);
  const doors = gather(homes.map(place), bands, chosen, () => HOME_REACH);

  const room = new Room();
  for (const { mark, at } of [...bubbles, ...doors]) {
    if (mark.look === "bubble") room.take(at.x, at.y, mark.size, mark.size);
  }
  for (const { mark, at } of bubbles) {
    const [first] = mark.items;
    if (first?.c !== "city") continue;
    const name = mark.cities > 1 ? words.map.andMore(first.name, mark.cities - 1) : first.name;
    const width = name.length * 7 + 10;
    const y = at.y + mark.size / 2 + LABEL_HEIGHT / 2;
    if (room.isFree(at.x, y, width, LABEL_HEIGHT)) {
      room.take(at.x, y, width, LABEL_HEIGHT);
      mark.label = name;
    }
  }
  for (const { mark, at } of doors) {
    if (mark.look === "bubble") continue;
    const fits = mark.key === chosen || room.isFree(at.x, at.y, PRICE.width, PRICE.height);
    mark.look = fits ? "price" : "dot";
    room.take(at.x, at.y, fits ? PRICE.width : 10, fits ? PRICE.height : 10);
  }
  return [...bubbles, ...doors].map(({ mark }) => mark);
}

interface Placed {
  mark: Mark;
  at: Point;
}

function markOf(item: ScopedItem, bands: readonly Band[]): Mark {
  const place = { key: item.key, lat: item.y, lng: item.x, label: null, items: [item] };
  if (item.c === "home") return { ...place, look: "dot", homes: 1, hosts: 0, cities: 0, size: 0, band: "" };
  const { size, colour } = bandOf(item.homes, bands);
  const cities = item.c === "city" ? 1 : item.scope === "world" ? item.n : 0;
  return { ...place, look: "bubble", homes: item.homes, hosts: item.hosts ?? 0, cities, size, band: colour };
}

/** Homes nearer than this cannot be told apart by a finger. */
const HOME_REACH = 24;
const reachOfBubbles = (a: Mark, b: Mark) => (a.size + b.size) * 0.46;
/** A bubble grows with what joins it and may reach others then; after a few rounds it is good enough. */
const ROUNDS = 4;

/** Joins what lies within reach into the first that stands there, which keeps its place and its key. */
function gather(
  placed: readonly Placed[],
  bands: readonly Band[],
  chosen: string | null,
  reach: (a: Mark, b: Mark) => number,
): readonly Placed[] {
  let now = placed;
  for (let round = 0; round < ROUNDS; round++) {
    const standing: Placed[] = [];
    const cells = new Map<string, Placed[]>();
    for (const one of now) {
      const near =
        one.mark.key === chosen
          ? undefined
          : neighbours(cells, one.at).find((other) => touches(other, one, chosen, reach));
      if (near) {
        join(near.mark, one.mark, bands);
        continue;
      }
      standing.push(one);
      const cell = cellOf(one.at.x, one.at.y);
      cells.set(cell, [...(cells.get(cell) ?? []), one]);
    }
    if (standing.length === now.length) break;
    now = standing;
  }
  return now;
}

function touches(a: Placed, b: Placed, chosen: string | null, reach: (a: Mark, b: Mark) => number): boolean {
  return a.mark.key !== chosen && Math.hypot(a.at.x - b.at.x, a.at.y - b.at.y) < reach(a.mark, b.mark);
}

function join(into: Mark, other: Mark, bands: readonly Band[]) {
  into.homes += other.homes;
  into.hosts += other.hosts;
  into.cities += other.cities;
  into.items.push(...other.items);
  const band = bandOf(into.homes, bands);
  into.look = "bubble";
  into.size = band.size;
  into.band = band.colour;
}

/** The chosen first, then the many, then by key, so that the same things always win. */
function rank(a: ScopedItem, b: ScopedItem, chosen: string | null): number {
  if (a.key === chosen || b.key === chosen) return a.key === chosen ? -1 : 1;
  const many = (b.c === "home" ? 1 : b.homes) - (a.c === "home" ? 1 : a.homes);
  return many || (a.key < b.key ? -1 : 1);
}

function cellOf(x: number, y: number): string {
  return `${Math.floor(x / CELL)}/${Math.floor(y / CELL)}`;
}

function neighbours<T>(cells: Map<string, T[]>, { x, y }: Point): T[] {
  const found: T[] = [];
  for (const dx of [-CELL, 0, CELL])
    for (const dy of [-CELL, 0, CELL]) found.push(...(cells.get(cellOf(x + dx, y + dy)) ?? []));
  return found;
}

/** What marks and their labels cover, so that other writing can keep clear of them. */
export function roomOf(marks: readonly Mark[], project: Projected): Room {
  const room = new Room();
  for (const mark of marks) {
    const { x, y } = project(mark.lat, mark.lng);
    if (mark.look === "bubble") room.take(x, y, mark.size, mark.size);
    else if (mark.look === "price") room.take(x, y, PRICE.width, PRICE.height);
    else room.take(x, y, 10, 10);
    if (mark.label) room.take(x, y + mark.size / 2 + LABEL_HEIGHT / 2, mark.label.length * 7 + 10, LABEL_HEIGHT);
  }
  return room;
}

/** The boxes that are taken on screen. */
export class Room {
  private cells = new Map<string, { left: number; top: number; right: number; bottom: number }[]>();

  isFree(x: number, y: number, width: number, height: number): boolean {
    const box = boxOf(x, y, width, height);
    return this.around(box).every((cell) =>
      (this.cells.get(cell) ?? []).every(
        (other) =>
          box.right <= other.left || box.left >= other.right || box.bottom <= other.top || box.top >= other.bottom,
      ),
    );
  }

  take(x: number, y: number, width: number, height: number) {
    const box = boxOf(x, y, width, height);
    for (const cell of this.around(box)) {
      const boxes = this.cells.get(cell);
      if (boxes) boxes.push(box);
      else this.cells.set(cell, [box]);
    }
  }

  private around({ left, top, right, bottom }: ReturnType<typeof boxOf>): string[] {
    const cells: string[] = [];
    for (let x = Math.floor(left / CELL); x <= Math.floor(right / CELL); x++)
      for (let y = Math.floor(top / CELL); y <= Math.floor(bottom / CELL); y++) cells.push(`${x}/${y}`);
    return cells;
  }
}

function boxOf(x: number, y: number, width: number, height: number) {
  return { left: x - width / 2, top: y - height / 2, right: x + width / 2, bottom: y + height / 2 };
}
