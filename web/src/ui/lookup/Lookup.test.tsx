import { cleanup, fireEvent, render, screen } from "@testing-library/react";
import { useState } from "react";
import { afterEach, expect, test, vi } from "vitest";
import { Lookup } from "~/ui/lookup/Lookup";

afterEach(cleanup);

function Cities({ onChoose }: { onChoose: (id: string) => void }) {
  const [text, setText] = useState("");
  const items = [
    { id: "1", label: "Córdoba", detail: "Argentina" },
    { id: "2", label: "Córdoba", detail: "Spain" },
  ].filter(({ label }) => label.toLowerCase().startsWith(text.toLowerCase()));
  return <Lookup label="City" text={text} onText={setText} groups={[{ items }]} note="Nothing" onChoose={onChoose} />;
}

test("the keyboard walks what was found and chooses; focus stays in the field", () => {
  const onChoose = vi.fn();
  render(<Cities onChoose={onChoose} />);
  const field = screen.getByRole("combobox", { name: "City" });
  field.focus();
  fireEvent.change(field, { target: { value: "C" } });
  expect(field.getAttribute("aria-expanded")).toBe("true");
  fireEvent.keyDown(field, { key: "ArrowDown" });
  const active = document.getElementById(field.getAttribute("aria-activedescendant") ?? "");
  expect(active?.textContent).toContain("Spain");
  expect(document.activeElement).toBe(field);
  fireEvent.keyDown(field, { key: "Enter" });
  expect(onChoose).toHaveBeenCalledWith("2");
});

test("Escape closes first and clears then; nothing found is said", () => {
  render(<Cities onChoose={() => {}} />);
  const field = screen.getByRole<HTMLInputElement>("combobox", { name: "City" });
  field.focus();
  fireEvent.change(field, { target: { value: "x" } });
  expect(screen.getByRole("status").textContent).toBe("Nothing");
  fireEvent.keyDown(field, { key: "Escape" });
  expect(field.getAttribute("aria-expanded")).toBe("false");
  fireEvent.keyDown(field, { key: "Escape" });
  expect(field.value).toBe("");
});
