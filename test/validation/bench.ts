/** A gate with its books in memory, the real intake, billing and entries behind it, and a clock that a test sets: what is charged is asked of the ledger. */
import { EntryService, type EntryWish } from "../../src/validation/entry-service.ts";
import type { Entry } from "../../src/validation/entries.ts";
import { ReadingIntake } from "../../src/devices/reading-intake.ts";
import { Instant, later } from "../../src/kernel/clock.ts";
import type { EnergyUse, Reading } from "../../src/kernel/reading.ts";
import { AccountId, BusId, MeterAddress } from "../../src/kernel/ids.ts";
import { silentLog } from "../../src/kernel/log.ts";
import { Fen, parsePrice } from "../../src/kernel/money.ts";
import { Billing } from "../../src/ledger/billing.ts";
import { Ledger } from "../../src/ledger/ledger.ts";
import { MeteredUse } from "../../src/policy/metered-use.ts";
import { factsOf } from "../../src/policy/facts.ts";
import { decide, type Intent } from "../../src/policy/rules.ts";
import { InMemoryDatabase } from "../../src/stores/in-memory/database.ts";
import { storesInMemory } from "../../src/stores/in-memory/stores.ts";
import { flatTariff, type Tariff } from "../../src/tariff/tariff.ts";
import { strategyOf } from "../policy/a-case.ts";
import { gateDefaults } from "../../src/validation/limits.ts";
import { registerGate, usualLimits } from "../support/register-gate.ts";

export const METER = MeterAddress("202611220061");
export const ACCOUNT = AccountId("0000000061");
/** Midnight in Shanghai. */
export const begin = Instant(Date.UTC(2026, 10, 1, 16));
const timeZone = "Asia/Shanghai";

export async function aBench(tariff: Tariff = flatTariff("flat", parsePrice("0.5283")), mode: "local" | "remote" = "remote") {
  let now = begin;
  const clock = { now: () => now, wait: () => Promise.resolve() };
  const db = new InMemoryDatabase({ now: () => now });
  const stores = storesInMemory(db, clock);
  const { meters, outbox, readings, validation } = stores;
  await meters.bringIn(
    [{ account: ACCOUNT, name: "", class: "residential", mode, tariff: "flat" }],
    [
      {
        address: METER,
        meterNumber: METER,
        customerNumber: METER,
        account: ACCOUNT,
        bus: BusId("b"),
        model: "remote-ledger",
        relayPassword: null,
      },
    ],
  );
  await meters.setRelay(null, METER, {
    relay: "connected",
    order: "connect",
    word: 0,
    takenAt: now,
    preTripAlarm: false,
    protected: false,
    accountOpened: true,
  });
  const ledger = new Ledger({ store: stores.ledger, clock });
  const tariffs = new Map([["flat", tariff]]);
  const billing = new Billing({ store: stores.billing, ledger, timeZone, tariffs });
  const metered = new MeteredUse({ billing, meters, outbox, clock, timeZone });
  const uses: EnergyUse[] = [];
  const energy: MeteredUse["energy"] = (tx, use) => {
    uses.push(use);
    return metered.energy(tx, use);
  };
  const suspects: { readonly doubt: string; readonly item: string; readonly value: string | null }[] = [];
  const closed: string[] = [];
  const intake = new ReadingIntake({
    ...{ store: readings, transactor: db, outbox, log: silentLog, gate: registerGate(stores, clock), energy: { energy } },
    suspects: {
      suspect: (_tx, { item, value }, doubt) => Promise.resolve(void suspects.push({ doubt, item, value })),
    },
  });
  let made = 0;
  const entries = new EntryService({
    ...{ store: validation, meters, readings, intake, energy: { energy }, outbox, clock, timeZone },
    newId: () => `00000000-0000-7000-8000-${String((made += 1)).padStart(12, "0")}`,
    limitsOf: () => usualLimits,
    ratesApart: gateDefaults.ratesApart,
    closeItems: (_tx, _meter, { note }) => Promise.resolve(void closed.push(note)),
  });
  return {
    ...{ stores, uses, suspects, closed, db, clock, ledger, intake },
    now: () => now,
    at: (ms: number): Instant => (now = later(begin, ms)),
    read: (values: Readonly<Record<string, string>>, source: Reading["source"] = "poll", takenAt: Instant = now): Promise<void> =>
      intake.take(Object.entries(values).map(([item, value]) => ({ meter: METER, item, value, unit: "kWh", takenAt, source }))),
    enter: (wish: Partial<EntryWish> & Pick<EntryWish, "kind">): Promise<Entry> =>
      db.transact((tx) =>
        entries.enter(tx, METER, {
          ...{ register: null, insteadOf: null, rates: null, billedTo: null, energy: null, days: 7, takenAt: null },
          ...{ reason: "seen at the display", by: "Wang" },
          ...wish,
        }),
      ),
    /** A cut of the rules that the meter showed. */
    cut: async (): Promise<void> => {
      await meters.setRelay(null, METER, {
        ...{ relay: "disconnected", order: "disconnect", word: 0x50, takenAt: now },
        ...{ preTripAlarm: false, protected: false, accountOpened: true },
      });
      await db.transact((tx) => meters.setCutBy(tx, METER, "rule"));
    },
    pay: (amount: bigint): Promise<unknown> =>
      db.transact((tx) =>
        ledger.receive(tx, { account: ACCOUNT, amount: Fen(amount), channel: "desk", reference: `p${(made += 1)}` }),
      ),
    /** Fen charged so far, all of it, less what was paid. */
    charged: async (): Promise<bigint> => 0n - (await ledger.position(null, ACCOUNT)).available,
    /** What the rules would do now. */
    intent: async (): Promise<Intent> => {
      const picture = (await stores.policy.remoteMeter(null, METER))!;
      return decide(
        factsOf(picture, now, timeZone, true),
        strategyOf({ freshMinutes: 1_440, noCut: { hours: "", weekends: false } }),
      );
    },
  };
}
export type Bench = Awaited<ReturnType<typeof aBench>>;
