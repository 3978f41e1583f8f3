/**
 * How frames travel: a WebSocket in either encoding, or server-sent events where a proxy lets no WebSocket through.
 * A transport opens once, ends once, and knows nothing of what the frames mean.
 */
import { BinaryReader } from "~/live/binary/reader";
import { type ClientFrame, parseFrame, type ServerFrame } from "~/live/frames";

export interface TransportEvents {
  onOpen(): void;
  onFrame(frame: ServerFrame): void;
  /** `opened` tells a refused connection from a lost one. */
  onEnd(code: number, reason: string): void;
}
export interface Transport {
  readonly by: "ws" | "sse";
  send(frame: ClientFrame): void;
  close(): void;
}
export type OpenTransport = (by: "ws" | "sse", events: TransportEvents) => Transport;

/** The subprotocols of the two encodings, the better one first. */
export const PROTOCOLS = ["posada.v1.bin", "posada.v1.json"];

export function openTransport(prefix: string): OpenTransport {
  // What it holds outlives a connection, as what the views hold does.
  const reader = new BinaryReader();
  return (by, events) => (by === "ws" ? openSocket(prefix, events, reader) : openEvents(prefix, events));
}

/** Frames come in the encoding that the server chose; what is said is short, and is said as JSON in both. */
function openSocket(prefix: string, events: TransportEvents, reader: BinaryReader): Transport {
  const url = new URL(`${prefix}/live`, location.href);
  url.protocol = url.protocol === "https:" ? "wss:" : "ws:";
  const socket = new WebSocket(url, PROTOCOLS);
  socket.binaryType = "arraybuffer";
  reader.reconnects();
  let over = false;
  socket.onopen = () => events.onOpen();
  socket.onmessage = (message) => {
    if (message.data instanceof ArrayBuffer) {
      for (const frame of reader.read(new Uint8Array(message.data))) events.onFrame(frame);
      return;
    }
    const frame = typeof message.data === "string" ? parseFrame(message.data) : null;
    if (frame) events.onFrame(frame);
  };
  socket.onclose = ({ code, reason }) => {
    if (!over) events.onEnd(code, reason);
  };
  return {
    by: "ws",
    send: (frame) => {
      if (socket.readyState === WebSocket.OPEN) socket.send(JSON.stringify(frame));
    },
    close: () => {
      over = true;
      socket.close(1000);
    },
  };
}

/** Server-sent events carry no frames upwards: what is asked for stands in the address, and a change opens it anew. */
function openEvents(prefix: string, events: TransportEvents): Transport {
  const views = new Map<string, ClientFrame>();
  const streams = new Map<string, number | undefined>();
  let source: EventSource | null = null;
  let reopening: ReturnType<typeof setTimeout> | null = null;
  let over = false;

  const open = () => {
    reopening = null;
    source?.close();
    const url = new URL(`${prefix}/live/events`, location.href);
    for (const view of views.values()) url.searchParams.append("view", JSON.stringify(view));
    for (const [stream, since] of streams)
      url.searchParams.append("subscribe", since === undefined ? stream : `${stream}=${since}`);
    source = new EventSource(url, { withCredentials: true });
    source.onmessage = (message) => {
      const frame = parseFrame(message.data);
      if (frame) events.onFrame(frame);
    };
    source.onerror = () => {
      if (over) return;
      over = true;
      source?.close();
      events.onEnd(1006, "");
    };
  };
  const later = () => {
    reopening ??= setTimeout(open, 200);
  };
  queueMicrotask(() => {
    if (!over) events.onOpen();
  });
  return {
    by: "sse",
    send: (frame) => {
      if (frame.t === "view") views.set(frame.id, frame);
      else if (frame.t === "unview") views.delete(frame.id);
      else if (frame.t === "subscribe") streams.set(frame.stream, frame.since);
      else if (frame.t === "unsubscribe") streams.delete(frame.stream);
      else if (frame.t === "hello") {
        for (const item of frame.resume) {
          if ("stream" in item) streams.set(item.stream, item.since);
          else {
            const { view, ...rest } = item;
            views.set(view, { t: "view", id: view, ...rest });
          }
        }
      } else return;
      later();
    },
    close: () => {
      over = true;
      if (reopening) clearTimeout(reopening);
      source?.close();
    },
  };
}
