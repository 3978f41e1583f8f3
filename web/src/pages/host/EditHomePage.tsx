/** Editing a home. An edit names the version it was made on; when somebody was quicker, the host decides which one stands. */
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useParams } from "@tanstack/react-router";
import { useState } from "react";
import { api, type Schemas, unwrap } from "~/api/client";
import { ProblemError } from "~/api/problem";
import { homeQuery } from "~/api/queries";
import { usePageTitle } from "~/app/usePageTitle";
import { MembersOnly } from "~/pages/people/MembersOnly";
import { Button, ButtonLink } from "~/ui/button/Button";
import { Icon } from "~/ui/icon/Icon";
import { EmptyState, ErrorState, Loading } from "~/ui/states/States";
import { say } from "~/ui/toast/Toast";
import { words } from "~/words";
import { changesOf, type Draft, draftOf } from "./draft";
import { HomeForm } from "./HomeForm";
import css from "./HomeForm.module.css";
import { LeaveGuard } from "./LeaveGuard";

type Home = Schemas["Home"];

export function EditHomePage() {
  usePageTitle(words.host.editTitle);
  return (
    <MembersOnly>
      <Load />
    </MembersOnly>
  );
}

function Load() {
  const { id } = useParams({ from: "/host/$id" });
  const home = useQuery(homeQuery(id));
  const { data } = home;
  return (
    <div className={css.page}>
      <header className={css.head}>
        <h1>{words.host.editTitle}</h1>
        {data?.status === "active" && (
          <ButtonLink to="/homes/$id" params={{ id }} small>
            {words.host.view}
          </ButtonLink>
        )}
      </header>
      {!data ? (
        home.error ? (
          <ErrorState error={home.error} onRetry={() => void home.refetch()} />
        ) : (
          <Loading lines={6} tall />
        )
      ) : !data.mine || data.status === "retired" || data.status === "suspended" ? (
        <EmptyState icon="home" title={data.mine ? words.host.notEditable : words.host.notYours}>
          <ButtonLink to="/host" look="primary">
            {words.host.title}
          </ButtonLink>
        </EmptyState>
      ) : (
        <Edit key={id} home={data} />
      )}
    </div>
  );
}

function Edit({ home }: { home: Home }) {
  const queries = useQueryClient();
  // What the edit began from: it stays while the home is read anew behind it.
  const [from, setFrom] = useState(home);
  const [draft, setDraft] = useState<Draft>(() => draftOf(home));
  const changes = changesOf(draftOf(from), draft);
  const unsaved = Object.keys(changes).length > 0;

  const begin = (now: Home) => {
    queries.setQueryData(homeQuery(now.id).queryKey, now);
    setFrom(now);
    setDraft(draftOf(now));
  };
  const save = useMutation({
    mutationFn: (version: number) =>
      unwrap(
        api.PATCH("/api/v1/homes/{id}", {
          params: { path: { id: home.id }, header: { "If-Match": `"${version}"` } },
          // The document describes a whole home; a change sends any of its fields.
          body: changes as Schemas["HomeDraft"],
        }),
      ),
    onSuccess: (saved) => {
      begin(saved);
      void queries.invalidateQueries({ queryKey: ["my-homes"] });
      say(words.host.saved);
    },
  });
  const read = () => queries.fetchQuery({ ...homeQuery(home.id), staleTime: 0 });
  const takeTheirs = useMutation({
    mutationFn: read,
    onSuccess: (now) => {
      begin(now);
      save.reset();
    },
  });
  const takeMine = useMutation({ mutationFn: async () => save.mutateAsync((await read()).version) });
  const stale = save.error instanceof ProblemError && save.error.slug === "stale";
  return (
    <>
      <HomeForm
        draft={draft}
        onChange={setDraft}
        onSave={() => (unsaved ? save.mutate(from.version) : say(words.host.nothingChanged))}
        saving={save.isPending}
        error={stale ? null : save.error}
        save={words.host.save}
        near={home.position}
      >
        {stale && (
          <div className={css.stale} role="alert">
            <Icon name="warning" size={18} />
            <div className={css.ask}>
              <p>
                <strong>{words.host.changed}.</strong> {words.host.changedText}
              </p>
              <div className={css.choices}>
                <Button small isPending={takeTheirs.isPending} onPress={() => takeTheirs.mutate()}>
                  {words.host.takeTheirs}
                </Button>
                <Button small isPending={takeMine.isPending} onPress={() => takeMine.mutate()}>
                  {words.host.takeMine}
                </Button>
              </div>
            </div>
          </div>
        )}
      </HomeForm>
      <LeaveGuard unsaved={unsaved} />
    </>
  );
}
