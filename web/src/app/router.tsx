/** All pages, on one page. A page's code comes when it is first opened; its search parameters are typed where it lives. */
import type { QueryClient } from "@tanstack/react-query";
import { createRootRouteWithContext, createRoute, createRouter, lazyRouteComponent } from "@tanstack/react-router";
import { parseAddress, writeAddress } from "~/app/address";
import { base } from "~/app/base";
import { Shell } from "~/app/shell/Shell";
import { type MapAddress, readAddress } from "~/pages/map/address";
import { Missing } from "~/pages/missing/Missing";
import { readNext } from "~/pages/people/next";
import { readStaysAddress } from "~/pages/stays/address";
import { ErrorState } from "~/ui/states/States";

const root = createRootRouteWithContext<{ queries: QueryClient }>()({
  component: Shell,
  notFoundComponent: Missing,
});

const map = createRoute({
  getParentRoute: () => root,
  path: "/",
  validateSearch: (raw: Record<string, unknown>): MapAddress => readAddress(raw),
  component: lazyRouteComponent(() => import("~/pages/map/MapPage"), "MapPage"),
});
const city = createRoute({
  getParentRoute: () => root,
  path: "/cities/$id",
  component: lazyRouteComponent(() => import("~/pages/city/CityPage"), "CityPage"),
});
const home = createRoute({
  getParentRoute: () => root,
  path: "/homes/$id",
  component: lazyRouteComponent(() => import("~/pages/home/HomePage"), "HomePage"),
});

const signIn = createRoute({
  getParentRoute: () => root,
  path: "/sign-in",
  validateSearch: readNext,
  component: lazyRouteComponent(() => import("~/pages/people/SignInPage"), "SignInPage"),
});
const signUp = createRoute({
  getParentRoute: () => root,
  path: "/sign-up",
  validateSearch: readNext,
  component: lazyRouteComponent(() => import("~/pages/people/SignUpPage"), "SignUpPage"),
});

const host = createRoute({
  getParentRoute: () => root,
  path: "/host",
  component: lazyRouteComponent(() => import("~/pages/host/HostPage"), "HostPage"),
});
const newHome = createRoute({
  getParentRoute: () => root,
  path: "/host/new",
  component: lazyRouteComponent(() => import("~/pages/host/NewHomePage"), "NewHomePage"),
});
const editHome = createRoute({
  getParentRoute: () => root,
  path: "/host/$id",
  component: lazyRouteComponent(() => import("~/pages/host/EditHomePage"), "EditHomePage"),
});
const stays = createRoute({
  getParentRoute: () => root,
  path: "/stays",
  validateSearch: readStaysAddress,
  component: lazyRouteComponent(() => import("~/pages/stays/StaysPage"), "StaysPage"),
});

const tree = root.addChildren([map, city, home, signIn, signUp, host, newHome, editHome, stays]);

export function createPages(queries: QueryClient) {
  return createRouter({
    routeTree: tree,
    basepath: base() || "/",
    context: { queries },
    parseSearch: parseAddress,
    stringifySearch: writeAddress,
    defaultPreload: "intent",
    defaultErrorComponent: ({ error, reset }) => <ErrorState error={error} onRetry={reset} />,
    scrollRestoration: true,
  });
}

declare module "@tanstack/react-router" {
  interface Register {
    router: ReturnType<typeof createPages>;
  }
}
