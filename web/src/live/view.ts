/**
 * What one view shows: scope → tile → item, kept by snapshots and deltas. Applied at once, told to listeners once per
 * animation frame, so that a burst of frames is one change on screen. Knows nothing of sockets.
 *
 * Invariant: a delta is applied only on the tick it names as `prev`; anything else asks for a repair, never a guess.
 */
import type { Box, Chunk, DeltaFrame, Item, Since, SnapshotFrame, ViewRequest } from "~/live/frames";

type Tiles = Map<string, Map<string, ScopedItem>>;
interface Scope {
  epoch: string;
  tick: number;
  level: number;
  mode: "clusters" | "entities";
  tiles: Tiles;
  total: number | null;
}
export type ScopedItem = Item & { scope: string; key: string };

/** How the next animation frame is waited for; tests bring their own. */
export type NextFrame = (run: () => void) => void;
const onNextFrame: NextFrame = (run) => {
  requestAnimationFrame(run);
};

export class ViewStore {
  request: ViewRequest | null = null;
  covers: Box | null = null;
  /** True from asking until the first snapshot of the asked view has come whole. */
  waiting = false;
  /** Set when the server refused the view for good. */
  refusal: string | null = null;

  /** Why reading over HTTP failed, until something comes. */
  failure: unknown = null;

  /** The request that what is held answers. */
  private answered: ViewRequest | null = null;
  private scopes = new Map<string, Scope>();
  private coming = new Map<string, Scope>();
  private listeners = new Set<() => void>();
  private shown: readonly ScopedItem[] = [];
  private scheduled = false;
  private held = false;
  private askedMeanwhile = false;
  private touched = new Set<string>();

  /** Keys that a delta put since the last frame on screen: what changed while somebody looked. */
  fresh: ReadonlySet<string> = new Set();

  constructor(private readonly nextFrame: NextFrame = onNextFrame) {}

  /** The items to show; the same array until something changes. */
  items = (): readonly ScopedItem[] => this.shown;

  subscribe = (listener: () => void): (() => void) => {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  };

  /** What is held of exactly the view that is asked for; nothing after a change of it, and nothing of what was reset. */
  since(): Since {
    if (!this.isAnswered()) return {};
    const held = [...this.scopes].filter(([, { epoch }]) => epoch !== "");
    return Object.fromEntries(held.map(([name, { epoch, tick }]) => [name, { epoch, tick }]));
  }

  total(): number | null {
    let sum = 0;
    for (const scope of this.scopes.values()) {
      if (scope.total === null) return null;
      sum += scope.total;
    }
    return this.scopes.size ? sum : null;
  }

  asked(request: ViewRequest) {
    this.request = request;
    this.waiting = true;
    this.refusal = null;
    this.failure = null;
    this.tell(true);
  }

  /** While held, live changes are kept but not shown; what the reader asks for still is. */
  hold(held: boolean) {
    this.held = held;
    if (!held) this.tell(true);
  }

  applySnapshot(frame: SnapshotFrame) {
    const known = this.coming.get(frame.scope);
    const goesOn = known && known.epoch === frame.epoch && known.tick === frame.tick && known.level === frame.level;
    const scope: Scope = goesOn
      ? known
      : { epoch: frame.epoch, tick: frame.tick, level: frame.level, mode: frame.mode, tiles: new Map(), total: null };
    if (frame.total) scope.total = frame.total.n;
    for (const chunk of frame.tiles) applyChunk(scope.tiles, frame.scope, chunk);

    const empty = !this.scopes.get(frame.scope)?.tiles.size;
    // What is on screen stays until the new picture is whole; on an empty screen even a part is welcome.
    if (!frame.more || empty) this.scopes.set(frame.scope, scope);
    if (frame.more) this.coming.set(frame.scope, scope);
    else this.coming.delete(frame.scope);
    if (frame.covers) this.covers = frame.covers;

    const complete = frame.scopes.every((name) => this.scopes.has(name) && !this.coming.has(name));
    if (complete) {
      for (const name of this.scopes.keys()) if (!frame.scopes.includes(name)) this.scopes.delete(name);
      this.settle();
    }
    this.tell(true);
  }

  /** False: the delta does not fit, and the view must be asked for again with `since`. */
  applyDelta(frame: DeltaFrame): boolean {
    const coming = this.coming.get(frame.scope);
    const scope = coming?.epoch === frame.epoch ? coming : this.scopes.get(frame.scope);
    if (!scope || scope.epoch !== frame.epoch) return false;
    if (frame.tick <= scope.tick) return true;
    if (frame.prev !== scope.tick) return false;
    for (const chunk of frame.tiles) {
      applyChunk(scope.tiles, frame.scope, chunk);
      if ("put" in chunk) for (const item of chunk.put ?? []) this.touched.add(keyOf(item, frame.scope));
    }
    scope.tick = frame.tick;
    this.tell(false);
    return true;
  }

  /** Whether what is held answers what is asked, even if the connection was lost since. */
  isAnswered(): boolean {
    return this.request !== null && this.answered === this.request;
  }

  /** What is held is what was asked for, nothing is missing. */
  settle() {
    this.waiting = false;
    this.failure = null;
    this.answered = this.request;
  }

  /**
   * What is held of a scope is worth nothing. If it left the view or may no longer be seen, it goes at once; otherwise
   * the picture stays until the new one, which the server sends of itself.
   */
  reset(name: string, reason: string) {
    const scope = this.scopes.get(name);
    if (!scope) return;
    this.coming.delete(name);
    if (reason === "revoked" || reason === "left_view") this.scopes.delete(name);
    else this.scopes.set(name, { ...scope, epoch: "", tick: -1 });
    this.tell(true);
  }

  /** Reading it over HTTP failed too; the live connection may still bring it. */
  lost(error: unknown) {
    this.failure = error;
    this.tell(true);
  }

  refuse(title: string) {
    this.refusal = title;
    this.waiting = false;
    this.tell(true);
  }

  private tell(asked: boolean) {
    this.askedMeanwhile ||= asked;
    if (this.scheduled) return;
    this.scheduled = true;
    this.nextFrame(() => {
      this.scheduled = false;
      if (this.held && !this.askedMeanwhile) return;
      this.askedMeanwhile = false;
      this.shown = this.flatten();
      this.fresh = this.touched;
      this.touched = new Set();
      for (const listener of this.listeners) listener();
    });
  }

  private flatten(): ScopedItem[] {
    const items: ScopedItem[] = [];
    for (const { tiles } of this.scopes.values()) {
      for (const tile of tiles.values()) items.push(...tile.values());
    }
    return items;
  }
}

/** A home or a city is itself wherever it moves; a cluster is one of its scope. */
function keyOf(item: Item, scope: string): string {
  return item.c === "cluster" ? `${scope}/${item.id}` : `${item.c}/${item.id}`;
}

function applyChunk(tiles: Tiles, scope: string, chunk: Chunk) {
  const scoped = (item: Item): ScopedItem => ({ ...item, scope, key: keyOf(item, scope) });
  if ("full" in chunk) {
    if (chunk.full.length) tiles.set(chunk.k, new Map(chunk.full.map((item) => [item.id, scoped(item)])));
    else tiles.delete(chunk.k);
    return;
  }
  const tile = tiles.get(chunk.k) ?? new Map<string, ScopedItem>();
  for (const id of chunk.out ?? []) tile.delete(id);
  for (const item of chunk.put ?? []) tile.set(item.id, scoped(item));
  if (tile.size) tiles.set(chunk.k, tile);
  else tiles.delete(chunk.k);
}
