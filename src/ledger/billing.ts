/**
 * Believed registers become charges. What was seen of each day is kept beside its bill, the bill is worked out anew from what was
 * seen (settlement.ts), and what differs from what was charged is one further entry. So a reading that is repeated, split, late or out
 * of order leaves no trace in any bill, and a midnight that comes after all moves money by the difference alone.
 *
 *     registers ─► which stretch, which day ─► days around it measured ─► the account's days priced ─► differences posted
 *
 * A stretch is the time during which a meter belongs to an account: another tenant or another meter begins a new one. An account's
 * bill is made of its stretches in order; steps count across them. A register that is less than the newest one is the past, and changes
 * nothing unless it is a midnight. What is impossible, ran over its end or was set back is the intake's to tell, and never gets here.
 */
import { dayOf, Instant } from "../kernel/clock.ts";
import { CentiKwh } from "../kernel/energy.ts";
import type { AccountId } from "../kernel/ids.ts";
import { ZERO_FEN, type Fen } from "../kernel/money.ts";
import type { EnergyUse } from "../kernel/reading.ts";
import type { Transaction } from "../kernel/transaction.ts";
import { dayPlus, daysBetween } from "../tariff/days.ts";
import type { Tariffs } from "../tariff/tariff.ts";
import type { BillingState, BillingStore } from "./billing-store.ts";
import { tracks, valuesOf, withPoint } from "./day-points.ts";
import type { Ledger } from "./ledger.ts";
import { Resettling, type RatesWatch, type Settled } from "./resettling.ts";
import { blankDay, type SettlementDay } from "./settlement-day.ts";
import { billed, hasLostTariff, measured, READINGS_SETTLE_AFTER_DAYS } from "./settlement.ts";

export interface MeteredUse extends EnergyUse {
  readonly account: AccountId;
  /** A name in the site's tariffs. */
  readonly tariff: string;
  /** False: this may be billed, and is no reason to begin a bill; an old midnight says nothing of who lives there now. */
  readonly mayBegin?: boolean;
}

export interface BillingParts {
  readonly store: BillingStore;
  readonly ledger: Ledger;
  readonly tariffs: Tariffs;
  readonly timeZone: string;
  /** Told, in the same transaction, of days whose energy has no rate, and when they have. */
  readonly rates?: RatesWatch;
}

/** Whose money moved, and by how much; below zero: given back. */
export interface Charged {
  readonly account: AccountId;
  readonly amount: Fen;
}

export class Billing {
  readonly #parts: BillingParts;
  readonly #resettling: Resettling;

  constructor(parts: BillingParts) {
    this.#parts = parts;
    this.#resettling = new Resettling(parts);
  }

