/** Stays on both sides: what I asked for, and what is asked of me. Live: what the other side does is here at once. */
import { useInfiniteQuery, useQuery } from "@tanstack/react-query";
import { useNavigate, useSearch } from "@tanstack/react-router";
import { useEffect } from "react";
import { type Side, type Stay, stayQuery, staysQuery } from "~/api/stays";
import { useUnread } from "~/app/inbox/Inbox";
import { usePageTitle } from "~/app/usePageTitle";
import { MembersOnly } from "~/pages/people/MembersOnly";
import { Button, ButtonLink } from "~/ui/button/Button";
import { EmptyState, ErrorState, Loading } from "~/ui/states/States";
import { words } from "~/words";
import { StayCard } from "./StayCard";
import css from "./Stays.module.css";

const SIDES: readonly Side[] = ["guest", "host"];

export function StaysPage() {
  usePageTitle(words.stays.title);
  return (
    <MembersOnly>
      <Stays />
    </MembersOnly>
  );
}

function Stays() {
  const address = useSearch({ from: "/stays" });
  const navigate = useNavigate({ from: "/stays" });
  const linked = useQuery({ ...stayQuery(address.open ?? ""), enabled: address.open !== undefined && !address.as });
  const host = useStays("host");
  const guest = useStays("guest");
  const waiting = host.data?.pages.some((page) => page.items.some(({ state }) => state === "requested"));
  const side = address.as ?? linked.data?.mine ?? (waiting ? "host" : "guest");
  const unread = useUnread();
  const newsOf = (which: Side) => {
    const pages = (which === "host" ? host : guest).data?.pages ?? [];
    return pages.flatMap(({ items }) => items).filter(({ id }) => unread.stays.has(id)).length;
  };
  return (
    <div className={css.page}>
      <h1>{words.stays.title}</h1>
      <fieldset className={css.sides}>
        <legend className="visually-hidden">{words.stays.sides}</legend>
        {SIDES.map((each) => {
          const news = newsOf(each);
          return (
            <label key={each} className={css.side}>
              <input
                type="radio"
                name="side"
                className="visually-hidden"
                checked={each === side}
                onChange={() => void navigate({ search: { as: each }, replace: true, resetScroll: false })}
              />
              {words.stays.side[each]}
              {news > 0 && (
                <>
                  <span className={css.news} aria-hidden="true">
                    {news}
                  </span>
                  <span className="visually-hidden">{words.nav.unread(news)}</span>
                </>
              )}
            </label>
          );
        })}
      </fieldset>
      <List
        key={side}
        side={side}
        stays={side === "host" ? host : guest}
        open={address.open ?? null}
        onOpen={(id) =>
          void navigate({ search: { as: side, open: id ?? undefined }, replace: true, resetScroll: false })
        }
      />
    </div>
  );
}

function List({
  side,
  stays,
  open,
  onOpen,
}: {
  side: Side;
  stays: ReturnType<typeof useStays>;
  open: string | null;
  onOpen: (id: string | null) => void;
}) {
  const items = stays.data?.pages.flatMap((page) => page.items) ?? [];
  const further = open !== null && stays.isSuccess && !items.some(({ id }) => id === open);
  // An address may name a stay that is further down than what was read.
  const linked = useQuery({ ...stayQuery(open ?? ""), enabled: further });
  const { looked, stays: unread } = useUnread();
  useEffect(() => {
    // An answer is all there in the list; a request that waits is looked at when its host opens it.
    for (const stay of items)
      if (unread.has(stay.id) && (side === "guest" || stay.state !== "requested")) looked(stay.id);
  }, [side, items, unread, looked]);

  if (stays.isPending) return <Loading lines={3} tall />;
  if (stays.isError) return <ErrorState error={stays.error} onRetry={() => void stays.refetch()} />;
  const first: Stay[] = further && linked.data?.mine === side ? [linked.data] : [];
  const shown = [...first, ...items];
  if (shown.length === 0) {
    return (
      <EmptyState icon="inbox" title={words.stays.none[side]}>
        <p>{words.stays.noneText[side]}</p>
        <p>
          {side === "guest" ? (
            <ButtonLink to="/" look="primary" icon="map">
              {words.stays.toMap}
            </ButtonLink>
          ) : (
            <ButtonLink to="/host" look="primary" icon="home">
              {words.stays.toHomes}
            </ButtonLink>
          )}
        </p>
      </EmptyState>
    );
  }
  return (
    <>
      <ul className={css.list}>
        {shown.map((stay) => (
          <li key={stay.id}>
            <StayCard
              stay={stay}
              open={stay.id === open}
              fresh={unread.has(stay.id)}
              onToggle={() => onOpen(stay.id === open ? null : stay.id)}
            />
          </li>
        ))}
      </ul>
      {stays.hasNextPage && (
        <p className={css.more}>
          <Button isPending={stays.isFetchingNextPage} onPress={() => void stays.fetchNextPage()}>
            {words.stays.more}
          </Button>
        </p>
      )}
    </>
  );
}

function useStays(side: Side) {
  return useInfiniteQuery(staysQuery(side));
}
