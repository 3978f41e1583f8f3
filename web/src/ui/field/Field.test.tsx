import { cleanup, render, screen } from "@testing-library/react";
import { afterEach, expect, test } from "vitest";
import { DateField, NumberField, TextArea, TextField } from "~/ui/field/Field";

afterEach(cleanup);

test("a server's message stands at its field and is its description", () => {
  render(<TextField label="E-mail" hint="Never shown to others." error="That address is taken." />);
  const field = screen.getByRole("textbox", { name: "E-mail" });
  expect(field.getAttribute("aria-invalid")).toBe("true");
  const described = (field.getAttribute("aria-describedby") ?? "")
    .split(" ")
    .map((id) => document.getElementById(id)?.textContent);
  expect(described.join(" ")).toContain("Never shown to others.");
  expect(described.join(" ")).toContain("That address is taken.");
});

test("every field has its name", () => {
  render(
    <>
      <TextArea label="Message" />
      <NumberField label="Guests" defaultValue={2} minValue={1} />
      <DateField label="Arrive" />
    </>,
  );
  expect(screen.getByRole("textbox", { name: "Message" })).toBeTruthy();
  expect(screen.getByRole("textbox", { name: "Guests" })).toBeTruthy();
  expect(screen.getByRole("button", { name: "Increase Guests" })).toBeTruthy();
  expect(screen.getByLabelText("Arrive").getAttribute("type")).toBe("date");
});
