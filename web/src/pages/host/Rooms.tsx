/** The rooms of a home: what guests ask for. There is always one. */
import { fieldError } from "~/api/problem";
import { Button, IconButton } from "~/ui/button/Button";
import { NumberField, TextField } from "~/ui/field/Field";
import { words } from "~/words";
import { type Fault, limits, type RoomDraft } from "./draft";
import css from "./HomeForm.module.css";

export function Rooms({
  rooms,
  most,
  faults,
  error,
  onChange,
}: {
  rooms: readonly RoomDraft[];
  /** Guests the home takes: no room takes more. */
  most: number;
  faults: ReadonlySet<Fault>;
  error: unknown;
  onChange: (rooms: RoomDraft[]) => void;
}) {
  const put = (n: number, part: Partial<RoomDraft>) =>
    onChange(rooms.map((room, index) => (index === n ? { ...room, ...part } : room)));
  return (
    <>
      <p className={css.quiet}>{words.host.roomsHint}</p>
      <ul className={css.rooms}>
        {rooms.map((room, n) => (
          <li key={room.key} className={css.room}>
            <TextField
              label={words.host.roomName}
              isRequired
              maxLength={limits.roomName}
              value={room.name}
              onChange={(name) => put(n, { name })}
              error={faults.has(`room ${n}`) ? words.host.required : fieldError(error, `rooms[${n}].name`)}
            />
            <NumberField
              label={words.host.roomGuests}
              minValue={1}
              maxValue={most}
              value={Math.min(room.guests, most)}
              onChange={(guests) => put(n, { guests: Number.isNaN(guests) ? 1 : guests })}
              error={fieldError(error, `rooms[${n}].guests`)}
            />
            {rooms.length > 1 && (
              <span className={css.remove}>
                <IconButton
                  icon="close"
                  label={words.host.roomRemove(room.name)}
                  onPress={() => onChange(rooms.filter((_, index) => index !== n))}
                />
              </span>
            )}
          </li>
        ))}
      </ul>
      {rooms.length < limits.rooms && (
        <div>
          <Button
            small
            icon="plus"
            onPress={() => onChange([...rooms, { key: crypto.randomUUID(), name: "", guests: Math.min(2, most) }])}
          >
            {words.host.roomAdd}
          </Button>
        </div>
      )}
    </>
  );
}
