/**
 * 1CH: disconnect, reconnect, arm, warn, protect.
 *
 * Plain: level and password, then the order and its deadline. Secured (level 98): the order in a block under a cipher and a
 * MAC (`control-block.ts`). The reply says that the order stands, not that
 * the contact has moved. With P2 = 01 a secured order gets a word back that tells what was done, or why not.
 */
import { bcdDigits, hex } from "../bytes.ts";
import type { Obeyed, VirtualMeter } from "../virtual-meter.ts";
import type { Frame } from "../wire.ts";
import { FunctionCode, no, yes } from "../wire.ts";
import { passwordAllows } from "./access.ts";
import type { Answer, Behaviour } from "./behaviour.ts";
import { Err, lowHigh } from "./behaviour.ts";
import { asksForMore, objectionToDeadline, openedOrder, orderMeant, Why } from "./control-block.ts";

/** The lowest level whose password may order. */
const LEVEL = "04";

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

/** Without money the order is taken and nothing moves, so that word 3 has to be read; some meters refuse it instead. */
const withoutMoney = (meter: VirtualMeter): Outcome =>
  meter.habits.emptyWalletOrders === "taken" ? { done: Done.nothing } : { why: Why.unauthorised };

function reconnect(meter: VirtualMeter, { operator }: Order): Outcome {
  if (meter.walletForbidsSupply) return withoutMoney(meter);
  meter.relay.reconnect(meter.settle(), operator);
  return did(meter, "reconnects", Done.closed);
}

function arm(meter: VirtualMeter, { operator }: Order): Outcome {
  if (meter.walletForbidsSupply) return withoutMoney(meter);
  meter.relay.arm(operator);
  return did(meter, "arms", Done.armed);
}

/** What waits is called off at once; what is open stays open, may be restored by the button, or is restored. */
function protect(meter: VirtualMeter, { operator }: Order): Outcome {
  const { relay, habits } = meter;
  meter.isProtected = true;
  relay.callOff();
  if (habits.protectCloses === "close" && relay.state !== "connected") relay.reconnect(meter.settle(), operator);
  else if (habits.protectCloses === "arm" && relay.orderIsDisconnect) relay.arm(operator);
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

function obey(meter: VirtualMeter, order: Order): Outcome {
  const run = orders[order.n1];
  if (run === undefined) return { why: Why.unauthorised };
  const why = objectionToDeadline(meter, order.deadline);
  return why === undefined ? run(meter, order) : { why };
}

/** Under test keys a password is always enough. */
function plainIsObeyed({ keyState, plainControl }: VirtualMeter, n1: number): boolean {
  return keyState === "test" || plainControl === true || (plainControl === "restores" && (n1 === 0x1b || n1 === 0x1c));
}

function plain({ data }: Frame, meter: VirtualMeter): Outcome {
  if (data.length !== 16 || !plainIsObeyed(meter, data[8]!)) return { why: Why.unauthorised };
  if (!passwordAllows(meter, data.slice(0, 4), LEVEL)) return { why: Why.unauthorised };
  return obey(meter, { n1: data[8]!, n2: data[9]!, deadline: bcdDigits(data.slice(10, 16)), operator: data.slice(4, 8) });
}

function secured(request: Frame, meter: VirtualMeter): Outcome {
  const text = openedOrder(meter, request, 8);
  if ("why" in text) return text;
  return obey(meter, { n1: text[0]!, n2: text[1]!, deadline: hex(text.slice(2, 8)), operator: request.data.slice(4, 8) });
}

/** What a meter that obeys would answer with, for one that only says so. */
const promises: Readonly<Record<number, number>> = {
  0x1a: Done.opened,
  0x1b: Done.armed,
  0x1c: Done.closed,
  0x1d: Done.timed,
  0x1e: Done.timed,
  0x2a: Done.warn,
  0x2b: Done.unwarn,
  0x3a: Done.protect,
  0x3b: Done.unprotect,
};

/** Whether the reply carries a word that tells what was done, or why not. */
export const saysMore = (request: Frame, meter: VirtualMeter): boolean => asksForMore(request) && meter.habits.extendedReply;

/** The yes of a meter that has done nothing. */
export function emptyYes(request: Frame, meter: VirtualMeter): Answer {
  if (!saysMore(request, meter)) return yes(request);
  const promise = promises[orderMeant(meter, request) ?? 0] ?? Done.nothing;
  const isLater = promise === Done.opened && meter.relay.tripDelayMinutes > 0;
  return yes(request, Uint8Array.from(lowHigh(isLater ? Done.delayed : promise)));
}

export const relay: Behaviour = {
  name: "relay",
  hear(request, meter): Answer | undefined {
    if (request.control !== FunctionCode.control) return undefined;
    const isSecured = request.data[0] === 0x98;
    const outcome = isSecured ? secured(request, meter) : plain(request, meter);
    const extended = saysMore(request, meter);
    if ("done" in outcome) return extended ? yes(request, Uint8Array.from(lowHigh(outcome.done))) : yes(request);
    return extended ? no(request, ...lowHigh(outcome.why)) : no(request, Err.unauthorised);
  },
};
