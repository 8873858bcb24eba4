/** Times and spans as people read them. The street lives in UTC+8, wherever the browser is. */
const ZONE_MS = 8 * 3_600_000;
const DAY_MS = 86_400_000;

const wall = (ms: number): string => new Date(ms + ZONE_MS).toISOString();
export const dateOf = (ms: number): string => wall(ms).slice(0, 10);
export const timeOf = (ms: number): string => wall(ms).slice(11, 19);
/** "10:03:21.450" out of what the door writes. */
export const timeWithin = (iso: string): string => iso.slice(11, 23).padEnd(12, "0");
export const msToMidnight = (ms: number): number => DAY_MS - ((ms + ZONE_MS) % DAY_MS);

/** "+1 h 5 min", "−15 min", "+12 s": the two largest units. */
export function spanOf(ms: number): string {
  const sign = ms < 0 ? "−" : "+";
  const seconds = Math.round(Math.abs(ms) / 1_000);
  const parts: [number, string][] = [
    [Math.floor(seconds / 86_400), "d"],
    [Math.floor(seconds / 3_600) % 24, "h"],
    [Math.floor(seconds / 60) % 60, "min"],
    [seconds % 60, "s"],
  ];
  const from = parts.findIndex(([count]) => count > 0);
  const shown = from < 0 ? parts.slice(3) : parts.slice(from, from + 2);
  return (
    sign +
    shown
      .filter(([count], i) => count > 0 || i === 0)
      .map(([count, unit]) => `${count} ${unit}`)
      .join(" ")
  );
}

/** Clocks within this are called right: the door rounds, and so does the page. */
export const CLOCK_OFF_MS = 2_000;
