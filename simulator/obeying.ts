/**
 * What a meter does with a request while something is wrong with it: whether it hears, what has happened to it before, how much
 * it does, and what it says about that. A table from kind to deed; faults that are not here leave the meter as it is.
 */
import { parseYuan } from "../src/kernel/money.ts";
import { BROADCAST } from "./behaviours/address.ts";
import type { Answer } from "./behaviours/behaviour.ts";
import { Err } from "./behaviours/behaviour.ts";
import { Why } from "./behaviours/control-block.ts";
import { emptyYes, saysMore } from "./behaviours/relay.ts";
import { cutPower } from "./bodies.ts";
import { fromHex, hex, joined, reversed } from "./bytes.ts";
import type { FaultKind, StandingFault } from "./faults.ts";
import { setting } from "./faults.ts";
import { exchangeOf } from "./spoiling.ts";
import type { VirtualMeter } from "./virtual-meter.ts";
import { FEN_MAX } from "./wallet.ts";
import type { Frame } from "./wire.ts";
import { dataItemBytes, dataItemOf, FunctionCode, no, yes } from "./wire.ts";

const COUNT_MAX = 0xffffffffn;
/** As `vendors/money.ts` keeps them. */
const RECORDS_MAX = 10;

type Deed = (request: Frame, meter: VirtualMeter, fault: StandingFault) => Answer | undefined;

const UNAUTHORISED = hex(Uint8Array.of(0, Why.unauthorised));

const hearsNothing: Deed = () => undefined;

/** What is said to everybody nobody answers. The word of an extended reply has no bit for another error. */
const refusal: Deed = (request, meter, fault) => {
  if (request.address === BROADCAST) return "silent";
  const isExtended = saysMore(request, meter);
  const size = request.control === FunctionCode.security || isExtended ? 2 : 1;
  const error = fault.error ?? (isExtended ? UNAUTHORISED : setting(fault, "error"));
  const bytes = reversed(fromHex(error.padStart(size * 2, "0"))).slice(0, size);
  return no(request, ...(bytes.every((byte) => byte === 0) ? [Err.other] : bytes));
};

/** The meter's own no stands; its yes becomes one. */
const denies =
  (deed: Deed): Deed =>
  (request, meter, fault) => {
    const answer = deed(request, meter, fault);
    const isYes = answer !== undefined && answer !== "silent" && (answer.control & 0x40) === 0;
    return isYes ? refusal(request, meter, fault) : answer;
  };

const before =
  (happen: (meter: VirtualMeter, fault: StandingFault) => void): Deed =>
  (request, meter, fault) => {
    happen(meter, fault);
    return meter.hear(request);
  };

function chargedBySomebody(meter: VirtualMeter, fault: StandingFault): void {
  if (!meter.hasWallet) return;
  meter.settle();
  const amount: bigint = parseYuan(setting(fault, "amount"), "amount");
  const was = meter.wallet.balance;
  const count = meter.purchaseCount + BigInt(setting(fault, "by"));
  // As with any other purchase, what the meter could not show is not taken at all.
  if (was + amount > FEN_MAX || count > COUNT_MAX) return;
  meter.wallet.credit(amount);
  meter.purchaseCount = count;
  meter.purchasedTotal += amount;
  meter.purchases.unshift({
    at: meter.clock,
    count,
    amount,
    before: was,
    after: meter.wallet.balance,
    total: meter.purchasedTotal,
  });
  meter.purchases.splice(RECORDS_MAX);
  meter.restoreAfterCredit();
}

/** A top-up of which either the money or the count stands; there is no record of it. */
function halfTopUp(request: Frame, meter: VirtualMeter, fault: StandingFault): Answer | undefined {
  meter.settle();
  const { wallet, purchaseCount, purchasedTotal } = meter;
  const { balance, overdraft, credited } = wallet;
  const answer = meter.hear(request);
  if (meter.purchaseCount === purchaseCount) return answer;
  meter.purchases.shift();
  if (setting(fault, "part") === "money") meter.purchaseCount = purchaseCount;
  else {
    Object.assign(wallet, { balance, overdraft, credited });
    meter.purchasedTotal = purchasedTotal;
    meter.reconsider();
  }
  return answer;
}

