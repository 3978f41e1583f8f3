/** A text for a live region, spoken only when it has stood still for a while: a moving map must not chatter. */
import { useEffect, useState } from "react";

const QUIET_MS = 2000;

export function useAnnounced(text: string | null): string {
  const [said, setSaid] = useState("");
  useEffect(() => {
    if (text === null || text === said) return;
    const timer = setTimeout(() => setSaid(text), QUIET_MS);
    return () => clearTimeout(timer);
  }, [text, said]);
  return said;
}
