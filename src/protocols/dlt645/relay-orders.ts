/**
 * Function 1CH: what a relay can be ordered, and the byte N1 that says so (supplement of 2009, clause 5.11 of the
 * reference). The left column is the language of the house; the customer feels "disconnect", the standard says 跳闸.
 */
interface RelayOrderRow {
  readonly byte: number;
  readonly title: string;
  readonly zh: string;
  /** N2 carries the time until the supply comes back, in steps of five minutes; 00 is an error there and the rule elsewhere. */
  readonly timed: boolean;
}
const row = (byte: number, title: string, zh: string, timed = false): RelayOrderRow => ({ byte, title, zh, timed });

export const relayOrders = {
  disconnect: row(0x1a, "cut the supply", "跳闸"),
  arm: row(0x1b, "allow the customer to restore it at the meter", "合闸允许"),
  reconnect: row(0x1c, "restore the supply directly", "直接合闸"),
  disconnectThenReconnect: row(0x1d, "cut the supply for N2 × 5 minutes, then restore it", "跳闸自动恢复", true),
  disconnectThenArm: row(0x1e, "cut the supply for N2 × 5 minutes, then allow restoring at the meter", "跳闸后合闸允许", true),
  warn: row(0x2a, "low-credit alarm on", "报警"),
  unwarn: row(0x2b, "low-credit alarm off", "报警解除"),
  protect: row(0x3a, "the supply may not be cut", "保电"),
  unprotect: row(0x3b, "the supply may be cut again", "保电解除"),
} as const satisfies Record<string, RelayOrderRow>;

export type RelayOrderName = keyof typeof relayOrders;
export const relayOrderNames = Object.keys(relayOrders) as RelayOrderName[];

export const relayOrderOfByte = (byte: number): RelayOrderName | undefined =>
  relayOrderNames.find((name) => relayOrders[name].byte === byte);
