import { expect, test } from "vitest";
import { base } from "~/app/base";

test.each([
  ["/", ""],
  ["/cities/1", ""],
  ["/t/demo", "/t/demo"],
  ["/t/demo/cities/1", "/t/demo"],
  ["/tango/demo", ""],
])("%s lives below %j", (path, expected) => {
  expect(base(path)).toBe(expected);
});
