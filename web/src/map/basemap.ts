/**
 * The base map as a Leaflet layer of canvas tiles: water, land, borders, and a fine grid for bearings. Drawn in the
 * theme's colours. Beyond zoom 10 Natural Earth is too coarse to be true, so only the grid is drawn there.
 */
import L from "leaflet";
import { onThemeChange } from "~/app/theme";
import { type Atlas, type Line, loadAtlas } from "~/map/atlas";
import { readColours } from "~/map/colours";

const TILE = 512;
const LAST_TRUE_ZOOM = 10;
const NOTHING: Atlas = { land: [], borders: [], countries: [] };
/** Degrees between grid lines from each zoom on. */
const GRID: [zoom: number, degrees: number][] = [
  [17, 0.002],
  [16, 0.005],
  [15, 0.01],
  [14, 0.02],
  [13, 0.05],
  [11, 0.1],
  [10, 0.5],
  [8, 1],
  [6, 5],
  [4, 10],
  [0, 20],
];

class Basemap extends L.GridLayer {
  private atlas = NOTHING;
  private ended = false;
  private unhear: () => void = () => {};
  private colours = readColours();

  override onAdd(map: L.Map): this {
    super.onAdd(map);
    this.unhear = onThemeChange(() => {
      this.colours = readColours();
      this.redraw();
    });
    void this.load();
    return this;
  }

  override onRemove(map: L.Map): this {
    this.ended = true;
    this.unhear();
    return super.onRemove(map);
  }

  /** Coarse land at once, borders and fine coasts when they are here. Without them the grid remains; homes do not need it. */
  private async load() {
    for (const detail of ["coarse", "fine"] as const) {
      try {
        const atlas = await loadAtlas(detail);
        if (this.ended) return;
        this.atlas = atlas;
        this.redraw();
      } catch (error) {
        console.warn(error);
      }
    }
  }

  protected override createTile(coords: L.Coords): HTMLElement {
    const canvas = document.createElement("canvas");
    const ratio = Math.min(2, window.devicePixelRatio || 1);
    canvas.width = TILE * ratio;
    canvas.height = TILE * ratio;
    const ctx = canvas.getContext("2d");
    if (ctx) {
      ctx.scale(ratio, ratio);
      this.draw(ctx, coords);
    }
    return canvas;
  }

  private draw(ctx: CanvasRenderingContext2D, { x, y, z }: L.Coords) {
    const scale = 256 * 2 ** z;
    const tile = { scale, left: x * TILE, top: y * TILE };
    // What crosses the date line goes on beyond the world's edge: its copies are drawn where they come back in.
    const copies = [tile, { ...tile, left: tile.left - scale }, { ...tile, left: tile.left + scale }];
    const near = z <= LAST_TRUE_ZOOM;
    ctx.fillStyle = near ? this.colours.water : this.colours.land;
    ctx.fillRect(0, 0, TILE, TILE);
    if (!near) {
      drawGrid(ctx, tile, z, this.colours.gridLand);
      return;
    }
    drawGrid(ctx, tile, z, this.colours.graticule);

    ctx.lineJoin = "round";
    ctx.fillStyle = this.colours.land;
    ctx.beginPath();
    for (const at of copies) {
      for (const rings of this.atlas.land) {
        if (rings[0] && touches(rings[0], at)) for (const ring of rings) trace(ctx, ring, at, false);
      }
    }
    ctx.fill("evenodd");

    ctx.strokeStyle = this.colours.coast;
    ctx.lineWidth = z < 4 ? 0.6 : 1;
    ctx.beginPath();
    for (const at of copies)
      for (const rings of this.atlas.land) for (const ring of rings) if (touches(ring, at)) trace(ctx, ring, at, true);
    ctx.stroke();

    ctx.strokeStyle = this.colours.border;
    ctx.lineWidth = z < 4 ? 0.8 : 1.2;
    ctx.beginPath();
    for (const at of copies) for (const line of this.atlas.borders) if (touches(line, at)) trace(ctx, line, at, true);
    ctx.stroke();
  }
}

interface TileAt {
  /** Pixels of the whole world's side. */
  scale: number;
  left: number;
  top: number;
}

function touches(line: Line, { scale, left, top }: TileAt): boolean {
  return (
    line.east * scale >= left - 2 &&
    line.west * scale <= left + TILE + 2 &&
    line.south * scale >= top - 2 &&
    line.north * scale <= top + TILE + 2
  );
}

/** Adds a line to the path, leaving out points closer than a pixel and, when stroked, the edge of the world at a pole. */
function trace(ctx: CanvasRenderingContext2D, { points }: Line, { scale, left, top }: TileAt, stroked: boolean) {
  let [lastX, lastY, lastSeam] = [Number.NaN, Number.NaN, false];
  for (let at = 0; at < points.length; at += 2) {
    const ux = points[at] ?? 0;
    const uy = points[at + 1] ?? 0;
    const x = ux * scale - left;
    const y = uy * scale - top;
    const seam = stroked && (uy < 1e-6 || uy > 1 - 1e-6);
    if (at === 0 || (seam && lastSeam)) ctx.moveTo(x, y);
    else if (at + 2 < points.length && !seam && Math.abs(x - lastX) + Math.abs(y - lastY) < 1) continue;
    else ctx.lineTo(x, y);
    [lastX, lastY, lastSeam] = [x, y, seam];
  }
}

function drawGrid(ctx: CanvasRenderingContext2D, { scale, left, top }: TileAt, zoom: number, colour: string) {
  const step = GRID.find(([from]) => zoom >= from)?.[1] ?? 20;
  ctx.strokeStyle = colour;
  ctx.lineWidth = 1;
  ctx.beginPath();
  const west = (left / scale) * 360 - 180;
  const east = ((left + TILE) / scale) * 360 - 180;
  for (let lng = Math.ceil(west / step) * step; lng <= east; lng += step) {
    const x = Math.round((lng / 360 + 0.5) * scale - left) + 0.5;
    ctx.moveTo(x, 0);
    ctx.lineTo(x, TILE);
  }
  const north = latitude(top / scale);
  const south = latitude((top + TILE) / scale);
  for (let lat = Math.ceil(south / step) * step; lat <= north; lat += step) {
    const sin = Math.sin((lat * Math.PI) / 180);
    const y = Math.round((0.5 - Math.log((1 + sin) / (1 - sin)) / (4 * Math.PI)) * scale - top) + 0.5;
    ctx.moveTo(0, y);
    ctx.lineTo(TILE, y);
  }
  ctx.stroke();
}

function latitude(y: number): number {
  return (Math.atan(Math.sinh(Math.PI * (1 - 2 * y))) * 180) / Math.PI;
}

export function basemap(): L.GridLayer {
  return new Basemap({ tileSize: TILE, updateWhenZooming: false, keepBuffer: 1 });
}
