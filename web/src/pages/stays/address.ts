/** What of the stays is shown: which side, and which stay is open. */
import type { Side } from "~/api/stays";

export interface StaysAddress {
  as?: Side;
  open?: string;
}

/** Says `undefined` outright: what is only left out would be taken from the address unchecked. */
export function readStaysAddress(raw: Record<string, unknown>): StaysAddress {
  return {
    as: raw.as === "guest" || raw.as === "host" ? raw.as : undefined,
    open: typeof raw.open === "string" && /^[0-9a-f-]{36}$/.test(raw.open) ? raw.open : undefined,
  };
}
