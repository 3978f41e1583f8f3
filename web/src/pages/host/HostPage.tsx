/** My homes: every home the member offers, how it stands, and what can be done with it. */
import { useInfiniteQuery, useMutation, useQueryClient } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { useState } from "react";
import { api, type Schemas, unwrap } from "~/api/client";
import { usePageTitle } from "~/app/usePageTitle";
import { FormProblem } from "~/pages/people/FormProblem";
import { MembersOnly } from "~/pages/people/MembersOnly";
import { Badge, type BadgeTone } from "~/ui/badge/Badge";
import { Button, ButtonLink } from "~/ui/button/Button";
import { Dialog } from "~/ui/dialog/Dialog";
import { EmptyState, ErrorState, Loading } from "~/ui/states/States";
import { say } from "~/ui/toast/Toast";
import { words } from "~/words";
import css from "./HostPage.module.css";

type Home = Schemas["Home"];
type Move = "pause" | "resume" | "retire";
const MOVES: readonly Move[] = ["pause", "resume", "retire"];
const TONES: Partial<Record<Home["status"], BadgeTone>> = { active: "good", paused: "lamp", suspended: "bad" };

export function HostPage() {
  usePageTitle(words.host.title);
  return (
    <MembersOnly>
      <div className={css.page}>
        <header className={css.head}>
          <h1>{words.host.title}</h1>
          <ButtonLink to="/host/new" look="primary" icon="plus">
            {words.host.add}
          </ButtonLink>
        </header>
        <Homes />
      </div>
    </MembersOnly>
  );
}

function Homes() {
  const homes = useInfiniteQuery({
    queryKey: ["my-homes"],
    queryFn: ({ pageParam, signal }) =>
      unwrap(api.GET("/api/v1/me/homes", { params: { query: { limit: 24, cursor: pageParam ?? undefined } }, signal })),
    initialPageParam: null as string | null,
    getNextPageParam: (page) => page.next ?? undefined,
  });
  if (homes.isPending) return <Loading lines={3} tall />;
  if (homes.isError) return <ErrorState error={homes.error} onRetry={() => void homes.refetch()} />;
  const items = homes.data.pages.flatMap((page) => page.items as Home[]);
  if (items.length === 0) {
    return (
      <EmptyState icon="home" title={words.host.none}>
        <p>{words.host.noneText}</p>
        <p>
          <ButtonLink to="/host/new" look="primary" icon="plus">
            {words.host.add}
          </ButtonLink>
        </p>
      </EmptyState>
    );
  }
  return (
    <>
      <ul className={css.list}>
        {items.map((home) => (
          <li key={home.id} className={css.home}>
            <Row home={home} />
          </li>
        ))}
      </ul>
      {homes.hasNextPage && (
        <p className={css.more}>
          <Button isPending={homes.isFetchingNextPage} onPress={() => void homes.fetchNextPage()}>
            {words.host.more}
          </Button>
        </p>
      )}
    </>
  );
}

function Row({ home }: { home: Home }) {
  return (
    <article className={css.row}>
      <div className={css.what}>
        <p className={css.quiet}>
          {words.kind(home.kind)} · {home.city.name}, {words.country(home.city.country)}
        </p>
        <h2 className={css.title}>
          <Link to="/host/$id" params={{ id: home.id }}>
            {home.title}
          </Link>
        </h2>
        <p className={css.facts}>
          <Badge tone={TONES[home.status] ?? "neutral"}>{words.home.status[home.status] ?? home.status}</Badge>
          <span>
            <strong>{words.price(home.price)}</strong> {home.price && words.perNight}
          </span>
          <span>{words.guests(home.guests)}</span>
        </p>
      </div>
      <div className={css.acts}>
        {home.status === "active" && (
          <ButtonLink to="/homes/$id" params={{ id: home.id }} small>
            {words.host.view}
          </ButtonLink>
        )}
        {home.status !== "retired" && home.status !== "suspended" && (
          <ButtonLink to="/host/$id" params={{ id: home.id }} small>
            {words.host.edit}
          </ButtonLink>
        )}
        {MOVES.filter((move) => home.moves.includes(move)).map((move) => (
          <MoveButton key={move} home={home} move={move} />
        ))}
      </div>
    </article>
  );
}

const ROUTES = {
  pause: "/api/v1/homes/{id}/pause",
  resume: "/api/v1/homes/{id}/resume",
  retire: "/api/v1/homes/{id}/retire",
} as const;

function MoveButton({ home, move }: { home: Home; move: Move }) {
  const queries = useQueryClient();
  const [asking, setAsking] = useState(false);
  const act = useMutation({
    mutationFn: () => unwrap(api.POST(ROUTES[move], { params: { path: { id: home.id } } })),
    onSuccess: async () => {
      setAsking(false);
      say(words.host.moved[move]?.(home.title) ?? "");
      await Promise.all([
        queries.invalidateQueries({ queryKey: ["my-homes"] }),
        queries.invalidateQueries({ queryKey: ["home", home.id] }),
      ]);
    },
    onError: () => void queries.invalidateQueries({ queryKey: ["my-homes"] }),
  });
  return (
    <Dialog
      title={words.host.asking[move] ?? ""}
      alert
      isOpen={asking}
      onOpenChange={setAsking}
      trigger={<Button small>{words.host.move[move] ?? move}</Button>}
    >
      {(close) => (
        <div className={css.ask}>
          <p>
            <strong>{home.title}</strong>
          </p>
          <p>{words.host.askingText[move]}</p>
          <FormProblem error={act.error} fields={[]} />
          <div className={css.choices}>
            <Button
              look={move === "retire" ? "danger" : "primary"}
              isPending={act.isPending}
              onPress={() => act.mutate()}
            >
              {words.host.move[move] ?? move}
            </Button>
            <Button onPress={close}>{words.host.back}</Button>
          </div>
        </div>
      )}
    </Dialog>
  );
}
