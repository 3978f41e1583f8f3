/**
 * One tile as a reader holds it: its things by handle, or its cluster; and what a message makes of it. The twin of
 * wire/src/binary/tile.rs. A handle that two things share is never said, and names neither of them if it is.
 */
import type { CityMessage, ClusterMessage, HomeMessage, TileMessage } from "~/live/binary/messages";
import type { Chunk, CityItem, ClusterItem, HomeItem, Item } from "~/live/frames";

const KINDS = ["", "apartment", "house", "hotel", "loft", "cabin", "boat"];
const CURRENCIES = ["", "EUR", "USD", "GBP", "ARS", "BRL", "MXN", "CHF"];

/** Something was told that does not follow from what is held. */
export class Unreadable extends Error {}

/** A cluster in whole units, so that differences add up exactly. */
interface Cluster {
  y: number;
  x: number;
  n: number;
  homes?: number;
  hosts?: number;
  south: number;
  west: number;
  north: number;
  east: number;
}

export class HeldTile {
  /** By handle: one each, but for the rare ones that share theirs. */
  private things = new Map<number, Item[]>();
  private cluster: Cluster | null = null;

  /** Changes, and says the change as JSON has it. */
  take(message: TileMessage): Chunk {
    const k = nameOf(message.key);
    if (message.whole) {
      this.things.clear();
      this.cluster = null;
    }
    if (message.cluster) {
      this.cluster = changedCluster(this.cluster, message.cluster);
      return { k, full: [clusterItem(k, this.cluster)] };
    }
    const out = message.out.map((handle) => this.remove(k, handle).id);
    const held = (handle: number | undefined) => (handle === undefined ? undefined : this.remove(k, handle));
    const put = [
      ...message.homes.map((home) => this.put(changedHome(held(home.handle), home))),
      ...message.cities.map((city) => this.put(changedCity(held(city.handle), city))),
    ];
    return message.whole ? { k, full: put } : { k, put, out };
  }

  /** The one thing of a handle. */
  private remove(k: string, handle: number): Item {
    const [item, another] = this.things.get(handle) ?? [];
    if (!item || another) throw new Unreadable(`tile ${k} holds nothing of its own under handle ${handle}`);
    this.things.delete(handle);
    return item;
  }

  /** In the place of the one with its id. */
  private put(item: Item): Item {
    const handle = handleOf(item);
    const others = this.things.get(handle)?.filter((other) => other.id !== item.id) ?? [];
    this.things.set(handle, [...others, item]);
    return item;
  }
}

/** What a thing is called by in changes of the tile that holds it. */
function handleOf(item: Item): number {
  return item.c === "home" ? Number.parseInt(item.id.slice(-8), 16) : Number(item.id);
}

/** A home put whole, or one that is held with what changed. */
function changedHome(held: Item | undefined, message: HomeMessage): HomeItem {
  const { id, y, x, kind, title, guests, tonight } = message;
  const before: HomeItem | undefined = id
    ? { c: "home", id: uuid(id), y: 0, x: 0, kind: "", title: "", guests: 0, tonight: false }
    : held?.c === "home"
      ? held
      : undefined;
  if (!before) throw new Unreadable("a home that nothing names");
  const { price: held_price, ...rest } = before;
  const amount = message.amount ?? held_price?.amount ?? 0;
  const currency = message.currency === undefined ? held_price?.currency : word(CURRENCIES, message.currency);
  return {
    ...rest,
    y: y === undefined ? before.y : degrees(y),
    x: x === undefined ? before.x : degrees(x),
    kind: kind === undefined ? before.kind : word(KINDS, kind),
    title: title ?? before.title,
    guests: guests ?? before.guests,
    ...(amount > 0 && currency ? { price: { amount, currency } } : {}),
    tonight: tonight ?? before.tonight,
  };
}

/** The same for a city. */
function changedCity(held: Item | undefined, message: CityMessage): CityItem {
  const { id, y, x, name, country, homes, hosts } = message;
  const before: CityItem | undefined =
    id !== undefined
      ? { c: "city", id: String(id), y: 0, x: 0, name: "", country: "", homes: 0, hosts: 0 }
      : held?.c === "city"
        ? held
        : undefined;
  if (!before) throw new Unreadable("a city that nothing names");
  return {
    ...before,
    y: y === undefined ? before.y : degrees(y),
    x: x === undefined ? before.x : degrees(x),
    name: name ?? before.name,
    country: country ?? before.country,
    homes: homes ?? before.homes,
    hosts: hosts ?? before.hosts,
  };
}

function changedCluster(held: Cluster | null, message: ClusterMessage): Cluster {
  const y = (held?.y ?? 0) + (message.y ?? 0);
  const x = (held?.x ?? 0) + (message.x ?? 0);
  const side = (away: number | undefined, middle: number, sign: number, before: number | undefined) => {
    const at = away === undefined ? before : middle + sign * away;
    if (at === undefined) throw new Unreadable("a new cluster without its box");
    return at;
  };
  return {
    y,
    x,
    n: message.n ?? held?.n ?? 0,
    homes: message.homes ?? held?.homes,
    hosts: message.hosts ?? held?.hosts,
    south: side(message.south, y, -1, held?.south),
    west: side(message.west, x, -1, held?.west),
    north: side(message.north, y, 1, held?.north),
    east: side(message.east, x, 1, held?.east),
  };
}

function clusterItem(k: string, cluster: Cluster): ClusterItem {
  const { y, x, n, homes, hosts, south, west, north, east } = cluster;
  const box: ClusterItem["box"] = [degrees(south), degrees(west), degrees(north), degrees(east)];
  const item: ClusterItem = { c: "cluster", id: k, y: degrees(y), x: degrees(x), n, homes: homes ?? n, box };
  return hosts === undefined ? item : { ...item, hosts };
}

function degrees(units: number): number {
  return units / 1e7;
}

function word(words: readonly string[], number: number): string {
  const found = words[number];
  if (!found) throw new Unreadable(`${number} stands for no word`);
  return found;
}

function uuid(bytes: Uint8Array): string {
  if (bytes.length !== 16) throw new Unreadable("a home's id is 16 bytes");
  const digits = Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
  return [digits.slice(0, 8), digits.slice(8, 12), digits.slice(12, 16), digits.slice(16, 20), digits.slice(20)].join(
    "-",
  );
}

/** `13/4141/3060` of the number that has a leading 1, then two bits for each level: of y and of x. Up to 53 bits. */
export function nameOf(key: number): string {
  let [x, y, level, rest] = [0, 0, 0, key];
  for (let bit = 1; rest > 1; bit *= 2) {
    const two = rest % 4;
    x += two % 2 ? bit : 0;
    y += two > 1 ? bit : 0;
    rest = (rest - two) / 4;
    level += 1;
  }
  if (rest !== 1) throw new Unreadable(`${key} is no tile`);
  return `${level}/${x}/${y}`;
}
