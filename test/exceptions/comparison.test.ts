/** The nightly comparison of a wallet, on books and a meter that are tables: what a night on which nobody can tell leaves as it was. */
import { describe, expect, test } from "vitest";
import type { Sight } from "../../src/exceptions/compare.ts";
import { Comparison, type ComparisonParts } from "../../src/exceptions/comparison.ts";
import type { Baseline } from "../../src/exceptions/comparison-store.ts";
import { midnightsOf } from "../../src/exceptions/wallet-look.ts";
import type { MeterRecord, MeterSession } from "../../src/devices/meter.ts";
import { hours, Instant, later } from "../../src/kernel/clock.ts";
import { CentiKwh } from "../../src/kernel/energy.ts";
import { Fault } from "../../src/kernel/faults.ts";
import { AccountId, BusId, MeterAddress } from "../../src/kernel/ids.ts";
import { silentLog } from "../../src/kernel/log.ts";
import { Fen, parsePrice } from "../../src/kernel/money.ts";
import type { Tariff } from "../../src/tariff/tariff.ts";

const METER = MeterAddress("202611220001");
const ACCOUNT = AccountId("2611220001");
const timeZone = "Asia/Shanghai";
/** 03:30 on the first of November, there. */
const FIRST_NIGHT = Instant(Date.UTC(2026, 9, 31, 19, 30));

const version = (from: string, price: string) => ({
  from,
  prices: [parsePrice(price)],
  steps: null,
  timetable: null,
  exported: null,
});
/** Its price changes with the midnight of 3 November. */
const tariff: Tariff = { id: "home", versions: [version("2026-01-01", "0.5000"), version("2026-11-03", "1.0000")] };

type Table = Readonly<Record<string, string>>;
const sessionOf = (shown: () => Table, now: () => Instant): Pick<MeterSession, "read"> => ({
  read: (items, source) =>
    Promise.resolve(
      items.map((item) => ({ meter: METER, item, value: shown()[item] ?? null, unit: "", takenAt: now(), source })),
    ),
});

/** A meter with a wallet of 100 yuan and 100 kWh at the first night, and whatever else it shows. */
function aStreet() {
  let now = FIRST_NIGHT;
  let shown: Table = {};
  let baseline: Baseline | null = null;
  let open: { readonly kind: string } | null = null;
  const ended: string[] = [];
  const record = { address: METER, account: ACCOUNT, bus: BusId("b"), model: "standard-wallet" } as MeterRecord;
  const session = {
    ...{
      meter: record,
      ...sessionOf(
        () => shown,
        () => now,
      ),
    },
    readTariff: () => Promise.resolve({ shown: null }),
    close: () => Promise.resolve(),
  };
  const parts = {
    ...{ timeZone, log: silentLog, clock: { now: () => now, wait: () => Promise.resolve() }, newId: () => "1" },
    tariffs: new Map([[tariff.id, tariff]]),
    transactor: { transact: (work: (tx: unknown) => Promise<unknown>) => work({}) },
    street: { meter: () => record, session: () => Promise.resolve(session) },
    store: {
      books: () => Promise.resolve({ settles: 0, purchased: Fen(0n), net: Fen(0n) }),
      baseline: () => Promise.resolve(baseline),
      firstLook: () => Promise.resolve(null),
      wipedAt: () => Promise.resolve(null),
      keepBaseline: (_tx: unknown, _meter: unknown, kept: Baseline | null) => {
        baseline = kept ?? baseline;
        return Promise.resolve();
      },
    },
    items: { lockOpen: () => Promise.resolve(open) },
    exceptions: {
      raise: (_tx: unknown, { kind }: { readonly kind: string }) => Promise.resolve((open = { kind })),
      end: (_tx: unknown, _item: unknown, { note }: { readonly note: string }) => {
        open = null;
        ended.push(note);
        return Promise.resolve();
      },
    },
  };
  const comparison = new Comparison(parts as unknown as ComparisonParts);
  const book = { meter: METER, account: ACCOUNT, mode: "local", tariff: tariff.id, comparedAt: null } as const;
  return {
    ended,
    isOpen: () => open !== null,
    /** That many nights after the first, with what the meter shows then. */
    night: async (after: number, energy: string, balance: string, more: Table = {}): Promise<string> => {
      now = later(FIRST_NIGHT, after * hours(24));
      shown = { importedEnergy: energy, balance, overdraft: "0.00", purchaseCount: "0", power: "1.0", ...more };
      return (await comparison.compareAll([book]))[0]!.result;
    },
  };
}

