/** The ways to the main pages: a row on a desk, a menu on a phone. */
import { Link, useRouter } from "@tanstack/react-router";
import { useMember } from "~/api/queries";
import { useUnread } from "~/app/inbox/Inbox";
import { destinations } from "~/app/navigation";
import { CountMark } from "~/ui/badge/Badge";
import { IconButton } from "~/ui/button/Button";
import { Icon } from "~/ui/icon/Icon";
import { Menu } from "~/ui/menu/Menu";
import { words } from "~/words";
import css from "./Ways.module.css";

export function Ways() {
  const member = useMember();
  const router = useRouter();
  const unread = useUnread().stays.size;
  const ways = destinations.filter(({ who }) => who === "all" || (who === "member") === Boolean(member));
  if (ways.length < 2) return null;
  return (
    <>
      <nav aria-label={words.shell.nav} className={css.row}>
        {ways.map(({ to, label, icon, unread: carries }) => (
          <Link key={to} to={to} className={css.way} activeOptions={{ exact: to === "/", includeSearch: false }}>
            <Icon name={icon} size={18} />
            {label}
            {carries && unread > 0 && (
              <>
                <span className={css.unread} aria-hidden="true">
                  {unread}
                </span>
                <span className="visually-hidden">{words.nav.unread(unread)}</span>
              </>
            )}
          </Link>
        ))}
      </nav>
      <div className={css.folded}>
        <Menu
          label={words.shell.nav}
          trigger={
            <IconButton
              icon="menu"
              label={unread ? `${words.shell.menu}, ${words.nav.unread(unread)}` : words.shell.menu}
              mark={<CountMark n={unread} />}
            />
          }
          acts={ways.map(({ to, label, icon, unread: carries }) => ({
            id: to,
            label: carries && unread ? `${label} (${words.nav.unread(unread)})` : label,
            icon,
            onAction: () => void router.navigate({ to }),
          }))}
        />
      </div>
    </>
  );
}
