/** The map's own buttons: zoom, move, my location, full screen, and a pause for what moves by itself. */
import type L from "leaflet";
import { useEffect, useState } from "react";
import { flyTo } from "~/map/fly";
import { MAX_ZOOM, MIN_ZOOM } from "~/map/limits";
import { IconButton, IconToggle } from "~/ui/button/Button";
import { say } from "~/ui/toast/Toast";
import { Toolbar } from "~/ui/toolbar/Toolbar";
import { words } from "~/words";
import css from "./Controls.module.css";

const STEP_PX = 160;

export function Controls({
  map,
  zoom,
  paused,
  onPause,
}: {
  map: L.Map;
  zoom: number;
  paused: boolean;
  onPause: (paused: boolean) => void;
}) {
  const [moving, setMoving] = useState(false);
  const { full, toggle } = useFullScreen();
  const pan = (x: number, y: number) => map.panBy([x * STEP_PX, y * STEP_PX]);
  return (
    <div className={css.controls}>
      <Toolbar label={words.map.zoom} vertical>
        <IconButton icon="plus" label={words.map.zoomIn} isDisabled={zoom >= MAX_ZOOM} onPress={() => map.zoomIn()} />
        <IconButton
          icon="minus"
          label={words.map.zoomOut}
          isDisabled={zoom <= MIN_ZOOM}
          onPress={() => map.zoomOut()}
        />
      </Toolbar>
      <Toolbar label={words.map.tools} vertical>
        <IconButton icon="locate" label={words.map.locate} onPress={() => locate(map)} />
        <IconToggle icon="move" label={words.map.move} isSelected={moving} onChange={setMoving} />
        <IconToggle icon={full ? "shrink" : "full"} label={words.map.fullScreen} isSelected={full} onChange={toggle} />
        <IconToggle icon={paused ? "play" : "pause"} label={words.map.pause} isSelected={paused} onChange={onPause} />
      </Toolbar>
      {moving && (
        <div className={css.pad}>
          <Toolbar label={words.map.move}>
            <IconButton icon="left" label={words.map.panWest} onPress={() => pan(-1, 0)} />
            <IconButton icon="up" label={words.map.panNorth} onPress={() => pan(0, -1)} />
            <IconButton icon="down" label={words.map.panSouth} onPress={() => pan(0, 1)} />
            <IconButton icon="right" label={words.map.panEast} onPress={() => pan(1, 0)} />
          </Toolbar>
        </div>
      )}
    </div>
  );
}

function locate(map: L.Map) {
  if (!("geolocation" in navigator)) {
    say(words.map.noLocation, "bad");
    return;
  }
  navigator.geolocation.getCurrentPosition(
    ({ coords }) => flyTo(map, coords.latitude, coords.longitude, Math.max(map.getZoom(), 12)),
    (error) => say(error.code === error.PERMISSION_DENIED ? words.map.locationDenied : words.map.noLocation, "bad"),
    { timeout: 10_000, maximumAge: 60_000 },
  );
}

function useFullScreen() {
  const [full, setFull] = useState(() => document.fullscreenElement !== null);
  useEffect(() => {
    const changed = () => setFull(document.fullscreenElement !== null);
    document.addEventListener("fullscreenchange", changed);
    return () => document.removeEventListener("fullscreenchange", changed);
  }, []);
  const toggle = () => {
    const asked = document.fullscreenElement ? document.exitFullscreen() : document.documentElement.requestFullscreen();
    asked.catch(() => say(words.map.noFullScreen, "bad"));
  };
  return { full, toggle };
}
