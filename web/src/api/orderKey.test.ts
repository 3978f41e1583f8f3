import { expect, test } from "vitest";
import { OrderKey } from "./orderKey";
import { ProblemError } from "./problem";

function keys() {
  let made = 0;
  return new OrderKey(() => String(++made));
}
const problem = (status: number, slug: string) =>
  new ProblemError({ type: `/problems/${slug}`, title: slug, status, detail: "", instance: "" });

test.each([
  new TypeError("Failed to fetch"),
  problem(503, "busy"),
  problem(409, "idempotency-in-progress"),
  problem(429, "rate-limited"),
])("a lost or late answer is asked for again under the same key: %s", (error) => {
  const key = keys();
  expect(key.of({ a: 1 })).toBe("1");
  key.settle(error);
  expect(key.of({ a: 1 })).toBe("1");
});

test("an answer, a refusal and another wish each begin anew", () => {
  const key = keys();
  expect(key.of({ a: 1 })).toBe("1");
  expect(key.of({ a: 2 })).toBe("2");
  key.settle(problem(409, "nights-taken"));
  expect(key.of({ a: 2 })).toBe("3");
  key.settle();
  expect(key.of({ a: 2 })).toBe("4");
});
