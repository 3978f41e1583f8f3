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
  const bubbles = arrangeBubbles(
    items.filter((item) => item.c !== "home"),
    bands,
    project,
    chosen,
  );
  const room = new Room();
  for (const { mark, at } of bubbles) room.take(at.x, at.y, mark.size, mark.size);
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

  const homes = items.filter((item) => item.c === "home").sort((a, b) => rank(a, b, chosen));
  const marks = bubbles.map(({ mark }) => mark);
  for (const home of homes) {
    const { x, y } = project(home.y, home.x);
    const fits = home.key === chosen || room.isFree(x, y, PRICE.width, PRICE.height);
    room.take(x, y, fits ? PRICE.width : 10, fits ? PRICE.height : 10);
    marks.push({
      ...{ key: home.key, lat: home.y, lng: home.x, look: fits ? ("price" as const) : ("dot" as const) },
      ...{ homes: 1, hosts: 0, cities: 0, size: 0, band: "", label: null, items: [home] },
    });
  }
  return marks;
}

function arrangeBubbles(
  items: readonly ScopedItem[],
  bands: readonly Band[],
  project: Projected,
  chosen: string | null,
) {
  const placed: { mark: Mark; at: Point }[] = [];
  const cells = new Map<string, { mark: Mark; at: Point }[]>();
  const sorted = [...items].sort((a, b) => rank(a, b, chosen));
  for (const item of sorted) {
    const at = project(item.y, item.x);
    const homes = item.c === "home" ? 1 : item.homes;
    const hosts = item.c === "home" ? 0 : (item.hosts ?? 0);
    const cities = item.c === "city" ? 1 : item.c === "cluster" && item.scope === "world" ? item.n : 0;
    const band = bandOf(homes, bands);
    const near = neighbours(cells, at).find(
      (other) =>
        other.mark.key !== chosen &&
        Math.hypot(other.at.x - at.x, other.at.y - at.y) < (other.mark.size + band.size) * 0.46,
    );
    if (near) {
      const { mark } = near;
      mark.homes += homes;
      mark.hosts += hosts;
      mark.cities += cities;
      mark.items.push(item);
      const sum = bandOf(mark.homes, bands);
      mark.size = sum.size;
      mark.band = sum.colour;
      continue;
    }
    const mark: Mark = {
      ...{ key: item.key, lat: item.y, lng: item.x, look: "bubble" as const, homes, hosts, cities },
      ...{ size: band.size, band: band.colour, label: null, items: [item] },
    };
    placed.push({ mark, at });
    const cell = cellOf(at.x, at.y);
    cells.set(cell, [...(cells.get(cell) ?? []), { mark, at }]);
  }
  return placed;
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
