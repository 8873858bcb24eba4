/** No midnight is missed: meters that were away, lines that were cut, a gateway that was down, on a street whose days pass in seconds. */
import { afterEach, expect, test } from "vitest";
import { hours, minutes, seconds } from "../../src/kernel/clock.ts";
import type { MeterAddress } from "../../src/kernel/ids.ts";
import { at, raiseStreetHouse, type StreetHouse, type StreetHouseOptions } from "./street-house.ts";

const LONG_MS = 120_000;
const houses: StreetHouse[] = [];
afterEach(async () => {
  for (const house of houses.splice(0)) await house.stop();
}, LONG_MS);
async function raise(options: StreetHouseOptions): Promise<StreetHouse> {
  const house = await raiseStreetHouse(options);
  houses.push(house);
  return house;
}

const of = (n: number, plan: StreetHouseOptions["meters"][number] = {}): StreetHouseOptions["meters"] =>
  Array.from({ length: n }, () => plan);
const countOf = async ({ stores }: StreetHouse, day: string) =>
  (await stores.collection.counts({ from: day, to: day, by: "day" }))[0]!;
const gapsOf = ({ stores }: StreetHouse) =>
  stores.collection.gaps({ ...{ from: null, to: null, meter: null, line: null, class: null, after: null }, limit: 1_000 });
/** What was handed in as this meter's midnights, in the order in which it came: the moment in the site's zone, and the register. */
const midnights = ({ db }: StreetHouse, meter: MeterAddress, item = "importedEnergy"): readonly string[] =>
  db.books.readings
    .in(null, "meter", meter)
    .filter(({ reading }) => reading.source === "freeze" && reading.item === item)
    .map(({ reading: { takenAt, value } }) => `${new Date(takenAt + hours(8)).toISOString().slice(0, 16)} ${value!}`);
/** What the street itself shows just now. */
const registers = ({ street, addresses }: StreetHouse): readonly string[] =>
  addresses.map((address) => street.snapshot(address).energyKwh);

test(
  "meters that are away for six hours over midnight are gaps as long as they are away, and then none: each by its own freeze",
  async () => {
    const house = await raise({ start: at("2026-11-22T18:00:00"), meters: of(20), lines: 2 });
    const { addresses, street } = house;
    const away = addresses.slice(0, 2);
    await house.until(at("2026-11-22T21:00:00"));
    for (const meter of away) street.setFault(meter, { kind: "silence" });
    await house.until(at("2026-11-23T00:00:00"));
    const truth = registers(house);
    await house.until(at("2026-11-23T02:59:00"));
    expect(await countOf(house, "2026-11-23")).toMatchObject({ expected: 20, byFreeze: 18, missing: 2 });
    expect((await gapsOf(house)).map(({ meter, day, state, because }) => ({ meter, day, state, because }))).toEqual(
      away.map((meter) => ({ meter, day: "2026-11-23", state: "missing", because: "silent" })),
    );
    for (const meter of away) street.clearFaults(meter);
    await house.pass(minutes(30));
    expect(await countOf(house, "2026-11-23")).toMatchObject({ expected: 20, byFreeze: 20, due: 0, missing: 0, givenUp: 0 });
    expect(await gapsOf(house)).toEqual([]);
    for (const [n, meter] of addresses.entries())
      expect(midnights(house, meter), meter).toEqual([`2026-11-23T00:00 ${truth[n]!}`]);
    const byLine = await house.stores.collection.counts({ from: "2026-11-23", to: "2026-11-23", by: "line" });
    expect(byLine.map(({ key, expected, byFreeze }) => ({ key, expected, byFreeze }))).toEqual([
      { key: "line-1", expected: 10, byFreeze: 10 },
      { key: "line-2", expected: 10, byFreeze: 10 },
    ]);
  },
  LONG_MS,
);

test(
  "where three frames of ten are lost and an answer takes five seconds, every midnight comes within its day",
  async () => {
    const options = { loss: 0.3, latencyMs: seconds(5), lines: 4, pollEveryMs: hours(6) };
    const house = await raise({ start: at("2026-11-22T22:00:00"), meters: of(12), ...options });
    await house.until(at("2026-11-24T00:00:00"));
    const { expected, byFreeze } = await countOf(house, "2026-11-23");
    expect(expected).toBe(12);
    expect(byFreeze / expected).toBeGreaterThanOrEqual(0.99);
  },
  LONG_MS,
);

