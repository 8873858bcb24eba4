/**
 * What one look says of a meter's tariff beside the site file's: rates that a meter of one price lacks, months and steps that it cannot
 * keep, and what it will switch to, whole or by halves.
 */
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { Priority } from "../../src/devices/meter.ts";
import { orderOf } from "../../src/devices/meter-tariff/order.ts";
import { TariffCheck } from "../../src/exceptions/tariff-check.ts";
import { sightOfTariff, type TariffSight } from "../../src/exceptions/tariff-sight.ts";
import type { Draft } from "../../src/exceptions/item.ts";
import { hours } from "../../src/kernel/clock.ts";
import { silentLog } from "../../src/kernel/log.ts";
import { AccountId } from "../../src/kernel/ids.ts";
import { tariffOf } from "../../src/tariff/site-tariffs.ts";
import type { Tariff } from "../../src/tariff/tariff.ts";
import { A, raise, type PushWorld } from "../tariff-push/world.ts";

const DAY = ["00:00 4", "08:00 3", "19:00 1"];
const PRICES = ["0.9283", "0.7283", "0.5283", "0.2783"];
const site = (versions: readonly object[]): Tariff =>
  tariffOf({ id: "home", versions } as unknown as Parameters<typeof tariffOf>[0]);
const OLD = { from: "2026-01-01", price: "0.5283" }; // as the street's meters have it
const rates = { from: "2027-01-01", rates: { prices: PRICES, day: DAY, holidays: { days: ["2027-02-06"], day: ["00:00 4"] } } };
const monthly = (startsOn: number): Tariff =>
  site([{ ...OLD, steps: { every: "month", startsOn, upTo: ["100.00"], add: ["0.0000", "0.1000"] } }]);

let world: PushWorld;
beforeEach(async () => {
  world = await raise();
});
afterEach(() => world.close());

const look = async (tariff: Tariff): Promise<TariffSight | null> => {
  const session = await world.street.session(A, { priority: Priority.rest });
  try {
    return await sightOfTariff(session, tariff);
  } finally {
    await session.close();
  }
};
const push = async (tariff: Tariff, from: string) => {
  const order = orderOf(
    tariff,
    tariff.versions.find((version) => version.from === from)!,
  );
  const command = await world.ended(await world.order("tariff-set", A, { order }), hours(2));
  expect(command).toMatchObject({ state: "confirmed" });
};
const set = (di: string, hex: string): void =>
  world.simulator.meter(A).parameters.set(di, Uint8Array.from(Buffer.from(hex, "hex")));
/** What the night makes of a look: an item, or none. */
const night = async (tariff: Tariff): Promise<Draft | null> => {
  const raised: Draft[] = [];
  const check = new TariffCheck({
    commands: world.books.stores.commands,
    exceptions: { raise: (_tx: unknown, draft: Draft) => Promise.resolve(raised.push(draft)) } as never,
    items: { lockOpen: () => Promise.resolve(null) } as never,
    transactor: world.books.transactor,
    log: silentLog,
  });
  const about = { meter: A, account: AccountId(A.slice(2)), mode: "local", tariff: "home" } as never;
  await check.conclude(about, (await look(tariff))!, null);
  return raised[0] ?? null;
};

describe("what runs", () => {
  test("agrees where it does", async () => {
    expect(await look(site([OLD]))).toMatchObject({ differs: [], cannot: null, strange: null, right: [] });
  });

  test("one price in a meter that should have rates is found, with its tables", async () => {
    const sight = await look(site([{ ...rates, from: "2026-01-01" }]));
    const items = sight!.differs.map(({ item }) => item);
    expect(items).toContain("040501FF");
    expect(items).toContain("04010001");
  });

  test("and where nobody can tell its tables, by its prices alone", async () => {
    world.simulator.setFault(A, { kind: "refusal", function: "11", di: "04000503", error: "02", times: 9 });
    expect((await look(site([{ ...rates, from: "2026-01-01" }])))!.differs.map(({ item }) => item)).toEqual(["040501FF"]);
  });

  test("steps of a month that is not the meter's cannot run there, and are named", async () => {
    expect(await look(monthly(15))).toMatchObject({ cannot: { code: "tariff-month-differs", context: { item: "04000B01" } } });
    expect(await night(monthly(15))).toMatchObject({
      kind: "stale-tariff",
      because: "tariff-month-differs",
      evidence: { cannot: { code: "tariff-month-differs" } },
    });
  });

  test("steps of the meter's own month are held against it", async () => {
    expect(await look(monthly(1))).toMatchObject({ cannot: null, differs: [{ item: "040604FF" }] });
  });

  test("more steps than a meter has are named", async () => {
    const upTo = Array.from({ length: 7 }, (_, i) => `${i + 1}00.00`);
    const steps = { every: "year", startsOn: "01-01", upTo, add: Array(8).fill("0.0100") };
    expect(await night(site([{ ...OLD, steps }]))).toMatchObject({ kind: "stale-tariff", because: "tariff-too-large" });
  });
});

describe("what will run", () => {
  const both = site([OLD, rates]);

  test("a version that was pushed for its day is as it should be, its holidays too", async () => {
    await push(both, "2027-01-01");
    expect(await look(both)).toMatchObject({ differs: [], strange: null, right: ["2701010000"] });
  });

  test("the right day with other prices behind it is not", async () => {
    await push(both, "2027-01-01");
    set("040502FF", "11110000".repeat(4));
    expect(await look(both)).toMatchObject({ strange: { at: "2701010000", differs: [{ item: "040501FF" }] } });
    expect(await night(both)).toMatchObject({ kind: "stale-tariff", because: "pending-differs" });
  });

  test("a half of a switch is not, whichever half", async () => {
    await push(both, "2027-01-01");
    const whole = ["04000107", "04000108"].map((di) => [di, "0000010127"] as const);
    for (const [di, wire] of whole) {
      set(di, "0000000000");
      const draft = await night(both);
      expect(draft, di).toMatchObject({ kind: "stale-tariff", because: "pending-differs", evidence: { pending: "2701010000" } });
      expect(draft!.evidence["pendingDiffers"], di).not.toEqual([]);
      set(di, wire);
    }
  });

  test("a day that the site file knows nothing of is not", async () => {
    set("04000108", "0000010327");
    expect(await look(both)).toMatchObject({ strange: { at: "2703010000" } });
  });
});

describe("a stale price whose push waits for its midnight", () => {
  const now = site([OLD, { from: "2026-12-01", price: "0.4883" }]);

  test("is no news while that push stands in the meter", async () => {
    await push(now, "2026-12-01");
    expect(await night(now)).toBeNull();
  });

  test("is news when somebody took its switch back", async () => {
    await push(now, "2026-12-01");
    set("04000108", "0000000000");
    expect(await night(now)).toMatchObject({ kind: "stale-tariff", because: "running-differs" });
  });

  test("is news when the site file was corrected since, under the same day", async () => {
    await push(now, "2026-12-01");
    const corrected = site([OLD, { from: "2026-12-01", price: "0.4983" }]);
    expect(await night(corrected)).toMatchObject({ kind: "stale-tariff", because: "running-differs" });
  });
});
