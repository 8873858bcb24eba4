/**
 * 14H, writing, for the few items a gateway sets: the clock, the alarm amounts and limits, the trip delays, and the refund.
 *
 * Three forms: level 02 or 04 with its password; level 99, clear with a MAC (class 1); level 98, ciphered with a MAC (class 2).
 * What is not in the table is not authorised, ERR 04. The chip opens a cipher only when its MAC is right, so under level 98
 * the MAC is checked before the digits; under level 99 the digits come first.
 */
import { bcdDigits, hex, reversed } from "../bytes.ts";
import { Purpose } from "../virtual-esam.ts";
import type { VirtualMeter } from "../virtual-meter.ts";
import { momentOf, wallDigits } from "../wall-time.ts";
import type { Frame } from "../wire.ts";
import { dataItemOf, FunctionCode, no, yes } from "../wire.ts";
import type { Answer, Behaviour } from "./behaviour.ts";
import { Err } from "./behaviour.ts";

interface Writable {
  readonly size: number;
  readonly securedLevel: 98 | 99;
  /** Numbers that only a meter with test keys lets be changed; never by password. */
  readonly underTestKeysOnly?: true;
  /** Digits highest first; false when they make no sense here. */
  set(meter: VirtualMeter, digits: string): boolean;
}

const HEAD_BYTES = 12;
const REFUND = "04001006";
const RECORDS_MAX = 10;

const always = (set: (meter: VirtualMeter, digits: string) => void) => (meter: VirtualMeter, digits: string) => {
  set(meter, digits);
  meter.reconsider();
  return true;
};

function setClock(meter: VirtualMeter, digits: string): boolean {
  const moment = momentOf(digits);
  if (moment === undefined) return false;
  meter.clockOffsetMs = moment - meter.settle();
  meter.obeyed.clockSets += 1;
  return true;
}

const isWeekday = (digits: string): boolean => /^0[0-6]$/.test(digits);

const writables: Readonly<Record<string, Writable>> = {
  "0400010C": {
    size: 7,
    securedLevel: 98,
    set: (meter, d) => isWeekday(d.slice(6, 8)) && setClock(meter, d.slice(0, 6) + d.slice(8)),
  },
  "04000101": {
    size: 4,
    securedLevel: 98,
    set: (meter, d) => isWeekday(d.slice(6)) && setClock(meter, d.slice(0, 6) + wallDigits(meter.clock).time),
  },
  "04000102": { size: 3, securedLevel: 98, set: (meter, d) => setClock(meter, wallDigits(meter.clock).date + d) },
  "04000402": { size: 6, securedLevel: 99, underTestKeysOnly: true, set: always((meter, d) => (meter.meterNumber = d)) },
  "0400040E": { size: 6, securedLevel: 99, underTestKeysOnly: true, set: always((meter, d) => (meter.customerNumber = d)) },
  "04001001": { size: 4, securedLevel: 99, set: always((meter, d) => (meter.alarms.first = BigInt(d))) },
  "04001002": { size: 4, securedLevel: 99, set: always((meter, d) => (meter.alarms.second = BigInt(d))) },
  "04001003": { size: 4, securedLevel: 98, set: always((meter, d) => (meter.wallet.overdraftLimit = BigInt(d))) },
  "04001004": { size: 4, securedLevel: 98, set: always((meter, d) => (meter.hoardingLimit = BigInt(d))) },
  "04001005": { size: 4, securedLevel: 98, set: always((meter, d) => (meter.closeAllowedAt = BigInt(d))) },
  "04001401": { size: 2, securedLevel: 98, set: always((meter, d) => (meter.relay.tripDelayMinutes = Number(d))) },
  "04001402": { size: 3, securedLevel: 98, set: always((meter, d) => (meter.relay.tripMilliampsMax = Number(d))) },
  "04001403": { size: 2, securedLevel: 98, set: always((meter, d) => (meter.relay.holdOffMinutes = Number(d))) },
};

function write(meter: VirtualMeter, item: Writable, digits: string | undefined): number | undefined {
  if (item.underTestKeysOnly && meter.keyState !== "test") return Err.other;
  if (digits?.length !== item.size * 2 || !item.set(meter, digits)) return Err.other;
  meter.obeyed.writes += 1;
  return undefined;
}

