/** Nights as the form counts them: arrive on one day, leave on another, and the night of leaving is not part of it. */
const DAY_MS = 86_400_000;
export const MOST_NIGHTS = 366;

/** Nights between two days like "2030-05-01"; null when they are no days or in the wrong order. */
export function countNights(arrive: string, leave: string): number | null {
  const nights = (Date.parse(leave) - Date.parse(arrive)) / DAY_MS;
  return Number.isInteger(nights) && nights > 0 ? nights : null;
}

/** The first taken span that shares a night with [arrive, leave). */
export function clash(taken: readonly (readonly string[])[], arrive: string, leave: string): [string, string] | null {
  for (const [from, to] of taken) if (from && to && arrive < to && from < leave) return [from, to];
  return null;
}

/** The day it is there now. */
export function today(zone: string, now: number): string {
  return new Intl.DateTimeFormat("sv-SE", { timeZone: zone }).format(now);
}

export function plusDays(day: string, days: number): string {
  return new Date(Date.parse(day) + days * DAY_MS).toISOString().slice(0, 10);
}

/** The first night that is free from a day on. */
export function firstFree(taken: readonly (readonly string[])[], from: string): string {
  let day = from;
  for (const [start, end] of taken) if (start && end && start <= day && day < end) day = end;
  return day;
}
