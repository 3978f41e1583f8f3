import { expect, test } from "vitest";
import type { ScopedItem } from "~/live/view";
import { arrange, type Band, bandOf } from "~/map/arrange";

const bands: Band[] = [
  { upto: 9, size: 30, colour: "band-1" },
  { upto: 49, size: 40, colour: "band-2" },
  { upto: null, size: 50, colour: "band-3" },
];
const flat = (lat: number, lng: number) => ({ x: lng, y: lat });
const city = (id: string, x: number, homes: number): ScopedItem => ({
  ...{ c: "city", id, key: `city/${id}`, scope: "world", y: 0, x, name: id, country: "ES", homes, hosts: 1 },
});
const home = (id: string, x: number): ScopedItem => ({
  ...{
    c: "home",
    id,
    key: `home/${id}`,
    scope: "city:1",
    y: 0,
    x,
    kind: "house",
    title: id,
    guests: 1,
    tonight: false,
  },
});

test.each([
  [0, "band-1"],
  [9, "band-1"],
  [10, "band-2"],
  [49, "band-2"],
  [50, "band-3"],
  [1e6, "band-3"],
])("%i homes are in %s", (homes, colour) => expect(bandOf(homes, bands).colour).toBe(colour));

test("what would cover each other becomes one, and no home is lost", () => {
  const marks = arrange([city("a", 0, 8), city("b", 10, 5), city("c", 300, 60)], bands, flat, null);
  expect(marks.map(({ key, homes, cities, band }) => [key, homes, cities, band])).toEqual([
    ["city/c", 60, 1, "band-3"],
    ["city/a", 13, 2, "band-2"],
  ]);
});

test("the sum holds for many things anywhere", () => {
  let seed = 42;
  const random = () => {
    seed = (seed * 1103515245 + 12345) & 0x7fffffff;
    return seed / 0x7fffffff;
  };
  for (let round = 0; round < 50; round++) {
    const items = Array.from({ length: 200 }, (_, at) =>
      at % 3 ? city(`c${at}`, random() * 900, Math.floor(random() * 90)) : home(`h${at}`, random() * 900),
    );
    const all = items.reduce((sum, item) => sum + (item.c === "home" ? 1 : item.homes), 0);
    const marks = arrange(items, bands, flat, null);
    expect(marks.reduce((sum, mark) => sum + mark.homes, 0)).toBe(all);
    expect(new Set(marks.map(({ key }) => key)).size).toBe(marks.length);
  }
});

test("what is chosen stays itself", () => {
  const marks = arrange([city("a", 0, 8), city("b", 10, 5)], bands, flat, "city/b");
  expect(marks.map(({ key, homes }) => [key, homes])).toEqual([
    ["city/b", 5],
    ["city/a", 8],
  ]);
});

test("a home without room for its price is a dot, homes that cannot be told apart are a number", () => {
  const marks = arrange(
    [home("a", 0), home("b", 30), home("c", 200), home("d", 205), home("e", 207)],
    bands,
    flat,
    null,
  );
  expect(marks.map(({ key, look, homes }) => [key, look, homes])).toEqual([
    ["home/a", "price", 1],
    ["home/b", "dot", 1],
    ["home/c", "bubble", 3],
  ]);
});
