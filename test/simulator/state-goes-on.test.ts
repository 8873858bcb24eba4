/** A street that is saved at noon and loaded elsewhere goes on as the one that was saved: the same bytes, the same faults, the same luck. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, onTestFinished, test } from "vitest";
import { Instant, hours } from "../../src/kernel/clock.ts";
import { planFrom, UsageError } from "../../simulator/options.ts";
import { partsOf } from "../../simulator/state/parts.ts";
import { saveParts } from "../../simulator/state/keeping.ts";
import { pack, unpack } from "../../simulator/state/pack.ts";
import { stateFileOf } from "../../simulator/state/street-state.ts";
import type { StateFile, StreetState } from "../../simulator/state/street-state.ts";
import { buildStreet } from "../../simulator/street.ts";
import type { FaultOrder, Street } from "../../simulator/street.ts";
import type { MeterModel } from "../../simulator/models.ts";
import { fromHex, hex, joined, reversed } from "../../simulator/bytes.ts";
import { dataItemBytes, writeFrame } from "../../simulator/wire.ts";
import { linesSince, loadedStreet, START, stormyStreet, talk } from "./support/recorded.ts";
import { METER_A, StillClock } from "./support/frames.ts";
import { raise } from "./support/street.ts";

const NOON = 12 * 60;
const throughJson = <T>(value: T): T => JSON.parse(JSON.stringify(value)) as T;

test("saved at noon and loaded elsewhere, the afternoon is the same to the byte", async () => {
  const a = await stormyStreet();
  await talk(a, 0, NOON);
  const count = a.street.events.count;
  const state = throughJson(a.street.state());
  const b = await loadedStreet(state, Instant(START + hours(99_999)));
  await talk(a, NOON, 2 * NOON);
  await talk(b, NOON, 2 * NOON);
  const afternoon = linesSince(a, count);
  expect(afternoon.split("\n").length).toBeGreaterThan(1_000);
  expect(linesSince(b, count)).toBe(afternoon);
  expect(throughJson(b.street.state())).toEqual(throughJson(a.street.state()));
  expect([...b.street.meters.keys()].map((address) => b.street.snapshot(address))).toEqual(
    [...a.street.meters.keys()].map((address) => a.street.snapshot(address)),
  );
});

test("looking at the state changes nothing", async () => {
  const [a, b] = [await stormyStreet(), await stormyStreet()];
  for (let hour = 0; hour < 4; hour += 1) {
    a.street.state();
    await talk(a, hour * 60, (hour + 1) * 60);
    await talk(b, hour * 60, (hour + 1) * 60);
  }
  expect(linesSince(a)).toBe(linesSince(b));
});

describe("what a lasting fault has done so far goes on", () => {
  const read = (di: string): Uint8Array => writeFrame({ address: METER_A, control: 0x11, data: dataItemBytes(di) });
  const world = async (clock: StillClock, state?: StreetState) =>
    raise({
      clock,
      state,
      start: clock.now(),
      offline: true,
      buses: [{ id: "b", endpoint: { kind: "memory" } }],
      meters: [
        { address: METER_A, bus: "b" },
        { address: "202611220002", bus: "b" },
      ],
    });

  test.each<[string, FaultOrder]>([
    ["a clock that drifts", { kind: "clock-drift", msPerDay: 600_000 }],
    ["a twin with a life of its own", { kind: "twin" }],
    ["a meter without power", { kind: "power-loss", offMs: 8 * 3_600_000 }],
    ["addresses that were swapped", { kind: "swapped-addresses", with: "202611220002" }],
    ["an answer that is kept back", { kind: "merged-reply" }],
    ["a stuck relay", { kind: "stuck-relay" }],
  ])("%s", async (_what, fault) => {
    const clock = new StillClock();
    const a = await world(clock);
    a.setFault(METER_A, fault);
    a.bus("b").hearAgain(read("00010000"));
    clock.ms += hours(5);
    a.bus("b").hearAgain(read("0400010C"));
    const other = new StillClock("2030-01-01T00:00:00+08:00");
    const b = await world(other, throughJson(a.state()));
    const count = a.events.count;
    for (const [street, time] of [
      [a, clock],
      [b, other],
    ] as const)
      for (let hour = 0; hour < 12; hour += 1) {
        time.ms += hours(1);
        for (const di of ["00010000", "0400010C", "04000401", "00900200"]) street.bus("b").hearAgain(read(di));
      }
    expect(linesSince({ street: b }, count)).toBe(linesSince({ street: a }, count));
  });
});

describe("what a vendor's meter remembers goes on", () => {
  const said = (street: Street, data: Uint8Array): string => {
    const before = street.events.count;
    street.bus("b").hearAgain(writeFrame({ address: METER_A, control: 0x03, data }));
    return linesSince({ street }, before).includes("refused: repeated") ? "repeated" : "taken";
  };
  const world = (model: MeterModel, state?: StreetState): Promise<Street> =>
    raise({
      ...{ clock: new StillClock(), state, offline: true },
      buses: [{ id: "b", endpoint: { kind: "memory" } }],
      meters: [{ address: METER_A, bus: "b", model }],
    });
  const token = (): Uint8Array => {
    const body = "000012340000000007";
    const digits = `${body}${(BigInt(body) % 97n).toString().padStart(2, "0")}`;
    return joined(dataItemBytes("070102FF"), new Uint8Array(4), reversed(Uint8Array.from(Buffer.from(digits, "latin1"))));
  };
  const numbered = (): Uint8Array => {
    const data = new Uint8Array(34);
    data.set(dataItemBytes("070102FF"));
    data.set([1, 2, 3], 12);
    data.set(reversed(fromHex(METER_A)), 24);
    return data;
  };

  test.each([
    ["sts-token", token],
    ["order-number-4g", numbered],
  ] as const)("%s: what was taken once is a repeat after loading", async (model, payment) => {
    const a = await world(model);
    expect(said(a, payment())).toBe("taken");
    expect(said(await world(model), payment())).toBe("taken");
    expect(said(await world(model, throughJson(a.state())), payment())).toBe("repeated");
  });

  test("chint-soft-esam: its chip is a part", async () => {
    const street = await world("chint-soft-esam");
    expect(Object.keys(street.state().meters[METER_A]!)).toContain("softEsam");
  });
});

test("wires at another rate fall back in the loaded street as well, and the meter writes it down", async () => {
  const world = (clock: StillClock, state?: StreetState): Promise<Street> =>
    raise({
      ...{ clock, state, offline: true },
      buses: [{ id: "b", endpoint: { kind: "memory" }, baud: 2_400 }],
      meters: [{ address: METER_A, bus: "b" }],
    });
  const a = await world(new StillClock());
  a.bus("b").hearAgain(writeFrame({ address: METER_A, control: 0x17, data: Uint8Array.of(0x10) }));
  const clock = new StillClock("2030-01-01T00:00:00+08:00");
  const b = await world(clock, throughJson(a.state()));
  const shown = (): [number | undefined, string] => [b.bus("b").rate.baud, hex(b.meter(METER_A).parameters.value("04000703")!)];
  expect(shown()).toEqual([4_800, "10"]);
  clock.ms += 6_000;
  expect(shown()).toEqual([2_400, "08"]);
});

test("every kind of value goes into a file and comes back", () => {
  const value = {
    ...{
      whole: 12345678901234567890n,
      nothing: undefined,
      none: null,
      far: Number.NEGATIVE_INFINITY,
      bytes: Uint8Array.of(1, 2),
    },
    ...{ map: new Map([["a", { b: 1n }]]), set: new Set(["x"]), list: [1n, undefined], numbers: Float64Array.of(0.5, 2 ** 53) },
  };
  expect(unpack(throughJson(pack(value)))).toEqual(value);
  expect(() => pack({ street: new StillClock() })).toThrow(/StillClock/);
});

test("no two parts of a meter have one name", async () => {
  const { street } = await stormyStreet();
  for (const meter of street.meters.values()) expect(Object.keys(saveParts(partsOf(meter)))).toHaveLength(partsOf(meter).length);
});

describe("--state", () => {
  const folder = (): string => {
    const path = mkdtempSync(join(tmpdir(), "state-"));
    onTestFinished(() => rmSync(path, { recursive: true, force: true }));
    return path;
  };
  async function saved(): Promise<string> {
    const street = await raise({
      clock: new StillClock(),
      buses: [{ id: "tcp-1", endpoint: { kind: "tcp", port: 0 } }],
      meters: [{ address: METER_A, bus: "tcp-1", balance: "12.34" }],
    });
    street.patch(METER_A, { balance: "43.21" });
    const file = join(folder(), "noon.json");
    writeFileSync(file, JSON.stringify(stateFileOf(street)));
    return file;
  }

  test("raises the saved street on the ports of today", async () => {
    const file = await saved();
    const plan = planFrom(["--state", file, "--tcp", "0", "--speed", "60", "--control", "0"], {});
    if (plan === "help") throw new Error("no plan");
    const street = await buildStreet({ ...plan, clock: new StillClock("2031-05-05T00:00:00+08:00") });
    onTestFinished(() => street.close());
    expect(street.snapshot(METER_A)).toMatchObject({ balance: "43.21", clock: "2026-11-22T10:00:00+08:00" });
    expect([street.time.speed, street.controlPort !== undefined]).toEqual([60, true]);
    expect(street.endpoints).toHaveLength(1);
  });

  test.each([
    [["--meters", "3"], "--meters"],
    [["--seed", "3"], "--seed"],
    [["--serial-link", "/nowhere/tty"], "no serial bus"],
  ])("does not take %j beside it", async (more, named) => {
    const file = await saved();
    expect(() => planFrom(["--state", file, ...more], {})).toThrow(UsageError);
    expect(() => planFrom(["--state", file, ...more], {})).toThrow(named);
  });

  test.each<[string, (file: StateFile) => unknown, string]>([
    ["a part that is missing", ({ state }) => Reflect.deleteProperty(state.meters[METER_A]!, "wallet"), `${METER_A}.wallet`],
    ["a field nobody knows", ({ state }) => Object.assign(state.meters[METER_A]!["wallet"]!, { gold: 1 }), "wallet.gold"],
    [
      "another kind of value",
      ({ state }) => Object.assign(state.meters[METER_A]!["wallet"]!, { balance: "much" }),
      "wallet.balance",
    ],
    ["a meter that is not planned", ({ state }) => Object.assign(state.meters, { "202611229999": {} }), "202611229999"],
    ["no street at all", (file) => Object.assign(file, { what: "dog" }), "what"],
  ])("refuses %s by name", async (_what, spoil, named) => {
    const path = await saved();
    const file = JSON.parse(readFileSync(path, "utf8")) as StateFile;
    spoil(file);
    writeFileSync(path, JSON.stringify(file));
    const raiseIt = async (): Promise<void> => {
      const plan = planFrom(["--state", path], {});
      if (plan === "help") return;
      const street = await buildStreet({ ...plan, clock: new StillClock() });
      await street.close();
    };
    await expect(raiseIt()).rejects.toMatchObject({ message: expect.stringContaining(named) as string });
  });
});
