/** The map's colours for canvas, which cannot read tokens: looked up from the theme in force. */
const TOKENS = {
  water: "--water",
  land: "--land",
  border: "--border",
  coast: "--coast",
  graticule: "--graticule",
  gridLand: "--grid-land",
} as const;

export type MapColours = Record<keyof typeof TOKENS, string>;

export function readColours(): MapColours {
  // A token may be `light-dark(…)`: only a used colour is resolved.
  const probe = document.createElement("span");
  document.body.append(probe);
  const colours = Object.fromEntries(
    Object.entries(TOKENS).map(([name, token]) => {
      probe.style.color = `var(${token})`;
      return [name, getComputedStyle(probe).color];
    }),
  ) as MapColours;
  probe.remove();
  return colours;
}
