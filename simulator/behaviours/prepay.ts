/**
 * 03H, money: open an account, top up, initialise the purse, and read the purse back.
 *
 * The order of the checks is part of the protocol (dlt645-2007 5.13): a wrong customer number hides a repeated count, and a
 * wrong MAC 1 is only seen when the count is right. Amounts and counts are binary here; in 11H reads they are BCD.
 */
import { bcdDigits, binary, equalBytes, fromBinary, fromHex, reversed } from "../bytes.ts";
import { Purpose } from "../virtual-esam.ts";
import type { VirtualMeter } from "../virtual-meter.ts";
import { FEN_MAX } from "../wallet.ts";
import type { Frame } from "../wire.ts";
import { dataItemOf, FunctionCode } from "../wire.ts";
import type { Answer, Behaviour } from "./behaviour.ts";
import { Serr } from "./behaviour.ts";
import { grant, refuse, SECURITY_HEAD_BYTES } from "./identity.ts";
import { keyInfo } from "./state-words.ts";

const RECORDS_MAX = 10;

/** What every secured order must pass before its own rules are looked at. */
export function barred(meter: VirtualMeter): number | undefined {
  if (!meter.esam.hasSession(meter.time.unhurried())) return Serr.identity;
  return meter.esam.isSuspended(meter.day) ? Serr.suspended : undefined;
}

function purchase(request: Frame, meter: VirtualMeter): Answer {
  const { data } = request;
  const di = dataItemOf(data);
  const opening = di === "070101FF";
  if (data.length !== 30) return refuse(request, Serr.other);
  const bar = barred(meter);
  if (bar !== undefined) return refuse(request, bar);
  const customer = bcdDigits(data.slice(20, 26));
  if (customer === undefined || !meter.hasWallet || meter.keyState !== "production") return refuse(request, Serr.other);
  if (!opening && !meter.isOpened) return refuse(request, Serr.other);
  if (meter.isOpened && customer !== meter.customerNumber) return refuse(request, Serr.customer);
  const accepts = (purpose: Purpose, tag: 1 | 2, fields: Uint8Array, mac: Uint8Array): boolean =>
    meter.esam.accepts({ purpose, control: 0x03, di, tag, data: fields }, reversed(mac), { day: meter.day, isLast: tag === 1 });
  if (!accepts(Purpose.parameters, 2, fromHex(customer), data.slice(26, 30))) return refuse(request, Serr.mac);

  const amount = fromBinary(data.slice(8, 12));
  const count = fromBinary(data.slice(12, 16));
  const stored = meter.purchaseCount;
  if (opening ? count > 1n || stored > 1n || count < stored : count !== stored && count !== stored + 1n)
    return refuse(request, Serr.count);
  if (!opening && count === stored) return refuse(request, Serr.repeated);
  const credits = count === stored + 1n;
  const after = meter.wallet.balance + amount;
  if (credits && ((meter.hoardingLimit > 0n && after > meter.hoardingLimit) || after > FEN_MAX))
    return refuse(request, Serr.hoarding);
  // Amount and count lie side by side on the wire, each turned round for itself.
  const amountAndCount = new Uint8Array([...reversed(data.slice(8, 12)), ...reversed(data.slice(12, 16))]);
  if (!accepts(Purpose.purse, 1, amountAndCount, data.slice(16, 20))) return refuse(request, Serr.mac);

  if (opening) {
    meter.customerNumber = customer;
    meter.isOpened = true;
    meter.obeyed.openAccounts += 1;
  } else meter.obeyed.topUps += 1;
  if (credits) credit(meter, amount, count);
  return grant(request);
}

function credit(meter: VirtualMeter, amount: bigint, count: bigint): void {
  const before = meter.wallet.balance;
  meter.wallet.credit(amount);
  meter.purchaseCount = count;
  meter.purchasedTotal += amount;
  meter.purchases.unshift({ at: meter.clock, count, amount, before, after: meter.wallet.balance, total: meter.purchasedTotal });
  meter.purchases.splice(RECORDS_MAX);
  meter.restoreAfterCredit();
}

