/** What pages ask of the server, each question once: its key, how it is asked, how long the answer is good. */
import { queryOptions, useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { api, type Schemas, setCsrf, unwrap } from "~/api/client";

export const tenantQuery = queryOptions({
  queryKey: ["tenant"],
  queryFn: ({ signal }) => unwrap(api.GET("/api/v1/tenant", { signal })),
  staleTime: 5 * 60_000,
});

export const sessionQuery = queryOptions({
  queryKey: ["session"],
  queryFn: async ({ signal }) => {
    const session = await unwrap(api.GET("/api/v1/session", { signal }));
    setCsrf(session.csrf ?? null);
    return session;
  },
  staleTime: 60_000,
});

export const cityQuery = (id: number) =>
  queryOptions({
    queryKey: ["city", id],
    queryFn: ({ signal }) => unwrap(api.GET("/api/v1/cities/{id}", { params: { path: { id } }, signal })),
    staleTime: 30_000,
    refetchOnWindowFocus: true,
  });

export const homeQuery = (id: string) =>
  queryOptions({
    queryKey: ["home", id],
    queryFn: ({ signal }) => unwrap(api.GET("/api/v1/homes/{id}", { params: { path: { id } }, signal })),
    staleTime: 10_000,
    refetchOnWindowFocus: true,
  });

export function useTenant() {
  return useQuery(tenantQuery).data;
}

/** The signed-in member, null for a visitor, undefined while unknown. */
export function useMember(): Schemas["Member"] | null | undefined {
  const session = useQuery(sessionQuery).data;
  return session === undefined ? undefined : (session.member ?? null);
}

/** A session began or ended: everything that was read as somebody else is forgotten. */
export function useEnterSession() {
  const client = useQueryClient();
  return (session: Schemas["Session"]) => {
    setCsrf(session.csrf ?? null);
    client.setQueryData(sessionQuery.queryKey, session);
    void client.invalidateQueries({ queryKey: tenantQuery.queryKey });
    void client.resetQueries({ predicate: ({ queryKey: [what] }) => what !== "session" && what !== "tenant" });
  };
}

export function useSignOut() {
  const enter = useEnterSession();
  return useMutation({
    mutationFn: () => unwrap(api.DELETE("/api/v1/session")),
    onSuccess: () => enter({ member: null, csrf: null, expires_at: null }),
  });
}