  /** Charges what these registers say that was not charged yet. */
  async bill(tx: Transaction, use: MeteredUse): Promise<readonly Charged[]> {
    const state = await this.#parts.store.lockBilling(tx, use.meter);
    if (state === null) return use.mayBegin === false ? [] : this.#begin(tx, use, null);
    if (isOfThePast(state, use)) return use.midnightOf === undefined ? [] : this.#lateMidnight(tx, use, state);
    if (use.account === state.account && !state.closed) return this.#on(tx, use, state, false);
    if (use.mayBegin === false) return state.closed ? [] : this.#on(tx, use, state, false);
    // Its account took another meter: whoever is here now, what lies between is not on that account's bill.
    if (state.closed) return this.#begin(tx, use, state);
    // Somebody else lives here now: these registers close the bill of who was here, and open the next at nothing.
    const closing = await this.#on(tx, use, state, true);
    return [...closing, ...(await this.#begin(tx, use, state))];
  }

  /** The first registers are where counting begins, and cost nothing. */
  async #begin(tx: Transaction, use: MeteredUse, before: BillingState | null): Promise<readonly Charged[]> {
    const { store, ledger, timeZone } = this.#parts;
    const { meter, account, tariff } = use;
    const closed: Charged[] = [];
    for (const other of await store.lockOpenOf(tx, account, meter)) closed.push(...(await this.#close(tx, other)));
    const isMidnight = use.midnightOf !== undefined;
    const day = use.midnightOf ?? dayOf(use.takenAt, timeZone);
    const began = BigInt(use.takenAt);
    const stretch = before !== null && before.stretch >= began ? before.stretch + 1n : began;
    const from = { total: use.register, rates: use.rates ?? null, exported: use.exported ?? null };
    const blank = blankDay({ meter, stretch, account, day, tariff }, from, isMidnight ? "midnight" : "begin");
    await ledger.lock(tx, account);
    await this.#resettling.run(tx, measured([{ ...blank, seen: withPoint({}, use, isMidnight) }], day));
    const register = CentiKwh(use.register);
    await store.saveBilling(tx, {
      ...{ meter, account, stretch, begun: day, day, dayStart: register, billedTo: register },
      ...{ charged: ZERO_FEN, billedAt: use.takenAt, closed: false },
    });
    return closed;
  }

  /** The account has another meter now: what this one was read last is its end. */
  async #close(tx: Transaction, state: BillingState): Promise<readonly Charged[]> {
    const { store, ledger } = this.#parts;
    await ledger.lock(tx, state.account);
    const last = await store.lockDay(tx, state, state.day);
    if (last === null) throw missing(state);
    const { charged } = await this.#resettling.run(tx, measured([{ ...last, endBy: "close" }], state.day));
    await store.saveBilling(tx, { ...state, closed: true });
    return charged;
  }

  /** Newer registers than all before them. */
  async #on(tx: Transaction, use: MeteredUse, state: BillingState, closes: boolean): Promise<readonly Charged[]> {
    const { store, timeZone } = this.#parts;
    const taken = use.midnightOf ?? dayOf(use.takenAt, timeZone);
    const day = taken < state.day ? state.day : taken; // a clock was set back: the energy is real, the day goes on
    const open = await store.lockDay(tx, state, state.day);
    if (open === null) throw missing(state);
    const isMore = day === state.day && use.midnightOf === undefined && !closes && isMoreOf(open, use);
    const done = isMore ? await this.#openDay(tx, use, open) : await this.#resettle(tx, use, { ...state, at: day, closes });
    if (done === null) return [];
    if (day > state.day)
      for (const whose of await store.settleByReadings(tx, state, dayPlus(day, -READINGS_SETTLE_AFTER_DAYS)))
        await this.#resettling.tellRates(tx, whose);
    const billedAt = use.midnightOf === undefined ? use.takenAt : Instant(Math.max(use.takenAt, state.billedAt));
    await store.saveBilling(tx, { ...state, ...standing(done.days.at(-1)!), billedAt });
    return done.charged;
  }

  /** The common case: one day grows, and all that lies before it stands. */
  async #openDay(tx: Transaction, use: MeteredUse, open: SettlementDay): Promise<Settled> {
    const days = measured([{ ...open, seen: withPoint(open.seen, use, false) }], open.day).map((day) =>
      billed(day, this.#parts.tariffs, open),
    );
    return { days, charged: await this.#resettling.post(tx, [open], days) };
  }

  async #lateMidnight(tx: Transaction, use: MeteredUse, state: BillingState): Promise<readonly Charged[]> {
    const { store } = this.#parts;
    const at = use.midnightOf!;
    const isOfThis = at > state.begun || (at === state.begun && (await store.lockDay(tx, state, at))?.startBy === "midnight");
    const over = isOfThis ? state : await store.stretchOver(tx, use.meter, at);
    if (over === null) return []; // before counting began
    const done = await this.#resettle(tx, use, { ...over, at, closes: false });
    const newest = done?.days.at(-1);
    if (done === null || newest === undefined) return [];
    if (isOfThis && newest.day === state.day) await store.saveBilling(tx, { ...state, ...standing(newest) });
    return done.charged;
  }

  /** One more point, wherever it lies: the days from the nearest before it to the nearest after it are measured and priced anew. */
  async #resettle(tx: Transaction, use: MeteredUse, of: Of & { at: string; closes: boolean }): Promise<Settled | null> {
    const { store, ledger, tariffs } = this.#parts;
    const { account, at, closes } = of;
    await ledger.lock(tx, account);
    const brought = tracks.filter((track) => valuesOf(use)[track] !== undefined);
    const { before, after } = await store.around(tx, of, at, brought);
    const known = (await store.lockDays(tx, account, before ?? of.begun, after ?? (at > of.day ? of.day : at))).filter(
      ({ meter, stretch }) => meter === of.meter && stretch === of.stretch,
    );
    const newest = known.at(-1);
    if (newest === undefined) throw missing(of);
    // whose these registers are not, is billed as before
    const tariff = account === use.account ? use.tariff : (newest.tariff ?? use.tariff);
    const days = [...known];
    for (const day of newest.day < at ? daysBetween(dayPlus(newest.day, 1), at) : [])
      days.push(blankDay({ ...newest, day, tariff }, newest.to, "spread"));
    const isMidnight = use.midnightOf !== undefined;
    if (isMidnight && contradicts(days, use.register, at)) return null;
    // it would move energy to or from days that nobody can price: they stay as they were settled
    if (isMidnight && at <= of.day && known.some((day) => hasLostTariff(day, tariffs))) return null;
    const seen = days.map((day): SettlementDay => {
      if (day.day !== at) return day;
      return {
        ...day,
        seen: withPoint(day.seen, use, isMidnight),
        tariff: at >= of.day ? tariff : day.tariff,
        endBy: closes ? "close" : day.endBy,
      };
    });
    return this.#resettling.run(tx, measured(seen, at > of.day ? at : of.day));
  }
}

