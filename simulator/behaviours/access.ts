/**
 * Who may give an order: a level with its password, or a session with a MAC. Used by writing, control and clearing alike.
 *
 * A lower level number is the higher right. Wrong passwords are counted; a level that is kept but not high enough is refused
 * without being counted, because nothing was guessed.
 */
import { hex, reversed } from "../bytes.ts";
import { Purpose } from "../virtual-esam.ts";
import type { VirtualMeter } from "../virtual-meter.ts";
import { dataItemOf, FunctionCode } from "../wire.ts";

/** DI 4, level and password 4, operator 4 stand before the field of every 14H. */
export const HEAD_BYTES = 12;
export const MAC_BYTES = 4;

/** PA P0 P1 P2 as they travel, and the level that the thing asks for. */
export function passwordAllows(meter: VirtualMeter, head: Uint8Array, needed: string): boolean {
  const level = hex(head.slice(0, 1));
  const kept = meter.passwords[level];
  if (kept === undefined || !/^\d\d$/.test(level)) return false;
  const isRight = meter.passwordLock.try(level, kept === hex(reversed(head.slice(1, 4))), meter.settle());
  return isRight && Number(level) <= Number(needed);
}

/** Session and suspension, before anything under a MAC is looked at. */
export const isBarred = (meter: VirtualMeter): boolean =>
  !meter.esam.hasSession(meter.time.unhurried()) || meter.esam.isSuspended(meter.day);

/** The clear text of a level 98 write, or undefined when session or MAC say no. `isLast`: no second MAC lies inside. */
export function openedField(meter: VirtualMeter, data: Uint8Array, { isLast }: { isLast: boolean }): Uint8Array | undefined {
  const [cipher, mac] = [reversed(data.slice(HEAD_BYTES, -MAC_BYTES)), reversed(data.slice(-MAC_BYTES))];
  if (isBarred(meter) || cipher.length === 0 || cipher.length % 16 !== 0) return undefined;
  const sealed = {
    purpose: Purpose.parameters,
    control: FunctionCode.write,
    di: dataItemOf(data),
    tag: 1,
    data: cipher,
  } as const;
  return meter.esam.accepts(sealed, mac, { day: meter.day, isLast })
    ? meter.esam.decipher(Purpose.parameters, cipher)
    : undefined;
}
