/** The form of a home, new or known: what it is, how many, what it costs, its rooms, and where it stands. Keeps no state of the home itself. */
import { type FormEvent, type ReactNode, useEffect, useRef, useState } from "react";
import type { Schemas } from "~/api/client";
import { fieldError } from "~/api/problem";
import { useTenant } from "~/api/queries";
import { FormProblem } from "~/pages/people/FormProblem";
import { Button } from "~/ui/button/Button";
import { Switch } from "~/ui/choice/Choice";
import { NumberField, TextArea, TextField } from "~/ui/field/Field";
import { Select } from "~/ui/select/Select";
import { words } from "~/words";
import { type Draft, type Fault, faultsOf, limits } from "./draft";
import css from "./HomeForm.module.css";
import { Place } from "./Place";
import { Rooms } from "./Rooms";

const FIELDS = [
  "kind",
  "offer",
  "title",
  "description",
  "guests",
  "bedrooms",
  "beds",
  "price",
  "price.amount",
  "price.currency",
  "position",
];
const KINDS = Object.keys(words.kinds) as Schemas["HomeKind"][];
const OFFERS = Object.keys(words.offers) as Schemas["Offer"][];

export function HomeForm({
  draft,
  onChange,
  onSave,
  saving,
  error,
  save,
  near,
  children,
}: {
  draft: Draft;
  onChange: (draft: Draft) => void;
  onSave: () => void;
  saving: boolean;
  error: unknown;
  /** The word on the button. */
  save: string;
  /** The public position of a home that is saved. */
  near?: { lat: number; lng: number };
  children?: ReactNode;
}) {
  const tenant = useTenant();
  const form = useRef<HTMLFormElement>(null);
  const [tried, setTried] = useState(0);
  const faults: ReadonlySet<Fault> = tried ? faultsOf(draft) : new Set();
  const set = (part: Partial<Draft>) => onChange({ ...draft, ...part });
  useEffect(() => {
    // Where the first thing is wrong, there the writing goes on.
    if (tried) form.current?.querySelector<HTMLElement>("[aria-invalid=true]")?.focus();
  }, [tried]);

  const submit = (event: FormEvent) => {
    event.preventDefault();
    if (saving) return;
    if (faultsOf(draft).size > 0) setTried((now) => now + 1);
    else onSave();
  };
  return (
    <form ref={form} className={css.form} onSubmit={submit} noValidate>
      <section className={css.part}>
        <h2>{words.host.what}</h2>
        <div className={css.pair}>
          <Select
            label={words.host.kind}
            options={(tenant?.map.kinds ?? KINDS).map((id) => ({ id, label: words.kind(id) }))}
            value={draft.kind}
            onChange={(kind) => set({ kind: kind as Draft["kind"] })}
            error={fieldError(error, "kind")}
          />
          <Select
            label={words.host.offer}
            options={OFFERS.map((id) => ({ id, label: words.offer(id) }))}
            value={draft.offer}
            onChange={(offer) => set({ offer: offer as Draft["offer"] })}
            error={fieldError(error, "offer")}
          />
        </div>
        <TextField
          label={words.host.homeTitle}
          hint={words.host.left(draft.title.length, limits.title)}
          name="title"
          isRequired
          maxLength={limits.title}
          value={draft.title}
          onChange={(title) => set({ title })}
          error={faults.has("title") ? words.host.required : fieldError(error, "title")}
        />
        <TextArea
          label={words.host.description}
          hint={words.host.left(draft.description.length, limits.description)}
          rows={6}
          maxLength={limits.description}
          value={draft.description}
          onChange={(description) => set({ description })}
          error={fieldError(error, "description")}
        />
      </section>
      <section className={css.part}>
        <h2>{words.host.capacity}</h2>
        <div className={css.triple}>
          <NumberField
            label={words.host.guests}
            minValue={1}
            maxValue={limits.guests}
            value={draft.guests}
            onChange={(guests) => set(withGuests(draft, Number.isNaN(guests) ? 1 : guests))}
            error={fieldError(error, "guests")}
          />
          <NumberField
            label={words.host.bedrooms}
            minValue={0}
            maxValue={limits.bedrooms}
            value={draft.bedrooms ?? Number.NaN}
            onChange={(bedrooms) => set({ bedrooms: Number.isNaN(bedrooms) ? null : bedrooms })}
            error={fieldError(error, "bedrooms")}
          />
          <NumberField
            label={words.host.beds}
            minValue={1}
            maxValue={limits.beds}
            value={draft.beds ?? Number.NaN}
            onChange={(beds) => set({ beds: Number.isNaN(beds) ? null : beds })}
            error={fieldError(error, "beds")}
          />
        </div>
      </section>
      <section className={css.part}>
        <h2>{words.host.price}</h2>
        <Switch isSelected={draft.free} onChange={(free) => set({ free })}>
          {words.host.free}
        </Switch>
        {!draft.free && (
          <div className={css.pair}>
            <NumberField
              label={words.host.amount}
              steps={false}
              minValue={0}
              maxValue={1_000_000}
              formatOptions={{
                minimumFractionDigits: 0,
                maximumFractionDigits: words.currencyDigits(draft.currency),
              }}
              value={draft.amount ?? Number.NaN}
              onChange={(amount) => set({ amount: Number.isNaN(amount) ? null : amount })}
              error={
                faults.has("amount")
                  ? words.host.amountMissing
                  : (fieldError(error, "price.amount") ?? fieldError(error, "price"))
              }
            />
            <Select
              label={words.host.currency}
              options={(tenant?.map.currencies ?? [draft.currency]).map((id) => ({ id, label: id }))}
              value={draft.currency}
              onChange={(currency) => set({ currency: currency as Draft["currency"] })}
              error={fieldError(error, "price.currency")}
            />
          </div>
        )}
      </section>
      <section className={css.part}>
        <h2>{words.host.place}</h2>
        <Place
          position={draft.position}
          near={near}
          onMove={(position) => set({ position })}
          error={faults.has("position") ? words.host.placeMissing : fieldError(error, "position")}
        />
      </section>
      <section className={css.part}>
        <h2>{words.host.rooms}</h2>
        <Rooms
          rooms={draft.rooms}
          most={draft.guests}
          faults={faults}
          error={error}
          onChange={(rooms) => set({ rooms })}
        />
      </section>
      <div className={css.foot}>
        {children}
        <FormProblem error={error} fields={FIELDS} />
        <Button type="submit" look="primary" isPending={saving}>
          {save}
        </Button>
      </div>
    </form>
  );
}

/** A home with one room that takes everybody keeps having that. */
function withGuests(draft: Draft, guests: number): Partial<Draft> {
  const [only] = draft.rooms;
  if (draft.rooms.length === 1 && only && only.guests === draft.guests) return { guests, rooms: [{ ...only, guests }] };
  return { guests };
}
