/** A home as its guests see it: what it is, who hosts, where about, which nights are taken. */
import { useQuery } from "@tanstack/react-query";
import { Link, useParams } from "@tanstack/react-router";
import { lazy, Suspense } from "react";
import type { Schemas } from "~/api/client";
import { homeQuery } from "~/api/queries";
import { usePageTitle } from "~/app/usePageTitle";
import { Badge } from "~/ui/badge/Badge";
import { ButtonLink } from "~/ui/button/Button";
import { ErrorState, Loading } from "~/ui/states/States";
import { words } from "~/words";
import { AskForStay } from "./AskForStay";
import css from "./HomePage.module.css";

const PinMap = lazy(() => import("~/map/PinMap"));

export function HomePage() {
  const { id } = useParams({ from: "/homes/$id" });
  const home = useQuery(homeQuery(id));
  usePageTitle(home.data?.title ?? words.home.label);
  return (
    <div className={css.page}>
      {home.data ? (
        <Home home={home.data} />
      ) : home.error ? (
        <ErrorState error={home.error} onRetry={() => void home.refetch()} />
      ) : (
        <Loading lines={5} tall />
      )}
    </div>
  );
}

function Home({ home }: { home: Schemas["Home"] }) {
  const point = home.exact ?? home.position;
  return (
    <>
      <header className={css.head}>
        <p className={css.over}>
          {words.kind(home.kind)} · {words.offer(home.offer)} ·{" "}
          <Link to="/cities/$id" params={{ id: String(home.city.id) }}>
            {home.city.name}
          </Link>
        </p>
        <h1>{home.title}</h1>
        <p className={css.badges}>
          {home.status !== "active" && <Badge>{words.home.status[home.status] ?? home.status}</Badge>}
          {home.mine ? <Badge tone="brand">{words.home.mine}</Badge> : <span>{words.home.host(home.host.name)}</span>}
        </p>
      </header>
      <div className={css.columns}>
        <div className={css.main}>
          <ul className={css.facts}>
            <li>{words.guests(home.guests)}</li>
            {home.bedrooms != null && <li>{words.bedrooms(home.bedrooms)}</li>}
            {home.beds != null && <li>{words.beds(home.beds)}</li>}
            <li>
              <strong>{words.price(home.price)}</strong> {home.price && words.perNight}
            </li>
          </ul>
          {home.description && (
            <section>
              <h2>{words.home.about}</h2>
              <p className={css.text}>{home.description}</p>
            </section>
          )}
          <section>
            <h2>{words.home.rooms}</h2>
            <ul className={css.rooms}>
              {home.rooms.map((room) => (
                <li key={room.id}>
                  <h3>
                    {room.name} <span className={css.quiet}>{words.home.roomFor(room.guests)}</span>
                  </h3>
                  <Taken nights={room.taken} />
                </li>
              ))}
            </ul>
          </section>
        </div>
        <div className={css.side}>
          <AskForStay home={home} />
          <section>
            <h2>{words.home.place}</h2>
            <div className={css.map}>
              <Suspense fallback={null}>
                <PinMap at={{ ...point, zoom: 9 }} label={words.home.place} />
              </Suspense>
            </div>
            <p className={css.quiet}>
              {home.exact ? words.home.exact : home.approximate ? words.home.onlyCity : words.home.near}
            </p>
            <p className={css.way}>
              <ButtonLink
                to="/"
                search={{ at: `${home.position.lat},${home.position.lng},15`, chosen: `home/${home.id}` }}
                icon="map"
                small
              >
                {words.home.onMap}
              </ButtonLink>
            </p>
          </section>
        </div>
      </div>
    </>
  );
}

function Taken({ nights }: { nights: string[][] }) {
  if (nights.length === 0) return <p className={css.quiet}>{words.home.freeAll}</p>;
  return (
    <>
      <p className={css.quiet}>{words.home.takenNights}</p>
      <ul className={css.nights}>
        {nights.map(([from = "", to = ""]) => (
          <li key={from}>{words.home.nightsFrom(words.day(from), words.day(to))}</li>
        ))}
      </ul>
    </>
  );
}
