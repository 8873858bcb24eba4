/**
 * What 1AH, 1BH and 1CH have in common at level 98: PA P0 P1 P2, operator 4, and a block of 20 that hides the order and its
 * deadline. `whole`: turned round as one, so the MAC travels first; `fields`: cipher and MAC each turned round for itself.
 */
import { hex, reversed } from "../bytes.ts";
import { Purpose } from "../virtual-esam.ts";
import type { VirtualMeter } from "../virtual-meter.ts";
import { momentOf } from "../wall-time.ts";
import type { Frame } from "../wire.ts";
import { FunctionCode } from "../wire.ts";

/** Extended reply, DC: why not. */
export const Why = {
  suspended: 0x0001,
  mac: 0x0002,
  unauthorised: 0x0004,
  expired: 0x0008,
  late: 0x0010,
  protected: 0x0020,
  timedProtected: 0x0040,
  badTime: 0x0080,
  alreadyTripped: 0x0100,
} as const;

const REQUEST_BYTES = 28;
const CIPHER_BYTES = 16;

/** 1CH may ask for a reply of two bytes that tells what was done, or why not. */
export const asksForMore = ({ control, data }: Frame): boolean =>
  control === FunctionCode.control && data[0] === 0x98 && data[3] === 0x01;

/** Cipher and MAC, the right way round. */
function partsOf(meter: VirtualMeter, data: Uint8Array): [Uint8Array, Uint8Array] {
  const block = data.slice(8);
  return meter.habits.controlBlock === "whole"
    ? [reversed(block).slice(0, CIPHER_BYTES), reversed(block).slice(CIPHER_BYTES)]
    : [reversed(block.slice(0, CIPHER_BYTES)), reversed(block.slice(CIPHER_BYTES))];
}

/** The first byte of the clear text, nobody having looked at the MAC: what is meant, not whether it may be done. */
export const orderMeant = (meter: VirtualMeter, { data }: Frame): number | undefined =>
  data.length === REQUEST_BYTES ? meter.esam.decipher(Purpose.control, partsOf(meter, data)[0])[0] : undefined;

/** The clear text of `size` bytes, or why not. */
export function openedOrder(meter: VirtualMeter, { control, data }: Frame, size: number): Uint8Array | { readonly why: number } {
  if (data.length !== REQUEST_BYTES) return { why: Why.unauthorised };
  if (!meter.esam.hasSession(meter.time.unhurried())) return { why: Why.expired };
  if (meter.esam.isSuspended(meter.day)) return { why: Why.suspended };
  const [cipher, mac] = partsOf(meter, data);
  const sealed = { purpose: Purpose.control, control, di: "00000000", tag: 1, data: cipher } as const;
  if (!meter.esam.accepts(sealed, mac, { day: meter.day, isLast: true })) return { why: Why.mac };
  const text = meter.esam.decipher(Purpose.control, cipher);
  const padding = `80${"00".repeat(CIPHER_BYTES - size - 1)}`;
  return hex(text.slice(size)) === padding ? text.slice(0, size) : { why: Why.unauthorised };
}

/** A deadline YYMMDDhhmmss by the meter's own clock: why the order is no longer obeyed. Equal is still in time. */
export function objectionToDeadline(meter: VirtualMeter, deadline: string | undefined): number | undefined {
  const { deadline: habit } = meter.habits;
  if (habit === "ignored" || (habit === "nines" && deadline === "9".repeat(12))) return undefined;
  const moment = deadline === undefined ? undefined : momentOf(deadline);
  if (moment === undefined) return Why.unauthorised;
  return Math.floor(meter.clock / 1_000) * 1_000 > moment ? Why.late : undefined;
}
