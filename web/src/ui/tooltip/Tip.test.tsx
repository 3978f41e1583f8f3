import { act, cleanup, fireEvent, render, screen } from "@testing-library/react";
import { afterEach, expect, test, vi } from "vitest";
import { IconButton } from "~/ui/button/Button";

afterEach(() => {
  cleanup();
  vi.useRealTimers();
});

test("the button carries its name itself; the tip shows it to the mouse and goes with Escape", () => {
  vi.useFakeTimers();
  render(<IconButton icon="plus" label="Zoom in" />);
  const button = screen.getByRole("button", { name: "Zoom in" });
  fireEvent.pointerEnter(button.parentElement ?? button, { pointerType: "mouse" });
  act(() => {
    vi.advanceTimersByTime(600);
  });
  expect(screen.getByText("Zoom in").getAttribute("aria-hidden")).toBe("true");
  fireEvent.keyDown(document.body, { key: "Escape" });
  expect(screen.queryByText("Zoom in")).toBeNull();
});
