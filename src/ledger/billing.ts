/**
 * Believed registers become charges. What was seen of each day is kept beside its bill, the bill is worked out anew from what was
 * seen (settlement.ts), and what differs from what was charged is one further entry. So a reading that is repeated, split, late or out
 * of order leaves no trace in any bill, and a midnight that comes after all moves money by the difference alone.
 *
 *     registers ─► which stretch, which day ─► days around it measured ─► the account's days priced ─► differences posted
 *
 * A stretch is the time during which a meter belongs to an account: another tenant or another meter begins a new one. It ends with the first
 * register that is read after somebody left, whoever lives there then, or nobody; what is used after that is not on that account's bill. An account's
 * bill is made of its stretches in order; steps count across them. A register that is less than the newest one is the past, and changes
 * nothing unless it is a midnight, or what was newest is an estimate. What is impossible, ran over its end or was set back is the intake's
 * to tell, and never gets here; what turned out to be false is taken back (taking-back.ts).
 */
import { dayOf, Instant } from "../kernel/clock.ts";
import { CentiKwh } from "../kernel/energy.ts";
import { Fault } from "../kernel/faults.ts";
import type { AccountId, MeterAddress } from "../kernel/ids.ts";
import { ZERO_FEN, type Fen } from "../kernel/money.ts";
import type { EnergyUse } from "../kernel/reading.ts";
import type { Transaction } from "../kernel/transaction.ts";
import { dayPlus, daysBetween } from "../tariff/days.ts";
import type { Tariffs } from "../tariff/tariff.ts";
import type { BillingState, BillingStore } from "./billing-store.ts";
import { tracks, valuesOf, withoutEstimate, withPoint } from "./day-points.ts";
import type { Ledger } from "./ledger.ts";
import { Resettling, type RatesWatch, type Settled } from "./resettling.ts";
import { blankDay, type SettlementDay } from "./settlement-day.ts";
import { billed, hasLostTariff, measured, READINGS_SETTLE_AFTER_DAYS } from "./settlement.ts";
import { takenBack } from "./taking-back.ts";

