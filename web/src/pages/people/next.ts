/** Where somebody goes after signing in: back to where they came from, and never to another site. */
export function safeNext(raw: unknown): string | undefined {
  if (typeof raw !== "string" || !raw.startsWith("/") || raw.startsWith("//") || raw.includes("\\")) return undefined;
  try {
    const url = new URL(raw, "https://here.invalid");
    return url.origin === "https://here.invalid" ? url.pathname + url.search : undefined;
  } catch {
    return undefined;
  }
}

export interface NextAddress {
  next?: string;
}

/** Says `undefined` outright: what is only left out would be taken from the address unchecked. */
export function readNext(raw: Record<string, unknown>): NextAddress {
  return { next: safeNext(raw.next) };
}
