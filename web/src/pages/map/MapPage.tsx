/** The live map and its equal list. The address holds what is looked at; the live view holds what is there. */

import { useQuery } from "@tanstack/react-query";
import { useNavigate, useSearch } from "@tanstack/react-router";
import type L from "leaflet";
import { useCallback, useEffect, useMemo, useRef, useState } from "react";
import type { Schemas } from "~/api/client";
import { tenantQuery } from "~/api/queries";
import { usePageTitle } from "~/app/usePageTitle";
import type { ViewRequest } from "~/live/frames";
import { useConnection, useItems, useView } from "~/live/react";
import type { ScopedItem } from "~/live/view";
import { arrange, type Mark } from "~/map/arrange";
import { flyTo } from "~/map/fly";
import { MarkLayer } from "~/map/marks";
import { countFilters, filterOf, layersOf, type MapAddress, parseAt } from "~/pages/map/address";
import { Chosen } from "~/pages/map/Chosen";
import { Controls } from "~/pages/map/Controls";
import { Gathered } from "~/pages/map/Gathered";
import { Side } from "~/pages/map/Side";
import { useHttpView } from "~/pages/map/useHttpView";
import { usePlaceNames } from "~/pages/map/usePlaceNames";
import { inBox, type Looking, useStage } from "~/pages/map/useStage";
import { ErrorState, Loading } from "~/ui/states/States";
import { words } from "~/words";
import { cannotPart, enter } from "./enter";
import css from "./MapPage.module.css";

export function MapPage() {
  usePageTitle(words.map.title);
  const tenant = useQuery(tenantQuery);
  if (tenant.data) return <Stage tenant={tenant.data} />;
  if (tenant.error) return <ErrorState error={tenant.error} onRetry={() => void tenant.refetch()} />;
  return (
    <div className={css.page}>
      <div className={css.wait}>
        <Loading label={words.map.loading} lines={6} tall />
      </div>
      <div className={`${css.stage} ${css.sea}`} />
    </div>
  );
}

function Stage({ tenant }: { tenant: Schemas["Tenant"] }) {
  const address = useSearch({ from: "/" });
  const navigate = useNavigate({ from: "/" });
  const change = useCallback(
    (part: Partial<MapAddress>) =>
      void navigate({ search: (now) => ({ ...now, ...part }), replace: true, resetScroll: false }),
    [navigate],
  );
  const element = useRef<HTMLDivElement>(null);
  const { map, looking } = useStage(element, tenant, address.at, (at) => change({ at }));

  const request = useRequest(tenant, address, looking);
  const store = useView("map", request);
  const items = useItems(store);
  const connection = useConnection();
  const readAgain = useHttpView(store, request, connection);
  const [paused, setPaused] = useState(false);
  useEffect(() => store.hold(paused), [store, paused]);

  const [opened, setOpened] = useState<string | null>(null);
  const chosen = address.chosen ?? null;
  const chosenItem = items.find(({ key }) => key === chosen);
  const choose = useCallback(
    (item: ScopedItem | null) => change({ chosen: item?.c === "cluster" ? undefined : item?.key }),
    [change],
  );
  const press = useCallback(
    (mark: Mark) => {
      const [only] = mark.items;
      if (mark.items.length === 1 && only && only.c !== "cluster") choose(only);
      else if (map && cannotPart(map, mark.items)) setOpened(mark.key);
      else if (map) enter(map, mark.items);
    },
    [map, choose],
  );
  const marks = useMarks(map, looking, items, tenant, chosen, store.fresh, press);
  usePlaceNames(map, looking, marks, tenant.tile_url === null);
  const gathered = marks.find(({ key, items: [, second] }) => key === opened && second !== undefined);
  const closeGathered = useCallback(() => setOpened(null), []);
  const offset = marks.find(({ key }) => key === chosen);

  const here = useMemo(() => (looking ? inView(items, looking) : []), [items, looking]);

  return (
    <div className={css.page}>
      <Side
        {...{ tenant, address, looking, connection, paused, change, chosen }}
        items={here}
        waiting={!store.isAnswered()}
        refusal={store.refusal}
        failure={store.failure}
        onRetry={readAgain}
        filters={countFilters(filterOf(address))}
        onChoose={(item) => {
          if (!map) return;
          if (item.c === "cluster") enter(map, [item]);
          else {
            map.panInside([item.y, item.x], { padding: [90, 120] });
            choose(item);
          }
        }}
        near={() => parseAt(looking?.at)}
        onCity={(city) => {
          if (map) flyTo(map, city.lat, city.lng, 11);
          change({ chosen: undefined });
        }}
        onHome={(home) => {
          if (map) flyTo(map, home.lat, home.lng, 15);
          change({ chosen: `home/${home.id}` });
        }}
      />
      <section className={css.stage} aria-label={words.map.title}>
        <div ref={element} className={`map ${css.map}`} />
        {map && looking && <Controls map={map} zoom={looking.zoom} paused={paused} onPause={setPaused} />}
        {map && gathered && !chosenItem && (
          <Gathered key={gathered.key} map={map} mark={gathered} onClose={closeGathered} />
        )}
        {map && chosenItem && (
          <Chosen
            key={chosenItem.key}
            map={map}
            item={chosenItem}
            offset={offset?.look === "bubble" ? offset.size / 2 : offset?.look === "price" ? 12 : 6}
            onClose={() => choose(null)}
            onEnter={(item) => {
              choose(null);
              enter(map, [item]);
            }}
          />
        )}
      </section>
    </div>
  );
}

