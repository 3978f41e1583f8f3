/** The house around every page: the bar with name and ways, the page, and the news. */
import { Link, Outlet, useRouter } from "@tanstack/react-router";
import { useEffect, useRef } from "react";
import { useTenant } from "~/api/queries";
import { Account } from "~/app/shell/Account";
import { Ways } from "~/app/shell/Ways";
import { Mark } from "~/ui/mark/Mark";
import { Toasts } from "~/ui/toast/Toast";
import { words } from "~/words";
import css from "./Shell.module.css";
import { ThemeMenu } from "./ThemeMenu";

export function Shell() {
  const tenant = useTenant();
  const main = useRef<HTMLElement>(null);
  useFocusOnNewPage(main);
  return (
    <>
      <a href="#page" className={css.skip}>
        {words.shell.skip}
      </a>
      <header className={css.bar}>
        <Link to="/" className={css.name}>
          <Mark size={30} />
          <span className={css.words}>
            <span className={css.posada}>{words.name}</span>{" "}
            {tenant && <span className={css.tenant}>{tenant.name}</span>}
            <span className="visually-hidden">{words.shell.toMap}</span>
          </span>
        </Link>
        <Ways />
        <div className={css.end}>
          <ThemeMenu />
          <Account />
        </div>
      </header>
      <main id="page" ref={main} tabIndex={-1} className={css.page}>
        <Outlet />
      </main>
      <Toasts />
    </>
  );
}

/** After going to another page, focus is on the page, not on a link that is gone. */
function useFocusOnNewPage(main: React.RefObject<HTMLElement | null>) {
  const router = useRouter();
  useEffect(
    () =>
      router.subscribe("onResolved", ({ pathChanged, fromLocation }) => {
        if (pathChanged && fromLocation) main.current?.focus({ preventScroll: true });
      }),
    [router, main],
  );
}
