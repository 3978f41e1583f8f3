// A dashboard with its answers as one page of HTML and SVG: panels on their grid, lines with axes in their unit, thresholds, legends.

const WIDTH = 1600;
const ROW = 34; // px of one unit of the grid
const GAP = 8;
const THEMES = {
  dark: {
    ground: "#111418",
    panel: "#1a1e24",
    edge: "#2b3138",
    text: "#d6dbe1",
    quiet: "#8b949e",
    lines: [
      "#6fb3ff",
      "#ffb454",
      "#7ad1a6",
      "#ff7a90",
      "#c59bff",
      "#5fd3d3",
      "#e6d566",
      "#b0b8c1",
      "#ff9ed2",
      "#9ccc65",
    ],
  },
  light: {
    ground: "#f3f4f6",
    panel: "#ffffff",
    edge: "#d8dce2",
    text: "#1d2329",
    quiet: "#5b6570",
    lines: [
      "#1769c2",
      "#b86200",
      "#1c8a58",
      "#c92a4b",
      "#7a45c9",
      "#0d8a8a",
      "#8a7a00",
      "#5b6570",
      "#b83280",
      "#4d7c0f",
    ],
  },
};
const COLOURS = { green: "#2e7d4f", yellow: "#b58100", red: "#c4314b" };

const safe = (text) => String(text).replaceAll("&", "&amp;").replaceAll("<", "&lt;");

function scaled(value, units) {
  for (const [size, suffix] of units) if (Math.abs(value) >= size) return `${round(value / size)} ${suffix}`.trim();
  const [size, suffix] = units.at(-1);
  return `${round(value / size)} ${suffix}`.trim();
}

const round = (value) =>
  value === 0 ? "0" : Math.abs(value) >= 100 ? value.toFixed(0) : String(Number(value.toPrecision(3)));

/** A value in its unit, as Grafana would say it. */
export function inUnit(value, unit) {
  if (!Number.isFinite(value)) return "–";
  if (unit === "s") {
    if (value === 0) return "0 s";
    if (value >= 7200) return `${round(value / 3600)} h`;
    if (value >= 120) return `${round(value / 60)} min`;
    return scaled(value, [
      [1, "s"],
      [1e-3, "ms"],
      [1e-6, "µs"],
    ]);
  }
  if (unit === "percentunit") return `${round(value * 100)} %`;
  if (unit === "bytes")
    return scaled(value, [
      [2 ** 30, "GiB"],
      [2 ** 20, "MiB"],
      [2 ** 10, "KiB"],
      [1, "B"],
    ]);
  if (unit === "Bps")
    return scaled(value, [
      [1e9, "GB/s"],
      [1e6, "MB/s"],
      [1e3, "kB/s"],
      [1, "B/s"],
    ]);
  const plain = value >= 1e6 ? `${round(value / 1e6)} M` : value >= 1e4 ? `${round(value / 1e3)} k` : round(value);
  return unit === "reqps" ? `${plain}/s` : plain;
}

const lastOf = (one) => one.points.findLast(([, value]) => Number.isFinite(value))?.[1] ?? Number.NaN;
const greatest = (one) => Math.max(...one.points.map(([, value]) => value).filter(Number.isFinite), 0);

function colourAt(value, { steps }) {
  return COLOURS[steps.findLast((step) => step.value === null || value >= step.value)?.color] ?? COLOURS.green;
}

function mapped(value, mappings = []) {
  for (const { type, options } of mappings) {
    if (type === "value" && options[value]) return options[value].text;
    if (type === "range" && value >= options.from && (options.to === null || value <= options.to))
      return options.result.text;
  }
  return null;
}

function stat(panel) {
  const { defaults } = panel.fieldConfig;
  const cells = panel.answers
    .flatMap(({ series }) => series)
    .map((one) => {
      const value = lastOf(one);
      const shown = mapped(value, defaults.mappings) ?? inUnit(value, defaults.unit);
      const ground =
        panel.options.colorMode === "background" ? `background:${colourAt(value, defaults.thresholds)};color:#fff` : "";
      const name = panel.options.textMode === "value_and_name" ? `<small>${safe(one.name)}</small>` : "";
      return `<div class="cell" style="${ground}">${name}<b>${safe(shown)}</b></div>`;
    });
  return `<div class="cells">${cells.join("")}</div>`;
}

/** A round step so that about four lines cross the plot. */
function step(most) {
  const raw = most / 4;
  const power = 10 ** Math.floor(Math.log10(raw));
  return [1, 2, 2.5, 5, 10].find((n) => n * power >= raw) * power;
}

