/**
 * A meter that sells kilowatt-hours. Its wallet counts hundredths of a kWh (the price is one a kWh, so the plain wallet's fen are
 * just that), and a purchase is eight bytes under DES beside their own key. It remembers no purchase: the same frame again is
 * the same purchase again.
 */
import { createDecipheriv } from "node:crypto";
import type { Answer, Behaviour } from "../behaviours/behaviour.ts";
import { lowHigh, Serr } from "../behaviours/behaviour.ts";
import { reading } from "../behaviours/reading.ts";
import { bcd, fromBinary, joined } from "../bytes.ts";
import type { VirtualMeter } from "../virtual-meter.ts";
import type { Frame } from "../wire.ts";
import { dataItemBytes, dataItemOf, FunctionCode, no, yes } from "../wire.ts";
import { has, knowsOnly, lacks, obeysOnly, word3Is } from "./dialect.ts";
import { creditTo, takeFrom } from "./money.ts";

/** One kWh costs one: the wallet counts energy. */
export const ENERGY_PRICE = "1.0000";

/** Single DES is the triple one with the same key three times; newer libraries no longer have it by itself. */
function opened(sealed: Uint8Array, key: Uint8Array): Uint8Array {
  const des = createDecipheriv("des-ede3-ecb", joined(key, key, key), null).setAutoPadding(false);
  return joined(des.update(sealed), des.final());
}

function trade(request: Frame, meter: VirtualMeter): Answer {
  const { data } = request;
  if (data.length !== 24) return no(request, ...lowHigh(Serr.other));
  // Amount, then the second of the century at which it was bought; nothing here looks at the second.
  const amount = fromBinary(opened(data.slice(8, 16), data.slice(16, 24)).slice(0, 4));
  const isRefund = dataItemOf(data) === "070103FF";
  if (isRefund ? !takeFrom(meter, amount) : !creditTo(meter, amount))
    return no(request, ...lowHigh(isRefund ? Serr.other : Serr.hoarding));
  return yes(request, dataItemBytes(dataItemOf(data)));
}

const sealedTrades: Behaviour = {
  name: "sealed trades",
  hear(request, meter) {
    if (request.control !== FunctionCode.security || request.data.length < 8) return undefined;
    const isTrade = ["070102FF", "070103FF"].includes(dataItemOf(request.data));
    return isTrade ? trade(request, meter) : no(request, ...lowHigh(Serr.other));
  },
};

export const kwhItems: Parameters<typeof has>[0] = {
  "00900100": (meter) => bcd(meter.wallet.balance, 4),
  "00900101": (meter) => bcd(meter.wallet.overdraft, 4),
  "03320201": (meter) => bcd(meter.purchaseCount, 2),
  "03320301": (meter) => bcd(meter.purchases[0]?.amount ?? 0n, 4),
  "04000F03": (meter) => bcd(meter.hoardingLimit, 4),
};

/** Bits 8 and 9 say energy, where the plain meter says money. */
export const kwhWord3 = word3Is(
  (meter) => ({
    4: !meter.relay.isClosed,
    6: meter.relay.orderIsDisconnect,
    7: meter.isWarned || meter.relay.isTripPending,
    8: true,
    12: meter.isProtected,
  }),
  reading,
);

export const energyPrepay: readonly Behaviour[] = [
  knowsOnly([0x03, 0x08, 0x11, 0x12, 0x13, 0x14, 0x17, 0x1c]),
  sealedTrades,
  has(kwhItems),
  lacks("009002", "0280002", "0333", "0334", "0400040E", "04000508", "040010"),
  kwhWord3,
  obeysOnly([0x1a, 0x1b, 0x3a, 0x3b]),
];
