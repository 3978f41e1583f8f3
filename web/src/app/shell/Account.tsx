/** Who is here: a member's menu. Visitors find the ways in among the destinations. */
import { useMember, useSignOut } from "~/api/queries";
import { IconButton } from "~/ui/button/Button";
import { Menu } from "~/ui/menu/Menu";
import { say } from "~/ui/toast/Toast";
import { words } from "~/words";

export function Account() {
  const member = useMember();
  const signOut = useSignOut();
  if (!member) return null;
  return (
    <Menu
      label={words.shell.account(member.name)}
      trigger={<IconButton icon="person" label={words.shell.account(member.name)} />}
      acts={[
        {
          id: "sign-out",
          label: words.shell.signOut,
          icon: "signOut",
          onAction: () => signOut.mutate(undefined, { onSuccess: () => say(words.shell.signedOut) }),
        },
      ]}
    />
  );
}