function lines(panel, width, height, from, to, theme) {
  const { unit, thresholds, custom } = panel.fieldConfig.defaults;
  const all = panel.answers.flatMap(({ series }) => series).toSorted((a, b) => greatest(b) - greatest(a));
  const shown = all.slice(0, 5);
  const legend = 17 * Math.ceil(Math.min(all.length, 6) / 2);
  const [left, right, top, bottom] = [58, 8, 6, 18];
  const plot = { w: width - left - right, h: height - top - bottom - legend };
  const stacked = Boolean(custom?.stacking);
  const sums = new Map();
  const drawn = all.map((one) => ({
    ...one,
    points: one.points.map(([at, value]) => {
      if (!stacked) return [at, value, 0];
      const below = sums.get(at) ?? 0;
      sums.set(at, below + (Number.isFinite(value) ? value : 0));
      return [at, below + value, below];
    }),
  }));
  let most = Math.max(...drawn.map(greatest), 0);
  // A threshold is drawn where it is near enough to matter.
  const limits = thresholds.steps.filter(
    ({ value }) => value !== null && custom?.thresholdsStyle?.mode === "line" && most > 0 && value <= most * 4,
  );
  most = Math.max(most, ...limits.map(({ value }) => value)) || 1;
  const base = unit === "bytes" ? 1024 ** Math.floor(Math.log2(most) / 10) : 1;
  const by = step(most / base) * base;
  const ceiling = Math.ceil(most / by) * by;
  const x = (at) => left + ((at - from) / (to - from)) * plot.w;
  const y = (value) => top + plot.h - (value / ceiling) * plot.h;
  const out = [];
  for (let value = 0; value <= ceiling + by / 2; value += by) {
    out.push(`<line x1="${left}" x2="${left + plot.w}" y1="${y(value)}" y2="${y(value)}" stroke="${theme.edge}"/>`);
    out.push(`<text x="${left - 6}" y="${y(value) + 4}" text-anchor="end">${safe(inUnit(value, unit))}</text>`);
  }
  for (const share of [0, 0.5, 1]) {
    const at = from + (to - from) * share;
    const anchor = share === 0 ? "start" : share === 1 ? "end" : "middle";
    out.push(
      `<text x="${x(at)}" y="${top + plot.h + 14}" text-anchor="${anchor}">${new Date(at * 1000).toISOString().slice(11, 19)}</text>`,
    );
  }
  for (const [n, one] of [...drawn.entries()].reverse()) {
    const colour = theme.lines[n % theme.lines.length];
    const known = one.points.filter(([, value]) => Number.isFinite(value));
    if (!known.length) continue;
    const path = known.map(([at, value], k) => `${k ? "L" : "M"}${x(at).toFixed(1)} ${y(value).toFixed(1)}`).join("");
    if (stacked) {
      const back = known
        .toReversed()
        .map(([at, , below]) => `L${x(at).toFixed(1)} ${y(below).toFixed(1)}`)
        .join("");
      out.push(`<path d="${path}${back}Z" fill="${colour}" fill-opacity=".25"/>`);
    }
    out.push(`<path d="${path}" fill="none" stroke="${colour}" stroke-width="1.6"/>`);
  }
  for (const { value, color } of limits)
    out.push(
      `<line x1="${left}" x2="${left + plot.w}" y1="${y(value)}" y2="${y(value)}" stroke="${COLOURS[color]}" stroke-width="1.5" stroke-dasharray="6 4"/>`,
    );
  const keys = shown.map(
    (one, n) =>
      `<li><i style="background:${theme.lines[n % theme.lines.length]}"></i>${safe(one.name || "value")}<b>${safe(inUnit(lastOf(one), unit))}</b></li>`,
  );
  if (all.length > shown.length) keys.push(`<li>and ${all.length - shown.length} more</li>`);
  return `<svg width="${width}" height="${height - legend}" role="img">${out.join("")}</svg><ul style="height:${legend}px">${keys.join("")}</ul>`;
}

/** The whole page. */
export function page(dashboard, from, to, name) {
  const theme = THEMES[name];
  const unit = (WIDTH - GAP) / 24;
  const panels = dashboard.panels.map((panel) => {
    const { x, y, w, h } = panel.gridPos;
    const [width, height] = [w * unit - GAP, h * ROW - GAP];
    const place = `left:${x * unit + GAP}px;top:${y * ROW + 64}px;width:${width}px;height:${height}px`;
    if (panel.type === "row") return `<h2 style="${place}">${safe(panel.title)}</h2>`;
    const body = panel.type === "stat" ? stat(panel) : lines(panel, width - 16, height - 34, from, to, theme);
    return `<section style="${place}"><h3 title="${safe(panel.description)}">${safe(panel.title)}</h3>${body}</section>`;
  });
  const end = Math.max(...dashboard.panels.map(({ gridPos }) => gridPos.y + gridPos.h));
  return `<!doctype html><meta charset="utf-8"><style>
    * { box-sizing: border-box; margin: 0 }
    body { background: ${theme.ground}; color: ${theme.text}; font: 13px/1.35 system-ui, "DejaVu Sans", sans-serif; width: ${WIDTH}px; height: ${end * ROW + 80}px; position: relative }
    h1 { font-size: 22px; padding: 16px 12px } h1 small { font-weight: 400; font-size: 13px; color: ${theme.quiet}; margin-left: 12px }
    h2 { position: absolute; font-size: 15px; display: flex; align-items: end }
    section { position: absolute; background: ${theme.panel}; border: 1px solid ${theme.edge}; border-radius: 6px; padding: 7px 8px; overflow: hidden }
    h3 { font-size: 13px; font-weight: 600; white-space: nowrap; overflow: hidden; text-overflow: ellipsis; height: 22px }
    svg text { fill: ${theme.quiet}; font-size: 11px }
    ul { list-style: none; padding: 0; display: grid; grid-template-columns: 1fr 1fr; gap: 0 14px; font-size: 12px; color: ${theme.quiet} }
    li { white-space: nowrap; overflow: hidden; text-overflow: ellipsis; display: flex; gap: 6px; align-items: center; height: 17px } li b { margin-left: auto; color: ${theme.text}; font-weight: 600 }
    i { width: 10px; height: 3px; border-radius: 2px; flex: none }
    .cells { display: flex; gap: 6px; height: calc(100% - 22px) }
    .cell { flex: 1; border-radius: 4px; display: flex; gap: 8px; align-items: center; justify-content: center } .cell b { font-size: 24px } .cell small { font-size: 13px } .cell small + b { font-size: 16px }
  </style><h1>${safe(dashboard.title)}<small>${new Date(from * 1000).toISOString().slice(0, 19).replace("T", " ")} – ${new Date(to * 1000).toISOString().slice(11, 19)} UTC</small></h1>${panels.join("")}`;
}
