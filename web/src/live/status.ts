/** What the page tells about its connection. */
export interface Connection {
  /** `behind`: connected, or about to be, with views not yet up to date. `closed`: the server said not to come back. */
  state: "connecting" | "live" | "behind" | "offline" | "closed";
  /** When the server was last heard, in epoch milliseconds. */
  heardAt: number | null;
  by: "ws" | "sse";
  /** Why it is closed, as the server put it. */
  reason?: string;
}
