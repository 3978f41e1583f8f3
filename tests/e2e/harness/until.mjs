// Waits for a condition, never for a time: asks again until it holds, and says what it waited for when it does not.
export const PATIENCE_MS = 30_000;

export async function until(what, condition, within = PATIENCE_MS) {
  const deadline = Date.now() + within;
  for (;;) {
    const held = await condition();
    if (held) return held;
    if (Date.now() > deadline) throw new Error(`waited ${within} ms in vain for ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 25));
  }
}
