import { expect, test } from "vitest";
import { parseAddress, writeAddress } from "~/app/address";
import { countFilters, filterOf, formatAt, layersOf, parseAt, readAddress } from "~/pages/map/address";

test("a shared address gives the same map", () => {
  const address = {
    ...{ at: "41.3851,2.1734,12", layers: "homes", kinds: "house,loft", guests: "2" },
    ...{ max: "8000", currency: "EUR", from: "2026-12-01", to: "2026-12-05", chosen: "city/3128760" },
  };
  const text = writeAddress(address);
  expect(text).toContain("at=41.3851,2.1734,12");
  expect(readAddress(parseAddress(text), Date.parse("2026-11-23T12:00:00Z"))).toEqual({ ...address, min: undefined });
});

test("nights that are over everywhere are left out, also with no such number of guests", () => {
  const raw = { kinds: "house", from: "2026-11-22", to: "2026-11-25", guests: "21" };
  expect(readAddress(raw, Date.parse("2026-11-23T11:59:00Z")).from).toBe("2026-11-22");
  expect(writeAddress({ ...readAddress(raw, Date.parse("2026-11-23T12:00:00Z")) })).toBe("?kinds=house");
});

test("wrong parts are left out, the rest stands", () => {
  const raw = { at: "north", guests: "many", kinds: "house", from: "2026-12-05", to: "2026-12-01", chosen: "<x>" };
  expect(writeAddress({ ...readAddress(raw) })).toBe("?kinds=house");
});

test.each([
  ["91,0,3", null],
  ["1,2", null],
  ["1,2,99", { lat: 1, lng: 2, zoom: 18 }],
  ["1,2,0", { lat: 1, lng: 2, zoom: 2 }],
])("%s is read as %j", (text, expected) => expect(parseAt(text)).toEqual(expected));

test("a longitude beyond the date line comes back in", () => {
  expect(formatAt({ lat: 0, lng: 190, zoom: 3 })).toBe("0.00,-170.00,3");
});

test("filters are counted by what they ask, and prices need their currency", () => {
  expect(countFilters(filterOf({ kinds: "house", guests: "2", max: "1", currency: "EUR", from: "a", to: "b" }))).toBe(
    4,
  );
  expect(filterOf({ max: "100" })).toEqual({});
});

test("no layers is not the same as all", () => {
  expect(layersOf({}, ["cities", "homes"])).toEqual(["cities", "homes"]);
  expect(layersOf({ layers: "none" }, ["cities", "homes"])).toEqual([]);
});
