/** Clocks that are off and what meters write down by themselves, found in the same turns as the midnights. */
import { afterEach, expect, test } from "vitest";
import type { CollectionFindings } from "../../src/collection/daily-look.ts";
import type { MeterEvent } from "../../src/collection/event-kinds.ts";
import { fromHex } from "../../simulator/bytes.ts";
import { wireDateTime } from "../../simulator/wall-time.ts";
import { hours, minutes, seconds } from "../../src/kernel/clock.ts";
import type { MeterAddress } from "../../src/kernel/ids.ts";
import { at, raiseStreetHouse, type StreetHouse, type StreetHouseOptions } from "./street-house.ts";

const LONG_MS = 120_000;
const houses: StreetHouse[] = [];
afterEach(async () => {
  for (const house of houses.splice(0)) await house.stop();
}, LONG_MS);

/** Who is told of what, in order. */
class Told implements CollectionFindings {
  readonly list: string[] = [];
  readonly events: MeterEvent[] = [];
  clockOff(_tx: unknown, meter: MeterAddress, { verdict }: { readonly verdict: string }): Promise<void> {
    return Promise.resolve(void this.list.push(`${meter.slice(-1)} ${verdict}`));
  }
  clockRight(_tx: unknown, meter: MeterAddress): Promise<void> {
    return Promise.resolve(void this.list.push(`${meter.slice(-1)} right again`));
  }
  changed(_tx: unknown, event: MeterEvent): Promise<void> {
    this.events.push(event);
    return Promise.resolve(void this.list.push(`${event.meter.slice(-1)} ${event.kind}`));
  }
}

async function raise(options: Omit<StreetHouseOptions, "findings">) {
  const told = new Told();
  const house = await raiseStreetHouse({ ...options, findings: told });
  houses.push(house);
  return { house, told };
}

const OFFSETS_MS = [0, seconds(45), -minutes(10), minutes(10), -hours(20)];
const offBy = (n: number): StreetHouseOptions["meters"][number] => ({ clockOffsetMs: OFFSETS_MS[n]! });

test(
  "each meter's midnight is its own clock's, whatever that is off by; half a minute is noted, five are an exception",
  async () => {
    const { house, told } = await raise({ start: at("2026-11-22T20:00:00"), meters: OFFSETS_MS.map((_ms, n) => offBy(n)) });
    const truth: string[] = [];
    for (const n of [3, 1, 0, 2]) {
      await house.until(Math.max(house.clock.now(), at("2026-11-23T00:00:00") - OFFSETS_MS[n]!) as ReturnType<typeof at>);
      truth[n] = house.street.snapshot(house.addresses[n]!).energyKwh;
    }
    await house.until(at("2026-11-23T03:00:00"));
    for (const n of [0, 1, 2, 3]) {
      const meter = house.addresses[n]!;
      const frozen = house.db.books.readings
        .in(null, "meter", meter)
        .filter(({ reading }) => reading.source === "freeze" && reading.item === "importedEnergy");
      expect(frozen.map(({ reading }) => ({ takenAt: reading.takenAt, value: reading.value }))).toEqual([
        { takenAt: at("2026-11-23T00:00:00"), value: truth[n] },
      ]);
      const [row] = await house.stores.looks.clocks(meter, 1);
      expect(Math.abs(row!.aheadMs - OFFSETS_MS[n]!)).toBeLessThan(seconds(5));
      expect(row!.verdict).toBe(["right", "noted", "off", "off"][n]);
    }
    // twenty hours behind: its midnight comes at eight in the evening, and until then the day is a gap with that reason
    expect(
      await house.stores.collection.gaps({ from: null, to: null, meter: null, line: null, class: null, limit: 9, after: null }),
    ).toMatchObject([{ meter: house.addresses[4], day: "2026-11-23", state: "missing", because: "clock-behind" }]);
    expect(told.list.toSorted()).toEqual(["3 off", "4 off", "5 lost"]);
    await house.until(at("2026-11-23T21:00:00"));
    expect(await house.stores.collection.dues("2026-11-23")).toMatchObject(Array(5).fill({ days: [] }));
  },
  LONG_MS,
);

