/** A city: where it is, what time it is there, who hosts, and its homes page by page. */
import { useInfiniteQuery, useQuery } from "@tanstack/react-query";
import { useParams } from "@tanstack/react-router";
import { api, type Schemas, unwrap } from "~/api/client";
import { cityQuery } from "~/api/queries";
import { usePageTitle } from "~/app/usePageTitle";
import { Button, ButtonLink } from "~/ui/button/Button";
import { HomeRow } from "~/ui/home/HomeRow";
import { EmptyState, ErrorState, Loading } from "~/ui/states/States";
import { useNow } from "~/ui/time/useNow";
import { words } from "~/words";
import css from "./CityPage.module.css";

export function CityPage() {
  const id = Number(useParams({ from: "/cities/$id" }).id);
  const city = useQuery({ ...cityQuery(id), enabled: Number.isInteger(id) });
  usePageTitle(city.data?.name ?? words.city.label);
  return (
    <div className={css.page}>
      {city.data ? (
        <City city={city.data} />
      ) : city.error || !Number.isInteger(id) ? (
        <ErrorState
          error={city.error}
          title={Number.isInteger(id) ? undefined : words.city.wrong}
          onRetry={() => void city.refetch()}
        />
      ) : (
        <Loading lines={5} tall />
      )}
    </div>
  );
}

function City({ city }: { city: Schemas["City"] }) {
  return (
    <>
      <header className={css.head}>
        <div>
          <p className={css.where}>{[city.region, words.country(city.country)].filter(Boolean).join(", ")}</p>
          <h1>{city.name}</h1>
          {city.group && <p className={css.where}>{words.city.group(city.group.name)}</p>}
        </div>
        <ButtonLink to="/" search={{ at: `${city.lat},${city.lng},12` }} icon="map">
          {words.city.onMap}
        </ButtonLink>
      </header>
      <dl className={css.facts}>
        <Fact name={words.city.localTime} value={<LocalTime zone={city.time_zone} />} />
        <Fact name={words.city.homes} value={words.number(city.counts.homes)} />
        <Fact name={words.city.hosts} value={words.number(city.counts.hosts)} />
        <Fact name={words.city.members} value={words.number(city.counts.members)} />
        <Fact name={words.city.population} value={words.number(city.population)} />
      </dl>
      <h2>{words.city.homes}</h2>
      <Homes city={city} />
    </>
  );
}

function Fact({ name, value }: { name: string; value: React.ReactNode }) {
  return (
    <div className={css.fact}>
      <dt>{name}</dt>
      <dd>{value}</dd>
    </div>
  );
}

/** The clock on the wall there, right across changes of summer time because the zone is asked each time. */
function LocalTime({ zone }: { zone: string }) {
  const now = useNow(10_000);
  return <time dateTime={new Date(now).toISOString()}>{words.clock(now, zone)}</time>;
}

function Homes({ city }: { city: Schemas["City"] }) {
  const homes = useInfiniteQuery({
    queryKey: ["city-homes", city.id],
    queryFn: ({ pageParam, signal }) =>
      unwrap(
        api.GET("/api/v1/cities/{id}/homes", {
          params: { path: { id: city.id }, query: { limit: 24, cursor: pageParam ?? undefined } },
          signal,
        }),
      ),
    initialPageParam: null as string | null,
    getNextPageParam: (page) => page.next ?? undefined,
  });
  if (homes.isPending) return <Loading lines={4} tall />;
  if (homes.isError) return <ErrorState error={homes.error} onRetry={() => void homes.refetch()} />;
  const items = homes.data.pages.flatMap((page) => page.items);
  if (items.length === 0) {
    return (
      <EmptyState icon="home" title={words.city.none}>
        <p>{words.city.noneText}</p>
      </EmptyState>
    );
  }
  return (
    <>
      <ul className={css.homes}>
        {items.map((home) => (
          <li key={home.id}>
            <HomeRow home={home} />
          </li>
        ))}
      </ul>
      <p className={css.more}>
        {homes.hasNextPage ? (
          <Button isPending={homes.isFetchingNextPage} onPress={() => void homes.fetchNextPage()}>
            {words.city.more}
          </Button>
        ) : (
          words.city.allShown(items.length)
        )}
      </p>
    </>
  );
}
