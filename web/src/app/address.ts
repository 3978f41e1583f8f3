/** How search parameters stand in the address: plain words, no JSON, so that a shared link can be read. */

export function parseAddress(text: string): Record<string, string> {
  return Object.fromEntries(new URLSearchParams(text));
}

export function writeAddress(search: Record<string, unknown>): string {
  const params = new URLSearchParams();
  for (const [key, value] of Object.entries(search)) {
    if (value !== undefined && value !== null && value !== "") params.set(key, String(value));
  }
  // Commas are legal in a query and are read more easily than %2C.
  const text = params.toString().replaceAll("%2C", ",");
  return text ? `?${text}` : "";
}
