import { expect, test } from "vitest";
import { backoff, mayReconnect } from "~/live/reconnect";

test.each([
  [1006, true],
  [1012, true],
  [4000, true],
  [4499, true],
  [4500, false],
  [4999, false],
  [1008, false],
])("code %i: reconnect %s", (code, expected) => expect(mayReconnect(code)).toBe(expected));

test("waits between half and all of a ceiling that doubles up to 30 s", () => {
  expect(backoff(0, () => 0)).toBe(250);
  expect(backoff(0, () => 1)).toBe(500);
  expect(backoff(3, () => 1)).toBe(4000);
  expect(backoff(40, () => 1)).toBe(30_000);
});
