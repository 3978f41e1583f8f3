/**
 * The live connection of this page: one for all views and streams, opened when the first is asked for, kept by
 * backing off and resuming. Owns no data but what is needed to resume; views and streams hold the rest.
 */

import type { EventFrame, ServerFrame, ViewRequest } from "~/live/frames";
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
    if (this.welcomed) this.transport?.send({ t: "unview", id });
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
    this.transport?.send({ t: "hello", client: "web/0.1", version: 1, resume: this.streams.resume() });
    if (this.by === "sse") for (const [id, store] of this.views) this.sendView(id, store, false);
    this.watchIdle();
  }

  private receive(frame: ServerFrame) {
    const wasLong = this.status.heardAt === null || this.clock.now() - this.status.heardAt > 4000;
    this.status = { ...this.status, heardAt: this.clock.now() };
    this.watchIdle();
    switch (frame.t) {
      case "welcome":
        this.welcome(frame.ping);
        break;
      case "snapshot":
        this.views.get(frame.view)?.applySnapshot(frame);
        break;
      case "delta": {
        const store = this.views.get(frame.view);
        if (store && !store.applyDelta(frame) && !store.waiting) {
          store.waiting = true;
          this.sendView(frame.view, store, true);
        }
        break;
      }
      case "event":
        this.streams.event(frame);
        break;
      case "caught_up":
        this.streams.caughtUp(frame.stream, frame.seq);
        break;
      case "reset":
        if (!this.streams.reset(frame.scope)) this.resetViews(frame.scope, frame.reason);
        break;
      case "goaway":
        this.comeBackAfter = frame.reconnect_after_ms;
        break;
      case "error":
        this.refused(frame);
        break;
      case "ping":
        this.transport?.send({ t: "pong" });
        break;
      case "pong":
      case "qos":
        break;
    }
    this.tell(wasLong);
  }

  private welcome(pingSeconds: number) {
    this.everOpened = true;
    this.welcomed = true;
    this.attempt = 0;
    this.pingMs = (pingSeconds || DEFAULT_PING_S) * 1000;
    if (this.by === "ws") for (const [id, store] of this.views) this.sendView(id, store, true);
    this.streams.sendMissing();
    this.watchPatience();
  }

  private sendView(id: string, store: ViewStore, resume: boolean) {
    const { request } = store;
    if (!request) return;
    const since = resume ? store.since() : {};
    this.transport?.send({ t: "view", id, ...request, ...(Object.keys(since).length ? { since } : {}) });
  }

  private resetViews(scope: string, reason: string) {
    for (const [id, store] of this.views) {
      if (!store.reset(scope, reason)) continue;
      store.waiting = true;
      if (reason !== "revoked") this.sendView(id, store, false);
    }
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
