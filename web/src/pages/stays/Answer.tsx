/** What can be done about a request: the host says yes or no, the guest withdraws. */
import { useState } from "react";
import { type Stay, useAnswerStay } from "~/api/stays";
import { FormProblem } from "~/pages/people/FormProblem";
import { Button } from "~/ui/button/Button";
import { Dialog } from "~/ui/dialog/Dialog";
import { TextArea } from "~/ui/field/Field";
import { say } from "~/ui/toast/Toast";
import { words } from "~/words";
import css from "./Stays.module.css";

export function Answer({ stay }: { stay: Stay }) {
  const answer = useAnswerStay(stay);
  const [reason, setReason] = useState("");
  const decline = () =>
    answer.mutate({ act: "decline", reason }, { onSuccess: () => say(words.stays.declined(stay.guest.name)) });
  const withdraw = () => answer.mutate({ act: "withdraw" }, { onSuccess: () => say(words.stays.withdrawn) });
  return (
    <>
      <FormProblem error={answer.error} fields={[]} />
      <div className={css.acts}>
        {stay.mine === "host" ? (
          <>
            <Button
              look="primary"
              icon="check"
              isPending={answer.isPending}
              onPress={() =>
                answer.mutate({ act: "approve" }, { onSuccess: () => say(words.stays.approved(stay.guest.name)) })
              }
            >
              {words.stays.approve}
            </Button>
            <Dialog title={words.stays.declineTitle} trigger={<Button>{words.stays.decline}</Button>}>
              {(close) => (
                <div className={css.form}>
                  <p>{words.stays.declineText(stay.guest.name)}</p>
                  <TextArea
                    label={words.stays.declineReason}
                    hint={words.host.left(reason.length, 1000)}
                    maxLength={1000}
                    value={reason}
                    onChange={setReason}
                  />
                  <div className={css.acts}>
                    <Button
                      look="danger"
                      onPress={() => {
                        close();
                        decline();
                      }}
                    >
                      {words.stays.decline}
                    </Button>
                    <Button onPress={close}>{words.stays.back}</Button>
                  </div>
                </div>
              )}
            </Dialog>
          </>
        ) : (
          <Dialog title={words.stays.withdrawTitle} alert trigger={<Button>{words.stays.withdraw}</Button>}>
            {(close) => (
              <div className={css.form}>
                <p>{words.stays.withdrawText(stay.host.name)}</p>
                <div className={css.acts}>
                  <Button
                    look="danger"
                    onPress={() => {
                      close();
                      withdraw();
                    }}
                  >
                    {words.stays.withdraw}
                  </Button>
                  <Button onPress={close}>{words.stays.keep}</Button>
                </div>
              </div>
            )}
          </Dialog>
        )}
      </div>
    </>
  );
}
