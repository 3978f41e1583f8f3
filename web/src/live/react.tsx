/** The live client for React: one per page, woken by the network and the reader, restarted when the reader changes. */
import { useQueryClient } from "@tanstack/react-query";
import { createContext, type ReactNode, useContext, useEffect, useRef, useState, useSyncExternalStore } from "react";
import { sessionQuery, useMember } from "~/api/queries";
import { base } from "~/app/base";
import { LiveClient } from "~/live/client";
import type { EventFrame, ViewRequest } from "~/live/frames";
import type { Connection } from "~/live/status";
import { openTransport } from "~/live/transport";
import { type ScopedItem, ViewStore } from "~/live/view";

const Live = createContext<LiveClient | null>(null);

export function LiveProvider({ children, client }: { children: ReactNode; client?: LiveClient }) {
  const [live] = useState(() => client ?? new LiveClient(openTransport(base())));
  const member = useMember();
  const reader = member === undefined ? undefined : (member?.id ?? "visitor");
  const before = useRef<string | undefined>(undefined);

  useEffect(() => {
    if (reader === undefined) return;
    if (before.current !== undefined && before.current !== reader) live.restart();
    before.current = reader;
  }, [live, reader]);

  // The session behind the connection ended elsewhere: find out who sits here now.
  const queries = useQueryClient();
  useEffect(
    () =>
      live.onStatus(() => {
        const { state, reason } = live.connection();
        if (state === "closed" && reason === "revoked")
          void queries.invalidateQueries({ queryKey: sessionQuery.queryKey });
      }),
    [live, queries],
  );

  useEffect(() => {
    const wake = () => {
      if (document.visibilityState === "visible") live.wake();
    };
    const offline = () => live.offline();
    addEventListener("online", wake);
    addEventListener("offline", offline);
    document.addEventListener("visibilitychange", wake);
    return () => {
      removeEventListener("online", wake);
      removeEventListener("offline", offline);
      document.removeEventListener("visibilitychange", wake);
    };
  }, [live]);

  return <Live value={live}>{children}</Live>;
}

export function useLive(): LiveClient {
  const live = useContext(Live);
  if (!live) throw new Error("useLive needs a LiveProvider above it");
  return live;
}

export function useConnection(): Connection {
  const live = useLive();
  return useSyncExternalStore(live.onStatus, live.connection);
}

/** A view that follows `request` for as long as the component stands. */
export function useView(id: string, request: ViewRequest | null): ViewStore {
  const live = useLive();
  const [store] = useState(() => new ViewStore());
  useEffect(() => {
    if (request) live.look(id, store, request);
  }, [live, id, store, request]);
  useEffect(() => () => live.unlook(id), [live, id]);
  return store;
}

export function useItems(store: ViewStore): readonly ScopedItem[] {
  return useSyncExternalStore(store.subscribe, store.items);
}

/**
 * Hears a stream, such as `member:self`. `since` is the last event already known (the inbox's head), so that nothing
 * between reading and hearing is lost; null waits with subscribing until it is known. Handlers may change freely.
 */
export function useStream(
  stream: string,
  since: number | null | undefined,
  handlers: { onEvent: (event: EventFrame) => void; onReset?: () => void },
) {
  const live = useLive();
  const latest = useRef(handlers);
  latest.current = handlers;
  const first = useRef(since);
  first.current = since;
  const ready = since !== null;
  useEffect(() => {
    if (!ready) return;
    return live.hear(
      stream,
      { onEvent: (event) => latest.current.onEvent(event), onReset: () => latest.current.onReset?.() },
      first.current ?? undefined,
    );
  }, [live, stream, ready]);
}
