/** Names the page in the tab and for screen readers. */
import { useEffect } from "react";
import { useTenant } from "~/api/queries";
import { words } from "~/words";

export function usePageTitle(page: string) {
  const tenant = useTenant()?.name;
  useEffect(() => {
    document.title = words.title(page, tenant);
  }, [page, tenant]);
}
