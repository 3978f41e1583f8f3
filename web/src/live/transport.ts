/**
 * How frames travel: a WebSocket, or server-sent events where a proxy lets no WebSocket through.
 * A transport opens once, ends once, and knows nothing of what the frames mean.
 */
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

export const PROTOCOL = "posada.v1.json";

export function openTransport(prefix: string): OpenTransport {
  return (by, events) => (by === "ws" ? openSocket(prefix, events) : openEvents(prefix, events));
}

function openSocket(prefix: string, events: TransportEvents): Transport {
  const url = new URL(`${prefix}/live`, location.href);
  url.protocol = url.protocol === "https:" ? "wss:" : "ws:";
  const socket = new WebSocket(url, PROTOCOL);
  let over = false;
  socket.onopen = () => events.onOpen();
  socket.onmessage = (message) => {
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
