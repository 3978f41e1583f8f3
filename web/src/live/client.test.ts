import { beforeEach, describe, expect, test } from "vitest";
import { type Clock, LiveClient } from "~/live/client";
import type { ClientFrame, ServerFrame, ViewRequest } from "~/live/frames";
import type { Transport, TransportEvents } from "~/live/transport";
import { ViewStore } from "~/live/view";

class Line {
  sent: ClientFrame[] = [];
  closed = false;
  constructor(
    readonly by: "ws" | "sse",
    readonly events: TransportEvents,
  ) {}
  opens(ping = 20, resumed: { view?: string; as: "resumed" | "snapshot" | "reset" }[] = []) {
    this.events.onOpen();
    this.says({ t: "welcome", session: "s", now: "", ping, resumed });
  }
  says(frame: ServerFrame) {
    this.events.onFrame(frame);
  }
  of<T extends ClientFrame["t"]>(t: T) {
    return this.sent.filter((frame): frame is Extract<ClientFrame, { t: T }> => frame.t === t);
  }
}

class HandClock implements Clock {
  time = 0;
  due: { at: number; run: () => void }[] = [];
  now = () => this.time;
  random = () => 1;
  after(ms: number, run: () => void) {
    const entry = { at: this.time + ms, run };
    this.due.push(entry);
    return () => {
      this.due = this.due.filter((other) => other !== entry);
    };
  }
  pass(ms: number) {
    const end = this.time + ms;
    for (;;) {
      const next = this.due.filter(({ at }) => at <= end).sort((a, b) => a.at - b.at)[0];
      if (!next) break;
      this.due = this.due.filter((other) => other !== next);
      this.time = next.at;
      next.run();
    }
    this.time = end;
  }
}

let lines: Line[];
let clock: HandClock;
let live: LiveClient;
const line = () => {
  const last = lines.at(-1);
  if (!last) throw new Error("no line was opened");
  return last;
};
const request: ViewRequest = { bbox: [0, 0, 1, 1], zoom: 12, layers: ["homes"], filter: {} };

beforeEach(() => {
  lines = [];
  clock = new HandClock();
  live = new LiveClient((by, events): Transport => {
    const made = new Line(by, events);
    lines.push(made);
    return { by, send: (frame) => made.sent.push(frame), close: () => (made.closed = true) };
  }, clock);
});

function watching() {
  const store = new ViewStore((run) => run());
  live.look("map", store, request);
  line().opens();
  line().says({
    ...{ t: "snapshot", view: "map", scopes: ["city:1"], scope: "city:1", epoch: "e", tick: 5 },
    ...{ level: 13, mode: "entities", tiles: [], more: false },
  });
  return store;
}
const delta = (prev: number, tick: number): ServerFrame => ({
  ...{ t: "delta", view: "map", scope: "city:1", epoch: "e", prev, tick, tiles: [] },
});

test("hello is the first frame and brings the views along", () => {
  watching();
  expect(line().sent).toEqual([
    { t: "hello", client: "web/0.1", version: 1, resume: [{ view: "map", since: {}, ...request }] },
  ]);
  expect(live.connection().state).toBe("live");
});

test("a delta that does not fit is repaired once, with since", () => {
  watching();
  line().says(delta(7, 8));
  line().says(delta(8, 9));
  const views = line().of("view");
  expect(views).toHaveLength(1);
  expect(views[0]?.since).toEqual({ "city:1": { epoch: "e", tick: 5 } });
  line().says(delta(5, 9));
  clock.pass(3000);
  expect(line().of("view")).toHaveLength(1);
});

test("what the binary reader could not follow is asked for anew, as of nothing held", () => {
  watching();
  line().says({ t: "reset", scope: "city:1", view: "map", reason: "unreadable" });
  const unreadable = { t: "delta", view: "map", scope: "city:1", epoch: "", prev: -2, tick: Number.MAX_SAFE_INTEGER };
  line().says({ ...unreadable, tiles: [] } as ServerFrame);
  const views = line().of("view");
  expect(views).toHaveLength(1);
  expect(views[0]).not.toHaveProperty("since");
});

test("a repair that brings nothing is asked for whole", () => {
  watching();
  line().says(delta(7, 8));
  clock.pass(3000);
  expect(line().of("view")[1]).not.toHaveProperty("since");
});

