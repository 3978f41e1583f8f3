/** Where a home stands: a city to begin with, a pin to put right, its degrees, and the point that others see. */
import { lazy, Suspense, useState } from "react";
import type { Schemas } from "~/api/client";
import type { MapAt } from "~/map/limits";
import { NumberField } from "~/ui/field/Field";
import { CityField } from "~/ui/lookup/CityField";
import { words } from "~/words";
import css from "./HomeForm.module.css";

const PinMap = lazy(() => import("~/map/PinMap"));
const ZOOM = 13;
const DEGREES = { minimumFractionDigits: 0, maximumFractionDigits: 6 };

interface Position {
  lat: number;
  lng: number;
}

export function Place({
  position,
  near,
  onMove,
  error,
}: {
  position: Position | null;
  near?: Position;
  onMove: (to: Position) => void;
  error: string | null;
}) {
  const [city, setCity] = useState<Schemas["CityRef"] | null>(null);
  const [look, setLook] = useState<MapAt | null>(null);
  const set = (part: Partial<Position>) => {
    const to = { ...(position ?? { lat: Number.NaN, lng: Number.NaN }), ...part };
    if (Number.isFinite(to.lat) && Number.isFinite(to.lng)) onMove(to);
  };
  return (
    <>
      <CityField
        label={words.host.findPlace}
        value={city}
        error={position ? null : error}
        onChange={(found) => {
          setCity(found);
          if (!found) return;
          setLook({ lat: found.lat, lng: found.lng, zoom: ZOOM });
          onMove({ lat: found.lat, lng: found.lng });
        }}
      />
      {position && (
        <>
          <div className={css.map}>
            <Suspense fallback={null}>
              <PinMap
                at={{ ...position, zoom: ZOOM }}
                look={look}
                near={near}
                label={words.host.place}
                pinLabel={words.host.pin}
                onMove={onMove}
              />
            </Suspense>
          </div>
          <p className={css.quiet}>
            {words.host.placeHint} {near ? words.host.placeOthers : words.host.placeAfter}
          </p>
          {error && (
            <p className={css.wrong} role="alert">
              {error}
            </p>
          )}
          <div className={css.pair}>
            <NumberField
              label={words.host.lat}
              steps={false}
              minValue={-90}
              maxValue={90}
              formatOptions={DEGREES}
              value={position.lat}
              onChange={(lat) => set({ lat })}
            />
            <NumberField
              label={words.host.lng}
              steps={false}
              minValue={-180}
              maxValue={180}
              formatOptions={DEGREES}
              value={position.lng}
              onChange={(lng) => set({ lng })}
            />
          </div>
        </>
      )}
    </>
  );
}
