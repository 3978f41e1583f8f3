/**
 * A small map with one pin. With `onMove` the pin can be dragged, and moved by the arrow keys while it has focus;
 * `near` draws a second, quieter pin, such as a home's public position. Loaded only where it is used.
 */
import L from "leaflet";
import { useEffect, useRef, useState } from "react";
import { useTenant } from "~/api/queries";
import { createMap } from "~/map/createMap";
import type { MapAt } from "~/map/limits";
import css from "./PinMap.module.css";

const NONE: readonly string[] = [];

interface Position {
  lat: number;
  lng: number;
}

export default function PinMap({
  at,
  near,
  look,
  label,
  pinLabel,
  onMove,
}: {
  at: MapAt;
  /** Where to look from now on; another object moves the view again. */
  look?: MapAt | null;
  near?: Position | null;
  label: string;
  /** Names the pin that can be moved. */
  pinLabel?: string;
  onMove?: (to: Position) => void;
}) {
  const element = useRef<HTMLDivElement>(null);
  const [map, setMap] = useState<L.Map | null>(null);
  const tenant = useTenant();
  const tileUrl = tenant?.tile_url;
  const credits = tenant?.credits;
  const first = useRef(at);
  const move = useRef(onMove);
  move.current = onMove;
  const movable = Boolean(onMove);

  useEffect(() => {
    if (!element.current) return;
    const made = createMap(element.current, { at: first.current, tileUrl, credits: credits ?? NONE, label });
    setMap(made);
    return () => {
      made.remove();
      setMap(null);
    };
  }, [tileUrl, credits, label]);

  // The pin is made once and moved then: taken away and put back it would lose the keyboard's focus.
  const [marker, setMarker] = useState<L.Marker | null>(null);
  useEffect(() => {
    if (!map) return;
    const icon = L.divIcon({ html: pin(), className: movable ? `${css.anchor} ${css.movable}` : css.anchor });
    icon.options.iconSize = undefined;
    const { lat, lng } = first.current;
    const made = L.marker([lat, lng], { icon, draggable: movable, keyboard: movable, interactive: movable }).addTo(map);
    const root = made.getElement();
    if (pinLabel) root?.setAttribute("aria-label", pinLabel);
    made.on("dragend", () => move.current?.(positionOf(made.getLatLng())));
    const onKey = (event: KeyboardEvent) => {
      const step = STEPS[event.key];
      if (!step || !movable) return;
      event.preventDefault();
      event.stopPropagation();
      move.current?.(positionOf(map.unproject(map.project(made.getLatLng()).add(step))));
    };
    root?.addEventListener("keydown", onKey);
    setMarker(made);
    return () => {
      root?.removeEventListener("keydown", onKey);
      made.remove();
      setMarker(null);
    };
  }, [map, movable, pinLabel]);

  useEffect(() => {
    if (!map || !marker) return;
    marker.setLatLng([at.lat, at.lng]);
    if (!map.getBounds().pad(-0.1).contains([at.lat, at.lng])) map.panTo([at.lat, at.lng]);
  }, [map, marker, at.lat, at.lng]);

  useEffect(() => {
    if (!map || !near) return;
    const circle = L.circleMarker([near.lat, near.lng], { radius: 11, className: css.near, interactive: false }).addTo(
      map,
    );
    return () => {
      circle.remove();
    };
  }, [map, near]);

  useEffect(() => {
    if (map && look) map.setView([look.lat, look.lng], look.zoom);
  }, [map, look]);

  return <div ref={element} className={`map ${css.map}`} />;
}

/** Within the world, also after a pin was dragged over the date line. */
function positionOf({ lat, lng }: L.LatLng): Position {
  return { lat, lng: ((((lng + 180) % 360) + 360) % 360) - 180 };
}

/** Pixels a key moves the pin: zooming in makes finer steps. */
const STEPS: Record<string, [number, number]> = {
  ArrowUp: [0, -8],
  ArrowDown: [0, 8],
  ArrowLeft: [-8, 0],
  ArrowRight: [8, 0],
};

function pin(): SVGSVGElement {
  const space = "http://www.w3.org/2000/svg";
  const svg = document.createElementNS(space, "svg");
  svg.setAttribute("viewBox", "0 0 32 32");
  svg.setAttribute("class", css.pin ?? "");
  for (const [name, d] of [
    [css.wall, "M16 2a11 11 0 0 1 11 11v4.2c0 5.6-6.2 8.3-11 12.8C11.2 25.5 5 22.8 5 17.2V13A11 11 0 0 1 16 2z"],
    [css.door, "M11.5 20.5V13a4.5 4.5 0 0 1 9 0v7.5z"],
  ]) {
    const path = document.createElementNS(space, "path");
    path.setAttribute("class", name ?? "");
    path.setAttribute("d", d ?? "");
    svg.append(path);
  }
  return svg;
}
