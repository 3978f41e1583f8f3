import { act, cleanup, fireEvent, render, screen } from "@testing-library/react";
import { afterEach, expect, test, vi } from "vitest";
import { say, Toasts } from "~/ui/toast/Toast";

afterEach(() => {
  cleanup();
  vi.useRealTimers();
});

test("good news goes by itself, bad news stays until it is closed", () => {
  vi.useFakeTimers();
  render(<Toasts />);
  act(() => {
    say("Saved.");
    say("Not saved.", "bad");
  });
  expect(screen.getByRole("region").textContent).toContain("Saved.");
  act(() => {
    vi.advanceTimersByTime(6001);
  });
  expect(screen.queryByText("Saved.")).toBeNull();
  fireEvent.click(screen.getByRole("button", { name: "Close" }));
  expect(screen.queryByText("Not saved.")).toBeNull();
});

test("the same news is not said twice", () => {
  render(<Toasts />);
  act(() => {
    say("No location.", "bad");
    say("No location.", "bad");
  });
  expect(screen.getAllByText("No location.")).toHaveLength(1);
});
