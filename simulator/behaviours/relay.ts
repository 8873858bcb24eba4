/**
 * 1CH: disconnect, reconnect, arm, warn, protect.
 *
 * Plain: level and password, then the order and its deadline. Secured (level 98): the order under a cipher, with a MAC over the
 * cipher; the block of 20 is turned round as a whole, so the MAC travels first. The reply says that the order stands, not that
 * the contact has moved. With P2 = 01 a secured order gets a word back that tells what was done, or why not.
 */
import { bcdDigits, fromHex, hex, reversed } from "../bytes.ts";
import { Purpose } from "../virtual-esam.ts";
import type { Obeyed, VirtualMeter } from "../virtual-meter.ts";
import { momentOf } from "../wall-time.ts";
import type { Frame } from "../wire.ts";
import { FunctionCode, no, yes } from "../wire.ts";
import type { Answer, Behaviour } from "./behaviour.ts";
import { Err, lowHigh } from "./behaviour.ts";

/** Extended reply, 9C: what was done. */
const Done = {
  closed: 0x0001,
  armed: 0x0002,
  opened: 0x0004,
  delayed: 0x0008,
  timed: 0x0010,
  highCurrent: 0x0020,
  protect: 0x0100,
  unprotect: 0x0200,
  warn: 0x0400,
  unwarn: 0x0800,
  nothing: 0,
} as const;
/** Extended reply, DC: why not. */
const Why = {
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

type Outcome = { readonly done: number } | { readonly why: number };
/** N1, N2 and the deadline YYMMDDhhmmss. */
interface Order {
  readonly n1: number;
  readonly n2: number;
  readonly deadline: string | undefined;
  readonly operator: Uint8Array;
}
type Obey = (meter: VirtualMeter, order: Order) => Outcome;

const did = (meter: VirtualMeter, what: Obeyed, done: number): Outcome => {
  meter.obeyed[what] += 1;
  return { done };
};

function disconnect(meter: VirtualMeter, { operator }: Order): Outcome {
  if (meter.isProtected) return { why: Why.protected };
  const result = meter.relay.disconnect(meter.settle(), "order", Number(meter.milliamps), operator);
  return did(meter, "disconnects", { opened: Done.opened, delayed: Done.delayed, "high-current": Done.highCurrent }[result]);
}

/** 1D and 1E: off for N2 × 5 minutes, then back directly, or as far as the button. */
const disconnectFor =
  (arm: boolean): Obey =>
  (meter, { n2, operator }) => {
    const { relay } = meter;
    if (meter.isProtected) return { why: Why.timedProtected };
    if (n2 === 0) return { why: Why.badTime };
    if ((relay.wish !== "connected" && !relay.isTimed) || relay.isTripPending) return { why: Why.alreadyTripped };
    relay.disconnectFor(meter.settle(), { minutes: n2 * 5, arm }, operator);
    return did(meter, "disconnects", Done.timed);
  };

/** On an empty wallet the order is taken and nothing moves (dlt645-2007 section 12): word 3 tells. */
function reconnect(meter: VirtualMeter, { operator }: Order): Outcome {
  if (meter.walletForbidsSupply) return { done: Done.nothing };
  meter.relay.reconnect(meter.settle(), operator);
  return did(meter, "reconnects", Done.closed);
}

function arm(meter: VirtualMeter): Outcome {
  if (meter.walletForbidsSupply) return { done: Done.nothing };
  meter.relay.arm();
  return did(meter, "arms", Done.armed);
}

/** An open relay is armed by protection (internal relay, dlt645-2007 section 12). */
function protect(meter: VirtualMeter): Outcome {
  meter.isProtected = true;
  meter.relay.callOff();
  if (meter.relay.orderIsDisconnect) meter.relay.arm();
  return did(meter, "protects", Done.protect);
}

function unprotect(meter: VirtualMeter): Outcome {
  meter.isProtected = false;
  meter.reconsider();
  return did(meter, "unprotects", Done.unprotect);
}

const orders: Readonly<Record<number, Obey>> = {
  0x1a: disconnect,
  0x1b: arm,
  0x1c: reconnect,
  0x1d: disconnectFor(false),
  0x1e: disconnectFor(true),
  0x2a: (meter) => ((meter.isWarned = true), did(meter, "warns", Done.warn)),
  0x2b: (meter) => ((meter.isWarned = false), did(meter, "unwarns", Done.unwarn)),
  0x3a: protect,
  0x3b: unprotect,
};

/** The deadline is a real date by the meter's own clock; equal is still in time. */
function obey(meter: VirtualMeter, order: Order): Outcome {
  const run = orders[order.n1];
  const deadline = order.deadline === undefined ? undefined : momentOf(order.deadline);
  if (run === undefined || deadline === undefined) return { why: Why.unauthorised };
  if (Math.floor(meter.clock / 1_000) * 1_000 > deadline) return { why: Why.late };
  return run(meter, order);
}

function plain(request: Frame, meter: VirtualMeter): Outcome {
  const { data } = request;
  const level = hex(data.slice(0, 1));
  const password = hex(reversed(data.slice(1, 4)));
  if (data.length !== 16 || !meter.plainControl || meter.passwords[level] !== password) return { why: Why.unauthorised };
  return obey(meter, { n1: data[8]!, n2: data[9]!, deadline: bcdDigits(data.slice(10, 16)), operator: data.slice(4, 8) });
}

function secured(request: Frame, meter: VirtualMeter): Outcome {
  const { data } = request;
  if (data.length !== 28) return { why: Why.unauthorised };
  if (!meter.esam.hasSession(meter.time.unhurried())) return { why: Why.expired };
  if (meter.esam.isSuspended(meter.day)) return { why: Why.suspended };
  const block = reversed(data.slice(8, 28));
  const [cipher, mac] = [block.slice(0, 16), block.slice(16)];
  const sealed = { purpose: Purpose.control, control: FunctionCode.control, di: "00000000", tag: 1, data: cipher } as const;
  if (!meter.esam.accepts(sealed, mac, { day: meter.day, isLast: true })) return { why: Why.mac };
  const text = meter.esam.decipher(Purpose.control, cipher);
  if (hex(text.slice(8)) !== hex(fromHex("8000000000000000"))) return { why: Why.unauthorised };
  return obey(meter, { n1: text[0]!, n2: text[1]!, deadline: hex(text.slice(2, 8)), operator: data.slice(4, 8) });
}

export const relay: Behaviour = {
  name: "relay",
  hear(request, meter): Answer | undefined {
    if (request.control !== FunctionCode.control) return undefined;
    const isSecured = request.data[0] === 0x98;
    const outcome = isSecured ? secured(request, meter) : plain(request, meter);
    const extended = isSecured && request.data[3] === 0x01;
    if ("done" in outcome) return extended ? yes(request, Uint8Array.from(lowHigh(outcome.done))) : yes(request);
    return extended ? no(request, ...lowHigh(outcome.why)) : no(request, Err.unauthorised);
  },
};
