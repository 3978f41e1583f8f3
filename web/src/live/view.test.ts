import { beforeEach, expect, test, vi } from "vitest";
import type { DeltaFrame, HomeItem, SnapshotFrame } from "~/live/frames";
import { ViewStore } from "~/live/view";

let frames: (() => void)[] = [];
const paint = () => {
  const due = frames;
  frames = [];
  for (const run of due) run();
};
let store: ViewStore;
beforeEach(() => {
  frames = [];
  store = new ViewStore((run) => frames.push(run));
  store.asked({ bbox: [0, 0, 1, 1], zoom: 13, layers: ["homes"], filter: {} });
});

const home = (id: string, x = 1): HomeItem => ({
  c: "home",
  id,
  y: 0,
  x,
  kind: "house",
  title: id,
  guests: 2,
  tonight: true,
});
const snapshot = (part: Partial<SnapshotFrame> = {}): SnapshotFrame => ({
  ...{ t: "snapshot", view: "map", scopes: ["city:1"], scope: "city:1", epoch: "e", tick: 5 },
  ...{ level: 13, mode: "entities", tiles: [{ k: "13/1/1", full: [home("a"), home("b")] }], more: false },
  ...part,
});
const delta = (part: Partial<DeltaFrame> = {}): DeltaFrame => ({
  ...{ t: "delta", view: "map", scope: "city:1", epoch: "e", prev: 5, tick: 6 },
  ...{ tiles: [{ k: "13/1/1", put: [home("c")], out: ["a"] }] },
  ...part,
});
const ids = () =>
  store
    .items()
    .map(({ id }) => id)
    .sort();

test("a delta applies to the tick it names", () => {
  store.applySnapshot(snapshot());
  expect(store.applyDelta(delta())).toBe(true);
  paint();
  expect(ids()).toEqual(["b", "c"]);
  expect(store.since()).toEqual({ "city:1": { epoch: "e", tick: 6 } });
});

test.each([
  ["a skipped tick", delta({ prev: 6, tick: 7 })],
  ["another epoch", delta({ epoch: "f" })],
  ["an unknown scope", delta({ scope: "city:2" })],
])("%s is refused and changes nothing", (_, frame) => {
  store.applySnapshot(snapshot());
  expect(store.applyDelta(frame)).toBe(false);
  paint();
  expect(ids()).toEqual(["a", "b"]);
});

test("a delta that was already applied is no gap", () => {
  store.applySnapshot(snapshot());
  store.applyDelta(delta());
  expect(store.applyDelta(delta())).toBe(true);
});

test("a move is out of one tile and into another in one frame", () => {
  store.applySnapshot(snapshot());
  const tiles = [
    { k: "13/1/1", out: ["a"] },
    { k: "13/2/1", put: [home("a", 2)] },
  ];
  store.applyDelta(delta({ tiles }));
  paint();
  expect(ids()).toEqual(["a", "b"]);
  expect(store.items().find(({ id }) => id === "a")?.x).toBe(2);
});

test("many frames are one change on screen", () => {
  const heard = vi.fn();
  store.subscribe(heard);
  store.applySnapshot(snapshot());
  store.applyDelta(delta());
  store.applyDelta(delta({ prev: 6, tick: 7, tiles: [] }));
  expect(heard).not.toHaveBeenCalled();
  paint();
  expect(heard).toHaveBeenCalledTimes(1);
  expect([...store.fresh]).toEqual(["home/c"]);
});

test("unchanged things stay the same objects", () => {
  store.applySnapshot(snapshot());
  paint();
  const before = store.items().find(({ id }) => id === "b");
  store.applyDelta(delta());
  paint();
  expect(store.items().find(({ id }) => id === "b")).toBe(before);
});

test("the old picture stays until the new one is whole", () => {
  store.applySnapshot(snapshot());
  store.applySnapshot(snapshot({ tick: 9, level: 14, tiles: [{ k: "14/2/2", full: [home("x")] }], more: true }));
  paint();
  expect(ids()).toEqual(["a", "b"]);
  store.applySnapshot(snapshot({ tick: 9, level: 14, tiles: [{ k: "14/2/3", full: [home("y")] }], more: false }));
  paint();
  expect(ids()).toEqual(["x", "y"]);
});

test("scopes that are over go when all the new ones are there", () => {
  store.applySnapshot(snapshot({ scope: "world", scopes: ["world"] }));
  const scopes = ["city:1", "city:2"];
  store.applySnapshot(snapshot({ scopes, tiles: [{ k: "13/1/1", full: [home("p")] }] }));
  paint();
  expect(ids()).toContain("a");
  store.applySnapshot(snapshot({ scopes, scope: "city:2", tiles: [{ k: "13/9/9", full: [home("q")] }] }));
  paint();
  expect(ids()).toEqual(["p", "q"]);
  expect(store.waiting).toBe(false);
});

test("held, live changes wait; what the reader asks for is shown", () => {
  store.applySnapshot(snapshot());
  paint();
  store.hold(true);
  store.applyDelta(delta());
  paint();
  expect(ids()).toEqual(["a", "b"]);
  store.hold(false);
  paint();
  expect(ids()).toEqual(["b", "c"]);
});

test("what is revoked goes at once; another reset keeps the picture but takes no delta", () => {
  store.applySnapshot(snapshot());
  store.reset("city:1", "rebuilt");
  expect(store.applyDelta(delta())).toBe(false);
  expect(store.since(), "nothing can be proved of it").toEqual({});
  paint();
  expect(ids()).toEqual(["a", "b"]);
  store.reset("city:1", "revoked");
  paint();
  expect(ids()).toEqual([]);
});

test("what is held answers only the request it came for, also when that was nothing", () => {
  expect(store.isAnswered()).toBe(false);
  store.applySnapshot(snapshot({ scopes: [], scope: "world", epoch: "none", tick: 0, tiles: [] }));
  expect(store.isAnswered()).toBe(true);
  store.asked({ bbox: [2, 2, 3, 3], zoom: 13, layers: ["homes"], filter: {} });
  expect(store.isAnswered()).toBe(false);
  expect(store.since()).toEqual({});
});