function byPassword(data: Uint8Array, item: Writable, meter: VirtualMeter): number | undefined {
  const password = hex(reversed(data.slice(5, 8)));
  if (item.underTestKeysOnly || meter.passwords[hex(data.slice(4, 5))] !== password) return Err.unauthorised;
  return write(meter, item, bcdDigits(data.slice(HEAD_BYTES)));
}

/** Session and suspension, before anything under a MAC is looked at. */
const isBarred = (meter: VirtualMeter): boolean =>
  !meter.esam.hasSession(meter.time.unhurried()) || meter.esam.isSuspended(meter.day);

function byMac(data: Uint8Array, item: Writable, meter: VirtualMeter): number | undefined {
  if (item.securedLevel !== 99 || isBarred(meter)) return Err.unauthorised;
  const [field, mac] = [data.slice(HEAD_BYTES, -4), reversed(data.slice(-4))];
  const digits = bcdDigits(field);
  if (digits === undefined) return Err.other;
  const sealed = {
    purpose: Purpose.parameters,
    control: FunctionCode.write,
    di: dataItemOf(data),
    tag: 1,
    data: reversed(field),
  } as const;
  return meter.esam.accepts(sealed, mac, { day: meter.day, isLast: true }) ? write(meter, item, digits) : Err.unauthorised;
}

/** The clear text of a level 98 write, or undefined when session or MAC say no. */
function opened(data: Uint8Array, meter: VirtualMeter): Uint8Array | undefined {
  const [cipher, mac] = [reversed(data.slice(HEAD_BYTES, -4)), reversed(data.slice(-4))];
  if (isBarred(meter) || cipher.length === 0 || cipher.length % 16 !== 0) return undefined;
  const sealed = {
    purpose: Purpose.parameters,
    control: FunctionCode.write,
    di: dataItemOf(data),
    tag: 1,
    data: cipher,
  } as const;
  return meter.esam.accepts(sealed, mac, { day: meter.day, isLast: sealed.di !== REFUND })
    ? meter.esam.decipher(Purpose.parameters, cipher)
    : undefined;
}

/** Length 1 (DI and data), DI 4, data highest byte first, padding. */
function byCipher(data: Uint8Array, item: Writable, meter: VirtualMeter): number | undefined {
  const text = item.securedLevel === 98 ? opened(data, meter) : undefined;
  if (text === undefined) return Err.unauthorised;
  if (text[0] !== item.size + 4 || hex(text.slice(1, 5)) !== dataItemOf(data)) return Err.other;
  const digits = hex(text.slice(5, 5 + item.size));
  return write(meter, item, /^\d+$/.test(digits) ? digits : undefined);
}

/** Amount and inner MAC under the cipher, no count: the same frame in the same session takes the money twice. */
function refund(data: Uint8Array, meter: VirtualMeter): number | undefined {
  if (data[4] !== 0x98 || data.length !== 32 || !meter.hasWallet) return Err.unauthorised;
  const text = opened(data, meter);
  if (text === undefined) return Err.unauthorised;
  const amountBytes = text.slice(0, 4);
  const inner = { purpose: Purpose.purse, control: FunctionCode.write, di: REFUND, tag: 2, data: amountBytes } as const;
  if (!meter.esam.accepts(inner, text.slice(4, 8), { day: meter.day, isLast: true })) return Err.unauthorised;
  const amount = BigInt(`0x${hex(amountBytes)}`);
  const before = meter.wallet.balance;
  if (amount > before) return Err.other;
  meter.wallet.refund(amount);
  meter.obeyed.refunds += 1;
  meter.refunds.unshift({ at: meter.clock, count: meter.purchaseCount, amount, before, after: meter.wallet.balance, total: 0n });
  meter.refunds.splice(RECORDS_MAX);
  meter.reconsider();
  return undefined;
}

function outcome({ data }: Frame, meter: VirtualMeter): number | undefined {
  if (data.length <= HEAD_BYTES) return Err.other;
  const di = dataItemOf(data);
  if (di === REFUND) return refund(data, meter);
  const item = writables[di];
  if (item === undefined) return Err.unauthorised;
  if (data[4] === 0x99) return byMac(data, item, meter);
  return data[4] === 0x98 ? byCipher(data, item, meter) : byPassword(data, item, meter);
}

export const writing: Behaviour = {
  name: "writing",
  hear(request, meter): Answer | undefined {
    if (request.control !== FunctionCode.write) return undefined;
    const err = outcome(request, meter);
    return err === undefined ? yes(request) : no(request, err);
  },
};
