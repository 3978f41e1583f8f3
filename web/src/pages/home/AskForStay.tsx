/** Asking for a stay: which room, which nights, how many, and a word to the host. What it costs stands there before it is sent. */
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useLocation, useNavigate } from "@tanstack/react-router";
import { type FormEvent, useState } from "react";
import { api, type Schemas, unwrap } from "~/api/client";
import { useOrderKey } from "~/api/orderKey";
import { fieldError } from "~/api/problem";
import { useMember } from "~/api/queries";
import { keepStay } from "~/api/stays";
import { FormProblem } from "~/pages/people/FormProblem";
import { Button, ButtonLink } from "~/ui/button/Button";
import { DateField, NumberField, TextArea } from "~/ui/field/Field";
import { Select } from "~/ui/select/Select";
import { say } from "~/ui/toast/Toast";
import { words } from "~/words";
import css from "./AskForStay.module.css";
import { clash, countNights, firstFree, MOST_NIGHTS, plusDays, today } from "./nights";

const FIELDS = ["arrive", "leave", "guests", "message"];
const MESSAGE_MOST = 1000;

export function AskForStay({ home }: { home: Schemas["Home"] }) {
  const member = useMember();
  const next = useLocation().href;
  if (home.mine) {
    return (
      <section className={css.box} aria-label={words.home.mine}>
        <h2>{words.home.mine}</h2>
        {home.status !== "active" && <p className={css.quiet}>{words.ask.pausedOwn}</p>}
        <ButtonLink to="/host/$id" params={{ id: home.id }} wide>
          {words.ask.edit}
        </ButtonLink>
      </section>
    );
  }
  return (
    <section className={css.box} aria-label={words.ask.title}>
      <h2>{words.ask.title}</h2>
      {member ? (
        <>
          <p className={css.quiet}>{words.ask.lead(home.host.name)}</p>
          <Form home={home} />
        </>
      ) : (
        member === null && (
          <>
            <p className={css.quiet}>{words.ask.visitor}</p>
            <ButtonLink to="/sign-in" search={{ next }} look="primary" wide>
              {words.people.signIn}
            </ButtonLink>
          </>
        )
      )}
    </section>
  );
}

function Form({ home }: { home: Schemas["Home"] }) {
  const [roomId, setRoomId] = useState(home.rooms[0]?.id ?? "");
  const room = home.rooms.find(({ id }) => id === roomId) ?? home.rooms[0];
  const first = today(home.city.time_zone, Date.now());
  const [arrive, setArrive] = useState(() => firstFree(room?.taken ?? [], plusDays(first, 1)));
  const [leave, setLeave] = useState(() => plusDays(arrive, 1));
  const [guests, setGuests] = useState(1);
  const [message, setMessage] = useState("");
  const go = useNavigate();
  const queries = useQueryClient();
  const key = useOrderKey();
  const ask = useMutation({
    mutationFn: () => {
      const body = { room: room?.id, arrive, leave, guests, message: message.trim() };
      return unwrap(
        api.POST("/api/v1/homes/{id}/stays", {
          params: { path: { id: home.id }, header: { "Idempotency-Key": key.of([home.id, body]) } },
          body,
        }),
      );
    },
    onSuccess: (stay) => {
      key.settle();
      keepStay(queries, stay);
      say(words.ask.sent);
      void go({ to: "/stays", search: { as: "guest", open: stay.id } });
    },
    onError: (error) => {
      key.settle(error);
      void queries.invalidateQueries({ queryKey: ["home", home.id] });
    },
  });

  const nights = countNights(arrive, leave);
  const taken = nights && room ? clash(room.taken, arrive, leave) : null;
  const arriveWrong = arrive !== "" && arrive < first ? words.ask.past : null;
  const leaveWrong =
    leave !== "" && nights === null
      ? words.ask.leaveAfter
      : nights !== null && nights > MOST_NIGHTS
        ? words.ask.tooLong
        : taken
          ? words.ask.taken(...taken)
          : null;
  const submit = (event: FormEvent) => {
    event.preventDefault();
    if (nights !== null && !arriveWrong && !leaveWrong && !ask.isPending) ask.mutate();
  };
  return (
    <form className={css.form} onSubmit={submit}>
      <FormProblem error={ask.error} fields={FIELDS} />
      {home.rooms.length > 1 && (
        <Select
          label={words.ask.room}
          options={home.rooms.map(({ id, name, guests: most }) => ({ id, label: words.ask.roomFor(name, most) }))}
          value={room?.id ?? null}
          onChange={(id) => {
            setRoomId(id);
            const most = home.rooms.find((each) => each.id === id)?.guests ?? 1;
            setGuests((now) => Math.min(now, most));
          }}
        />
      )}
      <div className={css.pair}>
        <DateField
          label={words.ask.arrive}
          name="arrive"
          isRequired
          min={first}
          value={arrive}
          onChange={(day) => {
            setArrive(day);
            if (countNights(day, leave) === null && countNights(day, plusDays(first, 1000)) !== null)
              setLeave(plusDays(day, 1));
          }}
          error={arriveWrong ?? fieldError(ask.error, "arrive")}
        />
        <DateField
          label={words.ask.leave}
          name="leave"
          isRequired
          min={arrive || first}
          value={leave}
          onChange={setLeave}
          isInvalid={leaveWrong !== null}
          error={taken ? null : (leaveWrong ?? fieldError(ask.error, "leave"))}
        />
      </div>
      {taken && (
        <p className={css.taken} role="alert">
          {words.ask.taken(...taken)}
        </p>
      )}
      <NumberField
        label={words.ask.guests}
        minValue={1}
        maxValue={room?.guests ?? home.guests}
        value={guests}
        onChange={(n) => setGuests(Number.isNaN(n) ? 1 : n)}
        error={fieldError(ask.error, "guests")}
      />
      <TextArea
        label={words.ask.message(home.host.name)}
        hint={words.ask.messageHint}
        name="message"
        isRequired
        maxLength={MESSAGE_MOST}
        value={message}
        onChange={setMessage}
        error={fieldError(ask.error, "message")}
      />
      {nights !== null && (
        <p className={css.total}>
          <span>{words.ask.total(nights)}</span>
          <strong>{words.price(home.price && { ...home.price, amount: home.price.amount * nights })}</strong>
        </p>
      )}
      <Button type="submit" look="primary" wide isPending={ask.isPending}>
        {words.ask.send}
      </Button>
    </form>
  );
}
