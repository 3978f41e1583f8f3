/** Listing a home. It is on the map as soon as the server has it; then its own page shows the public point too. */
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { useState } from "react";
import { api, unwrap } from "~/api/client";
import { useOrderKey } from "~/api/orderKey";
import { homeQuery } from "~/api/queries";
import { usePageTitle } from "~/app/usePageTitle";
import { MembersOnly } from "~/pages/people/MembersOnly";
import { say } from "~/ui/toast/Toast";
import { words } from "~/words";
import { bodyOf, type Draft, emptyDraft } from "./draft";
import { HomeForm } from "./HomeForm";
import css from "./HomeForm.module.css";
import { LeaveGuard } from "./LeaveGuard";

export function NewHomePage() {
  usePageTitle(words.host.newTitle);
  return (
    <MembersOnly>
      <NewHome />
    </MembersOnly>
  );
}

function NewHome() {
  const [start] = useState(emptyDraft);
  const [draft, setDraft] = useState<Draft>(start);
  const [kept, setKept] = useState<string | null>(null);
  const key = useOrderKey();
  const queries = useQueryClient();
  const go = useNavigate();
  const list = useMutation({
    mutationFn: () => {
      const body = bodyOf(draft);
      return unwrap(api.POST("/api/v1/homes", { params: { header: { "Idempotency-Key": key.of(body) } }, body }));
    },
    onSuccess: (home) => {
      key.settle();
      setKept(home.id);
      queries.setQueryData(homeQuery(home.id).queryKey, home);
      void queries.invalidateQueries({ queryKey: ["my-homes"] });
      say(words.host.listed);
      void go({ to: "/host/$id", params: { id: home.id }, replace: true, ignoreBlocker: true });
    },
    onError: (error) => key.settle(error),
  });
  return (
    <div className={css.page}>
      <header className={css.head}>
        <h1>{words.host.newTitle}</h1>
        <p className={css.quiet}>{words.host.newLead}</p>
      </header>
      <HomeForm
        draft={draft}
        onChange={setDraft}
        onSave={() => list.mutate()}
        saving={list.isPending}
        error={list.error}
        save={words.host.list}
      />
      <LeaveGuard unsaved={draft !== start && kept === null} />
    </div>
  );
}