describe("a night on which nobody can tell what was deducted", () => {
  test("leaves a difference that is open as it is: no later night takes it for settled", async () => {
    const street = aStreet();
    expect(await street.night(0, "100.00", "100.00")).toBe("first-look");
    expect(await street.night(1, "110.00", "75.00")).toBe("differs"); // 10 kWh for 25 yuan
    expect(await street.night(2, "120.00", "65.00")).toBe("skipped"); // another price since midnight, of which there is no freeze
    expect(await street.night(3, "121.00", "64.00")).toBe("skipped");
    expect({ open: street.isOpen(), ended: street.ended }).toEqual({ open: true, ended: [] });
    // the meter's freeze of that midnight comes to light: the difference is still there
    const freeze = { "05060001": "2026-11-03 00:00", "05060101": "119.00" };
    expect(await street.night(2, "120.00", "65.00", freeze)).toBe("differs");
  });

  test("counts on from its own look where nothing is open", async () => {
    const street = aStreet();
    await street.night(1, "100.00", "100.00");
    expect(await street.night(2, "120.00", "65.00")).toBe("skipped");
    expect(await street.night(3, "121.00", "64.00")).toBe("agrees");
  });
});

test("a midnight's freeze is found by its own time, though a power failure or a clock that was set moved its age", async () => {
  const table = (freezes: readonly (readonly [time: string, total: string])[]): Table =>
    Object.fromEntries(
      freezes.flatMap(([time, total], index) => [
        [`050600${String(index + 1).padStart(2, "0")}`, time],
        [`050601${String(index + 1).padStart(2, "0")}`, total],
      ]),
    );
  const at = (night: number): Sight["meter"] => ({
    ...{ takenAt: later(FIRST_NIGHT, night * hours(24)), net: null, register: CentiKwh(0n), count: null, total: null },
  });
  const find = async (...freezes: Parameters<typeof table>[0]): Promise<bigint | null> => {
    const session = sessionOf(
      () => table(freezes),
      () => FIRST_NIGHT,
    );
    const found = await midnightsOf(session, tariff, { then: at(0), now: at(4), timeZone });
    return found.get("2026-11-03")?.register ?? null;
  };
  const [fifth, fourth, third] = [
    ["2026-11-05 00:00", "150.00"],
    ["2026-11-04 00:00", "140.00"],
    ["2026-11-03 00:00", "130.00"],
  ] as const;
  expect(await find(fifth, fourth, third, ["2026-11-02 00:00", "120.00"])).toBe(13_000n);
  expect(await find(fifth, third, ["2026-11-02 00:00", "120.00"])).toBe(13_000n); // without power at one midnight
  expect(await find(fifth, ["2026-11-04 13:00", "145.00"], fourth, third)).toBe(13_000n); // frozen once by hand
  expect(await find(fifth, fourth, ["2026-11-02 00:00", "120.00"])).toBe(null);
  expect(await find()).toBe(null);
});

test("the report of the meters is kept, and says so, where the books could not be added up", async () => {
  const reports: unknown[] = [];
  const comparison = new Comparison({
    ...{ log: silentLog, clock: { now: () => FIRST_NIGHT, wait: () => Promise.resolve() }, newId: () => "1" },
    street: { meter: () => undefined },
    store: {
      begin: () => Promise.resolve(),
      meters: () => Promise.resolve([{ meter: METER, account: null, mode: null, tariff: null, comparedAt: null }]),
      brokenSums: () => Promise.reject(new Fault("database-busy", {})),
      finish: (_id: string, _at: Instant, report: unknown) => Promise.resolve(void reports.push(report)),
    },
  } as unknown as ComparisonParts);
  const only = new Set<string>([METER]);
  for (const withSums of [true, undefined]) {
    const { done } = await comparison.begin("gateway", only, withSums);
    await done;
  }
  expect(reports).toMatchObject([{ meters: 1, brokenSums: [], sumsNotSeen: "database-busy" }, { meters: 1 }]);
  expect(reports[1], "nobody asked for them").not.toHaveProperty("sumsNotSeen");
});
