/** What stands in the bar at the top. A page that belongs there adds a row. */
import type { LinkProps } from "@tanstack/react-router";
import type { IconName } from "~/ui/icon/Icon";
import { words } from "~/words";

export interface Destination {
  to: NonNullable<LinkProps["to"]>;
  label: string;
  icon: IconName;
  /** Who sees it: everyone, only members, only visitors. */
  who: "all" | "member" | "visitor";
  /** Carries the number of stays with news. */
  unread?: boolean;
}

export const destinations: readonly Destination[] = [
  { to: "/", label: words.nav.map, icon: "map", who: "all" },
  { to: "/host", label: words.nav.host, icon: "home", who: "member" },
  { to: "/stays", label: words.nav.stays, icon: "inbox", who: "member", unread: true },
  { to: "/sign-in", label: words.people.signIn, icon: "person", who: "visitor" },
  { to: "/sign-up", label: words.people.signUp, icon: "plus", who: "visitor" },
];
