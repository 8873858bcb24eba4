/** The street's time, moved: faster, standing, by steps, ahead and back, through the door, the command line and the program. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, onTestFinished, test } from "vitest";
import { Instant } from "../../src/kernel/clock.ts";
import { silentLog } from "../../src/kernel/log.ts";
import { clockCommand, moveClock } from "../../simulator/clock-command.ts";
import { durationOf, timeOf } from "../../simulator/duration.ts";
import { planFrom } from "../../simulator/options.ts";
import { scenarioIn } from "../../simulator/scenario-file.ts";
import { StreetTime } from "../../simulator/street-time.ts";
import type { Street, StreetOptions } from "../../simulator/street.ts";
import { HandClock } from "../transports/hand-clock.ts";
import { METER_A, StillClock } from "./support/frames.ts";
import { DAY, HOUR } from "./support/life.ts";
import { planOf } from "./support/scenario.ts";
import { raise } from "./support/street.ts";

const file = (text: string): string => {
  const folder = mkdtempSync(join(tmpdir(), "street-"));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  writeFileSync(join(folder, "scenario.yaml"), text);
  return join(folder, "scenario.yaml");
};

const START = Instant(Date.parse("2026-11-22T10:00:00+08:00"));
const street = (options: Partial<StreetOptions> = {}): Promise<Street> =>
  raise({
    clock: new StillClock(),
    start: START,
    buses: [{ id: "m", endpoint: { kind: "memory" } }],
    meters: [{ address: METER_A, bus: "m", balance: "900.00" }],
    ...options,
  });

test("durations and times are read as people write them", () => {
  expect(["90s", "2h30m", "30d", "1500ms", "0.5h"].map(durationOf)).toEqual([90_000, 9_000_000, 30 * DAY, 1_500, 1_800_000]);
  expect(["", "5", "h", "2h 30m", "-1h", "1w"].map(durationOf)).toEqual(Array.from({ length: 6 }, () => undefined));
  expect(timeOf("2026-11-22T10:00")).toBe(START);
  expect(timeOf("2026-11-22T02:00:00Z")).toBe(START);
  expect(timeOf("2026-11-22")).toBe(START - 10 * HOUR);
  expect([timeOf("soon"), timeOf("+2h"), timeOf("2026-13-01")]).toEqual([undefined, undefined, undefined]);
});

test("a street that stands moves by steps, and one that ran stands after a step", async () => {
  const clock = new StillClock();
  const one = await street({ clock, speed: 60 });
  clock.ms += 1_000;
  one.step(HOUR);
  expect([one.time.now() - START, one.time.speed]).toEqual([HOUR + 60_000, 0]);
  clock.ms += DAY;
  one.step(1);
  expect(one.time.now() - START).toBe(HOUR + 60_001);
  one.setSpeed(1);
  clock.ms += 5;
  expect(one.time.now() - START).toBe(HOUR + 60_006);
});

test("ahead by a time of the calendar is the same as ahead by so much", async () => {
  const [byTime, byMs] = [await street(), await street()];
  byTime.jumpTo(Instant(START + 3 * DAY));
  byMs.advance(3 * DAY);
  expect(byTime.snapshot(METER_A)).toEqual(byMs.snapshot(METER_A));
  expect(byTime.time.unhurried()).toBe(byMs.time.unhurried());
});

describe("set back", () => {
  test("clocks and sun go back, what was counted stays, and nothing is settled twice", async () => {
    const start = Instant(Date.parse("2026-11-30T12:00:00+08:00"));
    const one = await street({ start });
    const meter = one.meter(METER_A);
    one.advance(DAY);
    const before = one.snapshot(METER_A);
    expect(meter.life.settlements.kept).toHaveLength(1);
    one.jumpTo(start);
    const after = one.snapshot(METER_A);
    expect(after.clock).toBe("2026-11-30T12:00:00+08:00");
    expect([after.energyKwh, after.balance, meter.clockOffsetMs]).toEqual([before.energyKwh, before.balance, 0]);
    // The same hour of the same day draws the same load again.
    expect(after.loadKw).toBe((await street({ start })).snapshot(METER_A).loadKw);
    one.advance(DAY);
    expect(Number(one.snapshot(METER_A).energyKwh)).toBeGreaterThan(Number(before.energyKwh));
    expect(meter.life.settlements.kept).toHaveLength(1);
    expect(meter.clock).toBe(start + DAY);
  });

  test("a meter that nobody looked at meanwhile comes to the same", async () => {
    const [seldom, often] = [await street(), await street()];
    for (const one of [seldom, often]) {
      const look = (): void => {
        if (one === often) one.snapshot(METER_A);
      };
      look();
      one.advance(5 * HOUR);
      look();
      one.jumpTo(Instant(START + HOUR));
      look();
      one.pauseHouseholds();
      one.advance(HOUR);
      one.resumeHouseholds();
      one.advance(30 * DAY);
      one.jumpTo(Instant(START - 400 * DAY));
      look();
      one.advance(2 * DAY);
    }
    expect(seldom.snapshot(METER_A)).toEqual(often.snapshot(METER_A));
    expect(seldom.snapshot(METER_A).clock).toBe("2025-10-20T10:00:00+08:00");
  });

  test("a clock that somebody sets is set by the calendar that is shown", async () => {
    const one = await street();
    one.advance(DAY);
    one.jumpTo(START);
    one.patch(METER_A, { clockOffsetMs: 5_000 });
    expect(one.snapshot(METER_A).clock).toBe("2026-11-22T10:00:05+08:00");
  });
});

describe("what is appointed", () => {
  test("is done at its own moment, however late somebody looks and however fast the street runs", () => {
    const clock = new StillClock();
    const time = new StreetTime(clock, START, 60);
    const kept: number[] = [];
    const note = (): void => void kept.push(time.lived() - START);
    time.appoint(Instant(START + 2 * HOUR), note);
    time.appoint(Instant(START + HOUR), () => {
      note();
      time.setSpeed(0);
    });
    time.appoint(Instant(START + HOUR), note);
    clock.ms += 10 * HOUR;
    // At the first hour it was told to stand, and so it did, though nobody looked until much later.
    expect(time.now() - START).toBe(HOUR);
    expect(kept).toEqual([HOUR, HOUR]);
    expect(time.msUntilNext).toBe(Number.POSITIVE_INFINITY);
    time.advance(3 * HOUR);
    expect([time.now() - START, kept]).toEqual([4 * HOUR, [HOUR, HOUR, 2 * HOUR]]);
    expect(time.msUntilNext).toBeUndefined();
  });

  test("moves the street on from its own moment, and what lies on that way is done too", () => {
    const clock = new StillClock();
    const time = new StreetTime(clock, START);
    const kept: string[] = [];
    time.appoint(Instant(START + 1_000), () => time.advance(DAY));
    time.appoint(Instant(START + HOUR), () => void kept.push(`an hour at ${time.lived() - START}`));
    clock.ms += 1_500;
    expect(time.now() - START).toBe(DAY + 1_500);
    expect(kept).toEqual([`an hour at ${HOUR}`]);
  });

  test("a step of a story is in a meter's life where it belongs", async () => {
    const story = [
      { at: "+1h", do: "power", meter: METER_A, powered: false },
      { at: "+3h", do: "power", meter: METER_A, powered: true, say: "Light again." },
      { at: "+4h", do: "clock", set: { households: "paused" } },
    ] as const;
    const meters = [{ address: METER_A, bus: "m", loadKw: 1, energyKwh: "100.00", balance: "900.00" }];
    const one = await street({ meters, story });
    one.advance(10 * HOUR);
    expect(one.snapshot(METER_A)).toMatchObject({ energyKwh: "102.00", loadKw: 0 });
    expect(one.story.told).toMatchObject([
      { at: "2026-11-22T11:00:00+08:00", do: "power", meter: METER_A, say: null },
      { at: "2026-11-22T13:00:00+08:00", say: "Light again." },
      { do: "clock" },
    ]);
  });

  test("a story goes on though nobody looks, says its sentences, and stops when it is told to", async () => {
    const clock = new HandClock();
    const said: string[] = [];
    const log = { ...silentLog, info: (_fields: object, message: string) => void said.push(message) };
    const story = [{ at: "+10m", say: "It begins." } as const, { at: "+1h", say: "It ends." } as const];
    const one = await street({ clock, start: START, speed: 600, story, log });
    const ended = new AbortController();
    let isOver = false;
    const told = one.playStory(ended.signal).then(() => (isOver = true));
    const turns = async (): Promise<void> => {
      for (let i = 0; i < 20; i += 1) await Promise.resolve();
    };
    await turns();
    clock.advance(1_000);
    await turns();
    expect(said).toEqual(["It begins."]);
    one.setSpeed(0);
    clock.advance(60_000);
    await turns();
    expect([said.length, isOver]).toEqual([1, false]);
    ended.abort();
    await told;
    one.advance(HOUR);
    expect(said).toEqual(["It begins.", "It ends."]);
  });
});

test("through the door and by the command line: step, ahead, back, faster, standing", async () => {
  const one = await street({ controlPort: 0, speed: 0 });
  const door = String(one.controlPort);
  const move = async (...argv: string[]): Promise<unknown> => {
    const command = clockCommand(["--control", door, ...argv]);
    if (command === "help") throw new Error("no command");
    return JSON.parse(await moveClock(command)) as unknown;
  };
  expect(await move()).toEqual({ now: "2026-11-22T10:00:00.000+08:00", speed: 0, setBackMs: 0 });
  expect(await move("--advance", "2h30m")).toMatchObject({ now: "2026-11-22T12:30:00.000+08:00" });
  expect(await move("--step", "90s")).toMatchObject({ now: "2026-11-22T12:31:30.000+08:00", speed: 0 });
  expect(await move("--at", "2026-12-01T00:00", "--speed", "60")).toMatchObject({
    now: "2026-12-01T00:00:00.000+08:00",
    speed: 60,
  });
  expect(await move("--at", "2026-11-22T10:00:00+08:00", "--households", "paused")).toMatchObject({
    now: "2026-11-22T10:00:00.000+08:00",
    setBackMs: 8 * DAY + 14 * HOUR,
  });
  expect(one.snapshot(METER_A)).toMatchObject({ clock: "2026-11-22T10:00:00+08:00", loadKw: 0 });
  for (const [body, field] of [
    [{ stepMs: -1 }, "stepMs"],
    [{ at: "soon" }, "at"],
    [{ at: "9999-01-01" }, "at"],
    [{ jump: 1 }, "jump"],
  ] as const) {
    const response = await fetch(`http://127.0.0.1:${door}/clock`, { method: "POST", body: JSON.stringify(body) });
    expect([response.status, ((await response.json()) as { field: string }).field]).toEqual([400, field]);
  }
  for (const argv of [["--advance", "soon"], ["--speed", "-1"], ["--at", "tomorrow"], ["--turbo"]])
    expect(() => clockCommand(["--control", door, ...argv])).toThrow(argv[0]!.slice(2));
  expect(() => clockCommand(["--step", "1h"])).toThrow("--control");
});

describe("a scenario that is wrong names line and field", () => {
  const head = 'buses: [{ id: t, endpoint: { kind: tcp } }]\nmeters:\n  - { address: "202611220001", bus: t }\n';
  test.each([
    ["meters: [\n", /line \d/],
    [`${head}  - { address: "202611220002", bus: t, colour: red }\n`, /line 4: meters\.1\.colour: /],
    [`${head}  - { address: "20261122", bus: t }\n`, /line 4: meters\.1\.address: twelve digits/],
    [`${head}story:\n  - { at: soon, say: hm }\n`, /line 5: story\.0\.at: after the start/],
    [`${head}story:\n  - { at: +1h, do: dance }\n`, /line 5: story\.0\.do: /],
    [`${head}speed: fast\n`, /line 4: speed: /],
  ])("in its words: %j", (text, message) => {
    expect(() => scenarioIn(text)).toThrow(message);
  });

  test.each([
    ['{ at: +1h, do: press-button, meter: "000000000000" }', /line 5: story\.0: meter: a meter of this street/],
    ["{ at: +1h, do: power, bus: tower, powered: false }", /line 5: story\.0: bus: a bus of this street/],
    ["{ at: +1h, do: mend }", /line 5: story\.0: meter: either a meter or a bus/],
    ['{ at: +1h, do: patch, meter: "202611220001", set: { balanse: "1.00" } }', /line 5: story\.0: set\.balanse: /],
    ["{ at: +1h, do: clock, set: { speed: -1 } }", /line 5: story\.0: set\.speed: /],
    ["{ at: +1h, do: fault, bus: t, kind: flood }", /line 5: story\.0: kind: /],
    ['{ at: +1h, do: fault, meter: "202611220001", kind: twin, colour: red }', /line 5: story\.0: /],
  ])("in what it wants done: %s", (step, message) => {
    expect(() => planFrom(["--scenario", file(`${head}story:\n  - ${step}\n`)], {})).toThrow(message);
  });

  test("a name that nobody knows is told where the names are", () => {
    expect(() => planFrom(["--scenario", "a-quiet-day"], {})).toThrow(/--scenario a-quiet-day: .*--list-scenarios/);
  });

  test("a fleet is spelt out, dealt to its buses in turn, and refused where it does not fit", () => {
    const buses = "buses: [{ id: a, endpoint: { kind: tcp } }, { id: b, endpoint: { kind: tcp } }]\n";
    const fleet = `${buses}fleets: [{ count: 3, first: "999999999996", balance: "1.00" }]\n`;
    const { meters } = planOf("--scenario", file(fleet));
    expect(meters).toMatchObject([{ address: "999999999996", bus: "a" }, { bus: "b" }, { address: "999999999998", bus: "a" }]);
    expect(meters[1]).toMatchObject({ address: "999999999997", balance: "1.00" });
    expect(() => planOf("--scenario", file(fleet.replace("count: 3", "count: 5")))).toThrow(/line 2: fleets\.0: first: 5 meters/);
    expect(() => scenarioIn(fleet.replace("count: 3", "count: 0"))).toThrow(/line 2: fleets\.0\.count/);
  });
});
