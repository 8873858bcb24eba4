/** What billing needs of a database: how far each meter has been billed, and its settlement days. */
import type { Instant } from "../kernel/clock.ts";
import type { CentiKwh } from "../kernel/energy.ts";
import type { AccountId, MeterAddress } from "../kernel/ids.ts";
import type { Fen } from "../kernel/money.ts";
import type { Transaction } from "../kernel/transaction.ts";
import type { Track } from "./day-points.ts";
import type { SettlementDay } from "./settlement-day.ts";

/** How far a meter has been billed, and for whom. */
export interface BillingState {
  readonly meter: MeterAddress;
  readonly account: AccountId;
  readonly stretch: bigint;
  /** The day on which the stretch began. */
  readonly begun: string;
  /** The newest day. */
  readonly day: string;
  readonly dayStart: CentiKwh;
  readonly billedTo: CentiKwh;
  /** Charged on the newest day so far. */
  readonly charged: Fen;
  /** When the newest register was read by which it is billed; what was estimated after it does not count. */
  readonly billedAt: Instant;
  /** Its account has another meter now, or left. */
  readonly closed: boolean;
}

export type Whose = Pick<SettlementDay, "meter" | "account">;

export interface Stretch {
  readonly meter: MeterAddress;
  readonly stretch: bigint;
}

/** What a settlement day cost an account, all its meters. */
export interface BilledDay {
  readonly day: string;
  readonly energy: CentiKwh;
  readonly cost: Fen;
  /** By rate, as far as the meters told; empty: the tariff has one price. */
  readonly rates: readonly { readonly energy: CentiKwh; readonly price: bigint; readonly micro: bigint }[];
  readonly steps: readonly { readonly energy: CentiKwh; readonly price: bigint; readonly micro: bigint }[];
  /** Null: not read. */
  readonly exported: CentiKwh | null;
  readonly feedIn: Fen;
  /** Tariff and the day with which its version begins; null: billed by an older program. */
  readonly tariff: string | null;
  readonly version: string | null;
  readonly state: "provisional" | "settled";
  readonly settledBy: "midnights" | "readings" | null;
  readonly estimated: boolean;
  readonly ratesMissing: boolean;
}

export interface BillingStore {
  /** Locked until the transaction ends. */
  lockBilling(tx: Transaction, meter: MeterAddress): Promise<BillingState | null>;
  saveBilling(tx: Transaction, state: BillingState): Promise<void>;
  /** What other meters are billed to this account and not closed; locked. */
  lockOpenOf(tx: Transaction, account: AccountId, except: MeterAddress): Promise<readonly BillingState[]>;
  lockDay(tx: Transaction, stretch: Stretch, day: string): Promise<SettlementDay | null>;
  /** The nearest day before on which each of these tracks was seen, and after; of several tracks the furthest. Null: none. */
  around(
    tx: Transaction,
    stretch: Stretch,
    day: string,
    tracks: readonly Track[],
  ): Promise<{ readonly before: string | null; readonly after: string | null }>;
  /** An earlier stretch that began before this day and did not end before it. */
  stretchOver(
    tx: Transaction,
    meter: MeterAddress,
    day: string,
  ): Promise<(Stretch & { readonly account: AccountId; readonly begun: string; readonly day: string }) | null>;
  /** All days of an account from the one to the other, or to its newest; by day and stretch, locked. */
  lockDays(tx: Transaction, account: AccountId, from: string, to: string | null): Promise<readonly SettlementDay[]>;
  /** Energy of an account from the one day up to the other, which is not in it. */
  used(tx: Transaction, account: AccountId, from: string, before: string): Promise<bigint>;
  saveDay(tx: Transaction, day: SettlementDay): Promise<void>;
  /**
   * Days before this one to which no midnight came are settled by what there is: the meter's, whoever lived there, and the account's, also of
   * meters that are gone. Answers of which meter and account one of them has energy without a rate.
   */
  settleByReadings(tx: Transaction, of: Whose, before: string): Promise<readonly Whose[]>;
  /** Settled days of a meter that have energy without a rate. */
  ratesMissing(tx: Transaction, meter: MeterAddress): Promise<readonly Pick<SettlementDay, "day" | "tariff">[]>;
}

/** From an account's newest day back; longer than its days wait for midnights, also where it changed its meter meanwhile. */
export const UNSETTLED_WITHIN_DAYS = 31;

/** Days that are open or provisional under a tariff that is not known. */
export interface UnsettledUnder {
  readonly tariff: string;
  readonly meters: number;
  /** The oldest of these days, and its meter. */
  readonly day: string;
  readonly meter: MeterAddress;
}

/** What those who show bills need beside it. */
export interface DailyBillingStore extends BillingStore {
  /** Newest first; an account's meters together. */
  days(account: AccountId, limit: number): Promise<readonly BilledDay[]>;
  /** Oldest first, both days in it. */
  billOf(account: AccountId, from: string, to: string): Promise<readonly BilledDay[]>;
  /**
   * By tariff, of all meters; looked at once, before anything runs. Looks at the last days of each account alone (UNSETTLED_WITHIN_DAYS), since
   * readings have settled what lies before them, and books of years must not keep a gateway from starting.
   */
  unsettledBeside(known: readonly string[]): Promise<readonly UnsettledUnder[]>;
}

/** Pure: an account's rows of days, each with all its meters together, in the order in which the days first come. */
export function byDay(rows: readonly SettlementDay[]): readonly BilledDay[] {
  return [...Map.groupBy(rows, ({ day }) => day)].map(([day, all]): BilledDay => {
    const newest = all.reduce((a, b) => (b.stretch > a.stretch ? b : a));
    const sum = (each: (row: SettlementDay) => bigint): bigint => all.reduce((total, row) => total + each(row), 0n);
    const parts = (kind: "rates" | "steps"): BilledDay["rates"] =>
      newest.parts[kind].map(({ price }, index) => ({
        price,
        energy: sum((row) => row.parts[kind][index]?.energy ?? 0n) as CentiKwh,
        micro: sum((row) => row.parts[kind][index]?.micro ?? 0n),
      }));
    const isSettled = all.every(({ settledBy }) => settledBy !== null);
    return {
      day,
      energy: sum(({ energy }) => energy) as CentiKwh,
      cost: sum(({ cost }) => cost) as Fen,
      rates: parts("rates"),
      steps: parts("steps"),
      exported: all.some(({ exported }) => exported !== null) ? (sum(({ exported }) => exported ?? 0n) as CentiKwh) : null,
      feedIn: sum(({ feedIn }) => feedIn) as Fen,
      tariff: newest.tariff,
      version: newest.version,
      state: isSettled ? "settled" : "provisional",
      settledBy: !isSettled ? null : all.some(({ settledBy }) => settledBy === "readings") ? "readings" : "midnights",
      estimated: all.some(({ estimated }) => estimated),
      ratesMissing: all.some(({ ratesMissing }) => ratesMissing),
    };
  });
}
