/**
 * What is true of one account: the meters that hung there, the registers they showed at midnights and at moments that mattered, what was paid
 * in, and by the oracle what it came to. Asked of the street and of whoever paid; the gateway is not asked.
 */
import { beginOf, dayAfter, dayBefore, dayOf } from "../oracle/calendar.ts";
import { billDays, type OracleDay, type OracleTariff, type Registers } from "../oracle/oracle.ts";
import { TIME_ZONE } from "../months/plan.ts";
import { FIRST_DAY } from "./plan.ts";

interface Hung {
  readonly meter: string;
  readonly from: number;
  until: number;
  readonly seen: Map<number, Registers>;
}

export interface Paid {
  readonly at: number;
  /** Fen. */
  readonly amount: number;
}

const FOR_EVER = Number.MAX_SAFE_INTEGER;

export class TrueAccount {
  readonly #tariff: OracleTariff;
  readonly #hung: Hung[];
  readonly paid: Paid[] = [];
  readonly #days: OracleDay[] = [];
  /** Of all days that are over, less what was fed back; by their number. */
  readonly #sums: number[] = [0];

  constructor(meter: string, tariff: OracleTariff) {
    this.#tariff = tariff;
    this.#hung = [{ meter, from: beginOf(FIRST_DAY, TIME_ZONE), until: FOR_EVER, seen: new Map() }];
  }

  /** The meter that hangs there now. */
  get meter(): string {
    return this.#hung.at(-1)!.meter;
  }

  get meters(): readonly string[] {
    return this.#hung.map(({ meter }) => meter);
  }

  /** What the meter that hangs there kept at the midnight with which this day begins. */
  midnight(day: string, registers: Registers): void {
    const now = this.#hung.at(-1)!;
    const at = beginOf(day, TIME_ZONE);
    if (at >= now.from && !now.seen.has(at)) now.seen.set(at, registers);
  }

  isMidnightKnown(day: string): boolean {
    const at = beginOf(day, TIME_ZONE);
    return this.#hung.some(({ seen }) => seen.has(at));
  }

  /** Another meter from this moment on. */
  replaced(at: number, last: Registers, by: string, first: Registers): void {
    const old = this.#hung.at(-1)!;
    old.until = at;
    old.seen.set(at, last);
    this.#hung.push({ meter: by, from: at, until: FOR_EVER, seen: new Map([[at, first]]) });
  }

  /** Every day from the first to this one, which is over: its midnights are known. */
  daysTo(last: string): readonly OracleDay[] {
    const known = this.#days.at(-1)?.day;
    const next = known === undefined ? FIRST_DAY : dayAfter(known);
    if (next > last) return this.#days;
    for (const day of this.#bill(this.#hung, next, last)) {
      this.#days.push(day);
      this.#sums.push(this.#sums.at(-1)! + day.cost - day.feedIn);
    }
    return this.#days;
  }

  paidUntil(at: number): number {
    return this.paid.reduce((sum, one) => (one.at <= at ? sum + one.amount : sum), 0);
  }

  /** Fen, at a moment at which the meter showed these registers: what was paid in until then, less what all energy until then cost. */
  balance(at: number, registers: Registers): number {
    return this.#balance(at, registers, this.#tariff);
  }

  /**
   * The same as somebody knows it who was told the total alone: which rate today's energy was, only midnight says, so of rates it costs
   * nothing yet. What is fed back is owed at midnight in either case.
   */
  balanceByTotal(at: number, registers: Registers): number {
    return this.#balance(at, registers, withoutRates(this.#tariff));
  }

  #balance(at: number, registers: Registers, ofToday: OracleTariff): number {
    const today = dayOf(at, TIME_ZONE);
    return this.paidUntil(at) - this.costBefore(today) - this.#soFar(today, at, registers, ofToday);
  }

  /** Fen, of all days before this one. */
  costBefore(day: string): number {
    const days = this.daysTo(dayBefore(day));
    const count = days.findLastIndex((one) => one.day < day) + 1;
    return this.#sums[count]!;
  }

  #soFar(today: string, at: number, registers: Registers, tariff: OracleTariff): number {
    const hung = this.#hung.filter(({ from }) => from <= at);
    const last = hung.pop()!;
    const open = { ...last, until: at, seen: new Map([...last.seen, [at, registers]]) };
    return this.#bill([...hung, open], today, today, tariff)[0]!.cost;
  }

  #bill(hung: readonly Hung[], first: string, last: string, tariff = this.#tariff): OracleDay[] {
    const fittings = hung.map(({ meter, from, until, seen }) => ({
      ...{ from, until },
      registers: (at: number): Registers => {
        const found = seen.get(at);
        if (found === undefined) throw new Unknown(`${meter} showed nobody anything at ${new Date(at).toISOString()}`);
        return found;
      },
    }));
    return billDays({ zone: TIME_ZONE, tariffs: [{ from: "2000-01-01", tariff }], fittings }, first, last);
  }
}

const withoutRates = (tariff: OracleTariff): OracleTariff => ({
  ...tariff,
  versions: tariff.versions.map(({ rates, ...version }) =>
    rates === undefined ? version : { ...version, rates: { ...rates, prices: rates.prices.map(() => "0.0000") } },
  ),
});

/** The street kept no registers of that moment (yet). */
export class Unknown extends Error {}
