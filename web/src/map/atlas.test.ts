import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { project, readAtlas } from "~/map/atlas";

const read = (file: string) => readAtlas(JSON.parse(readFileSync(`node_modules/world-atlas/${file}.json`, "utf8")));

test("the middle of the square is where the equator meets Greenwich", () => {
  expect(project(0, 0)).toEqual([0.5, 0.5]);
  const [x, y] = project(180, 85.0511287798);
  expect(x).toBe(1);
  expect(y).toBeCloseTo(0, 9);
});

test.each(["land-110m", "countries-50m"])("no line of %s leaps across the world", (file) => {
  const { land, borders } = read(file);
  expect(land.length).toBeGreaterThan(100);
  for (const line of [...land.flat(), ...borders]) {
    for (let at = 2; at < line.points.length; at += 2) {
      const y = line.points[at + 1] ?? 0;
      const alongThePole = y === 0 || y === 1;
      if (!alongThePole) expect(Math.abs((line.points[at] ?? 0) - (line.points[at - 2] ?? 0))).toBeLessThan(0.5);
    }
  }
});