export interface MeteredUse extends EnergyUse {
  readonly account: AccountId;
  /** A name in the site's tariffs. */
  readonly tariff: string;
  /** When the account got it; left out: it has had no other that is remembered. */
  readonly tariffSince?: Instant;
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
    if (use.takesBack === true && state !== null) {
      if (state.closed) throw chargedAnother(use.meter);
      return this.#takeBack(tx, use, state);
    }
    if (use.estimated === true) return this.#estimate(tx, use, state);
    if (state === null) return use.mayBegin === false ? [] : this.#begin(tx, use, null);
    if (isOfThePast(state, use) && !(await this.#outdoesEstimate(tx, use, state)))
      return use.midnightOf === undefined ? [] : this.#lateMidnight(tx, use, state);
    if (use.account === state.account && !state.closed) return this.#on(tx, use, state, false);
    if (use.mayBegin === false) return state.closed ? [] : this.#on(tx, use, state, false);
    // Its account took another meter: whoever is here now, what lies between is not on that account's bill.
    if (state.closed) return this.#begin(tx, use, state);
    // Somebody else lives here now: these registers close the bill of who was here, and open the next at nothing.
    const closing = await this.#on(tx, use, state, true);
    return [...closing, ...(await this.#begin(tx, use, state))];
  }

  /** To whom this meter was billed last; null: to nobody yet. */
  async billedLast(tx: Transaction, meter: MeterAddress): Promise<AccountId | null> {
    return (await this.#parts.store.lockBilling(tx, meter))?.account ?? null;
  }

  /**
   * Registers of a meter that is billed to this account no more, and to nobody else yet: the first that were read end its bill. A late midnight
   * still tells which of its days used what, and what nobody read ends no bill.
   */
  async leave(tx: Transaction, use: MeteredUse): Promise<readonly Charged[]> {
    const state = await this.#parts.store.lockBilling(tx, use.meter);
    if (state === null || use.estimated === true) return [];
    if (use.takesBack === true && state.billedTo > use.register) {
      if (!state.closed) throw chargedAnother(use.meter);
      return this.#takeBack(tx, use, state); // it ended his bill, and was false
    }
    if (isOfThePast(state, use) && !(await this.#outdoesEstimate(tx, use, state)))
      return use.midnightOf === undefined ? [] : this.#lateMidnight(tx, use, state);
    if (!state.closed) return this.#on(tx, use, state, use.mayBegin !== false);
    await this.#parts.ledger.lock(tx, state.account);
    await this.#settled(tx, state, use.midnightOf ?? dayOf(use.takenAt, this.#parts.timeZone));
    return [];
  }

  /** Of who is billed already, and lives here still; a bill neither begins nor ends with what nobody read. */
  async #estimate(tx: Transaction, use: MeteredUse, state: BillingState | null): Promise<readonly Charged[]> {
    if (state === null || use.account !== state.account || state.closed)
      throw new Fault("entry-impossible", {
        meter: use.meter,
        problem:
          "the bill of who lives there now begins with the first register that is read; until then nothing can be estimated",
      });
    return use.register < state.billedTo ? [] : this.#on(tx, use, state, false);
  }

  /** Less than what was estimated, and read on its day or later: the past only by the estimate. An estimate always ends with the newest day. */
  async #outdoesEstimate(tx: Transaction, use: MeteredUse, state: BillingState): Promise<boolean> {
    if (state.closed || use.midnightOf !== undefined || dayOf(use.takenAt, this.#parts.timeZone) < state.day) return false;
    return (await this.#parts.store.lockDay(tx, state, state.day))?.seen.estimate !== undefined;
  }

  /** Everything above this was false: the days are measured without it, and what it cost is given back. */
  async #takeBack(tx: Transaction, use: MeteredUse, state: BillingState): Promise<readonly Charged[]> {
    const { store, ledger, timeZone } = this.#parts;
    const { meter, account, stretch, begun } = state;
    await ledger.lock(tx, account);
    const ours = (day: SettlementDay): boolean => day.meter === meter && day.stretch === stretch && day.tariff !== null;
    const left = takenBack((await store.lockDays(tx, account, begun, null)).filter(ours), use.register);
    if (use.account !== account) throw chargedAnother(meter);
    if (left === null)
      throw new Fault("entry-impossible", {
        meter,
        problem: "its bill began with a higher register; begin the count anew by rebase",
      });
    const taken = dayOf(use.takenAt, timeZone);
    const at = taken < state.day ? state.day : taken;
    const newest = left.at(-1)!;
    const seen = [...left, ...blanksUpTo(at, newest, this.#tariffOf(use, newest))].map((day) =>
      day.day === at
        ? { ...day, seen: withPoint(day.seen, use, false), ...(state.closed ? { endBy: "close" as const } : {}) }
        : day,
    );
    const done = await this.#resettling.run(tx, measured(seen, at));
    await this.#settled(tx, state, at);
    await store.saveBilling(tx, { ...state, ...standing(done.days.at(-1)!), billedAt: use.takenAt });
    return done.charged;
  }

  /** Nobody is billed by this meter now; but whoever was charged by what is taken back would never have it. */
  async mustNotHaveCharged(tx: Transaction, { meter, register }: EnergyUse): Promise<void> {
    const state = await this.#parts.store.lockBilling(tx, meter);
    if (state !== null && state.billedTo > register) throw chargedAnother(meter);
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
    await this.#settled(tx, state, day);
    await store.saveBilling(tx, {
      ...{ ...state, ...standing(done.days.at(-1)!) },
      ...{ billedAt: billedAt(state, use), closed: closes },
    });
    return done.charged;
  }

  /** A day has begun: what lies long enough before it is settled by what there is. */
  async #settled(tx: Transaction, state: BillingState, day: string): Promise<void> {
    if (day <= state.day) return;
    for (const whose of await this.#parts.store.settleByReadings(tx, state, dayPlus(day, -READINGS_SETTLE_AFTER_DAYS)))
      await this.#resettling.tellRates(tx, whose);
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
    const known = (await store.lockDays(tx, account, before ?? of.begun, after ?? of.day)).filter(
      ({ meter, stretch }) => meter === of.meter && stretch === of.stretch,
    );
    const newest = known.at(-1);
    if (newest === undefined) throw missing(of);
    // whose these registers are not, is billed as before
    const tariffOf = account === use.account ? this.#tariffOf(use, newest) : () => newest.tariff ?? use.tariff;
    const days = [...known, ...blanksUpTo(at, newest, tariffOf)];
    const isMidnight = use.midnightOf !== undefined;
    if (isMidnight && contradicts(days, use.register, at)) return null;
    // it would move energy to or from days that nobody can price: they stay as they were settled
    if (isMidnight && at <= of.day && known.some((day) => hasLostTariff(day, tariffs))) return null;
    const seen = days.map((known): SettlementDay => {
      const day = isOutdone(known, use, at) ? { ...known, seen: withoutEstimate(known.seen) } : known;
      if (day.day !== at) return day;
      return {
        ...day,
        seen: use.estimated === true ? { ...day.seen, estimate: use.register } : withPoint(day.seen, use, isMidnight),
        tariff: at >= of.day ? tariffOf(at) : day.tariff,
        endBy: closes ? "close" : day.endBy,
      };
    });
    return this.#resettling.run(tx, measured(seen, at > of.day ? at : of.day));
  }

  /** Another tariff begins with the day on which the account got it; days before that on which nothing was read are billed as the newest there is. */
  #tariffOf({ tariff, tariffSince }: MeteredUse, newest: SettlementDay): (day: string) => string {
    const since = tariffSince === undefined ? null : dayOf(tariffSince, this.#parts.timeZone);
    return (day) => (since !== null && day < since ? (newest.tariff ?? tariff) : tariff);
  }
}

/** Of a stretch: where it began, and its newest day. */
type Of = Pick<BillingState, "meter" | "stretch" | "account" | "begun" | "day">;

/** Less than the newest register; or the midnight of a day that is open or over. */
const isOfThePast = (state: BillingState, use: MeteredUse): boolean =>
  use.midnightOf === undefined ? use.register < state.billedTo : use.midnightOf <= state.day;

/** The days after the newest one, up to this. */
const blanksUpTo = (at: string, newest: SettlementDay, tariffOf: (day: string) => string): readonly SettlementDay[] =>
  newest.day < at
    ? [...daysBetween(dayPlus(newest.day, 1), at)].map((day) =>
        blankDay({ ...newest, day, tariff: tariffOf(day) }, newest.to, "spread"),
      )
    : [];

/** Nothing of it is new to this day but that it is later. */
const isMoreOf = ({ account, tariff, version, seen }: SettlementDay, use: MeteredUse): boolean =>
  use.estimated !== true &&
  seen.estimate === undefined &&
  account === use.account &&
  tariff === use.tariff &&
  version !== null &&
  tracks.every(
    (track) => valuesOf(use)[track] === undefined || seen[track]?.first !== undefined || seen[track]?.midnight !== undefined,
  );

/** Was this day estimated, and do we know better by what was read on day `at`? A midnight is the beginning of its day. */
const isOutdone = ({ day, seen: { estimate } }: SettlementDay, use: MeteredUse, at: string): boolean =>
  estimate !== undefined &&
  use.estimated !== true &&
  (day < at || (day === at && use.midnightOf === undefined) || estimate < use.register);

/** When the newest register that was read was read. */
const billedAt = (state: BillingState, use: MeteredUse): Instant =>
  use.estimated === true
    ? state.billedAt
    : use.midnightOf === undefined
      ? use.takenAt
      : Instant(Math.max(use.takenAt, state.billedAt));

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

const chargedAnother = (meter: MeterAddress): Fault =>
  new Fault("entry-impossible", {
    meter,
    problem:
      "what was billed by it belongs to somebody whose meter it is no more; put it right in the ledger, and begin the count anew by rebase",
  });

const missing = ({ meter, day }: Pick<BillingState, "meter" | "day">): Error =>
  new Error(`the day ${day} of meter ${meter} is missing: a mistake of ours`);
