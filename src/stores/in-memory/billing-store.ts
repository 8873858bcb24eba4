/** How far each meter of a remote account has been billed, and what each settlement day cost, in memory. */
import type { AccountId, MeterAddress } from "../../kernel/ids.ts";
import type { Transaction } from "../../kernel/transaction.ts";
import {
  byDay,
  UNSETTLED_WITHIN_DAYS,
  type BilledDay,
  type BillingState,
  type DailyBillingStore,
  type Stretch,
  type UnsettledUnder,
  type Whose,
} from "../../ledger/billing-store.ts";
import type { Track } from "../../ledger/day-points.ts";
import type { SettlementDay } from "../../ledger/settlement-day.ts";
import { dayPlus } from "../../tariff/days.ts";
import type { InMemoryDatabase } from "./database.ts";
import { firstOf, whilst } from "./ordered-index.ts";
import { billedDayKey, stretchKey } from "./tables.ts";

const before = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);
const inOrder = (a: SettlementDay, b: SettlementDay): number =>
  before(a.day, b.day) || Number(a.stretch - b.stretch) || before(a.meter, b.meter);

export class InMemoryBillingStore implements DailyBillingStore {
  readonly #db: InMemoryDatabase;

  constructor(db: InMemoryDatabase) {
    this.#db = db;
  }

  lockBilling(tx: Transaction, meter: MeterAddress): Promise<BillingState | null> {
    return this.#db.statement(tx, async (on) => (await this.#db.books.billing.lock(on, meter, "update")) ?? null);
  }

