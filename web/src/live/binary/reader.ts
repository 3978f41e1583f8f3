/**
 * Reads binary messages as the frames that JSON would have brought. A change says only what is different of the things a
 * tile holds, so a reader holds them: one for the page, kept over its connections. The twin of wire/src/binary/reader.rs.
 *
 * What does not follow from what is held is never guessed at: it becomes a `reset` of its scope and a delta that fits nothing,
 * so that the view asks anew.
 */
import {
  type DeltaMessage,
  readMessage,
  type ServerMessage,
  type SnapshotMessage,
  type TileMessage,
} from "~/live/binary/messages";
import { HeldTile, Unreadable } from "~/live/binary/tile";
import type { Chunk, DeltaFrame, ServerFrame, SnapshotFrame } from "~/live/frames";

const MODES = ["", "clusters", "entities"] as const;
const OUTCOMES = ["snapshot", "resumed", "snapshot", "reset"] as const;
const text = new TextDecoder();

interface Held {
  view: string;
  scope: string;
  epoch: string;
  tick: number;
  /** More of its snapshot is to come. */
  unfinished: boolean;
  tiles: Map<number, HeldTile>;
}

export class BinaryReader {
  /** What stands for which view's scope, on this connection. */
  private parts = new Map<number, string>();
  private held = new Map<string, Held>();

  /** A new connection: what is held stays, its numbers begin anew. */
  reconnects() {
    this.parts.clear();
    for (const [place, held] of this.held) if (held.unfinished) this.held.delete(place);
  }

  /** The frames of one message; none for bytes that are no message, or one of a kind that is not known here. */
  read(bytes: Uint8Array): ServerFrame[] {
    let message: ServerMessage;
    try {
      message = readMessage(bytes);
    } catch {
      return [];
    }
    const { snapshot, delta, reset, tiles } = message;
    if (snapshot) return this.follow(snapshot.names, () => this.snapshot(snapshot, tiles));
    if (delta) {
      if (delta.names) this.parts.set(delta.part, place(delta.names));
      const held = this.held.get(this.parts.get(delta.part) ?? "");
      return held ? this.follow(held, () => this.delta(held, delta, tiles)) : [];
    }
    if (reset?.view !== undefined) this.held.delete(place({ view: reset.view, scope: reset.scope }));
    const frame = plain(message);
    return frame ? [frame] : [];
  }

  private follow(of: { view: string; scope: string }, frame: () => ServerFrame): ServerFrame[] {
    try {
      return [frame()];
    } catch (error) {
      if (!(error instanceof Unreadable)) throw error;
      this.held.delete(place(of));
      const { view, scope } = of;
      return [
        { t: "reset", scope, view, reason: "unreadable" },
        { t: "delta", view, scope, epoch: "", prev: -2, tick: Number.MAX_SAFE_INTEGER, tiles: [] },
      ];
    }
  }

  private snapshot(head: SnapshotMessage, tiles: TileMessage[]): SnapshotFrame {
    const { part, names, scopes, tick, level, covers, total, more } = head;
    const mode = MODES[head.mode];
    if (!mode) throw new Unreadable("a mode that is not known");
    for (const [other, held] of this.held)
      if (held.view === names.view && !scopes.includes(held.scope)) this.held.delete(other);
    this.parts.set(part, place(names));
    const before = this.held.get(place(names));
    const follows = before?.unfinished && before.epoch === names.epoch && before.tick === tick;
    const held: Held = { ...names, tick, unfinished: more, tiles: follows ? before.tiles : new Map() };
    const chunks = tiles.map((tile) => take(held, tile));
    if (scopes.length) this.held.set(place(names), held);
    return { t: "snapshot", ...names, scopes, tick, level, mode, covers, total: { n: total }, tiles: chunks, more };
  }

  private delta(held: Held, head: DeltaMessage, tiles: TileMessage[]): DeltaFrame {
    const prev = head.tick - head.span;
    const isOther = head.names !== undefined && head.names.epoch !== held.epoch;
    if (isOther || held.unfinished || held.tick !== prev)
      throw new Unreadable(`a delta since ${prev} for tick ${held.tick}`);
    const { view, scope, epoch } = held;
    const chunks = tiles.map((tile) => take(held, tile));
    held.tick = head.tick;
    return { t: "delta", view, scope, epoch, prev, tick: head.tick, tiles: chunks };
  }
}

function take(held: Held, tile: TileMessage): Chunk {
  const known = held.tiles.get(tile.key) ?? new HeldTile();
  held.tiles.set(tile.key, known);
  return known.take(tile);
}

function place({ view, scope }: { view: string; scope: string }): string {
  return `${view} ${scope}`;
}

/** Frames that have no tiles. */
function plain(message: ServerMessage): ServerFrame | null {
  const { welcome, event, caughtUp, reset, qos, goaway, error } = message;
  if (welcome) {
    const { session, now, ping, tickMs } = welcome;
    const resumed = welcome.resumed.map(({ outcome, ...of }) => ({ ...of, as: OUTCOMES[outcome] ?? "snapshot" }));
    return { t: "welcome", session, now, ping, tick_ms: tickMs, resumed };
  }
  if (event) {
    try {
      return { t: "event", ...event, body: JSON.parse(text.decode(event.body)) };
    } catch {
      return null;
    }
  }
  if (caughtUp) return { t: "caught_up", ...caughtUp };
  if (reset) return { t: "reset", ...reset };
  if (qos) return { t: "qos", ...qos };
  if (goaway) return { t: "goaway", reason: goaway.reason, reconnect_after_ms: goaway.after };
  if (error) {
    const { retryAfter, of, ...rest } = error;
    return { t: "error", of: of ?? null, ...rest, ...(retryAfter === undefined ? {} : { retry_after_ms: retryAfter }) };
  }
  if (message.ping) return { t: "ping" };
  if (message.pong) return { t: "pong" };
  return null;
}
