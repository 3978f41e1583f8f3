import { cleanup, render, screen } from "@testing-library/react";
import { afterEach, expect, test } from "vitest";
import { ConnectionBadge } from "~/ui/connection/ConnectionBadge";

afterEach(cleanup);

test.each([
  ["live", "Live"],
  ["behind", "Catching up"],
  ["offline", "Offline"],
  ["closed", "Not live"],
] as const)("%s is told in words", (state, text) => {
  render(<ConnectionBadge connection={{ state, heardAt: Date.now(), by: "ws" }} />);
  expect(screen.getByRole("status").textContent).toBe(text);
});

test("offline tells how old the picture is; live does not", () => {
  const heardAt = Date.now() - 125_000;
  render(<ConnectionBadge connection={{ state: "offline", heardAt, by: "ws" }} />);
  expect(screen.getByRole("status").textContent).toBe("Offline · as of 2 min. ago");
  cleanup();
  render(<ConnectionBadge connection={{ state: "live", heardAt, by: "ws" }} />);
  expect(screen.getByRole("status").textContent).toBe("Live");
});
