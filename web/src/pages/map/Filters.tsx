/** What homes must be to be shown. Each change applies at once and stands in the address; the server does the filtering. */
import { useState } from "react";
import type { Schemas } from "~/api/client";
import type { MapAddress } from "~/pages/map/address";
import { Button } from "~/ui/button/Button";
import { Chips } from "~/ui/choice/Choice";
import { DateField, NumberField } from "~/ui/field/Field";
import { Select } from "~/ui/select/Select";
import { words } from "~/words";
import css from "./Filters.module.css";

type Change = Pick<MapAddress, "kinds" | "guests" | "min" | "max" | "currency" | "from" | "to">;

export const NO_FILTERS: Change = {
  ...{ kinds: undefined, guests: undefined, min: undefined, max: undefined },
  ...{ currency: undefined, from: undefined, to: undefined },
};

export function Filters({
  settings,
  address,
  onChange,
}: {
  settings: Schemas["MapSettings"];
  address: MapAddress;
  onChange: (change: Change) => void;
}) {
  const currency = address.currency ?? settings.currencies[0] ?? "EUR";
  const digits = words.currencyDigits(currency);
  const toMinor = (value: number) => (Number.isNaN(value) ? undefined : String(Math.round(value * 10 ** digits)));
  const toMajor = (value: string | undefined) => (value === undefined ? Number.NaN : Number(value) / 10 ** digits);
  const price = (change: Pick<MapAddress, "min" | "max">) => {
    const next = { min: address.min, max: address.max, ...change };
    onChange({ ...next, currency: next.min || next.max ? currency : undefined });
  };
  return (
    <div className={css.filters}>
      <Chips
        label={words.filters.kind}
        options={settings.kinds.map((id) => ({ id, label: words.kind(id) }))}
        value={address.kinds?.split(",") ?? []}
        onChange={(kinds) => onChange({ kinds: kinds.length ? kinds.join(",") : undefined })}
      />
      <NumberField
        label={words.filters.guests}
        minValue={1}
        maxValue={20}
        value={address.guests ? Number(address.guests) : Number.NaN}
        onChange={(guests) => onChange({ guests: Number.isNaN(guests) ? undefined : String(guests) })}
        placeholder={words.filters.any}
      />
      <Nights from={address.from} to={address.to} onChange={onChange} />
      <fieldset className={css.price}>
        <legend>{words.filters.price}</legend>
        <NumberField
          label={words.filters.from}
          steps={false}
          minValue={0}
          value={toMajor(address.min)}
          onChange={(value) => price({ min: toMinor(value) })}
          placeholder={words.filters.any}
        />
        <NumberField
          label={words.filters.to}
          steps={false}
          minValue={0}
          value={toMajor(address.max)}
          onChange={(value) => price({ max: toMinor(value) })}
          placeholder={words.filters.any}
        />
        {settings.currencies.length > 1 && (
          <div className={css.currency}>
            <Select
              label={words.filters.currency}
              value={currency}
              options={settings.currencies.map((id) => ({ id, label: id }))}
              onChange={(next) => onChange({ currency: next, min: undefined, max: undefined })}
            />
          </div>
        )}
      </fieldset>
      <Button wide onPress={() => onChange(NO_FILTERS)}>
        {words.filters.clear}
      </Button>
    </div>
  );
}

/** The reader's own day, as a date field has it. */
function today(): string {
  const now = new Date();
  return new Date(now.getTime() - now.getTimezoneOffset() * 60_000).toISOString().slice(0, 10);
}

/** Both days or neither: half a range filters nothing, and the form says so. */
function Nights({ from, to, onChange }: { from?: string; to?: string; onChange: (change: Change) => void }) {
  const [draft, setDraft] = useState({ from: from ?? "", to: to ?? "" });
  const set = (part: Partial<typeof draft>) => {
    const next = { ...draft, ...part };
    setDraft(next);
    if (next.from && next.to && next.from < next.to) onChange({ from: next.from, to: next.to });
    else if (from) onChange({ from: undefined, to: undefined });
  };
  const wrong = draft.from && draft.to && draft.from >= draft.to ? words.filters.leaveAfter : null;
  return (
    <fieldset className={css.nights}>
      <legend>{words.filters.free}</legend>
      <DateField
        label={words.filters.arrive}
        value={draft.from}
        min={today()}
        onChange={(value) => set({ from: value })}
      />
      <DateField
        label={words.filters.leave}
        value={draft.to}
        min={draft.from || undefined}
        onChange={(value) => set({ to: value })}
        error={wrong}
      />
    </fieldset>
  );
}
