/**
 * The event lane: each stream's last place, so that every event is given to its listeners once and in order.
 * A hole in the sequence is never skipped over: the stream is asked for again from where it was.
 */
import type { ClientFrame, EventFrame } from "~/live/frames";

export interface StreamListener {
  onEvent(event: EventFrame): void;
  /** What was before is unknown: read the present over HTTP. */
  onReset?(): void;
  onCaughtUp?(seq: number): void;
}

interface Stream {
  last: number | undefined;
  listeners: Set<StreamListener>;
  asked: boolean;
  acking: boolean;
  /** An event came in: there is something to acknowledge. */
  taken: boolean;
}

const ACK_AFTER_MS = 150;

export class Streams {
  private streams = new Map<string, Stream>();

  constructor(private readonly line: { send(frame: ClientFrame): void; after(ms: number, run: () => void): void }) {}

  add(name: string, listener: StreamListener, since: number | undefined, connected: boolean): () => void {
    const stream = this.streams.get(name) ?? {
      last: since,
      listeners: new Set(),
      asked: false,
      acking: false,
      taken: false,
    };
    this.streams.set(name, stream);
    stream.listeners.add(listener);
    if (connected && !stream.asked) this.subscribe(name, stream);
    return () => {
      stream.listeners.delete(listener);
      if (stream.listeners.size || this.streams.get(name) !== stream) return;
      this.streams.delete(name);
      if (stream.asked) this.line.send({ t: "unsubscribe", stream: name });
    };
  }

  /** What `hello` asks to resume; those count as asked for. */
  resume(): { stream: string; since: number }[] {
    const known: { stream: string; since: number }[] = [];
    for (const [name, stream] of this.streams) {
      stream.asked = stream.last !== undefined;
      if (stream.last !== undefined) known.push({ stream: name, since: stream.last });
    }
    return known;
  }

  /** Subscribes to what `hello` did not resume, and says again what was taken: the last word may have been lost with the line. */
  sendMissing() {
    for (const [name, stream] of this.streams) {
      if (!stream.asked) this.subscribe(name, stream);
      else if (stream.taken) this.ackSoon(name, stream);
    }
  }

  event(frame: EventFrame) {
    const stream = this.streams.get(frame.stream);
    if (!stream) return;
    if (stream.last !== undefined) {
      if (frame.seq <= stream.last) return;
      if (frame.seq > stream.last + 1) {
        this.subscribe(frame.stream, stream);
        return;
      }
    }
    stream.last = frame.seq;
    stream.taken = true;
    for (const listener of stream.listeners) listener.onEvent(frame);
    this.ackSoon(frame.stream, stream);
  }

  caughtUp(name: string, seq: number) {
    const stream = this.streams.get(name);
    if (!stream) return;
    stream.last = Math.max(stream.last ?? 0, seq);
    for (const listener of stream.listeners) listener.onCaughtUp?.(seq);
  }

  /** True when the scope is one of our streams. */
  reset(name: string): boolean {
    const stream = this.streams.get(name);
    if (!stream) return false;
    stream.last = undefined;
    for (const listener of stream.listeners) listener.onReset?.();
    return true;
  }

  /** Another reader sits here now. */
  forget() {
    for (const stream of this.streams.values()) {
      stream.last = undefined;
      stream.asked = false;
      stream.taken = false;
    }
  }

  private subscribe(name: string, stream: Stream) {
    stream.asked = true;
    this.line.send({ t: "subscribe", stream: name, ...(stream.last === undefined ? {} : { since: stream.last }) });
  }

  /** One cumulative word for a burst. */
  private ackSoon(name: string, stream: Stream) {
    if (stream.acking) return;
    stream.acking = true;
    this.line.after(ACK_AFTER_MS, () => {
      stream.acking = false;
      if (stream.last !== undefined) this.line.send({ t: "ack", stream: name, seq: stream.last });
    });
  }
}
