/**
 * Ledger against meter: two pictures of then and now, and what does not follow. Pure; who reads the meters is told in
 * comparison.ts.
 *
 *     purchase count    advanced by as many as we settled                 exact, and needs no keys (03330201)
 *     purchase total    grew by what we settled and corrected             exact to the fen (03330601), where the meter keeps it
 *     balance           moved by what we sent less what energy costs      within what the register's steps and the purse's lag allow
 *
 * Energy is known in steps of 0.01 kWh and was not read in the same instant as the balance, so a moving register leaves two
 * steps on either side. A register that stands still leaves nothing but one fen that had not gathered a step yet, and not even
 * that when no power flows. Up to a quarter of an hour of use may be missing in the balance: the purse lags behind.
 *
 * The meter is the fact. A suggested entry therefore always moves the meter's book to what the meter shows.
 */
import type { Instant } from "../kernel/clock.ts";
import { kwh, type CentiKwh } from "../kernel/energy.ts";
import { Fen, yuan } from "../kernel/money.ts";
import { ADJUSTMENTS } from "../ledger/correction.ts";
import { book } from "../ledger/ledger.ts";
import type { Deduction } from "./deduction.ts";
import type { Suggestion } from "./item.ts";

const RECORD_COUNT_WRAPS_AT = 10_000;

/** What the meter showed. Null: it has no such item, or nobody read it then. */
export interface MeterSight {
  readonly takenAt: Instant;
  /** Balance less overdraft. */
  readonly net: Fen | null;
  readonly register: CentiKwh | null;
  readonly count: number | null;
  readonly total: Fen | null;
  /** By rate, and what the meter had used in its step period; left out where the tariff asks for neither. */
  readonly rates?: readonly CentiKwh[];
  readonly period?: CentiKwh;
  /** Watts, looked at only where the register stood still. */
  readonly idle?: boolean;
}

/** What the books say of the meter. */
export interface BookSight {
  readonly settles: number;
  /** Settled and corrected. */
  readonly purchased: Fen;
  /** All that moved to the meter, refunds taken off. */
  readonly net: Fen;
}

export interface Sight {
  readonly meter: MeterSight;
  readonly books: BookSight;
}

export interface Finding {
  readonly what: "purchase-count" | "purchase-total" | "balance" | "register" | "billed-register" | "charges";
  readonly expected: string;
  readonly found: string;
  /** Found less expected. */
  readonly difference: string;
  readonly unit: "times" | "yuan" | "kWh";
  /** In fen, where an entry could put it right. */
  readonly fen: Fen | null;
}

/** Pure: what does not follow from `then`. `deducted`: between which sums the deduction may lie (deduction.ts). */
export function compareWallet(then: Sight, now: Sight, deducted: Deduction): readonly Finding[] {
  return [...counts(then, now), ...totals(then, now), ...balances(then, now, deducted)];
}

function* counts(then: Sight, now: Sight): Generator<Finding> {
  if (then.meter.count === null || now.meter.count === null) return;
  const expected = (then.meter.count + now.books.settles - then.books.settles) % RECORD_COUNT_WRAPS_AT;
  const found = now.meter.count % RECORD_COUNT_WRAPS_AT;
  if (expected === found) return;
  const difference = String(found - expected);
  yield { what: "purchase-count", expected: String(expected), found: String(found), difference, unit: "times", fen: null };
}

function* totals(then: Sight, now: Sight): Generator<Finding> {
  if (then.meter.total === null || now.meter.total === null) return;
  const expected = then.meter.total + now.books.purchased - then.books.purchased;
  if (expected !== now.meter.total) yield inYuan("purchase-total", expected, now.meter.total, now.meter.total - expected);
}

function* balances(then: Sight, now: Sight, bounds: Deduction): Generator<Finding> {
  const { net: netThen, register: before } = then.meter;
  const { net: netNow, register: after } = now.meter;
  if (netThen === null || netNow === null || before === null || after === null) return;
  if (after < before) {
    const difference = kwh(after - before);
    yield { what: "register", expected: kwh(before), found: kwh(after), difference, unit: "kWh", fen: null };
    return;
  }
  const sent = now.books.net - then.books.net;
  if ("unknown" in bounds) return;
  const { least, most } = bounds;
  const deducted = netThen + sent - netNow;
  if (deducted >= least && deducted <= most) return;
  const expected = netThen + sent - (deducted < least ? least : most);
  yield inYuan("balance", expected, netNow, netNow - expected);
}

/** What the ledger billed, where the ledger is the wallet. */
export interface BilledSight {
  /** Register up to which was charged; null: nothing yet. */
  readonly billedTo: CentiKwh | null;
  readonly register: CentiKwh | null;
  /** Sum of the charges, and of what the settlement days cost; both less what reverse energy earned. */
  readonly charged: Fen;
  readonly cost: Fen;
  /** By how much they differed when somebody last said that this is so. */
  readonly explained: Fen;
}

/** Pure: for accounts without a wallet in the meter. What was used since the last charged reading is nobody's mistake. */
export function compareBilled({ billedTo, register, charged, cost, explained }: BilledSight): readonly Finding[] {
  const findings: Finding[] = [];
  if (billedTo !== null && register !== null && register < billedTo)
    findings.push({
      what: "billed-register",
      expected: kwh(billedTo),
      found: kwh(register),
      difference: kwh(register - billedTo),
      unit: "kWh",
      fen: null,
    });
  const expected = cost + explained;
  if (charged !== expected) findings.push(inYuan("charges", expected, charged, charged - expected));
  return findings;
}

const inYuan = (what: Finding["what"], expected: bigint, found: bigint, difference: bigint): Finding => ({
  what,
  expected: yuan(expected),
  found: yuan(found),
  difference: yuan(difference),
  unit: "yuan",
  fen: Fen(difference),
});

/** Pure: the entry that would put the books right; the exact finding speaks before the one with a tolerance. */
export function suggestionFor(
  findings: readonly Finding[],
  { meter, account }: { readonly meter: string; readonly account: string | null },
): Suggestion | null {
  const finding = findings.find(({ what }) => what === "purchase-total") ?? findings.find(({ fen }) => fen !== null);
  if (finding?.fen == null) return null;
  const { fen, what } = finding;
  const note = `${what}: ${finding.found} instead of ${finding.expected} at meter ${meter}`;
  if (what !== "charges")
    return {
      note,
      legs: [
        { book: ADJUSTMENTS, amount: Fen(0n - fen) },
        { book: book.meter(meter), amount: fen },
      ],
    };
  if (account === null) return null;
  return {
    note,
    legs: [
      { book: book.consumed, amount: Fen(0n - fen) },
      { book: `available/${account}`, amount: fen },
    ],
  };
}
