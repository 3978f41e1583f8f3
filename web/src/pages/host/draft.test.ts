import { expect, test } from "vitest";
import { bodyOf, changesOf, type Draft, emptyDraft, faultsOf } from "./draft";

const draft = (over: Partial<Draft> = {}): Draft => ({
  ...emptyDraft(),
  title: "By the sea",
  position: { lat: 41.4, lng: 2.2 },
  ...over,
});

test("a price is sent in minor units, to the cent", () => {
  expect(bodyOf(draft({ free: false, amount: 80.1 })).price).toEqual({ amount: 8010, currency: "EUR" });
  expect(bodyOf(draft({ free: false, amount: 0.29, currency: "USD" })).price).toEqual({ amount: 29, currency: "USD" });
  expect(bodyOf(draft({ free: true, amount: 80 })).price).toBeNull();
});

test("only what differs is sent", () => {
  expect(changesOf(draft(), draft())).toEqual({});
  expect(changesOf(draft(), draft({ title: "By the sea " }))).toEqual({});
  expect(changesOf(draft({ free: false, amount: 80 }), draft({ title: "Over the sea" }))).toEqual({
    title: "Over the sea",
    price: null,
  });
});

test("no room takes more than the home", () => {
  const rooms = [{ key: "a", id: "r", name: " Attic ", guests: 5 }];
  expect(bodyOf(draft({ guests: 3, rooms })).rooms).toEqual([{ id: "r", name: "Attic", guests: 3 }]);
});

test("what is missing is named", () => {
  const rooms = [{ key: "a", name: " ", guests: 1 }];
  expect([...faultsOf(draft({ title: " ", free: false, amount: null, position: null, rooms }))]).toEqual([
    "title",
    "amount",
    "position",
    "room 0",
  ]);
  expect(faultsOf(draft()).size).toBe(0);
});
