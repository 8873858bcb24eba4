/** Billing on books in memory: readings in, bills out. Days are of October 2026, in Shanghai. */
import { later, systemClock, type Instant } from "../../src/kernel/clock.ts";
import { AccountId, BusId, type MeterAddress } from "../../src/kernel/ids.ts";
import { Billing, type Charged, type MeteredUse } from "../../src/ledger/billing.ts";
import type { BilledDay, DailyBillingStore } from "../../src/ledger/billing-store.ts";
import { Ledger } from "../../src/ledger/ledger.ts";
import { startOfDay } from "../../src/ledger/period.ts";
import type { RatesWatch } from "../../src/ledger/resettling.ts";
import { dayPlus } from "../../src/tariff/days.ts";
import type { Tariff } from "../../src/tariff/tariff.ts";
import { InMemoryDatabase } from "../../src/stores/in-memory/database.ts";
import { storesInMemory } from "../../src/stores/in-memory/stores.ts";

export const ZONE = "Asia/Shanghai";
export const FIRST = "2026-10-01";
export const [METER, NEXT_METER] = ["202611220001", "202611220002"] as readonly string[] as [MeterAddress, MeterAddress];
export const [ANNA, BEN] = [AccountId("anna"), AccountId("ben")];

/** Day 1 is the first; hours may have fractions. */
export const dayName = (day: number): string => dayPlus(FIRST, day - 1);
export const moment = (day: number, hour = 0): Instant => later(startOfDay(dayName(day), ZONE), Math.round(hour * 3_600_000));

export interface World {
  readonly told: { missing: string[][]; lost: string[]; found: number };
  readonly billing: Billing;
  /** The site file has this tariff no more. */
  loses(id: string): void;
  /** Registers of a moment in between. */
  read(day: number, hour: number, register: bigint, more?: Partial<MeteredUse>): Promise<readonly Charged[]>;
  /** What the meter kept at the midnight with which this day begins. */
  midnight(day: number, register: bigint, more?: Partial<MeteredUse>): Promise<readonly Charged[]>;
  use(use: MeteredUse): Promise<readonly Charged[]>;
  days(account?: AccountId): Promise<readonly BilledDay[]>;
  /** Sum of what was charged, less what was given back and earned. */
  charged(account?: AccountId): Promise<bigint>;
  kinds(account?: AccountId): Promise<readonly string[]>;
}

export async function aWorld(tariffs: readonly Tariff[]): Promise<World> {
  const byId = new Map(tariffs.map((tariff) => [tariff.id, tariff]));
  const db = new InMemoryDatabase({ now: () => systemClock.now() });
  const stores = storesInMemory(db, systemClock, "test");
  const store: DailyBillingStore = stores.billing;
  const ledger = new Ledger({ store: stores.ledger, clock: systemClock });
  const told: World["told"] = { missing: [], lost: [], found: 0 };
  const rates: RatesWatch = {
    missing: (_tx, { days, lostTariffs }) => {
      told.missing.push([...days]);
      told.lost = [...lostTariffs];
      return Promise.resolve();
    },
    found: () => Promise.resolve(void (told.found += 1)),
  };
  const billing = new Billing({
    store,
    ledger,
    timeZone: ZONE,
    tariffs: byId,
    rates,
  });
  const setting = { name: "", class: "residential", mode: "remote", tariff: tariffs[0]!.id } as const;
  const record = { meterNumber: "", customerNumber: "", bus: BusId("b"), model: "remote-ledger", relayPassword: null } as const;
  await stores.meters.bringIn(
    [
      { ...setting, account: ANNA },
      { ...setting, account: BEN },
    ],
    [
      { ...record, address: METER, account: ANNA },
      { ...record, address: NEXT_METER, account: null },
    ],
  );
  const use = (given: MeteredUse): Promise<readonly Charged[]> => db.transact((tx) => billing.bill(tx, given));
  const base = { account: ANNA, meter: METER, tariff: tariffs[0]!.id };
  const entries = (account: AccountId) => stores.ledger.statement(account, { limit: 100_000, before: null });
  return {
    told,
    loses: (id) => void byId.delete(id),
    billing,
    use,
    read: (day, hour, register, more = {}) => use({ ...base, register, takenAt: moment(day, hour), ...more }),
    midnight: (day, register, more = {}) => use({ ...base, register, takenAt: moment(day), midnightOf: dayName(day), ...more }),
    days: (account = ANNA) => store.billOf(account, "2000-01-01", "2100-01-01"),
    charged: async (account = ANNA) => (await entries(account)).reduce((sum, { available }) => sum - available, 0n),
    kinds: async (account = ANNA) => (await entries(account)).map(({ kind }) => kind).reverse(),
  };
}
