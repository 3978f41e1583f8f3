/** The member's stays as they are kept on the page: lists of both sides and single ones, brought up to date by answers and by the stream. */
import {
  type InfiniteData,
  infiniteQueryOptions,
  type QueryClient,
  queryOptions,
  useMutation,
  useQueryClient,
} from "@tanstack/react-query";
import { api, type Schemas, unwrap } from "~/api/client";

export type Stay = Schemas["StayView"];
export type Side = Schemas["Side"];

interface Page {
  items: Stay[];
  next: string | null;
}

export const staysQuery = (side: Side) =>
  infiniteQueryOptions({
    queryKey: ["stays", side],
    queryFn: ({ pageParam, signal }): Promise<Page> =>
      unwrap(
        api.GET("/api/v1/me/stays", {
          params: { query: { as: side, limit: 20, cursor: pageParam ?? undefined } },
          signal,
        }),
      ),
    initialPageParam: null as string | null,
    getNextPageParam: (page) => page.next ?? undefined,
    staleTime: 30_000,
  });

export const stayQuery = (id: string) =>
  queryOptions({
    queryKey: ["stay", id],
    queryFn: ({ signal }) => unwrap(api.GET("/api/v1/stays/{id}", { params: { path: { id } }, signal })),
    staleTime: 30_000,
  });

/** A stay only moves on: requested, delivered, seen, answered. */
function progress(stay: Stay): number {
  return (stay.delivered_at ? 1 : 0) + (stay.seen_at ? 2 : 0) + (stay.state === "requested" ? 0 : 4);
}

/** The one that has come further. */
export function newer(kept: Stay | undefined, come: Stay): Stay {
  return kept && progress(kept) > progress(come) ? kept : come;
}

export function withStay(data: InfiniteData<Page>, stay: Stay): InfiniteData<Page> {
  const known = data.pages.some((page) => page.items.some(({ id }) => id === stay.id));
  return {
    ...data,
    pages: data.pages.map((page, index) => {
      if (known) return { ...page, items: page.items.map((kept) => (kept.id === stay.id ? newer(kept, stay) : kept)) };
      return index === 0 ? { ...page, items: [stay, ...page.items] } : page;
    }),
  };
}

/** Puts a stay where the page shows it. A list that is being read meanwhile is read again, or it would bring back the past. */
export function keepStay(queries: QueryClient, stay: Stay) {
  const list = staysQuery(stay.mine);
  const reading = queries.isFetching({ queryKey: list.queryKey }) > 0;
  queries.setQueryData(list.queryKey, (data) => data && withStay(data, stay));
  queries.setQueryData(stayQuery(stay.id).queryKey, (kept) => newer(kept, stay));
  if (reading) void queries.invalidateQueries({ queryKey: list.queryKey });
}

type Act = "approve" | "decline" | "withdraw";

/** The host's yes or no, and the guest's second thoughts. */
export function useAnswerStay(stay: Stay) {
  const queries = useQueryClient();
  const path = { params: { path: { id: stay.id } } };
  return useMutation({
    mutationFn: ({ act, reason }: { act: Act; reason?: string }) => {
      if (act === "approve")
        return unwrap(
          api.POST("/api/v1/stays/{id}/approval", { ...path, body: { terms_version: stay.terms_version } }),
        );
      if (act === "decline")
        return unwrap(api.POST("/api/v1/stays/{id}/decline", { ...path, body: { reason: reason?.trim() || null } }));
      return unwrap(api.POST("/api/v1/stays/{id}/withdrawal", path));
    },
    onSuccess: (answered) => {
      keepStay(queries, answered);
      void queries.invalidateQueries({ queryKey: ["home", stay.home.id] });
    },
    // Somebody was quicker, or the terms moved: show how it stands now.
    onError: () => void queries.invalidateQueries({ queryKey: ["stays", stay.mine] }),
  });
}
