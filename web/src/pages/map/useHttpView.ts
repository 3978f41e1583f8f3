/** While there is no live connection, the view is read over HTTP: the same body, so the same store takes it. */
import { useCallback, useEffect, useState } from "react";
import { api, unwrap } from "~/api/client";
import type { Box, Chunk, Filter, SnapshotFrame, ViewRequest } from "~/live/frames";
import type { Connection } from "~/live/status";
import type { ViewStore } from "~/live/view";

const PATIENCE_MS = 1500;
/** What a view without layers shows; the server need not be asked. */
const NOTHING: SnapshotFrame = {
  ...{ t: "snapshot", view: "map", scopes: [], scope: "world", epoch: "none", tick: 0, level: 0 },
  ...{ mode: "entities", tiles: [], more: false },
};

/** Returns how to try again. */
export function useHttpView(store: ViewStore, request: ViewRequest | null, connection: Connection): () => void {
  const [tries, setTries] = useState(0);
  const absent = connection.state !== "live" && connection.state !== "behind";
  useEffect(() => {
    if (!absent || !request) return;
    const ending = new AbortController();
    const timer = setTimeout(
      async () => {
        if (!store.waiting) return;
        if (request.layers.length === 0) {
          store.applySnapshot({ ...NOTHING, covers: request.bbox });
          return;
        }
        try {
          const query = {
            bbox: request.bbox.join(","),
            zoom: request.zoom,
            layers: request.layers.join(","),
            ...filterQuery(request.filter),
          };
          const answer = await unwrap(api.GET("/api/v1/map", { params: { query }, signal: ending.signal }));
          if (answer.scopes.length === 0) store.applySnapshot({ ...NOTHING, covers: request.bbox });
          const scopes = answer.scopes.map(({ scope }) => scope);
          for (const part of answer.scopes) {
            store.applySnapshot({
              t: "snapshot",
              view: "map",
              ...part,
              scopes,
              tiles: part.tiles as Chunk[],
              covers: part.covers as Box,
              more: false,
            });
          }
        } catch (error) {
          if (!ending.signal.aborted) store.lost(error);
        }
      },
      tries ? 0 : PATIENCE_MS,
    );
    return () => {
      clearTimeout(timer);
      ending.abort();
    };
  }, [store, request, absent, tries]);
  return useCallback(() => setTries((now) => now + 1), []);
}

/** A filter as the query parameters of the HTTP API. */
export function filterQuery(filter: Filter) {
  return {
    ...(filter.kinds?.length ? { kinds: filter.kinds.join(",") } : {}),
    ...(filter.guests ? { guests: filter.guests } : {}),
    ...(filter.price
      ? { price_min: filter.price.min, price_max: filter.price.max, currency: filter.price.currency }
      : {}),
    ...(filter.free ? { free_from: filter.free.from, free_to: filter.free.to } : {}),
  };
}
