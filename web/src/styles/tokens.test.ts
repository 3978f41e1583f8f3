// Whatever is written on whatever can be read, in both themes: WCAG 2.2 contrast of every pair that the components use.
import { readFileSync } from "node:fs";
import { expect, test } from "vitest";

const css = readFileSync("src/styles/tokens.css", "utf8");

function token(name: string, theme: "light" | "dark"): string {
  const value = new RegExp(`--${name}: (?:light-dark\\((#\\w+), (#\\w+)\\)|(#\\w+));`).exec(css);
  const found = value?.[3] ?? (theme === "light" ? value?.[1] : value?.[2]);
  if (!found) throw new Error(`no colour --${name}`);
  return found;
}

/** Relative luminance, WCAG 2.2. */
function luminance(hex: string): number {
  const full = hex.length === 4 ? hex.replace(/\w/g, "$&$&") : hex;
  const [r = 0, g = 0, b = 0] = [1, 3, 5].map((at) => {
    const channel = Number.parseInt(full.slice(at, at + 2), 16) / 255;
    return channel <= 0.04045 ? channel / 12.92 : ((channel + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * r + 0.7152 * g + 0.0722 * b;
}

function contrast(a: string, b: string): number {
  const [light = 0, dark = 0] = [luminance(a), luminance(b)].sort((x, y) => y - x);
  return (light + 0.05) / (dark + 0.05);
}

const grounds = ["paper", "surface", "sunk", "raised"];
const written: [string, string][] = [
  ...["ink", "ink-2", "ink-3", "brand", "bad", "good"].flatMap((ink) =>
    grounds
      .filter((ground) => !(ink === "ink-3" && ground === "sunk"))
      .map((ground): [string, string] => [ink, ground]),
  ),
  ["ink-2", "land"],
  ["ink", "land"],
  ["ink-3", "land"],
  ["on-brand", "brand"],
  ["on-brand", "brand-hover"],
  ["on-brand-soft", "brand-soft"],
  ["ink", "brand-soft"],
  ["on-lamp", "lamp"],
  ["on-lamp-soft", "lamp-soft"],
  ["good", "good-soft"],
  ["bad", "bad-soft"],
  ["on-bad", "bad"],
  ["on-bad", "bad-hover"],
  ...[1, 2, 3, 4, 5].map((band): [string, string] => [`on-band-${band}`, `band-${band}`]),
];

test.each(["light", "dark"] as const)("text can be read in the %s theme", (theme) => {
  const weak = written
    .map(([text, ground]) => ({ text, ground, ratio: contrast(token(text, theme), token(ground, theme)) }))
    .filter(({ ratio }) => ratio < 4.5);
  expect(weak).toEqual([]);
});

test.each(["light", "dark"] as const)("edges of controls and the focus ring can be seen in the %s theme", (theme) => {
  const weak = ["line-strong", "focus"]
    .flatMap((edge) =>
      grounds.map((ground) => ({ edge, ground, ratio: contrast(token(edge, theme), token(ground, theme)) })),
    )
    .filter(({ edge, ground, ratio }) => ratio < 3 && !(edge === "line-strong" && ground === "sunk"));
  expect(weak).toEqual([]);
});
