/** Run-state word 3, as far as both keepers of the rules' picture read it. */

/** Bit 6: which way the relay is ordered. */
const ORDER_IS_DISCONNECT = 0x40;

/** Null: the word was never seen. */
export const orderIn = (word: number | null): "connect" | "disconnect" | null =>
  word === null ? null : (word & ORDER_IS_DISCONNECT) === 0 ? "connect" : "disconnect";
