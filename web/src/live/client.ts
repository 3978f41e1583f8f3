/**
 * The live connection of this page: one for all views and streams, opened when the first is asked for, kept by
 * backing off and resuming. Owns no data but what is needed to resume; views and streams hold the rest.
 */

import type { EventFrame, Resume, ServerFrame, ViewRequest } from "~/live/frames";
import { backoff, mayReconnect } from "~/live/reconnect";
import type { Connection } from "~/live/status";
import { type StreamListener, Streams } from "~/live/streams";
import type { OpenTransport, Transport } from "~/live/transport";
import type { ViewStore } from "~/live/view";

export type { EventFrame };

/** Time and chance, so that tests bring their own. */
export interface Clock {
  now(): number;
  after(ms: number, run: () => void): () => void;
  random(): number;
}
export const realClock: Clock = {
  now: Date.now,
  after: (ms, run) => {
    const timer = setTimeout(run, ms);
    return () => clearTimeout(timer);
  },
  random: Math.random,
};

/** After so many refused WebSockets that never opened, server-sent events are tried. */
const REFUSALS_BEFORE_SSE = 2;
const DEFAULT_PING_S = 20;
const CLIENT = "web/0.1";
/** A repair that brings nothing by then is asked for whole. */
const REPAIR_MS = 3000;
/** Panning waits this long for its picture before the page says it is catching up. */
const PATIENCE_MS = 900;

export class LiveClient {
  private transport: Transport | null = null;
  private by: "ws" | "sse" = "ws";
  private everOpened = false;
  private attempt = 0;
  private wanted = false;
  private stopRetry: (() => void) | null = null;
  private stopWatch: (() => void) | null = null;
  private stopPatience: (() => void) | null = null;
  private pingMs = DEFAULT_PING_S * 1000;
  private comeBackAfter: number | null = null;
  private welcomed = false;
  private late = false;

  private views = new Map<string, ViewStore>();
  /** What the server was last asked of each view, on this connection. */
  private told = new Map<string, ViewRequest>();
  private repairing = new Set<string>();
  private streams = new Streams({
    send: (frame) => this.transport?.send(frame),
    after: (ms, run) => this.clock.after(ms, run),
  });
  private status: Connection = { state: "connecting", heardAt: null, by: "ws" };
  private listeners = new Set<() => void>();

  constructor(
    private readonly open: OpenTransport,
    private readonly clock: Clock = realClock,
  ) {}

  connection = (): Connection => this.status;

  onStatus = (listener: () => void): (() => void) => {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  };

  /** Shows a view in `store` until it is closed. The last request wins. */
  look(id: string, store: ViewStore, request: ViewRequest) {
    this.views.set(id, store);
    store.asked(request);
    this.watchPatience();
    if (this.welcomed) this.sendView(id, store, false);
    this.start();
    this.tell();
  }

  unlook(id: string) {
    if (!this.views.delete(id)) return;
    if (this.told.delete(id)) this.transport?.send({ t: "unview", id });
    this.tell();
  }

  /** Hears a stream from `since` on, each event once and in order. Returns how to stop. */
  hear(stream: string, listener: StreamListener, since?: number): () => void {
    const stop = this.streams.add(stream, listener, since, this.welcomed);
    this.start();
    return stop;
  }

  /** A person has looked at everything up to `seq`. */
  seen(stream: string, seq: number) {
    this.transport?.send({ t: "seen", stream, seq });
  }

  /** Somebody signed in or out: come back as them, remembering nothing. */
  restart() {
    this.streams.forget();
    this.attempt = 0;
    this.drop();
    if (this.wanted) this.connect();
  }

  /** The network came back, or the reader did: do not wait for the rest of the delay. */
  wake() {
    if (!this.stopRetry) return;
    this.stopRetry();
    this.stopRetry = null;
    this.connect();
  }

  /** The device says it has no network. */
  offline() {
    if (!this.transport) return;
    this.drop();
    this.retryLater();
    this.setState("offline");
  }

  stop() {
    this.wanted = false;
    this.drop();
  }

  private start() {
    if (this.wanted) return;
    this.wanted = true;
    this.connect();
  }

  private connect() {
    const opened = this.everOpened;
    let open = false;
    const mine = this.open(this.by, {
      onOpen: () => {
        if (this.transport !== mine) return;
        open = true;
        this.hello();
      },
      onFrame: (frame) => {
        if (this.transport === mine) this.receive(frame);
      },
      onEnd: (code, reason) => {
        if (this.transport !== mine) return;
        if (!open && !opened && this.by === "ws" && this.attempt + 1 >= REFUSALS_BEFORE_SSE) this.by = "sse";
        else if (this.by === "sse") this.by = "ws";
        this.ended(code, reason);
      },
    });
    this.transport = mine;
  }

  private hello() {
    const resume: Resume[] = this.streams.resume();
    for (const [id, store] of this.views) {
      if (!store.request) continue;
      resume.push({ view: id, since: store.since(), ...store.request });
      this.told.set(id, store.request);
    }
    this.transport?.send({ t: "hello", client: CLIENT, version: 1, resume });
    this.watchIdle();
  }

