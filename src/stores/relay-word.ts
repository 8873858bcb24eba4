/** Run-state word 3, as far as both keepers of the rules' picture read it. */

/** Bit 6: which way the relay is ordered. */
const ORDER_IS_DISCONNECT = 0x40;
/** Bit 7: the low-credit alarm shows. */
const ALARM_SHOWS = 0x80;

/** Null: the word was never seen. */
export const orderIn = (word: number | null): "connect" | "disconnect" | null =>
  word === null ? null : (word & ORDER_IS_DISCONNECT) === 0 ? "connect" : "disconnect";

/** Null: the word was never seen. */
export const alarmIn = (word: number | null): boolean | null => (word === null ? null : (word & ALARM_SHOWS) !== 0);
