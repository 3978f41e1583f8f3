import { expect, test } from "vitest";
import { readNext, safeNext } from "./next";

test.each([
  ["/homes/1?x=2", "/homes/1?x=2"],
  ["/", "/"],
])("%s leads there", (raw, expected) => expect(safeNext(raw)).toBe(expected));

test.each(["//evil.example", "https://evil.example/", "/\\evil.example", "homes", "javascript:alert(1)", 7, undefined])(
  "%s leads nowhere",
  (raw) => expect(safeNext(raw)).toBeUndefined(),
);

test("what is refused is named as refused", () =>
  expect(Object.keys(readNext({ next: "//evil.example" }))).toEqual(["next"]));