function useRequest(tenant: Schemas["Tenant"], address: MapAddress, looking: Looking | null): ViewRequest | null {
  return useMemo(() => {
    if (!looking) return null;
    return {
      bbox: looking.bbox,
      zoom: looking.zoom,
      layers: layersOf(address, tenant.map.layers),
      filter: filterOf(address),
    };
  }, [looking, address, tenant.map.layers]);
}

/** Lays the marks out anew when things or the zoom change, and shows them in one batch. */
function useMarks(
  map: L.Map | null,
  looking: Looking | null,
  items: readonly ScopedItem[],
  tenant: Schemas["Tenant"],
  chosen: string | null,
  fresh: ReadonlySet<string>,
  press: (mark: Mark) => void,
): readonly Mark[] {
  const layer = useRef<MarkLayer | null>(null);
  const latest = useRef(press);
  latest.current = press;
  useEffect(() => {
    if (!map) return;
    layer.current = new MarkLayer(map, (mark) => latest.current(mark));
    return () => {
      layer.current?.clear();
      layer.current = null;
    };
  }, [map]);

  const zoom = looking?.zoom;
  const marks = useMemo(() => {
    if (!map || zoom === undefined) return [];
    return arrange(items, tenant.map.bands, (lat, lng) => map.project([lat, lng], zoom), chosen);
  }, [map, zoom, items, tenant.map.bands, chosen]);
  // Moving may bring another copy of the world to the middle, so `looking` counts too.
  // biome-ignore lint/correctness/useExhaustiveDependencies: fresh belongs to items
  useEffect(() => layer.current?.show(marks, chosen, fresh), [marks, chosen, looking]);
  return marks;
}

/** What lies in the window itself, most homes first, then nearest to the middle. */
function inView(items: readonly ScopedItem[], looking: Looking): ScopedItem[] {
  const at = parseAt(looking.at);
  const far = (item: ScopedItem) => (at ? (item.y - at.lat) ** 2 + (item.x - at.lng) ** 2 : 0);
  const homes = (item: ScopedItem) => (item.c === "home" ? 1 : item.homes);
  return items
    .filter((item) => inBox(looking.bbox, item.y, item.x))
    .sort((a, b) => homes(b) - homes(a) || far(a) - far(b) || (a.key < b.key ? -1 : 1));
}