test(
  "a site that wants it has clocks set, by a command like any other, and never across midnight",
  async () => {
    const site = { setClocks: true };
    const { house, told } = await raise({ start: at("2026-11-22T20:00:00"), meters: [offBy(2), offBy(4)], site });
    const [slow, lost] = house.addresses as [MeterAddress, MeterAddress];
    await house.until(at("2026-11-23T00:08:00"));
    expect(house.street.snapshot(slow).obeyed["writes"], "ten minutes behind, its midnight is still to come").toBe(0);
    await house.until(at("2026-11-23T02:00:00"));
    const commands = await house.stores.commands.list({ limit: 10 });
    expect(commands).toMatchObject([{ kind: "clock-set", meter: slow, askedBy: "rule", state: "confirmed" }]);
    expect(commands[0]!.sentAt).toBeGreaterThan(at("2026-11-23T00:20:00"));
    expect(Math.abs(house.street.meter(slow).clockOffsetMs)).toBeLessThan(seconds(5));
    await house.until(at("2026-11-24T02:00:00"));
    expect(told.list).toContain("1 right again");
    const days = house.db.books.readings
      .in(null, "meter", slow)
      .filter(({ reading }) => reading.source === "freeze" && reading.item === "importedEnergy")
      .map(({ reading }) => reading.takenAt);
    expect(days, "each midnight once").toEqual([at("2026-11-23T00:00:00"), at("2026-11-24T00:00:00")]);
    expect(house.street.snapshot(lost).obeyed["writes"], "a clock that lost the day is a person's matter").toBe(0);
  },
  LONG_MS,
);

test(
  "what a meter wrote down is read once; what somebody else did to it is told, what we did is not",
  async () => {
    const { house, told } = await raise({ start: at("2026-11-22T20:00:00"), meters: [{}, {}] });
    const [meter] = house.addresses as [MeterAddress, MeterAddress];
    const virtual = house.street.meter(meter);
    const programmedBy = (operator: string): void => {
      const wire = fromHex(operator).reverse();
      virtual.logbook.add("033000", [wireDateTime(virtual.clock), wire, fromHex("010C0004"), new Uint8Array(36).fill(0xff)]);
    };
    await house.pass(hours(1));
    programmedBy("0000ABCD"); // before we ever looked: its history
    await house.until(at("2026-11-23T12:00:00"));
    house.street.powerOff(meter);
    await house.pass(minutes(30));
    house.street.powerOn(meter);
    programmedBy("00000001"); // ours
    programmedBy("0000BEEF");
    await house.until(at("2026-11-24T04:00:00"));
    expect(told.list).toEqual(["1 programming"]);
    expect(told.events[0]).toMatchObject({ kind: "programming", number: 3, operator: "0000BEEF", ours: false });
    const events = await house.stores.looks.events({ meter, kind: null, limit: 20, before: null });
    expect(events.map(({ kind, number, ours, operator }) => ({ kind, number, ours, operator }))).toEqual([
      { kind: "programming", number: 3, ours: false, operator: "0000BEEF" },
      { kind: "programming", number: 2, ours: true, operator: "00000001" },
      { kind: "power-down", number: 1, ours: null, operator: null },
      { kind: "programming", number: 1, ours: false, operator: "0000ABCD" },
    ]);
    expect(events[2]).toMatchObject({ at: at("2026-11-23T12:00:00"), until: at("2026-11-23T12:30:00") });
    await house.until(at("2026-11-25T04:00:00"));
    expect(await house.stores.looks.events({ meter, kind: null, limit: 20, before: null })).toHaveLength(4);
  },
  LONG_MS,
);

test(
  "hours are kept where a site wants them, without a hole after an outage",
  async () => {
    const { house } = await raise({ start: at("2026-11-22T20:30:00"), meters: [{}], site: { hourly: true } });
    const [meter] = house.addresses as [MeterAddress];
    await house.until(at("2026-11-22T23:30:00"));
    house.street.setFault(meter, { kind: "silence" });
    await house.until(at("2026-11-23T15:20:00"));
    house.street.clearFaults(meter);
    await house.until(at("2026-11-23T17:20:00"));
    const rows = await house.stores.looks.hours(meter, { before: null, limit: 100 });
    expect(rows[0]!.at).toBe(at("2026-11-23T17:00:00"));
    for (const [n, row] of rows.entries()) expect(row.at).toBe(rows[0]!.at - n * hours(1));
    expect(rows.length).toBeGreaterThanOrEqual(20);
  },
  LONG_MS,
);

test(
  "hours go on after a night without power, in which the meter froze none",
  async () => {
    const { house } = await raise({ start: at("2026-11-22T20:30:00"), meters: [{}], site: { hourly: true } });
    const [meter] = house.addresses as [MeterAddress];
    await house.until(at("2026-11-22T23:30:00"));
    house.street.powerOff(meter);
    await house.until(at("2026-11-23T14:20:00"));
    house.street.powerOn(meter);
    await house.until(at("2026-11-23T17:20:00"));
    const rows = await house.stores.looks.hours(meter, { before: null, limit: 6 });
    expect(rows.map((row) => row.at)).toEqual(
      ["23T17", "23T16", "23T15", "22T23", "22T22", "22T21"].map((hour) => at(`2026-11-${hour}:00:00`)),
    );
  },
  LONG_MS,
);