test(
  "a gateway that was down for three days asks for all of them, oldest first, and knows that nobody has asked yet",
  async () => {
    const house = await raise({ start: at("2026-11-22T12:00:00"), meters: of(6), lines: 2 });
    await house.until(at("2026-11-23T06:00:00"));
    await house.stop();
    const truth: string[] = [];
    for (const day of ["24", "25", "26"]) {
      await house.until(at(`2026-11-${day}T00:00:00`));
      truth.push(`2026-11-${day}T00:00 ${registers(house)[0]!}`);
    }
    await house.until(at("2026-11-26T09:00:00"));
    await house.begin();
    await house.pass(hours(1));
    for (const day of ["2026-11-23", "2026-11-24", "2026-11-25", "2026-11-26"])
      expect(await countOf(house, day), day).toMatchObject({ expected: 6, byFreeze: 6 });
    expect(midnights(house, house.addresses[0]!).slice(1)).toEqual(truth);
  },
  LONG_MS,
);

test(
  "a line that was cut for ten days is made up in several turns, and other meters of the gateway are read as ever",
  async () => {
    const house = await raise({ start: at("2026-11-01T12:00:00"), meters: of(4), lines: 2, pollEveryMs: hours(3) });
    await house.until(at("2026-11-02T06:00:00"));
    house.unplugged.add("line-1");
    await house.until(at("2026-11-12T06:00:00"));
    const open = await house.stores.collection.dues("2026-11-12");
    expect(open.map(({ days }) => days.length)).toEqual([10, 0, 10, 0]);
    house.unplugged.delete("line-1");
    await house.pass(hours(1));
    expect(await gapsOf(house)).toEqual([]);
    const days = midnights(house, house.addresses[0]!).map((row) => row.slice(0, 10));
    expect(days).toEqual([...days].sort());
    expect(days).toHaveLength(11);
  },
  LONG_MS,
);

test(
  "a meter that keeps no midnights is collected by the reading next to midnight, and is marked so",
  async () => {
    const house = await raise({ start: at("2026-11-22T20:00:00"), meters: of(2), pollEveryMs: hours(2) });
    const [none, usual] = house.addresses as [MeterAddress, MeterAddress];
    house.street.setFault(none, { kind: "refusal", di: "05060001", error: "02", times: 1_000 });
    await house.until(at("2026-11-24T06:00:00"));
    for (const day of ["2026-11-23", "2026-11-24"])
      expect(await countOf(house, day)).toMatchObject({ expected: 2, byFreeze: 1, byReading: 1 });
    expect(midnights(house, none)).toEqual([]);
    expect(midnights(house, usual)).toHaveLength(2);
    // asked once a night for three nights, and then monthly: it does not answer "no data" for ever
    await house.until(at("2026-12-01T06:00:00"));
    const asked = house.street
      .frames(none)
      .filter(({ direction, at: moment }) => direction === "request" && moment > "2026-11-27")
      .filter(({ hex }) => hex.replaceAll(" ", "").includes("33333938"));
    expect(asked).toEqual([]);
    expect(await countOf(house, "2026-12-01")).toMatchObject({ byFreeze: 1, byReading: 1 });
  },
  LONG_MS,
);

test(
  "what a meter cannot have frozen, because it was without power for longer than it makes up, is given up with that reason",
  async () => {
    const house = await raise({ start: at("2026-11-01T12:00:00"), meters: of(1), pollEveryMs: hours(6) });
    const [meter] = house.addresses as [MeterAddress];
    await house.until(at("2026-11-02T06:00:00"));
    house.street.powerOff(meter);
    await house.until(at("2026-11-12T06:00:00"));
    house.street.powerOn(meter);
    await house.pass(hours(8));
    const gaps = await gapsOf(house);
    expect(gaps.length).toBeGreaterThan(0);
    for (const gap of gaps) expect(gap).toMatchObject({ state: "given-up", because: "power-down" });
    expect(gaps.map(({ day }) => day).at(-1)).toBe("2026-11-03");
    const events = await house.stores.looks.events({ meter, kind: "power-down", limit: 10, before: null });
    expect(events).toMatchObject([{ number: 1, ours: null, at: at("2026-11-02T06:00:00"), until: at("2026-11-12T06:00:00") }]);
  },
  LONG_MS,
);

test(
  "reverse energy stands apart where a meter has it, and is not asked for every night where it has none",
  async () => {
    const house = await raise({ start: at("2026-11-22T20:00:00"), meters: [{ loadKw: undefined, solarKw: 5 }, {}] });
    const [roof, none] = house.addresses as [MeterAddress, MeterAddress];
    house.street.setFault(none, { kind: "refusal", di: "05060201", error: "02", times: 1_000 });
    await house.until(at("2026-11-25T06:00:00"));
    expect(midnights(house, roof, "exportedEnergy")).toHaveLength(3);
    expect(midnights(house, none, "exportedEnergy")).toEqual([]);
    expect(midnights(house, none)).toHaveLength(3);
    expect(midnights(house, roof, "importedEnergyTariff4")).toHaveLength(3);
    const dues = await house.stores.collection.dues("2026-11-25");
    expect(dues[1]!.lacks.exported?.times).toBe(1);
    expect(dues[0]!.lacks.exported).toBeUndefined();
  },
  LONG_MS,
);