/** The order is noted, the contact is held fast while it is; a trip that would come later never does. */
function halfRelayOrder(request: Frame, meter: VirtualMeter): Answer | undefined {
  meter.settle();
  const didWait = meter.relay.isTripPending;
  const held = meter.faults.set({ kind: "stuck-relay" });
  const answer = meter.hear(request);
  meter.faults.clear(held);
  if (!didWait) meter.relay.forgetPending();
  return answer;
}

const WRITE_HEAD_BYTES = 12;

/**
 * The lower bytes are new, the higher ones old. A write under a MAC cannot be halved from outside, so a parameter that is kept as it
 * was written is put back by halves after it; what the meter lives by at once is done in full.
 */
function halfWrite(request: Frame, meter: VirtualMeter): Answer | undefined {
  const { data } = request;
  const di = dataItemOf(data);
  const isByPassword = data[4] !== 0x98 && data[4] !== 0x99;
  const value = data.slice(WRITE_HEAD_BYTES);
  const old = shownAs(di, request, meter);
  if (!isByPassword) {
    const answer = meter.hear(request);
    const fresh = meter.parameters.value(di);
    if (fresh === undefined || fresh.length !== old.length) return answer;
    meter.parameters.set(di, byHalf(fresh, old));
    return answer;
  }
  if (old.length !== value.length) return meter.hear(request);
  return meter.hear({ ...request, data: joined(data.slice(0, WRITE_HEAD_BYTES), byHalf(value, old)) });
}

const byHalf = (fresh: Uint8Array, old: Uint8Array): Uint8Array => {
  const half = Math.ceil(fresh.length / 2);
  return joined(fresh.slice(0, half), old.slice(half));
};

function shownAs(di: string, request: Frame, meter: VirtualMeter): Uint8Array {
  const now = meter.hear({ ...request, control: FunctionCode.read, data: dataItemBytes(di) });
  meter.heard -= 1;
  return now === undefined || now === "silent" ? new Uint8Array(0) : now.data.slice(4);
}

const byHalves: Deed = (request, meter, fault) => {
  if (request.control === FunctionCode.control) return halfRelayOrder(request, meter);
  return request.control === FunctionCode.write ? halfWrite(request, meter) : halfTopUp(request, meter, fault);
};

const deeds: Readonly<Partial<Record<FaultKind, Deed>>> = {
  "lost-request": hearsNothing,
  silence: hearsNothing,
  "dead-line": hearsNothing,
  refusal,
  "refused-though-done": denies((request, meter) => meter.hear(request)),
  "refused-though-partly-done": denies(byHalves),
  "empty-acknowledgement": (request, meter) => {
    const { di } = exchangeOf(request);
    return request.control === FunctionCode.security ? yes(request, dataItemBytes(di ?? "")) : emptyYes(request, meter);
  },
  "count-jump": before(chargedBySomebody),
  "expired-session": before((meter) => meter.esam.endSession()),
  "clock-jump": before((meter, fault) => (meter.clockOffsetMs += Math.round(setting(fault, "byMs")))),
  "power-loss": (request, meter, fault) => {
    meter.hear(request);
    cutPower(meter, setting(fault, "offMs"));
    return undefined;
  },
};

/** What the meter says under this fault; undefined: nothing comes back. */
export function obey(request: Frame, meter: VirtualMeter, fault: StandingFault | undefined): Answer | undefined {
  if (!meter.isPowered) return undefined;
  const deed = fault === undefined ? undefined : deeds[fault.kind];
  return deed === undefined ? meter.hear(request) : deed(request, meter, fault!);
}
