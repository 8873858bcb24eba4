/** What the wall shows is worked out from an offset that is kept for a quarter of an hour: held against Intl, around every kind of change. */
import { expect, test } from "vitest";
import { dayNumberOf, dayOf, Instant, wallClock } from "../../src/kernel/clock.ts";

const shown = (at: number, timeZone: string): string =>
  new Intl.DateTimeFormat("en-CA", { timeZone, dateStyle: "short", timeStyle: "medium", hourCycle: "h23" }).format(at);
const pad = (n: number): string => String(n).padStart(2, "0");
const ours = (at: number, timeZone: string): string => {
  const p = wallClock(Instant(at), timeZone);
  return `${p.year}-${pad(p.month)}-${pad(p.day)}, ${pad(p.hour)}:${pad(p.minute)}:${pad(p.second)}`;
};

test.each([
  ["Asia/Shanghai", "2026-11-22T23:59:59Z"],
  ["Asia/Kathmandu", "2026-11-22T18:14:59Z"], // 5:45
  ["Europe/Berlin", "2026-03-29T00:59:59Z"], // an hour is left out
  ["Europe/Berlin", "2026-10-25T00:59:59Z"], // an hour comes twice
  ["Australia/Lord_Howe", "2026-04-04T14:59:59Z"], // half an hour comes twice
])("the wall in %s shows what Intl says, second by second around %s", (timeZone, around) => {
  const middle = Date.parse(around);
  for (let at = middle - 40 * 60_000; at < middle + 40 * 60_000; at += 7_001) {
    expect(ours(at, timeZone)).toBe(shown(at, timeZone));
    expect(dayNumberOf(Instant(at), timeZone) * 86_400_000).toBe(Date.parse(dayOf(Instant(at), timeZone)));
  }
  for (const at of [middle, middle + 1_000]) expect(ours(at, timeZone)).toBe(shown(at, timeZone));
});

test("moments of two days asked for in turn are each told right", () => {
  const [monday, saturday] = [Date.parse("2026-11-23T03:00:00Z"), Date.parse("2026-11-28T03:00:00Z")];
  for (let n = 0; n < 3; n += 1) {
    expect(wallClock(Instant(monday), "Asia/Shanghai")).toMatchObject({ day: 23, hour: 11, weekday: 1 });
    expect(wallClock(Instant(saturday), "Asia/Shanghai")).toMatchObject({ day: 28, hour: 11, weekday: 6 });
  }
});
