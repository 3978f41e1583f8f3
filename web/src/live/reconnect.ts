/** When to come back after a connection ended, and whether to. The table of close codes is in docs/live-protocol.md. */

const FIRST_MS = 500;
const LONGEST_MS = 30_000;

/** Codes by which the other side says that this client, as it is, is not wanted or not understood. */
const FAULTS = new Set([1002, 1003, 1007, 1008, 1009, 1010]);

export function mayReconnect(code: number): boolean {
  if (code >= 4500 && code <= 4999) return false;
  return !FAULTS.has(code);
}

/** Doubles with each failed attempt up to 30 s, the upper half of it drawn, so that a crowd does not come back at once. */
export function backoff(attempt: number, random: () => number): number {
  const ceiling = Math.min(LONGEST_MS, FIRST_MS * 2 ** Math.min(attempt, 10));
  return ceiling / 2 + (random() * ceiling) / 2;
}