test("after a loss it comes back with what it knows", () => {
  watching();
  line().events.onEnd(1006, "");
  expect(live.connection().state).toBe("behind");
  clock.pass(500);
  expect(lines).toHaveLength(2);
  line().opens(20, [{ view: "map", as: "resumed" }]);
  expect(line().of("hello")[0]?.resume).toEqual([
    { view: "map", since: { "city:1": { epoch: "e", tick: 5 } }, ...request },
  ]);
  expect(line().of("view")).toEqual([]);
  expect(live.connection().state).toBe("live");
});

test("who moved on while away brings nothing of the old view", () => {
  const store = watching();
  line().events.onEnd(1006, "");
  live.look("map", store, { ...request, zoom: 13 });
  clock.pass(500);
  line().opens();
  expect(line().of("hello")[0]?.resume).toEqual([{ view: "map", since: {}, ...request, zoom: 13 }]);
  expect(live.connection().state).toBe("behind");
});

test("a second failure is told as offline, with growing waits", () => {
  watching();
  line().events.onEnd(1006, "");
  clock.pass(500);
  line().events.onEnd(1006, "");
  expect(live.connection().state).toBe("offline");
  clock.pass(999);
  expect(lines).toHaveLength(2);
  clock.pass(1);
  expect(lines).toHaveLength(3);
});

test("goaway names the delay", () => {
  watching();
  line().says({ t: "goaway", reason: "drain", reconnect_after_ms: 7000 });
  line().events.onEnd(1012, "");
  clock.pass(6999);
  expect(lines).toHaveLength(1);
  clock.pass(1);
  expect(lines).toHaveLength(2);
});

test("a code of no return is kept to", () => {
  watching();
  line().events.onEnd(4501, "revoked");
  clock.pass(120_000);
  expect(lines).toHaveLength(1);
  expect(live.connection()).toMatchObject({ state: "closed", reason: "revoked" });
});

test("a silent line is asked, then given up", () => {
  watching();
  clock.pass(30_000);
  expect(line().of("ping")).toHaveLength(1);
  clock.pass(10_000);
  expect(live.connection().state).toBe("behind");
  clock.pass(500);
  expect(lines).toHaveLength(2);
});

test("sockets refused from the start give way to server-sent events", () => {
  live.look("map", new ViewStore((run) => run()), request);
  line().events.onEnd(1006, "");
  clock.pass(500);
  line().events.onEnd(1006, "");
  clock.pass(1000);
  expect(lines.map(({ by }) => by)).toEqual(["ws", "ws", "sse"]);
});

describe("streams", () => {
  const event = (seq: number): ServerFrame => ({
    t: "event",
    stream: "member:self",
    seq,
    at: "",
    kind: "k",
    body: null,
  });

  test("each event once, in order; a hole is asked for, not skipped", () => {
    const heard: number[] = [];
    live.hear("member:self", { onEvent: ({ seq }) => heard.push(seq) }, 10);
    line().opens();
    for (const seq of [11, 11, 13]) line().says(event(seq));
    expect(heard).toEqual([11]);
    expect(line().of("subscribe").at(-1)?.since).toBe(11);
    for (const seq of [12, 13]) line().says(event(seq));
    expect(heard).toEqual([11, 12, 13]);
  });

  test("a burst is acknowledged with one word", () => {
    live.hear("member:self", { onEvent: () => {} }, 0);
    line().opens();
    for (const seq of [1, 2, 3]) line().says(event(seq));
    clock.pass(200);
    expect(line().of("ack")).toEqual([{ t: "ack", stream: "member:self", seq: 3 }]);
  });

  test("hello resumes where the stream stood", () => {
    live.hear("member:self", { onEvent: () => {} }, 4);
    line().opens();
    line().says(event(5));
    line().events.onEnd(1006, "");
    clock.pass(500);
    line().opens();
    expect(line().of("hello")[0]?.resume).toEqual([{ stream: "member:self", since: 5 }]);
    expect(line().of("subscribe")).toEqual([]);
  });

  test("a reset asks the reader to read again", () => {
    let resets = 0;
    live.hear("member:self", { onEvent: () => {}, onReset: () => resets++ }, 4);
    line().opens();
    line().says({ t: "reset", scope: "member:self", reason: "gone" });
    expect(resets).toBe(1);
  });
});
