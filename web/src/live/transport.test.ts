import { readFileSync } from "node:fs";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import type { ServerFrame } from "~/live/frames";
import { openTransport } from "~/live/transport";

/** The socket of a server that chose one of the offered subprotocols. */
class FakeSocket {
  static readonly OPEN = 1;
  static opened: FakeSocket[] = [];
  readyState = FakeSocket.OPEN;
  binaryType = "blob";
  sent: unknown[] = [];
  onopen: (() => void) | null = null;
  onmessage: ((message: { data: unknown }) => void) | null = null;
  onclose: ((end: { code: number; reason: string }) => void) | null = null;
  constructor(
    readonly url: URL,
    readonly offered: string[],
  ) {
    FakeSocket.opened.push(this);
  }
  send(data: unknown) {
    this.sent.push(data);
  }
  close() {}
}

beforeEach(() => {
  FakeSocket.opened = [];
  vi.stubGlobal("WebSocket", FakeSocket);
});
afterEach(() => vi.unstubAllGlobals());

function opens(open = openTransport("/t/salsa")) {
  const frames: ServerFrame[] = [];
  const transport = open("ws", { onOpen: () => {}, onFrame: (frame) => frames.push(frame), onEnd: () => {} });
  const socket = FakeSocket.opened.at(-1);
  if (!socket) throw new Error("no socket was opened");
  return { frames, transport, socket };
}
const exchange: { server?: ServerFrame; client?: { t: string }; binary: string }[] = JSON.parse(
  readFileSync("../docs/live/vectors/map.json", "utf8"),
).exchange;
const message = (digits: string) => ({
  data: Uint8Array.from(digits.match(/../g) ?? [], (byte) => Number.parseInt(byte, 16)).buffer,
});

test("binary is asked for first, and JSON is there if the server would rather", () => {
  expect(opens().socket.offered).toEqual(["posada.v1.bin", "posada.v1.json"]);
});

test("a server that chose JSON is understood", () => {
  const { frames, socket } = opens();
  socket.onmessage?.({ data: JSON.stringify({ t: "pong" }) });
  expect(frames).toEqual([{ t: "pong" }]);
});

test("what a binary connection brought is what the next one's changes are of", () => {
  const open = openTransport("");
  let line = opens(open);
  const told: ServerFrame[] = [];
  for (const { client, server, binary } of exchange) {
    if (client?.t === "hello") {
      told.push(...line.frames);
      line = opens(open);
    }
    if (server) line.socket.onmessage?.(message(binary));
  }
  told.push(...line.frames);
  expect(line.socket.binaryType).toBe("arraybuffer");
  expect(FakeSocket.opened).toHaveLength(3);
  const state = (frames: (ServerFrame | undefined)[]) => frames.filter((f) => f?.t === "snapshot" || f?.t === "delta");
  expect(state(told)).toEqual(state(exchange.map(({ server }) => server)));
});

test("what is said is JSON, whatever is heard", () => {
  const { transport, socket } = opens();
  transport.send({ t: "ping" });
  expect(socket.sent).toEqual(['{"t":"ping"}']);
});
