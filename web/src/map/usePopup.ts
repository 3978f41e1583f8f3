/** A Leaflet popup whose content React draws: gives the element to draw into, follows its point, goes with the component. */
import L from "leaflet";
import { useEffect, useMemo } from "react";
import { nearestCopy } from "~/map/limits";

export function usePopup(
  map: L.Map,
  { lat, lng }: { lat: number; lng: number },
  /** Pixels the popup stands above the point. */
  offset: number,
  onClose: () => void,
): HTMLElement {
  const element = useMemo(() => document.createElement("div"), []);
  const popup = useMemo(
    () =>
      L.popup({
        ...{ closeButton: false, closeOnClick: false, autoClose: false, closeOnEscapeKey: false },
        ...{ minWidth: 240, maxWidth: 280, autoPanPaddingTopLeft: [16, 76], autoPanPaddingBottomRight: [64, 24] },
      }).setContent(element),
    [element],
  );

  useEffect(() => {
    popup.options.offset = [0, -offset];
    const at = L.latLng(lat, nearestCopy(lng, map.getCenter().lng));
    if (popup.isOpen()) popup.setLatLng(at);
    else popup.setLatLng(at).openOn(map);
  }, [map, popup, lat, lng, offset]);

  useEffect(
    () => () => {
      popup.remove();
    },
    [popup],
  );

  useEffect(() => {
    const onKey = (event: KeyboardEvent) => {
      if (event.key === "Escape") onClose();
    };
    const container = map.getContainer();
    container.addEventListener("keydown", onKey);
    return () => container.removeEventListener("keydown", onKey);
  }, [map, onClose]);

  return element;
}
