/** Places that hold more than one value: the 20 bytes of a secured order, the relay order with its time, keys that come in rows. */
import type { Choices } from "../choices.ts";
import { Unreadable, turned } from "../formats/format.ts";
import { hexByte } from "../frame.ts";
import { joined } from "../item.ts";
import type { Slot } from "./layout.ts";
import { refuse } from "../refusal.ts";
import { relayOrderNames, relayOrderOfByte, relayOrders } from "../relay-orders.ts";
import type { RelayOrderName } from "../relay-orders.ts";
import { exactly, raw, slot, spread } from "./slots.ts";

export interface Ciphered {
  /** 16 bytes. */
  readonly cipher: Uint8Array;
  readonly mac: Uint8Array;
}
const CIPHER_BYTES = 16;
const MAC_BYTES = 4;

/** Which of the two orders it is cannot be told from the bytes, so the block is shown as it stands. */
export const controlBlock = (order: Choices["controlBlock"]): Slot<Ciphered, "spread"> => {
  const cipherAt = order === "whole" ? MAC_BYTES : 0;
  const macAt = order === "whole" ? 0 : CIPHER_BYTES;
  return spread<Ciphered>({
    pattern: "cipher 16 and MAC 4",
    bytes: CIPHER_BYTES + MAC_BYTES,
    read: (wire) => ({
      cipher: turned(wire.subarray(cipherAt, cipherAt + CIPHER_BYTES)),
      mac: turned(wire.subarray(macAt, macAt + MAC_BYTES)),
    }),
    write({ cipher, mac }) {
      const both = [exactly(cipher, CIPHER_BYTES, "cipher"), exactly(mac, MAC_BYTES, "mac")];
      return joined(order === "whole" ? both.reverse() : both);
    },
    show: (wire) => ({ field: "cipher and MAC", values: wire.length === 0 ? [] : raw("block", wire) }),
  });
};

/** P0 P1 P2 at level 98 are no password: P2 = 01 asks for a reply that tells what was done (supplement of 2014). */
export const extendedReply: Slot<boolean, "value"> = slot<boolean>({
  pattern: "P2",
  bytes: 3,
  read: (wire) => wire[2] === 1,
  write: (asked) => Uint8Array.of(0, 0, asked ? 1 : 0),
  show: (wire, field) =>
    wire[2] === 1
      ? { field: "P0 P1 P2", values: [{ name: field, value: "true", unit: null }] }
      : { field: "P0 P1 P2", values: [], meaning: "no password at this level" },
});

export interface OrderedRelay {
  readonly order: RelayOrderName;
  /** Minutes until the supply comes back, in steps of five; 0 with orders that restore nothing by themselves. */
  readonly restoreAfterMinutes: number;
}
const STEP_MINUTES = 5;

/** N1 and N2. */
export const relayOrder = (secondByte: Choices["secondByte"]): Slot<OrderedRelay, "spread"> =>
  spread<OrderedRelay>({
    pattern: "N1 N2",
    bytes: 2,
    read([n1 = 0, n2 = 0]) {
      const order = relayOrderOfByte(n1);
      if (order === undefined) return new Unreadable(`${hexByte(n1)} is no order`);
      if (!relayOrders[order].timed) return { order, restoreAfterMinutes: 0 };
      return n2 === 0 ? new Unreadable(`${order} without a time`) : { order, restoreAfterMinutes: n2 * STEP_MINUTES };
    },
    write: (value) => Uint8Array.from(orderBytes(value, secondByte)),
    show([n1, n2]) {
      if (n1 === undefined) return { values: [] };
      const order = relayOrderOfByte(n1);
      const values = [{ name: "order", value: order ?? hexByte(n1), unit: null }];
      if (n2 === undefined) return { field: "N1", values };
      const timed = order !== undefined && relayOrders[order].timed;
      const second = timed
        ? { name: "restoreAfter", value: String(n2 * STEP_MINUTES), unit: "min" }
        : { name: "reserved", value: hexByte(n2), unit: null };
      return { field: "N1 N2", values: [...values, second] };
    },
  });

export function orderBytes(value: Partial<OrderedRelay>, secondByte: Choices["secondByte"] = "00"): [number, number] {
  const { order, restoreAfterMinutes = 0 } = value;
  const row = order === undefined || !Object.hasOwn(relayOrders, order) ? undefined : relayOrders[order];
  if (row === undefined) refuse("order", `not one of ${relayOrderNames.join(", ")}`, order);
  const steps = restoreAfterMinutes / STEP_MINUTES;
  if (!row.timed) {
    if (steps !== 0) refuse("restoreAfterMinutes", `${order} restores nothing by itself`, restoreAfterMinutes);
    return [row.byte, Number(secondByte)];
  }
  if (!Number.isInteger(steps) || steps < 1 || steps > 255)
    refuse("restoreAfterMinutes", `${order} wants 5 to 1275 minutes in steps of 5`, restoreAfterMinutes);
  return [row.byte, steps];
}

export interface KeyRow {
  /** 32 bytes under the cipher of the key before. */
  readonly key: Uint8Array;
  /** State, key number, reserved, number of keys: highest byte first. */
  readonly info: Uint8Array;
}
const KEY_BYTES = 32;
const INFO_BYTES = 4;
const ROW_BYTES = KEY_BYTES + INFO_BYTES;

/** 070301FF: one to four keys. */
export const keyRows: Slot<readonly KeyRow[], "value"> = slot<readonly KeyRow[]>({
  pattern: "key 32 and info 4, one to four times",
  bytes: ROW_BYTES,
  step: ROW_BYTES,
  max: 4 * ROW_BYTES,
  read: (wire) =>
    Array.from({ length: wire.length / ROW_BYTES }, (_, i) => ({
      key: turned(wire.subarray(i * ROW_BYTES, i * ROW_BYTES + KEY_BYTES)),
      info: turned(wire.subarray(i * ROW_BYTES + KEY_BYTES, (i + 1) * ROW_BYTES)),
    })),
  write: (rows, field) =>
    joined(
      rows.flatMap(({ key, info }) => [exactly(key, KEY_BYTES, `${field}.key`), exactly(info, INFO_BYTES, `${field}.info`)]),
    ),
  show: (wire, field) => ({ values: wire.length === 0 ? [] : raw(field, wire) }),
});

/** Two bytes that are there or not: what a relay order has done. */
export const optionalWord = (show: (word: number) => string): Slot<number | null, "value"> =>
  slot<number | null>({
    pattern: "a word or nothing",
    bytes: 0,
    step: 2,
    max: 2,
    read: (wire) => (wire.length === 0 ? null : wire[0]! + wire[1]! * 256),
    write(word, field) {
      if (word === null) return new Uint8Array();
      if (!Number.isInteger(word) || word < 0 || word > 0xffff) refuse(field, "does not fit two bytes", word);
      return Uint8Array.of(word & 0xff, word >> 8);
    },
    show(wire, field) {
      if (wire.length < 2) return { values: [] };
      const word = wire[0]! + wire[1]! * 256;
      const hex = hexByte(wire[1]!) + hexByte(wire[0]!);
      return {
        values: [
          { name: field, value: hex, unit: null },
          { name: "done", value: show(word), unit: null },
        ],
      };
    },
  });
