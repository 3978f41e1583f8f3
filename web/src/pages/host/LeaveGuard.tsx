/** Asks before what was not saved is lost. */
import { useBlocker } from "@tanstack/react-router";
import { Button } from "~/ui/button/Button";
import { Dialog } from "~/ui/dialog/Dialog";
import { words } from "~/words";
import css from "./HomeForm.module.css";

export function LeaveGuard({ unsaved }: { unsaved: boolean }) {
  const leaving = useBlocker({
    shouldBlockFn: ({ current, next }) => unsaved && current.pathname !== next.pathname,
    enableBeforeUnload: () => unsaved,
    withResolver: true,
  });
  return (
    <Dialog
      title={words.host.leaveTitle}
      alert
      isOpen={leaving.status === "blocked"}
      onOpenChange={(open) => {
        if (!open) leaving.reset?.();
      }}
    >
      <div className={css.ask}>
        <p>{words.host.leaveText}</p>
        <div className={css.choices}>
          <Button look="danger" onPress={() => leaving.proceed?.()}>
            {words.host.leave}
          </Button>
          <Button onPress={() => leaving.reset?.()}>{words.host.stay}</Button>
        </div>
      </div>
    </Dialog>
  );
}