/** Of a stretch: where it began, and its newest day. */
type Of = Pick<BillingState, "meter" | "stretch" | "account" | "begun" | "day">;

/** Less than the newest register; or the midnight of a day that is open or over. */
const isOfThePast = (state: BillingState, use: MeteredUse): boolean =>
  use.midnightOf === undefined ? use.register < state.billedTo : use.midnightOf <= state.day;

/** Nothing of it is new to this day but that it is later. */
const isMoreOf = ({ account, tariff, version, seen }: SettlementDay, use: MeteredUse): boolean =>
  account === use.account &&
  tariff === use.tariff &&
  version !== null &&
  tracks.every(
    (track) => valuesOf(use)[track] === undefined || seen[track]?.first !== undefined || seen[track]?.midnight !== undefined,
  );

const standing = (newest: SettlementDay): Pick<BillingState, "day" | "dayStart" | "billedTo" | "charged"> => ({
  day: newest.day,
  dayStart: CentiKwh(newest.from.total),
  billedTo: CentiKwh(newest.to.total),
  charged: newest.cost,
});

/** Clocks differ by minutes, so readings of the days on either side may; what lies further away may not. */
function contradicts(days: readonly SettlementDay[], register: bigint, at: string): boolean {
  const head = days[0]!;
  if (head.day < at && head.from.total > register) return true; // whatever it began by, it would have used less than nothing
  return days.some(({ day, seen, startBy, from }) => {
    const { midnight, first, last } = seen.total ?? {};
    if (day > at) return [midnight, first].some((values) => values !== undefined && values[0]! < register);
    if (day === at) return startBy === "midnight" && day === head.day && from.total !== register;
    const isFarBefore = day < dayPlus(at, -1);
    return (midnight !== undefined && midnight[0]! > register) || (isFarBefore && last !== undefined && last[0]! > register);
  });
}

const missing = ({ meter, day }: Pick<BillingState, "meter" | "day">): Error =>
  new Error(`the day ${day} of meter ${meter} is missing: a mistake of ours`);
