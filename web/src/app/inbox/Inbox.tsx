/**
 * What comes in for the member, on every page: the stream `member:self` brings stays up to date at once, says the news, and
 * counts what nobody has looked at. Knows no page; pages say `looked` when a person has opened a stay.
 */
import { useQuery, useQueryClient } from "@tanstack/react-query";
import {
  createContext,
  type Dispatch,
  type ReactNode,
  type SetStateAction,
  useCallback,
  useContext,
  useEffect,
  useMemo,
  useRef,
  useState,
} from "react";
import { api, unwrap } from "~/api/client";
import { useMember } from "~/api/queries";
import { keepStay, type Stay } from "~/api/stays";
import type { EventFrame } from "~/live/frames";
import { useLive, useStream } from "~/live/react";
import { say } from "~/ui/toast/Toast";
import { words } from "~/words";

interface Unread {
  /** Ids of stays with news that nobody has looked at. */
  stays: ReadonlySet<string>;
  looked: (stay: string) => void;
}
const NOTHING: Unread = { stays: new Set(), looked: () => {} };
const Inbox = createContext<Unread>(NOTHING);

export function useUnread(): Unread {
  return useContext(Inbox);
}

const STREAM = "member:self";
const PAGE = 100;

export function InboxProvider({ children }: { children: ReactNode }) {
  const member = useMember()?.id;
  const [stays, setStays] = useState<ReadonlySet<string>>(NOTHING.stays);
  const looked = useCallback(
    (stay: string) => setStays((now) => (now.has(stay) ? new Set([...now].filter((id) => id !== stay)) : now)),
    [],
  );
  const value = useMemo(() => ({ stays, looked }), [stays, looked]);
  // The listener stands beside the pages: they must not begin anew when it comes and goes.
  return (
    <Inbox value={value}>
      {member && <Listener key={member} member={member} stays={stays} setStays={setStays} />}
      {children}
    </Inbox>
  );
}

function Listener({
  member,
  stays,
  setStays,
}: {
  member: string;
  stays: ReadonlySet<string>;
  setStays: Dispatch<SetStateAction<ReadonlySet<string>>>;
}) {
  const queries = useQueryClient();
  const live = useLive();
  const inbox = useQuery({
    queryKey: ["inbox", member],
    queryFn: ({ signal }) => readInbox(signal),
    staleTime: Number.POSITIVE_INFINITY,
  });
  const head = useRef(0);

  useEffect(() => () => setStays(NOTHING.stays), [setStays]);
  useEffect(() => {
    if (!inbox.data) return;
    head.current = Math.max(head.current, inbox.data.head);
    setStays((now) => new Set([...now, ...inbox.data.stays]));
  }, [inbox.data, setStays]);

  useStream(STREAM, inbox.data?.head ?? null, {
    onEvent: (event) => {
      head.current = Math.max(head.current, event.seq);
      const stay = stayOf(event);
      if (!stay) return;
      keepStay(queries, stay);
      void queries.invalidateQueries({ queryKey: ["home", stay.home.id] });
      const news = words.stays.news(event.kind, stay);
      if (!news) return;
      say(news);
      setStays((now) => new Set(now).add(stay.id));
    },
    onReset: () => {
      void queries.invalidateQueries({ queryKey: ["inbox"] });
      void queries.invalidateQueries({ queryKey: ["stays"] });
      void queries.invalidateQueries({ queryKey: ["stay"] });
    },
  });

  // Only when nothing is left unopened: the server takes `seen` for everything up to there.
  const before = useRef(0);
  useEffect(() => {
    if (stays.size === 0 && before.current > 0) live.seen(STREAM, head.current);
    before.current = stays.size;
  }, [stays, live]);
  return null;
}

/** The head, and the stays with news after what was looked at. */
async function readInbox(signal: AbortSignal): Promise<{ head: number; stays: string[] }> {
  const read = (after: number, limit: number) =>
    unwrap(api.GET("/api/v1/inbox", { params: { query: { after, limit } }, signal }));
  const { head, seen, unread } = await read(0, 1);
  const stays = new Set<string>();
  for (let after = unread ? seen : head; after < head; ) {
    const { items } = await read(after, PAGE);
    for (const event of items) {
      const stay = stayOf(event);
      if (stay && words.stays.news(event.kind, stay)) stays.add(stay.id);
    }
    const last = items.at(-1);
    if (!last) break;
    after = last.seq;
  }
  return { head, stays: [...stays] };
}

function stayOf({ body }: Pick<EventFrame, "body">): Stay | null {
  const stay = (body as { stay?: Stay } | null)?.stay;
  return stay && typeof stay.id === "string" ? stay : null;
}