  private receive(frame: ServerFrame) {
    const wasLong = this.status.heardAt === null || this.clock.now() - this.status.heardAt > 4000;
    this.status = { ...this.status, heardAt: this.clock.now() };
    this.watchIdle();
    switch (frame.t) {
      case "welcome":
        this.welcome(frame);
        break;
      case "snapshot":
        this.views.get(frame.view)?.applySnapshot(frame);
        this.repairing.delete(frame.view);
        break;
      case "delta": {
        const store = this.views.get(frame.view);
        if (store?.applyDelta(frame)) this.repairing.delete(frame.view);
        else if (store) this.repair(frame.view, store);
        break;
      }
      case "event":
        this.streams.event(frame);
        break;
      case "caught_up":
        this.streams.caughtUp(frame.stream, frame.seq);
        break;
      case "reset":
        if (!this.streams.reset(frame.scope)) this.resetViews(frame);
        break;
      case "goaway":
        this.comeBackAfter = frame.reconnect_after_ms;
        break;
      case "error":
        this.refused(frame);
        break;
      // Having been heard is all they are for.
      case "ping":
      case "pong":
      case "qos":
        break;
    }
    this.tell(wasLong);
  }

  private welcome(frame: Extract<ServerFrame, { t: "welcome" }>) {
    this.everOpened = true;
    this.welcomed = true;
    this.attempt = 0;
    this.pingMs = (frame.ping || DEFAULT_PING_S) * 1000;
    for (const { view, as } of frame.resumed ?? []) {
      const store = view === undefined ? undefined : this.views.get(view);
      // Nothing changed meanwhile, or what did follows as deltas: there is no snapshot to wait for.
      if (store && as === "resumed" && this.told.get(view ?? "") === store.request) store.settle();
    }
    for (const [id, store] of this.views) if (this.told.get(id) !== store.request) this.sendView(id, store, false);
    this.streams.sendMissing();
    this.watchPatience();
  }

  private sendView(id: string, store: ViewStore, resume: boolean) {
    const { request } = store;
    if (!request) return;
    const since = resume ? store.since() : {};
    this.told.set(id, request);
    this.transport?.send({ t: "view", id, ...request, ...(Object.keys(since).length ? { since } : {}) });
  }

  /** A delta did not fit: asks for what is missing, once, and for everything if that brings nothing. */
  private repair(id: string, store: ViewStore) {
    if (store.waiting || this.repairing.has(id)) return;
    this.repairing.add(id);
    this.sendView(id, store, true);
    this.clock.after(REPAIR_MS, () => {
      if (this.repairing.delete(id) && this.welcomed && this.views.get(id) === store) this.sendView(id, store, false);
    });
  }

  private resetViews({ scope, view, reason }: Extract<ServerFrame, { t: "reset" }>) {
    for (const [id, store] of this.views) if (view === undefined || view === id) store.reset(scope, reason);
  }

  private refused(frame: Extract<ServerFrame, { t: "error" }>) {
    if (frame.temporary) {
      this.clock.after(frame.retry_after_ms ?? 1000, () => {
        for (const [id, store] of this.views) if (store.waiting && this.welcomed) this.sendView(id, store, false);
      });
      return;
    }
    if (frame.of === "view") for (const store of this.views.values()) if (store.waiting) store.refuse(frame.title);
  }

  private ended(code: number, reason: string) {
    this.drop();
    if (!mayReconnect(code)) {
      this.setState("closed", reason);
      return;
    }
    const first = this.attempt === 0;
    this.retryLater();
    // A short absence is not yet worth a fright: the first retry comes at once.
    this.setState(first && this.status.heardAt !== null ? "behind" : "offline");
  }

  private retryLater() {
    const wait = this.comeBackAfter ?? backoff(this.attempt, this.clock.random);
    this.comeBackAfter = null;
    this.attempt += 1;
    this.stopRetry?.();
    this.stopRetry = this.clock.after(wait, () => {
      this.stopRetry = null;
      this.connect();
    });
  }

  private drop() {
    const old = this.transport;
    this.transport = null;
    this.welcomed = false;
    this.told.clear();
    this.repairing.clear();
    this.stopWatch?.();
    this.stopRetry?.();
    this.stopRetry = null;
    for (const store of this.views.values()) store.waiting = true;
    old?.close();
  }

  /** Nothing heard for a ping's time: ask; still nothing: the line is dead, whatever the socket thinks. */
  private watchIdle() {
    this.stopWatch?.();
    if (this.by === "sse") return;
    this.stopWatch = this.clock.after(this.pingMs * 1.5, () => {
      this.transport?.send({ t: "ping" });
      this.stopWatch = this.clock.after(this.pingMs / 2, () => this.ended(4000, ""));
    });
  }

  private watchPatience() {
    this.stopPatience?.();
    this.late = false;
    this.stopPatience = this.clock.after(PATIENCE_MS, () => {
      this.late = true;
      this.tell();
    });
  }

  private tell(always = false) {
    if (!this.transport || this.status.state === "closed") return;
    const connected = this.welcomed || (this.by === "sse" && this.status.heardAt !== null);
    if (!connected) return;
    const waiting = [...this.views.values()].some((store) => store.waiting);
    const state = waiting && (this.late || this.status.state !== "live") ? "behind" : "live";
    if (state !== this.status.state || always) this.setState(state);
  }

  private setState(state: Connection["state"], reason?: string) {
    this.status = { ...this.status, state, by: this.by, reason };
    for (const listener of this.listeners) listener();
  }
}
