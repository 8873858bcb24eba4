/**
 * Channel reconciliation (对账): a channel's daily file beside our payments. Missing: the channel has it and we do not. Extra:
 * we have it on that day and the channel does not. Different: both have it, with other amounts. An order that we took on
 * another day than the file's is no difference: midnight is not the same everywhere.
 */
import type { Instant } from "../kernel/clock.ts";
import { Fault } from "../kernel/faults.ts";
import { parseYuan, type Fen } from "../kernel/money.ts";
import { parseCsv } from "./csv.ts";
import type { Period } from "./period.ts";

export interface ChannelRow {
  readonly orderId: string;
  readonly amount: Fen;
  /** As the channel wrote it; it decides nothing. */
  readonly time: string | null;
}

export interface OurPayment {
  readonly id: string;
  readonly orderId: string;
  readonly account: string;
  readonly amount: Fen;
  readonly state: string;
  readonly createdAt: Instant;
  readonly invoice?: Readonly<Record<string, string>>;
}

export interface ChannelPayments {
  /** Payments of this channel: those of the period, and those with these order ids on whatever day. */
  ofChannel(channel: string, period: Period, orderIds: readonly string[]): Promise<readonly OurPayment[]>;
}

export interface ChannelDifferences {
  readonly matched: number;
  readonly missing: readonly ChannelRow[];
  readonly extra: readonly OurPayment[];
  readonly different: readonly { readonly theirs: ChannelRow; readonly ours: OurPayment }[];
  /** Order ids that stand in the file more than once: each is compared with its first row. */
  readonly repeated: readonly string[];
}

/** Pure. */
export function compareChannel(rows: readonly ChannelRow[], ours: readonly OurPayment[], period: Period): ChannelDifferences {
  const known = new Map(ours.map((payment) => [payment.orderId, payment]));
  const theirs = new Map<string, ChannelRow>();
  const repeated: string[] = [];
  for (const row of rows)
    if (theirs.has(row.orderId)) repeated.push(row.orderId);
    else theirs.set(row.orderId, row);
  const missing: ChannelRow[] = [];
  const different: { theirs: ChannelRow; ours: OurPayment }[] = [];
  for (const row of theirs.values()) {
    const payment = known.get(row.orderId);
    if (payment === undefined) missing.push(row);
    else if (payment.amount !== row.amount) different.push({ theirs: row, ours: payment });
  }
  const extra = ours.filter(
    ({ orderId, createdAt }) => !theirs.has(orderId) && createdAt >= period.from && createdAt < period.to,
  );
  return { matched: theirs.size - missing.length - different.length, missing, extra, different, repeated };
}

const names = {
  orderId: /^(order.?id|order|订单号|流水号)$/i,
  amount: /^(amount|金额|缴费金额)$/i,
  time: /^(time|date|paid.?at|时间|交易时间)$/i,
};

/** Columns by their names in the first line, or orderId, amount, time where the first line is a row already. */
export function parseChannelFile(text: string): readonly ChannelRow[] {
  const rows = parseCsv(text);
  const [first] = rows;
  if (first === undefined) return [];
  const at = (name: RegExp): number => first.findIndex((cell) => name.test(cell));
  const named = at(names.orderId) >= 0 && at(names.amount) >= 0;
  const columns = named
    ? { orderId: at(names.orderId), amount: at(names.amount), time: at(names.time) }
    : { orderId: 0, amount: 1, time: 2 };
  return rows
    .slice(named ? 1 : 0)
    .map((row, index) =>
      channelRow(
        { orderId: row[columns.orderId] ?? "", amount: row[columns.amount] ?? "", time: row[columns.time] ?? null },
        index + (named ? 2 : 1),
      ),
    );
}

/** One row, whoever sent it; `line` says where it stood. */
export function channelRow(row: { orderId: string; amount: string; time?: string | null | undefined }, line: number): ChannelRow {
  if (row.orderId === "") throw new Fault("channel-file-malformed", { line, field: "orderId", problem: "it is empty" });
  try {
    return { orderId: row.orderId, amount: parseYuan(row.amount), time: row.time ?? null };
  } catch {
    throw new Fault("channel-file-malformed", { line, field: "amount", given: row.amount, allowed: "yuan, like 100.00" });
  }
}
