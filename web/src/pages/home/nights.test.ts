import { expect, test } from "vitest";
import { clash, countNights, firstFree, plusDays, today } from "./nights";

test.each([
  ["2030-05-01", "2030-05-02", 1],
  ["2030-03-30", "2030-04-02", 3],
  ["2030-05-02", "2030-05-02", null],
  ["2030-05-03", "2030-05-02", null],
  ["", "2030-05-02", null],
])("%s to %s is %s nights", (arrive, leave, nights) => expect(countNights(arrive, leave)).toBe(nights));

test("leaving on the day somebody arrives is no clash", () => {
  const taken = [["2030-05-03", "2030-05-05"]];
  expect(clash(taken, "2030-05-01", "2030-05-03")).toBeNull();
  expect(clash(taken, "2030-05-05", "2030-05-06")).toBeNull();
  expect(clash(taken, "2030-05-01", "2030-05-04")).toEqual(["2030-05-03", "2030-05-05"]);
  expect(clash(taken, "2030-05-04", "2030-05-09")).toEqual(["2030-05-03", "2030-05-05"]);
});

test("the first free night is after what is taken in a row", () => {
  const taken = [
    ["2030-05-01", "2030-05-03"],
    ["2030-05-03", "2030-05-04"],
    ["2030-05-06", "2030-05-07"],
  ];
  expect(firstFree(taken, "2030-05-02")).toBe("2030-05-04");
  expect(firstFree(taken, "2030-05-05")).toBe("2030-05-05");
});

test("today is that of the place, and days cross months", () => {
  expect(today("Pacific/Auckland", Date.parse("2026-11-23T12:30:00Z"))).toBe("2026-11-24");
  expect(plusDays("2030-02-28", 1)).toBe("2030-03-01");
});