  saveBilling(tx: Transaction, state: BillingState): Promise<void> {
    const { billing, accounts, meters } = this.#db.books;
    return this.#db.statement(tx, async (on) => {
      await billing.upsert(on, state.meter, () => state);
      await meters.mustExist(on, state.meter, "billing_meter_fkey");
      await accounts.mustExist(on, state.account, "billing_account_fkey");
    });
  }

  lockOpenOf(tx: Transaction, account: AccountId, except: MeterAddress): Promise<readonly BillingState[]> {
    const { billing } = this.#db.books;
    const fits = (row: BillingState): boolean => row.account === account && row.meter !== except && !row.closed;
    return this.#db.statement(tx, async (on) => {
      const found = billing.in(on, "account", account).filter(fits);
      return billing.lockAll(
        on,
        found.sort((a, b) => before(a.meter, b.meter)),
        fits,
        "update",
      );
    });
  }

  lockDay(tx: Transaction, stretch: Stretch, day: string): Promise<SettlementDay | null> {
    return this.#db.statement(tx, async (on) => {
      const ofDay = this.#db.books.billedDays.upwards(on, "stretch", stretchKey(stretch.meter, stretch.stretch), day);
      const found = firstOf(ofDay, (row) => row.day !== day || row.tariff !== null);
      if (found?.day !== day) return null;
      return (await this.#db.books.billedDays.lock(on, billedDayKey(found), "update")) ?? null;
    });
  }

  around(
    tx: Transaction,
    stretch: Stretch,
    day: string,
    tracks: readonly Track[],
  ): Promise<{ before: string | null; after: string | null }> {
    return this.#db.look(tx, (on) => {
      const { billedDays } = this.#db.books;
      const of = stretchKey(stretch.meter, stretch.stretch);
      const nearest = (rows: Iterable<SettlementDay>, track: Track): string | readonly string[] =>
        firstOf(rows, (row) => row.day !== day && row.seen[track] !== undefined)?.day ?? [];
      return {
        before:
          tracks
            .flatMap((track) => nearest(billedDays.downwards(on, "stretch", of, day), track))
            .sort(before)
            .at(0) ?? null,
        after:
          tracks
            .flatMap((track) => nearest(billedDays.upwards(on, "stretch", of, day), track))
            .sort(before)
            .at(-1) ?? null,
      };
    });
  }

  stretchOver(tx: Transaction, meter: MeterAddress, day: string) {
    return this.#db.look(tx, (on) => {
      const rows = this.#db.books.billedDays.in(on, "meter", meter).filter(({ tariff }) => tariff !== null);
      const over = [...Map.groupBy(rows, (row) => `${row.stretch}/${row.account}`).values()].flatMap((group) => {
        const days = group.map((row) => row.day).sort(before);
        const { stretch, account } = group[0]!;
        return days[0]! < day && days.at(-1)! >= day ? [{ meter, stretch, account, begun: days[0]!, day: days.at(-1)! }] : [];
      });
      return over.sort((a, b) => Number(b.stretch - a.stretch))[0] ?? null;
    });
  }

  lockDays(tx: Transaction, account: AccountId, from: string, to: string | null): Promise<readonly SettlementDay[]> {
    const fits = (row: SettlementDay): boolean => row.day >= from && (to === null || row.day <= to);
    return this.#db.statement(tx, (on) => {
      const { billedDays } = this.#db.books;
      const found = whilst(billedDays.upwards(on, "account", account, from), fits).sort(inOrder);
      return billedDays.lockAll(on, found, fits, "update");
    });
  }

  used(tx: Transaction, account: AccountId, from: string, end: string): Promise<bigint> {
    return this.#db.look(tx, (on) =>
      whilst(this.#db.books.billedDays.upwards(on, "account", account, from), ({ day }) => day < end).reduce(
        (sum, { energy }) => sum + energy,
        0n,
      ),
    );
  }

  saveDay(tx: Transaction, day: SettlementDay): Promise<void> {
    const { billedDays, accounts, meters } = this.#db.books;
    return this.#db.statement(tx, async (on) => {
      await billedDays.upsert(on, billedDayKey(day), () => day);
      await meters.mustExist(on, day.meter, "billing_days_meter_fkey");
      await accounts.mustExist(on, day.account, "billing_days_account_fkey");
    });
  }

  settleByReadings(tx: Transaction, { meter, account }: Whose, end: string): Promise<readonly Whose[]> {
    const fits = (row: SettlementDay): boolean => row.day < end && row.settledBy === null && row.endBy !== null;
    return this.#db.statement(tx, async (on) => {
      const { billedDays } = this.#db.books;
      const unsettled = [meter, account].flatMap((whose) => billedDays.in(on, "unsettled", whose));
      const found = new Set(unsettled.filter((row) => (row.meter === meter || row.account === account) && fits(row)));
      const rows = await billedDays.lockAll(on, [...found].sort(inOrder), fits);
      for (const row of rows) await billedDays.update(on, { ...row, settledBy: "readings" });
      const missing = rows.filter((row) => row.ratesMissing).map((row) => [`${row.meter} ${row.account}`, row] as const);
      return [...new Map(missing)]
        .sort(([a], [b]) => before(a, b))
        .map(([, row]) => ({ meter: row.meter, account: row.account }));
    });
  }

  ratesMissing(tx: Transaction, meter: MeterAddress): Promise<readonly Pick<SettlementDay, "day" | "tariff">[]> {
    return this.#db.look(tx, (on) => {
      const rows = this.#db.books.billedDays.in(on, "ratesMissing", meter);
      const distinct = new Map(rows.map(({ day, tariff }) => [`${day} ${tariff ?? ""}`, { day, tariff }]));
      return [...distinct].sort(([a], [b]) => before(a, b)).map(([, each]) => each);
    });
  }

  days(account: AccountId, limit: number): Promise<readonly BilledDay[]> {
    return this.#db.look(null, (on) => {
      const rows: SettlementDay[] = [];
      let count = 0;
      for (const row of this.#db.books.billedDays.downwards(on, "account", account)) {
        if (row.day !== rows.at(-1)?.day && (count += 1) > limit) break;
        rows.push(row);
      }
      return byDay(rows.sort(inOrder)).toReversed();
    });
  }

  billOf(account: AccountId, from: string, to: string): Promise<readonly BilledDay[]> {
    return this.#db.look(null, (on) => {
      const rows = whilst(this.#db.books.billedDays.upwards(on, "account", account, from), ({ day }) => day <= to);
      return byDay(rows.sort(inOrder));
    });
  }

  unsettledBeside(known: readonly string[]): Promise<readonly UnsettledUnder[]> {
    return this.#db.look(null, (on) => {
      const newest = new Map<AccountId, string>();
      const all = this.#db.books.billedDays.all(on);
      for (const { account, day } of all) if (day > (newest.get(account) ?? "")) newest.set(account, day);
      const lost = all.filter(
        ({ settledBy, tariff, account, day }) =>
          settledBy === null &&
          tariff !== null &&
          !known.includes(tariff) &&
          day >= dayPlus(newest.get(account)!, -UNSETTLED_WITHIN_DAYS),
      );
      return [...Map.groupBy(lost, (row) => row.tariff!)]
        .sort(([a], [b]) => before(a, b))
        .map(([tariff, days]): UnsettledUnder => {
          const { day, meter } = days.sort((a, b) => before(a.day, b.day) || before(a.meter, b.meter))[0]!;
          return { tariff, meters: new Set(days.map((row) => row.meter)).size, day, meter };
        });
    });
  }
}
