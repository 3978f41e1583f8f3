/** The page for an address where nothing is. */
import { usePageTitle } from "~/app/usePageTitle";
import { ButtonLink } from "~/ui/button/Button";
import { EmptyState } from "~/ui/states/States";
import { words } from "~/words";

export function Missing() {
  usePageTitle(words.notFound.title);
  return (
    <EmptyState icon="home" title={words.notFound.title}>
      <p>{words.notFound.text}</p>
      <p>
        <ButtonLink to="/" look="primary" icon="map">
          {words.notFound.back}
        </ButtonLink>
      </p>
    </EmptyState>
  );
}
