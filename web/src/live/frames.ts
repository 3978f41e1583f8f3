/**
 * The frames of the live protocol, version 1, as docs/live-protocol.md tells them.
 * Coordinates are WGS 84 degrees, boxes are [south, west, north, east], times are ISO instants.
 */
import type { Schemas } from "~/api/client";

export type Box = [south: number, west: number, north: number, east: number];

export interface Place {
  epoch: string;
  tick: number;
}
/** Where a client stands in each scope. */
export type Since = Record<string, Place>;

/** One of those a home may be priced in. */
export type Currency = Schemas["Currency"];

export interface Filter {
  kinds?: string[];
  guests?: number;
  price?: { min?: number; max?: number; currency: Currency };
  free?: { from: string; to: string };
}

export interface ViewRequest {
  bbox: Box;
  zoom: number;
  layers: string[];
  filter: Filter;
}

export interface CityItem {
  c: "city";
  id: string;
  y: number;
  x: number;
  name: string;
  country: string;
  homes: number;
  hosts: number;
}
export interface HomeItem {
  c: "home";
  id: string;
  y: number;
  x: number;
  kind: string;
  title: string;
  guests: number;
  price?: { amount: number; currency: string } | null;
  tonight: boolean;
}
export interface ClusterItem {
  c: "cluster";
  id: string;
  y: number;
  x: number;
  /** Things in it: homes below a city, cities in the world. */
  n: number;
  homes: number;
  hosts?: number;
  box?: Box;
}
export type Item = CityItem | HomeItem | ClusterItem;

export type Chunk = { k: string; full: Item[] } | { k: string; put?: Item[]; out?: string[] };

export interface SnapshotFrame {
  t: "snapshot";
  view: string;
  /** All scopes this view has now; any other is over. */
  scopes: string[];
  scope: string;
  epoch: string;
  tick: number;
  level: number;
  mode: "clusters" | "entities";
  covers?: Box;
  total?: { n: number };
  tiles: Chunk[];
  more?: boolean;
}
export interface DeltaFrame {
  t: "delta";
  view: string;
  scope: string;
  epoch: string;
  prev: number;
  tick: number;
  tiles: Chunk[];
}
export interface EventFrame {
  t: "event";
  stream: string;
  seq: number;
  at: string;
  kind: string;
  body: unknown;
}
export type ServerFrame =
  | {
      t: "welcome";
      session: string;
      now: string;
      ping: number;
      tick_ms?: number;
      resumed?: { stream?: string; view?: string; as: "resumed" | "snapshot" | "reset" }[];
    }
  | SnapshotFrame
  | DeltaFrame
  | EventFrame
  | { t: "caught_up"; stream: string; seq: number }
  | { t: "reset"; scope: string; view?: string; reason: string; epoch?: string }
  | { t: "qos"; view: string; hz: number; level: number; skipped: number; reason?: string }
  | { t: "goaway"; reason: string; reconnect_after_ms: number }
  | {
      t: "error";
      of: string | null;
      type: string;
      title: string;
      detail?: string;
      temporary: boolean;
      retry_after_ms?: number;
    }
  | { t: "ping" }
  | { t: "pong" };

export type ClientFrame =
  | { t: "hello"; client: string; version: 1; resume: Resume[] }
  | ({ t: "view"; id: string; since?: Since } & ViewRequest)
  | { t: "unview"; id: string }
  | { t: "subscribe"; stream: string; since?: number }
  | { t: "unsubscribe"; stream: string }
  | { t: "ack"; stream: string; seq: number }
  | { t: "seen"; stream: string; seq: number }
  | { t: "ping" };

/** What to bring back in the same round trip. A view without `since` is simply opened. */
export type Resume = { stream: string; since: number } | ({ view: string; since: Since } & ViewRequest);

/** A frame, or null for what is none: an unknown `t` is left to the caller, who ignores it. */
export function parseFrame(text: string): ServerFrame | null {
  try {
    const value: unknown = JSON.parse(text);
    return value && typeof value === "object" && "t" in value && typeof value.t === "string"
      ? (value as ServerFrame)
      : null;
  } catch {
    return null;
  }
}
