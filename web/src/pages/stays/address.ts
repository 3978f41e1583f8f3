/** What of the stays is shown: which side, and which stay is open. */
import type { Side } from "~/api/stays";

export interface StaysAddress {
  as?: Side;
  open?: string;
}

export function readStaysAddress(raw: Record<string, unknown>): StaysAddress {
  const address: StaysAddress = {};
  if (raw.as === "guest" || raw.as === "host") address.as = raw.as;
  if (typeof raw.open === "string" && /^[0-9a-f-]{36}$/.test(raw.open)) address.open = raw.open;
  return address;
}
