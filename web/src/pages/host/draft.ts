/** A home as its form holds it, and the way from and to what the API speaks. Amounts are in major units here, minor there. */
import type { Schemas } from "~/api/client";
import { words } from "~/words";

export interface RoomDraft {
  /** Set for rooms the home has already. */
  id?: string;
  /** Tells rows apart, also those that are new. */
  key: string;
  name: string;
  guests: number;
}

export interface Draft {
  kind: Schemas["HomeKind"];
  offer: Schemas["Offer"];
  title: string;
  description: string;
  guests: number;
  bedrooms: number | null;
  beds: number | null;
  free: boolean;
  amount: number | null;
  currency: Schemas["Currency"];
  position: { lat: number; lng: number } | null;
  rooms: RoomDraft[];
}

export const limits = { title: 255, description: 1000, guests: 20, bedrooms: 50, beds: 50, rooms: 50, roomName: 120 };

export function emptyDraft(): Draft {
  return {
    kind: "apartment",
    offer: "entire_place",
    title: "",
    description: "",
    guests: 2,
    bedrooms: null,
    beds: null,
    free: true,
    amount: null,
    currency: "EUR",
    position: null,
    rooms: [{ key: "first", name: words.host.roomFirst, guests: 2 }],
  };
}

export function draftOf(home: Schemas["Home"]): Draft {
  const currency = home.price?.currency ?? "EUR";
  return {
    kind: home.kind,
    offer: home.offer,
    title: home.title,
    description: home.description,
    guests: home.guests,
    bedrooms: home.bedrooms,
    beds: home.beds,
    free: home.price === null,
    amount: home.price ? home.price.amount / 10 ** words.currencyDigits(currency) : null,
    currency,
    position: home.exact ?? home.position,
    rooms: home.rooms.map(({ id, name, guests }) => ({ id, key: id, name, guests })),
  };
}

/** What the API is sent. A room for more than the home takes is held to it. */
export function bodyOf(draft: Draft): Schemas["HomeDraft"] {
  return {
    kind: draft.kind,
    offer: draft.offer,
    title: draft.title.trim(),
    description: draft.description.trim(),
    guests: draft.guests,
    bedrooms: draft.bedrooms,
    beds: draft.beds,
    price:
      draft.free || draft.amount === null
        ? null
        : { amount: Math.round(draft.amount * 10 ** words.currencyDigits(draft.currency)), currency: draft.currency },
    position: draft.position,
    rooms: draft.rooms.map(({ id, name, guests }) => ({
      ...(id ? { id } : {}),
      name: name.trim(),
      guests: Math.min(guests, draft.guests),
    })),
  };
}

/** Only what differs: a field that was left alone is not sent. */
export function changesOf(before: Draft, after: Draft): Partial<Schemas["HomeDraft"]> {
  const [was, is] = [bodyOf(before), bodyOf(after)];
  return Object.fromEntries(
    Object.entries(is).filter(
      ([field, value]) => JSON.stringify(value) !== JSON.stringify(was[field as keyof typeof was]),
    ),
  );
}

export type Fault = "title" | "amount" | "position" | `room ${number}`;

/** What is missing before it is worth sending. */
export function faultsOf(draft: Draft): Set<Fault> {
  const faults = new Set<Fault>();
  if (!draft.title.trim()) faults.add("title");
  if (!draft.free && !(draft.amount && draft.amount > 0)) faults.add("amount");
  if (!draft.position) faults.add("position");
  for (const [n, room] of draft.rooms.entries()) if (!room.name.trim()) faults.add(`room ${n}`);
  return faults;
}
