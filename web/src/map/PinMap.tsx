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

interface Position {
  lat: number;
  lng: number;
}

export default function PinMap({
  at,
  near,
  label,
  pinLabel,
  onMove,
}: {
  at: MapAt;
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
  const first = useRef(at);
  const move = useRef(onMove);
  move.current = onMove;
  const movable = Boolean(onMove);

  useEffect(() => {
    if (!element.current) return;
    const made = createMap(element.current, { at: first.current, tileUrl, credits: [], label });
    setMap(made);
    return () => {
      made.remove();
      setMap(null);
    };
  }, [tileUrl, label]);

  useEffect(() => {
    if (!map) return;
    const icon = L.divIcon({ html: pin(), className: css.anchor });
    icon.options.iconSize = undefined;
    const marker = L.marker([at.lat, at.lng], {
      icon,
      draggable: movable,
      keyboard: movable,
      interactive: movable,
      alt: pinLabel ?? "",
    }).addTo(map);
    const root = marker.getElement();
    if (movable && root && pinLabel) root.setAttribute("aria-label", pinLabel);
    marker.on("dragend", () => {
      const { lat, lng } = marker.getLatLng();
      move.current?.({ lat, lng });
    });
    const onKey = (event: KeyboardEvent) => {
      const step = STEPS[event.key];
      if (!step || !movable) return;
      event.preventDefault();
      event.stopPropagation();
      const to = map.unproject(map.project(marker.getLatLng()).add(step));
      move.current?.({ lat: to.lat, lng: to.lng });
    };
    root?.addEventListener("keydown", onKey);
    if (!map.getBounds().contains([at.lat, at.lng])) map.panTo([at.lat, at.lng]);
    const focused = root?.dataset.focused;
    if (focused) root?.focus();
    return () => {
      root?.removeEventListener("keydown", onKey);
      marker.remove();
    };
  }, [map, at.lat, at.lng, movable, pinLabel]);

  useEffect(() => {
    if (!map || !near) return;
    const circle = L.circleMarker([near.lat, near.lng], { radius: 11, className: css.near, interactive: false }).addTo(
      map,
    );
    return () => {
      circle.remove();
    };
  }, [map, near]);

  return <div ref={element} className={`map ${css.map}`} />;
}

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
