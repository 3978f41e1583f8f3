import { expect, test } from "vitest";
import { newer, type Stay, withStay } from "./stays";

const stay = (id: string, over: Partial<Stay> = {}): Stay => ({
  id,
  home: { id: "h", title: "By the sea", city: 1 },
  room: { id: "r", name: "Room" },
  guest: { id: "g", name: "Leo" },
  host: { id: "o", name: "Ana" },
  arrive: "2030-05-01",
  leave: "2030-05-04",
  nights: 3,
  guests: 1,
  message: "Hello",
  state: "requested",
  terms_version: 1,
  sent_at: "2030-04-01T00:00:00Z",
  answer_by: "2030-04-04T00:00:00Z",
  mine: "guest",
  ...over,
});

test("what came late does not undo what came later", () => {
  const seen = stay("a", { delivered_at: "x", seen_at: "y" });
  const answered = stay("a", { delivered_at: "x", seen_at: "y", state: "approved" });
  expect(newer(answered, seen)).toBe(answered);
  expect(newer(seen, answered)).toBe(answered);
  expect(newer(undefined, seen)).toBe(seen);
});

test("a known stay changes in its place, a new one comes first, and none is doubled", () => {
  const data = {
    pages: [
      { items: [stay("b"), stay("a")], next: "c" },
      { items: [stay("0")], next: null },
    ],
    pageParams: [null],
  };
  const ids = (next: typeof data) => next.pages.map((page) => page.items.map(({ id, state }) => `${id}:${state}`));
  expect(ids(withStay(data, stay("0", { state: "declined" })) as typeof data)).toEqual([
    ["b:requested", "a:requested"],
    ["0:declined"],
  ]);
  const once = withStay(data, stay("c"));
  expect(ids(withStay(once, stay("c")) as typeof data)).toEqual([
    ["c:requested", "b:requested", "a:requested"],
    ["0:requested"],
  ]);
});
