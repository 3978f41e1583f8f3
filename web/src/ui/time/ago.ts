/** How long ago something was, in the reader's language: "12 sec. ago". */
const format = new Intl.RelativeTimeFormat("en", { numeric: "auto", style: "short" });
const STEPS: [Intl.RelativeTimeFormatUnit, number][] = [
  ["day", 86_400_000],
  ["hour", 3_600_000],
  ["minute", 60_000],
  ["second", 1000],
];

export function ago(then: number, now: number): string {
  const passed = Math.max(0, now - then);
  for (const [unit, ms] of STEPS) {
    if (passed >= ms) return format.format(-Math.floor(passed / ms), unit);
  }
  return format.format(0, "second");
}
