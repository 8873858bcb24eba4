/**
 * Days that were measured anew become bills, and what differs from what was charged becomes entries: one for each day and direction,
 * named after meter, day, stretch and how often that day was billed. All of it stands in the transaction that brought the registers,
 * so the name is never needed to tell twice from once; it is there so that the books refuse it all the same.
 *
 * Where energy moved over the beginning of a step period, all later days of the account are priced again: they may lie in other steps.
 */
import type { AccountId, MeterAddress } from "../kernel/ids.ts";
import { Fen } from "../kernel/money.ts";
import type { Transaction } from "../kernel/transaction.ts";
import { dayPlus } from "../tariff/days.ts";
import type { Tariffs } from "../tariff/tariff.ts";
import type { BillingParts, Charged } from "./billing.ts";
import type { Posted } from "./ledger.ts";
import { isClosed, type SettlementDay } from "./settlement-day.ts";
import { differs, periodOf, priced, versionOf } from "./settlement.ts";

/** Hears of days whose energy has no rate: a person looks why the meter does not tell it; nobody is cut for it. */
export interface RatesWatch {
  missing(
    tx: Transaction,
    of: {
      readonly meter: MeterAddress;
      readonly account: AccountId;
      readonly days: readonly string[];
      /** Tariffs of these days that the site file has no more: no meter is at fault. */
      readonly lostTariffs: readonly string[];
    },
  ): Promise<void>;
  found(tx: Transaction, of: { readonly meter: MeterAddress; readonly account: AccountId }): Promise<void>;
}

export interface Settled {
  /** Of the stretch that was measured. */
  readonly days: readonly SettlementDay[];
  readonly charged: readonly Charged[];
}

const keyOf = ({ meter, stretch, day }: SettlementDay): string => `${meter}/${stretch}/${day}`;
const lacksRates = ({ ratesMissing, settledBy }: SettlementDay): boolean => ratesMissing && settledBy !== null;
const inOrder = (a: SettlementDay, b: SettlementDay): number =>
  a.day === b.day ? Number(a.stretch - b.stretch) : a.day < b.day ? -1 : 1;

export class Resettling {
  readonly #parts: BillingParts;

  constructor(parts: BillingParts) {
    this.#parts = parts;
  }

  /** Days of one stretch that follow each other, measured; the account's lock is held. */
  async run(tx: Transaction, measured: readonly SettlementDay[]): Promise<Settled> {
    const { store, tariffs } = this.#parts;
    const { account, day: first } = measured[0]!;
    const last = measured.at(-1)!.day;
    const before = [...(await store.lockDays(tx, account, first, last))];
    const old = new Map(before.map((day) => [keyOf(day), day]));
    if (movesSteps(measured, old, tariffs)) {
      const later = await store.lockDays(tx, account, dayPlus(last, 1), null);
      before.push(...later);
      for (const day of later) old.set(keyOf(day), day);
    }
    const ours = new Map(measured.map((day) => [keyOf(day), day]));
    const others = before.filter((day) => !ours.has(keyOf(day)));
    const all = [...others, ...measured].sort(inOrder);
    const used = await this.#usedBefore(tx, all, first);
    const done = priced(all, tariffs, (start) => used.get(start) ?? 0n);
    const charged = await this.post(tx, [...old.values()], done);
    return { days: done.filter((day) => ours.has(keyOf(day))), charged };
  }

  /** What the account had used from the beginning of each step period up to the first of these days. */
  async #usedBefore(tx: Transaction, days: readonly SettlementDay[], first: string): Promise<ReadonlyMap<string, bigint>> {
    const { store, tariffs } = this.#parts;
    const starts = new Set(days.map((day) => periodOf(versionOf(day, tariffs), day.day)));
    const used = new Map<string, bigint>();
    for (const start of starts)
      if (start !== null && start < first) used.set(start, await store.used(tx, days[0]!.account, start, first));
    return used;
  }

  /** Keeps what differs, and posts what it costs more or less than before. */
  async post(tx: Transaction, before: readonly SettlementDay[], days: readonly SettlementDay[]): Promise<readonly Charged[]> {
    const known = new Map(before.map((day) => [keyOf(day), day]));
    const charged: Charged[] = [];
    let toldRates = false;
    for (const day of days) {
      const old = known.get(keyOf(day));
      if (old !== undefined && !differs(old, day)) continue;
      const cost = Fen(day.cost - (old?.cost ?? 0n));
      const feedIn = Fen(day.feedIn - (old?.feedIn ?? 0n));
      const isMoney = cost !== 0n || feedIn !== 0n;
      const revision = day.revision + (isMoney ? 1 : 0);
      if (isMoney) charged.push(await this.#entries(tx, { ...day, revision }, cost, feedIn));
      await this.#parts.store.saveDay(tx, { ...day, revision });
      toldRates ||= lacksRates(day) !== (old !== undefined && lacksRates(old));
    }
    if (toldRates) await this.tellRates(tx, days.at(-1)!);
    return charged;
  }

  async #entries(tx: Transaction, day: SettlementDay, cost: Fen, feedIn: Fen): Promise<Charged> {
    const { ledger } = this.#parts;
    const { account, meter, stretch } = day;
    const reference = `${meter}/${day.day}/${stretch}.${day.revision}`;
    const what = isClosed(day) ? `energy of ${day.day}` : `energy of ${day.day} so far`;
    const note = `${what}, ${day.energy} x 0.01 kWh up to ${day.to.total}`;
    if (cost !== 0n)
      mustBePosted(
        reference,
        await ledger.charge(tx, { account, amount: cost, reference, note: cost < 0n ? `${note}: given back` : note }),
      );
    if (feedIn !== 0n) {
      const reverse = `reverse energy of ${day.day}, ${day.exported ?? 0n} x 0.01 kWh`;
      mustBePosted(reference, await ledger.feedIn(tx, { account, amount: feedIn, reference, note: reverse }));
    }
    return { account, amount: Fen(cost - feedIn) };
  }

  /** Of settled days alone: until then the midnight may still bring them. */
  async tellRates(tx: Transaction, { meter, account }: Pick<SettlementDay, "meter" | "account">): Promise<void> {
    const { store, rates, tariffs } = this.#parts;
    if (rates === undefined) return;
    const found = await store.ratesMissing(tx, meter);
    const days = [...new Set(found.map(({ day }) => day))];
    const named = new Set(found.flatMap(({ tariff }) => (tariff === null ? [] : [tariff])));
    const lostTariffs = [...named].filter((tariff) => !tariffs.has(tariff));
    if (days.length > 0) await rates.missing(tx, { meter, account, days, lostTariffs });
    else await rates.found(tx, { meter, account });
  }
}

/** Otherwise the day would say that it cost what no entry moved. */
function mustBePosted(reference: string, posted: Posted): void {
  if (posted !== "posted") throw new Error(`the entry ${reference} was ${posted}: a mistake of ours`);
}

/** Pure: did energy move from one side of a step period's beginning to the other, or did the account's sum change? */
function movesSteps(measured: readonly SettlementDay[], old: ReadonlyMap<string, SettlementDay>, tariffs: Tariffs): boolean {
  let moved = 0n;
  return measured.toReversed().some((day, index) => {
    moved += day.energy - (old.get(keyOf(day))?.energy ?? 0n);
    if (moved === 0n) return false;
    const versions = tariffs.get(day.tariff ?? "")?.versions ?? [];
    return index === measured.length - 1 || versions.some((version) => periodOf(version, day.day) === day.day);
  });
}
