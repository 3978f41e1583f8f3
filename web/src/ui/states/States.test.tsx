import { QueryClient } from "@tanstack/react-query";
import { createMemoryHistory, createRootRoute, createRouter, RouterProvider } from "@tanstack/react-router";
import { cleanup, render, screen } from "@testing-library/react";
import type { ReactNode } from "react";
import { afterEach, expect, test, vi } from "vitest";
import { ProblemError } from "~/api/problem";
import { ErrorState } from "~/ui/states/States";

afterEach(cleanup);

async function show(children: ReactNode) {
  const root = createRootRoute({ component: () => children });
  const router = createRouter({
    routeTree: root,
    history: createMemoryHistory(),
    context: { queries: new QueryClient() },
  });
  render(<RouterProvider router={router as never} />);
  return await screen.findByRole("alert");
}
const problem = (status: number) =>
  new ProblemError({ type: "/problems/x", title: "Not so", status, detail: "Because.", instance: "r-1" });

test("says what the server said and offers to try again", async () => {
  const retry = vi.fn();
  const alert = await show(<ErrorState error={problem(503)} onRetry={retry} />);
  expect(alert.textContent).toContain("Not so");
  expect(alert.textContent).toContain("Because.");
  expect(alert.textContent).toContain("r-1");
  screen.getByRole("button", { name: "Try again" }).click();
  expect(retry).toHaveBeenCalled();
});

test("what is not there is not tried again: the way on is the map", async () => {
  await show(<ErrorState error={problem(404)} onRetry={() => {}} />);
  expect(screen.queryByRole("button")).toBeNull();
  expect(screen.getByRole("link", { name: "To the map" })).toBeTruthy();
});
