/** A file of payments, line by line: what is wrong with it in itself, before any gateway is asked. Pure. */
import { isFault } from "../../kernel/faults.ts";
import { AccountId } from "../../kernel/ids.ts";
import { parseYuan } from "../../kernel/money.ts";
import { isScientific, readTable, type Column, type Complaint, type Row } from "./table.ts";

type Name = "account" | "amount" | "channel" | "orderId";
export const paymentColumns: readonly Column<Name>[] = [
  { name: "account", also: ["户号", "客户编号"], needed: true },
  { name: "amount", also: ["金额", "充值金额"], needed: true },
  { name: "orderId", also: ["order", "订单号", "流水号"], needed: true },
  { name: "channel", also: ["渠道"], needed: false },
];

export interface PaymentLine {
  readonly line: number;
  readonly account: string;
  readonly amount: string;
  readonly channel: string;
  readonly orderId: string;
}

export interface PaymentsFile {
  readonly lines: readonly PaymentLine[];
  readonly complaints: readonly Complaint[];
  readonly encoding: string;
  /** How the file calls a column. */
  headOf(name: string): string;
}

const CHANNEL = /^[0-9A-Za-z._-]{1,40}$/;
const ORDER_ID_LENGTH_MAX = 100;

/** `channel`: for lines that name none. */
export function readPayments(bytes: Uint8Array, channel: string): PaymentsFile {
  const table = readTable(bytes, paymentColumns);
  const headOf = (name: string): string => table.heads[name as Name] ?? name;
  const complaints = [...table.complaints];
  const lines: PaymentLine[] = [];
  const seen = new Map<string, number>();
  for (const row of table.rows) {
    const wrong = (column: Name, say: string): void => void complaints.push({ line: row.line, column: headOf(column), say });
    const line = { line: row.line, ...wholeOf(row, channel) };
    for (const name of ["account", "amount", "orderId"] as const) if (line[name] === "") wrong(name, "The cell is empty.");
    for (const name of ["account", "orderId"] as const)
      if (isScientific(line[name]))
        wrong(
          name,
          `"${line[name]}" is what a spreadsheet makes of a long number; give the column the format "text" and fill it again.`,
        );
    if (line.account !== "" && !isScientific(line.account)) because(wrong, "account", () => AccountId(line.account));
    if (line.amount !== "")
      because(wrong, "amount", () => {
        if (parseYuan(line.amount) <= 0n) throw new Error(`"${line.amount}": an amount is positive.`);
      });
    if (!CHANNEL.test(line.channel)) wrong("channel", `"${line.channel}": 1 to 40 letters, digits, dots or dashes.`);
    if (line.orderId.length > ORDER_ID_LENGTH_MAX) wrong("orderId", `Longer than ${ORDER_ID_LENGTH_MAX} characters.`);
    if (line.orderId !== "") {
      const key = `${line.channel} ${line.orderId}`;
      const earlier = seen.get(key);
      if (earlier === undefined) seen.set(key, row.line);
      else wrong("orderId", `The order "${line.orderId}" stands in line ${earlier} already; each order is paid once.`);
    }
    lines.push(line);
  }
  if (lines.length === 0 && complaints.length === 0)
    complaints.push({ line: 1, column: null, say: "There is a head, and no payment." });
  return { lines, complaints, encoding: table.encoding, headOf };
}

function wholeOf({ cells }: Row<Name>, channel: string): Omit<PaymentLine, "line"> {
  const { account = "", amount = "", orderId = "" } = cells;
  return { account, amount, orderId, channel: cells.channel ?? channel };
}

function because(wrong: (column: Name, say: string) => void, column: Name, read: () => unknown): void {
  try {
    read();
  } catch (error) {
    wrong(column, isFault(error) ? error.message : (error as Error).message);
  }
}
