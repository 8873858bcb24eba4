/**
 * A meter that goes over to remote mode, or takes another's place, begins a bill with the registers that the look saw: counted as the
 * gate counts them, and with their rates. On books in memory, with a meter that is a table.
 */
import { describe, expect, test } from "vitest";
import type { Command } from "../../src/commands/command.ts";
import { modeSwitch } from "../../src/commands/definitions/mode-switch.ts";
import { moneyAtEndOf } from "../../src/commands/ends-with-money.ts";
import { advance, type StepParts } from "../../src/commands/replacement/replacement-steps.ts";
import type { MeterRecord, MeterSession } from "../../src/devices/meter.ts";
import { hours } from "../../src/kernel/clock.ts";
import { Fault } from "../../src/kernel/faults.ts";
import { BusId, CommandId, MeterAddress } from "../../src/kernel/ids.ts";
import { silentLog } from "../../src/kernel/log.ts";
import { parsePrice } from "../../src/kernel/money.ts";
import type { Tariff } from "../../src/tariff/tariff.ts";
import { ACCOUNT, aBench, METER, type Bench } from "../validation/bench.ts";

const NEXT = MeterAddress("202611220062");
type Table = Readonly<Record<string, string>>;

/** Answers what stands in the table, and nothing to everything else; `broken`: digits that are none. */
function aSession(bench: Bench, address: MeterAddress, shown: Table, broken: readonly string[] = []): MeterSession {
  const read: MeterSession["read"] = (items, source) => {
    const bad = items.find((item) => broken.includes(item));
    if (bad !== undefined) return Promise.reject(new Fault("meter-fault", { meter: address, item: bad }));
    const one = (item: string) => ({
      meter: address,
      item,
      value: shown[item] ?? null,
      unit: "kWh",
      takenAt: bench.now(),
      source,
    });
    return Promise.resolve(items.map(one));
  };
  const session: Partial<MeterSession> = {
    meter: { address, model: "remote-ledger", customerNumber: address } as unknown as MeterRecord,
    read,
    readIdentity: () => Promise.resolve({ meterNumber: address, customerNumber: address, matches: true }),
    readRelay: () => Promise.resolve({ word: 0 } as never),
    close: () => Promise.resolve(),
  };
  return session as MeterSession;
}

const rated: Tariff = {
  id: "flat",
  versions: [
    { from: "2026-01-01", prices: [parsePrice("1.0000"), parsePrice("0.2000")], steps: null, timetable: null, exported: null },
  ],
};
const registers = (first: string, second: string, total: string): Table => ({
  ...{ importedEnergy: total, importedEnergyTariff1: first, importedEnergyTariff2: second },
});

/** The look of a switch whose balance a person named, and its end; `between`: what the hours between the two bring. */
async function switchOver(bench: Bench, session: MeterSession, between = (): Promise<void> => Promise.resolve()): Promise<void> {
  const command = {
    ...{ id: CommandId("00000000-0000-7000-8000-000000000001"), kind: "mode-switch", meter: METER, account: ACCOUNT },
    ...{ params: { balance: "2000" }, createdAt: bench.now(), askedByName: "Wang" },
  } as unknown as Command;
  const choice = await modeSwitch.look(session, command);
  if (choice.choose !== "send") throw new Error(choice.choose);
  const before = JSON.parse(JSON.stringify(choice.before)) as typeof choice.before; // as the attempt keeps it
  await between();
  const { clock, ledger, intake, stores } = bench;
  const end = moneyAtEndOf({
    ...{ clock, ledger, billing: intake, commands: { lastAttempt: () => Promise.resolve(null) } },
    ...{ outbox: stores.outbox, modes: stores.meters },
  });
  await bench.db.transact((tx) => end(tx, command, before));
}

/** METER hangs there no more, and NEXT does. */
async function replace(bench: Bench, old: MeterSession, next: MeterSession): Promise<string> {
  const { clock, db, intake, ledger, stores } = bench;
  const { commands, meters, outbox, replacements } = stores;
  const record = { address: NEXT, meterNumber: NEXT, customerNumber: NEXT, bus: BusId("b"), model: "remote-ledger" } as const;
  const id = "00000000-0000-7000-8000-000000000002";
  await db.transact(async (tx) => {
    await replacements.bringNew(tx, { ...record, account: null });
    await replacements.insert(tx, {
      ...{ id, oldMeter: METER, newMeter: NEXT, account: ACCOUNT, mode: "remote", step: "begun", waitingFor: null },
      ...{ given: null, final: null, begin: null, carried: null, command: null, askedByName: "Wang", reason: "worn out" },
      ...{ createdAt: bench.now(), movedAt: null, endedAt: null },
    });
  });
  const parts: StepParts = {
    ...{ clock, log: silentLog, transactor: db, commands, meters, outbox, ledger, replacements, intake },
    service: undefined as never,
    street: {
      meter: (address: MeterAddress) => (address === NEXT ? { ...record, account: null, relayPassword: null } : undefined),
      session: (address: MeterAddress) => Promise.resolve(address === NEXT ? next : old),
    } as unknown as StepParts["street"],
    believed: async (meter, item) =>
      (await stores.readings.latestOf([meter])).find((reading) => reading.item === item)?.value ?? null,
    isDoubted: () => Promise.resolve(false),
    identities: { compared: () => Promise.resolve(null) },
  };
  await advance(parts, id);
  return (await replacements.find(null, id))!.step;
}

