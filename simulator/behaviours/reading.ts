/**
 * 11H, reading. One table from data identifier to bytes; records of purchases, trips and closings by pattern. What is not here
 * is answered with ERR 02, no such data. To teach the meter a data item, add its line.
 */
import { bcd, fromHex, joined, reversed, signedBcd } from "../bytes.ts";
import type { RelayRecord } from "../relay.ts";
import { wallDigits, wireDateTime, wireDigits, wireMinute } from "../wall-time.ts";
import type { PurchaseRecord, VirtualMeter } from "../virtual-meter.ts";
import { dataItemBytes, dataItemOf, FunctionCode, no, yes } from "../wire.ts";
import type { Behaviour } from "./behaviour.ts";
import { Err } from "./behaviour.ts";
import { keyInfo, runStateWord } from "./state-words.ts";

type Item = (meter: VirtualMeter) => Uint8Array | undefined;

const money =
  (of: (meter: VirtualMeter) => bigint): Item =>
  (meter) =>
    meter.hasWallet ? bcd(of(meter), 4) : undefined;
const digits =
  (of: (meter: VirtualMeter) => string): Item =>
  (meter) =>
    reversed(fromHex(of(meter)));
const energy: Item = (meter) => bcd(meter.energySteps, 4);
const word =
  (number: number): Item =>
  (meter) =>
    runStateWord(meter, number);
/** Single phase: the other two are FF, no data. */
const absent = (size: number): Uint8Array => new Uint8Array(size).fill(0xff);
const current: Item = (meter) => signedBcd(meter.milliamps, 3);
const power: Item = (meter) => signedBcd(meter.milliwatts / 100n, 3);
const zero = (size: number): Uint8Array => new Uint8Array(size);

const items: Readonly<Record<string, Item>> = {
  "00000000": energy,
  "00010000": energy,
  "00010300": energy,
  // A flat price: everything is counted under tariff 3 (flat), so the tariffs add up to the total.
  "0001FF00": (meter) => joined(bcd(meter.energySteps, 4), zero(8), bcd(meter.energySteps, 4), zero(4)),
  "00900200": money((meter) => meter.wallet.balance),
  "00900201": money((meter) => meter.wallet.overdraft),
  "02010100": (meter) => bcd(meter.life.phases[0]!.decivolts, 2),
  "02020100": current,
  "0202FF00": (meter) => joined(signedBcd(meter.milliamps, 3), absent(6)),
  "02030000": power,
  "02030100": power,
  "02800020": money((meter) => meter.wallet.price),
  "02800021": money((meter) => meter.wallet.price),
  "02800022": (meter) => bcd(meter.esam.minutesLeft(meter.time.unhurried()), 2),
  "04000101": (meter) => wireDigits(wallDigits(meter.clock).date + wallDigits(meter.clock).weekday),
  "04000102": (meter) => wireDigits(wallDigits(meter.clock).time),
  "0400010C": (meter) => {
    const { date, weekday, time } = wallDigits(meter.clock);
    return wireDigits(date + weekday + time);
  },
  "04000401": digits((meter) => meter.address),
  "04000402": digits((meter) => meter.meterNumber),
  "0400040E": digits((meter) => meter.customerNumber),
  "04000501": word(1),
  "04000502": word(2),
  "04000503": word(3),
  "04000504": word(4),
  "04000505": word(5),
  "04000506": word(6),
  "04000507": word(7),
  "040005FF": (meter) => joined(...[1, 2, 3, 4, 5, 6, 7].map((number) => runStateWord(meter, number))),
  "04000508": keyInfo,
  "04001001": money((meter) => meter.alarms.first),
  "04001002": money((meter) => meter.alarms.second),
  "04001003": money((meter) => meter.wallet.overdraftLimit),
  "04001004": money((meter) => meter.hoardingLimit),
  "04001005": money((meter) => meter.closeAllowedAt),
  "04001401": (meter) => bcd(meter.relay.tripDelayMinutes, 2),
  "04001402": (meter) => bcd(meter.relay.tripMilliampsMax, 3),
  "04001403": (meter) => bcd(meter.relay.holdOffMinutes, 2),
  "1D000001": (meter) => bcd(meter.relay.tripCount, 3),
  "1E000001": (meter) => bcd(meter.relay.closeCount, 3),
};

const purchaseFields = (record: PurchaseRecord | undefined): Uint8Array[] =>
  record === undefined
    ? [5, 2, 4, 4, 4, 4].map(zero)
    : [
        wireMinute(record.at),
        bcd(record.count, 2),
        bcd(record.amount, 4),
        bcd(record.before, 4),
        bcd(record.after, 4),
        bcd(record.total, 4),
      ];

const relayFields = (record: RelayRecord | undefined): Uint8Array[] => [
  ...(record === undefined ? [zero(6), zero(4), zero(4)] : [wireDateTime(record.at), record.operator, bcd(record.energy, 4)]),
  ...[4, 4, 4, 4, 4].map(zero),
];

/** DI0 is the age, 01 the newest; DI1 the field, FF all of them. Before the first record everything reads zero. */
const records: readonly { readonly prefix: string; fields(meter: VirtualMeter, age: number): Uint8Array[] | undefined }[] = [
  { prefix: "0333", fields: (meter, age) => (meter.hasWallet ? purchaseFields(meter.purchases[age - 1]) : undefined) },
  { prefix: "1D00", fields: (meter, age) => relayFields(meter.relay.trips[age - 1]) },
  { prefix: "1E00", fields: (meter, age) => relayFields(meter.relay.closes[age - 1]) },
];

function recordItem(meter: VirtualMeter, di: string): Uint8Array | undefined {
  const age = Number.parseInt(di.slice(6), 16);
  if (age < 1 || age > 10) return undefined;
  if (di.startsWith("033400")) return meter.hasWallet ? joined(...purchaseFields(meter.refunds[age - 1]).slice(0, 5)) : undefined;
  const fields = records.find(({ prefix }) => di.startsWith(prefix))?.fields(meter, age);
  const number = Number.parseInt(di.slice(4, 6), 16);
  return number === 0xff ? fields && joined(...fields) : fields?.[number - 1];
}

export const reading: Behaviour = {
  name: "reading",
  hear(request, meter) {
    // Nothing here is longer than one frame, so there is never anything to read on.
    if (request.control === FunctionCode.readOn) return no(request, Err.noData);
    if (request.control !== FunctionCode.read) return undefined;
    if (request.data.length < 4) return no(request, Err.other);
    const di = dataItemOf(request.data);
    const value = items[di]?.(meter) ?? recordItem(meter, di);
    return value === undefined ? no(request, Err.noData) : yes(request, joined(dataItemBytes(di), value));
  },
};
