/** A page for members: visitors are shown the way in, and come back to it. */
import { useLocation } from "@tanstack/react-router";
import type { ReactNode } from "react";
import { useMember, useTenant } from "~/api/queries";
import { ButtonLink } from "~/ui/button/Button";
import { EmptyState, Loading } from "~/ui/states/States";
import { words } from "~/words";
import css from "./Form.module.css";

export function MembersOnly({ children }: { children: ReactNode }) {
  const member = useMember();
  const tenant = useTenant();
  const next = useLocation().href;
  if (member) return children;
  return (
    <div className={css.page}>
      {member === undefined ? (
        <Loading lines={4} tall />
      ) : (
        <EmptyState icon="person" title={words.people.membersOnly}>
          <p>{words.people.membersOnlyText(tenant?.name ?? words.name)}</p>
          <p>
            <ButtonLink to="/sign-in" search={{ next }} look="primary">
              {words.people.signIn}
            </ButtonLink>
          </p>
        </EmptyState>
      )}
    </div>
  );
}
