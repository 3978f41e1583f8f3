/** Beside the map: search, filters, layers, what is in view in a number and as a list, and whether it is live. */
import { type PointerEvent, useRef, useState } from "react";
import type { Schemas } from "~/api/client";
import type { Connection } from "~/live/status";
import type { ScopedItem } from "~/live/view";
import type { MapAt } from "~/map/limits";
import { layersOf, type MapAddress } from "~/pages/map/address";
import { Filters, NO_FILTERS } from "~/pages/map/Filters";
import { Layers } from "~/pages/map/Layers";
import { List } from "~/pages/map/List";
import { Search } from "~/pages/map/Search";
import { useAnnounced } from "~/pages/map/useAnnounced";
import type { Looking } from "~/pages/map/useStage";
import { CountMark } from "~/ui/badge/Badge";
import { Button, IconButton } from "~/ui/button/Button";
import { ConnectionBadge } from "~/ui/connection/ConnectionBadge";
import { Dialog, Panel } from "~/ui/dialog/Dialog";
import { EmptyState, ErrorState, Loading } from "~/ui/states/States";
import { words } from "~/words";
import css from "./Side.module.css";

interface SideProps {
  tenant: Schemas["Tenant"];
  address: MapAddress;
  looking: Looking | null;
  connection: Connection;
  paused: boolean;
  items: readonly ScopedItem[];
  waiting: boolean;
  refusal: string | null;
  /** Why reading over HTTP failed while there is no live connection. */
  failure: unknown;
  onRetry: () => void;
  chosen: string | null;
  filters: number;
  change: (part: Partial<MapAddress>) => void;
  onChoose: (item: ScopedItem) => void;
  near: () => MapAt | null;
  onCity: (city: Schemas["CityRef"]) => void;
  onHome: (home: Schemas["HomeCard"]) => void;
}

export function Side(props: SideProps) {
  const { tenant, address, items, waiting, refusal, failure, filters, change } = props;
  const { sheet, grip } = useSheet();
  const homes = items.reduce((sum, item) => sum + (item.c === "home" ? 1 : item.homes), 0);
  const cities = items.reduce(
    (sum, item) => sum + (item.c === "city" ? 1 : item.c === "cluster" && item.scope === "world" ? item.n : 0),
    0,
  );
  const summary = words.map.inView(homes, cities);
  const announced = useAnnounced(waiting ? null : summary);
  const first = waiting && items.length === 0 && failure === null;

  return (
    <>
      <search className={css.tools}>
        <Search near={props.near} onCity={props.onCity} onHome={props.onHome} />
        <Dialog
          title={words.filters.title}
          as="sheet"
          trigger={
            <IconButton
              icon="filter"
              look="soft"
              label={words.filters.button(filters)}
              mark={<CountMark n={filters} />}
            />
          }
        >
          {(close) => (
            <>
              <Filters settings={tenant.map} address={address} onChange={change} />
              <p className={css.done}>
                <Button look="primary" wide onPress={close}>
                  {words.filters.done(homes)}
                </Button>
              </p>
            </>
          )}
        </Dialog>
        <Panel title={words.layers.title} trigger={<IconButton icon="layers" look="soft" label={words.layers.title} />}>
          <Layers
            settings={tenant.map}
            on={layersOf(address, tenant.map.layers)}
            onChange={(on) =>
              change({ layers: on.length === tenant.map.layers.length ? undefined : on.join(",") || "none" })
            }
          />
        </Panel>
      </search>
      <section className={css.panel} data-sheet={sheet} aria-label={words.map.list}>
        <button
          type="button"
          className={css.grip}
          {...grip}
          aria-expanded={sheet !== "low"}
          aria-label={words.map.sheet[sheet]}
        >
          <span className={css.handle} />
        </button>
        <div className={css.summary}>
          <p className={css.count}>
            {first ? words.states.loading : failure !== null && items.length === 0 ? words.map.unknown : summary}
          </p>
          <ConnectionBadge connection={props.connection} paused={props.paused} />
        </div>
        <p className="visually-hidden" role="status">
          {announced}
        </p>
        <div className={css.scroll}>
          {refusal ? (
            <EmptyState icon="warning" title={refusal} />
          ) : failure !== null && items.length === 0 ? (
            <ErrorState error={failure} onRetry={props.onRetry} />
          ) : first ? (
            <div className={css.pad}>
              <Loading lines={6} tall />
            </div>
          ) : items.length === 0 ? (
            <Nothing
              filters={filters}
              onClear={() => change(NO_FILTERS)}
              layers={address.layers}
              onLayers={() => change({ layers: undefined })}
            />
          ) : (
            <List items={items} chosen={props.chosen} resetOn={props.looking?.at ?? ""} onChoose={props.onChoose} />
          )}
        </div>
      </section>
    </>
  );
}

/** Why there may be nothing, with the way on that fits. */
function Nothing({
  filters,
  onClear,
  layers,
  onLayers,
}: {
  filters: number;
  onClear: () => void;
  layers?: string;
  onLayers: () => void;
}) {
  return (
    <EmptyState icon="map" title={words.map.nothing}>
      {filters > 0 ? (
        <>
          <p>{words.map.nothingFiltered}</p>
          <p className={css.way}>
            <Button onPress={onClear}>{words.filters.clear}</Button>
          </p>
        </>
      ) : layers !== undefined ? (
        <>
          <p>{words.map.nothingLayered}</p>
          <p className={css.way}>
            <Button onPress={onLayers}>{words.layers.all}</Button>
          </p>
        </>
      ) : (
        <p>{words.map.nothingHere}</p>
      )}
    </EmptyState>
  );
}

type Sheet = "low" | "half" | "high";
const ORDER: Sheet[] = ["low", "half", "high"];

/** On a phone the list is a sheet: pressing its grip raises it a step or puts it down, dragging does the same. */
function useSheet() {
  const [sheet, setSheet] = useState<Sheet>("low");
  const from = useRef<number | null>(null);
  const dragged = useRef(false);
  const step = (by: number) => setSheet((now) => ORDER[Math.min(2, Math.max(0, ORDER.indexOf(now) + by))] ?? now);
  return {
    sheet,
    grip: {
      onClick: () => {
        if (!dragged.current) setSheet((now) => (now === "high" ? "low" : now === "half" ? "high" : "half"));
        dragged.current = false;
      },
      onPointerDown: (event: PointerEvent<HTMLButtonElement>) => {
        from.current = event.clientY;
        dragged.current = false;
        event.currentTarget.setPointerCapture(event.pointerId);
      },
      onPointerUp: (event: PointerEvent<HTMLButtonElement>) => {
        const moved = from.current === null ? 0 : from.current - event.clientY;
        from.current = null;
        if (Math.abs(moved) < 12) return;
        dragged.current = true;
        step(Math.abs(moved) > 260 ? Math.sign(moved) * 2 : Math.sign(moved));
      },
      onPointerCancel: () => {
        from.current = null;
      },
    },
  };
}
