/** What the comparison of ledger and meters needs of a database. */
import { Instant } from "../kernel/clock.ts";
import { CentiKwh } from "../kernel/energy.ts";
import type { AccountId, MeterAddress } from "../kernel/ids.ts";
import { Fen } from "../kernel/money.ts";
import type { Transaction } from "../kernel/transaction.ts";
import { book } from "../ledger/ledger.ts";
import type { BilledSight, BookSight, Sight } from "./compare.ts";
import type { ExceptionItem } from "./item.ts";

export interface MeterToCompare {
  readonly meter: MeterAddress;
  readonly account: AccountId | null;
  readonly mode: "local" | "remote" | null;
  readonly tariff: string | null;
  readonly comparedAt: Instant | null;
}

/** What a later comparison counts from. For accounts in the ledger: the difference that somebody explained. */
export type Baseline = { readonly sight: Sight } | { readonly explained: Fen };

export interface RunRecord {
  readonly id: string;
  readonly at: Instant;
  readonly askedBy: string;
  readonly doneAt: Instant | null;
  readonly report: Readonly<Record<string, unknown>> | null;
}

export interface ComparisonStore {
  meters(): Promise<readonly MeterToCompare[]>;
  baseline(meter: MeterAddress): Promise<Baseline | null>;
  /** Where no comparison was ever made: the first poll of the last two days, and the count before our first top-up. */
  firstLook(meter: MeterAddress, now: Instant): Promise<Sight | null>;
  /** When its wallet was last wiped by an order of ours; null: never. What was seen before says nothing of it any more. */
  wipedAt(meter: MeterAddress): Promise<Instant | null>;
  /** Null while a top-up is under way or disputed: nobody can say what the books should say. */
  books(meter: MeterAddress): Promise<BookSight | null>;
  billed(account: AccountId, meter: MeterAddress): Promise<Omit<BilledSight, "register" | "explained">>;
  /** Null leaves the baseline where it is, and notes that the meter was compared. */
  keepBaseline(tx: Transaction | null, meter: MeterAddress, baseline: Baseline | null, at: Instant): Promise<void>;
  /** Books whose kept sum is not the sum of their legs, and the sum of all legs unless it is nothing. */
  brokenSums(): Promise<readonly { readonly book: string; readonly kept: Fen; readonly summed: Fen }[]>;
  begin(run: RunRecord): Promise<void>;
  finish(id: string, doneAt: Instant, report: Readonly<Record<string, unknown>>): Promise<void>;
  run(id: string): Promise<RunRecord | null>;
}

/** A picture as plain JSON: kept as a baseline and as evidence, and read back from either. */
export function sightAsJson({ meter, books }: Sight): Readonly<Record<string, unknown>> {
  const { takenAt, net, register, count, total, rates, period } = meter;
  const more = {
    ...(rates === undefined ? {} : { rates: rates.map(String) }),
    ...(period === undefined ? {} : { period: String(period) }),
  };
  const text = (value: bigint | null): string | null => value?.toString() ?? null;
  return {
    meter: { takenAt, net: text(net), register: text(register), count, total: text(total), ...more },
    books: { settles: books.settles, purchased: books.purchased.toString(), net: books.net.toString() },
  };
}

interface SightJson {
  readonly meter: {
    takenAt: number;
    net: string | null;
    register: string | null;
    count: number | null;
    total: string | null;
    rates?: readonly string[];
    period?: string;
  };
  readonly books: { settles: number; purchased: string; net: string };
}

export function sightFromJson(json: unknown): Sight {
  const { meter, books } = json as SightJson;
  const fen = (text: string | null): Fen | null => (text === null ? null : Fen(BigInt(text)));
  return {
    meter: {
      takenAt: Instant(meter.takenAt),
      net: fen(meter.net),
      register: meter.register === null ? null : CentiKwh(BigInt(meter.register)),
      count: meter.count,
      total: fen(meter.total),
      ...(meter.rates === undefined ? {} : { rates: meter.rates.map((text) => CentiKwh(BigInt(text))) }),
      ...(meter.period === undefined ? {} : { period: CentiKwh(BigInt(meter.period)) }),
    },
    books: { settles: books.settles, purchased: Fen(BigInt(books.purchased)), net: Fen(BigInt(books.net)) },
  };
}

/**
 * Pure: what the next comparison counts from once a person has settled a difference. Without an entry the figures of then are
 * declared right as they are; with one, the books of then are moved by what the entry posted to the meter's book.
 */
export function settledBaseline(
  item: Pick<ExceptionItem, "evidence" | "suggestion" | "meter">,
  applied: boolean,
): Baseline | null {
  const { evidence, suggestion, meter } = item;
  const explained = evidence["explained"];
  if (typeof explained === "string") return { explained: Fen(BigInt(explained)) };
  if (evidence["now"] === undefined || meter === null) return null;
  const { meter: seen, books } = sightFromJson(evidence["now"]);
  const moved = applied ? (suggestion?.legs.find((leg) => leg.book === book.meter(meter))?.amount ?? 0n) : 0n;
  return { sight: { meter: seen, books: { ...books, purchased: Fen(books.purchased + moved), net: Fen(books.net + moved) } } };
}