/** 070103FF empties the purse and begins anew; only a meter with test keys does it. */
function initialise(request: Frame, meter: VirtualMeter): Answer {
  const { data } = request;
  if (data.length !== 24) return refuse(request, Serr.other);
  const bar = barred(meter);
  if (bar !== undefined) return refuse(request, bar);
  const [amount, count] = [reversed(data.slice(8, 12)), reversed(data.slice(16, 20))];
  if (!meter.hasWallet || meter.keyState !== "test" || !equalBytes(count, new Uint8Array(4))) return refuse(request, Serr.other);
  if (fromBinary(data.slice(8, 12)) > FEN_MAX) return refuse(request, Serr.other);
  const sealed = { purpose: Purpose.purse, control: 0x03, di: "070103FF" } as const;
  if (!meter.esam.accepts({ ...sealed, tag: 1, data: amount }, reversed(data.slice(12, 16)), { day: meter.day, isLast: false }))
    return refuse(request, Serr.mac);
  if (!meter.esam.accepts({ ...sealed, tag: 2, data: count }, reversed(data.slice(20, 24)), { day: meter.day, isLast: true }))
    return refuse(request, Serr.mac);
  meter.wallet.set(fromBinary(data.slice(8, 12)));
  meter.purchaseCount = 0n;
  meter.purchasedTotal = 0n;
  meter.purchases.length = 0;
  meter.refunds.length = 0;
  meter.obeyed.initialisations += 1;
  meter.relay.reconnect(meter.settle());
  meter.reconsider();
  return grant(request);
}

/** Balance and count, each with its own MAC over the reply's control byte. */
function sealedPurse(meter: VirtualMeter, di: string): Uint8Array[] {
  const balance = meter.hasWallet ? meter.wallet.balance : 0n;
  const part = (value: bigint, tag: 1 | 2): Uint8Array[] => {
    const bytes = binary(value, 4);
    return [bytes, reversed(meter.esam.mac({ purpose: Purpose.purse, control: 0x83, di, tag, data: reversed(bytes) }))];
  };
  return [...part(balance, 1), ...part(meter.purchaseCount, 2)];
}

function status(request: Frame, meter: VirtualMeter): Answer {
  if (request.data.length !== SECURITY_HEAD_BYTES) return refuse(request, Serr.other);
  if (!meter.esam.hasSession(meter.time.unhurried())) return refuse(request, Serr.identity);
  return grant(request, ...sealedPurse(meter, "078102FF"), reversed(fromHex(meter.customerNumber)), keyInfo(meter));
}

/** 078001FF of the purse file (directory DF01, file 0001); this meter shows no other file. */
function readBack(request: Frame, meter: VirtualMeter): Answer {
  if (request.data.length !== 16) return refuse(request, Serr.other);
  if (!meter.esam.hasSession(meter.time.unhurried())) return refuse(request, Serr.identity);
  const descriptor = request.data.slice(8, 16);
  if (!equalBytes(descriptor.slice(4), fromHex("010001DF"))) return refuse(request, Serr.other);
  return grant(request, descriptor, ...sealedPurse(meter, "078001FF"));
}

export const prepay: Behaviour = {
  name: "prepay",
  hear(request, meter) {
    if (request.control !== FunctionCode.security) return undefined;
    if (request.data.length < SECURITY_HEAD_BYTES) return refuse(request, Serr.other);
    switch (dataItemOf(request.data)) {
      case "070101FF":
      case "070102FF":
        return purchase(request, meter);
      case "070103FF":
        return initialise(request, meter);
      case "078102FF":
        return status(request, meter);
      case "078001FF":
        return readBack(request, meter);
      default:
        // Key updates, infrared and the rest are no part of the test scheme (test-keys section 5).
        return refuse(request, Serr.other);
    }
  },
};