describe("a bill that begins with a look", () => {
  test("is not begun, and nothing credited, where a backup has lost that look: the way out is named", async () => {
    const bench = await aBench(undefined, "local");
    const command = { id: "00000000-0000-7000-8000-000000000001", kind: "mode-switch", meter: METER, account: ACCOUNT };
    const { clock, ledger, intake, stores } = bench;
    const end = moneyAtEndOf({
      ...{ clock, ledger, billing: intake, commands: { lastAttempt: () => Promise.resolve(null) } },
      ...{ outbox: stores.outbox, modes: stores.meters },
    });
    const ending = bench.db.transact((tx) => end(tx, command as unknown as Command, null));
    await expect(ending).rejects.toThrow(/switch-without-look: .*not-done.*with the balance/);
    expect((await stores.meters.account(null, ACCOUNT))?.mode).toBe("local");
  });

  test("counts on from where a person had a new register begin, and charges nothing for the meter's years before", async () => {
    const bench = await aBench(undefined, "local");
    bench.at(hours(1));
    await bench.read({ importedEnergy: "12345.00" });
    bench.at(hours(2));
    await bench.enter({ kind: "rebase", register: 0n, insteadOf: 1_234_500n, billedTo: 1_234_500n });
    bench.at(hours(5));
    await bench.read({ importedEnergy: "1.00" });
    bench.at(hours(6));
    const before = await bench.charged();
    await switchOver(bench, aSession(bench, METER, { importedEnergy: "1.00" }));
    expect(await bench.charged()).toBe(before - 2_000n); // the wallet's rest alone
    bench.at(hours(7));
    await bench.read({ importedEnergy: "1.10" });
    expect(await bench.charged()).toBe(before - 2_000n + 5n); // 0.10 kWh
    expect((await bench.intent()).want).toBe("connected");
  });

  test("is not begun by a register that is doubted, of which a person hears", async () => {
    const bench = await aBench();
    bench.at(hours(1));
    await bench.read({ importedEnergy: "500.00" });
    bench.at(hours(2));
    await switchOver(bench, aSession(bench, METER, { importedEnergy: "3.00" }));
    expect(bench.suspects).toMatchObject([{ doubt: "backwards", value: "3.00" }]);
    expect(await bench.charged()).toBe(-2_000n);
  });

  test("begins where the look was, though the meter was polled until somebody switched it", async () => {
    const bench = await aBench(undefined, "local");
    bench.at(hours(1));
    await switchOver(bench, aSession(bench, METER, { importedEnergy: "100.00" }), async () => {
      bench.at(hours(6));
      await bench.read({ importedEnergy: "104.00" });
      bench.at(hours(7));
    });
    bench.at(hours(8));
    await bench.read({ importedEnergy: "110.00" });
    expect(await bench.charged()).toBe(-2_000n + 528n);
  });

  test("knows its rates at once, so that the first part of a day is priced like the rest", async () => {
    const bench = await aBench(rated);
    bench.at(hours(1));
    await switchOver(bench, aSession(bench, METER, registers("40.00", "60.00", "100.00")));
    bench.at(hours(20));
    await bench.read(registers("41.00", "62.00", "103.00"));
    expect(await bench.charged()).toBe(-2_000n + 140n);
  });

  test("begins with the total where the meter's rates are no numbers", async () => {
    const bench = await aBench();
    bench.at(hours(1));
    await switchOver(bench, aSession(bench, METER, { importedEnergy: "100.00" }, ["importedEnergyTariff1"]));
    bench.at(hours(20));
    await bench.read({ importedEnergy: "110.00" });
    expect(await bench.charged()).toBe(-2_000n + 528n);
  });
});

describe("a meter that takes another's place", () => {
  test("begins with its registers and their rates, and ends the old one's with theirs", async () => {
    const bench = await aBench(rated);
    bench.at(hours(1));
    await bench.read(registers("40.00", "60.00", "100.00"));
    bench.at(hours(10));
    const [old, next] = [registers("41.00", "60.00", "101.00"), registers("7.00", "2.00", "9.00")];
    expect(await replace(bench, aSession(bench, METER, old), aSession(bench, NEXT, next))).toBe("done");
    expect(await bench.charged()).toBe(100n);
    bench.at(hours(20));
    const later = registers("8.00", "4.00", "12.00");
    await bench.intake.take(await aSession(bench, NEXT, later).read(Object.keys(later), "poll"));
    expect(await bench.charged()).toBe(100n + 140n);
  });

  test("that was on a wall before goes on counting: a register that began anew is no energy", async () => {
    const bench = await aBench();
    bench.at(hours(1));
    await bench.read({ importedEnergy: "100.00" });
    // it served elsewhere up to the end of its register, and began anew there
    const read = async (total: string): Promise<void> =>
      bench.intake.take(await aSession(bench, NEXT, { importedEnergy: total }).read(["importedEnergy"], "poll"));
    const { db, stores } = bench;
    const record = { address: NEXT, meterNumber: NEXT, customerNumber: NEXT, bus: BusId("b"), model: "remote-ledger" } as const;
    await db.transact((tx) => stores.replacements.bringNew(tx, { ...record, account: null }));
    await read("999999.90");
    bench.at(hours(2));
    await read("0.10");
    bench.at(hours(3));
    const step = await replace(
      bench,
      aSession(bench, METER, { importedEnergy: "100.00" }),
      aSession(bench, NEXT, { importedEnergy: "0.20" }),
    );
    expect(step).toBe("done");
    bench.at(hours(4));
    await read("1.20");
    expect(await bench.charged()).toBe(53n);
  });
});
