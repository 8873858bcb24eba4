/**
 * 11H, reading. One table from data identifier to bytes; records of purchases, trips and closings by pattern. What is not here
 * may be a parameter (`keeping.ts`) or no data of this meter at all. To teach the meter a data item, add its line.
 */
import { bcd, fromHex, joined, reversed } from "../bytes.ts";
import { KINDS } from "../energies.ts";
import { settingValues } from "../life-settings.ts";
import type { RelayRecord } from "../relay.ts";
import type { Outage } from "../supply.ts";
import { wallDigits, wireDateTime, wireDigits, wireMinute } from "../wall-time.ts";
import type { PurchaseRecord, VirtualMeter } from "../virtual-meter.ts";
import { dataItemBytes, dataItemOf, FunctionCode, no, yes } from "../wire.ts";
import type { Behaviour } from "./behaviour.ts";
import { Err } from "./behaviour.ts";
import { energyItem } from "./energy-items.ts";
import { freezeItem } from "./freeze-items.ts";
import { instantItem } from "./instant-items.ts";
import { profileItem } from "./profile-items.ts";
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
const word =
  (number: number): Item =>
  (meter) =>
    runStateWord(meter, number);
const zero = (size: number): Uint8Array => new Uint8Array(size);

const items: Readonly<Record<string, Item>> = {
  "00900200": money((meter) => meter.wallet.balance),
  "00900201": money((meter) => meter.wallet.overdraft),
  "0280000B": money(({ life }) => life.stepPrice),
  "02800020": money(({ life }) => life.price),
  "02800021": money(({ life }) => life.tariff.tariffPrice(life.tariffNow)),
  "02800022": (meter) => bcd(meter.esam.minutesLeft(meter.time.unhurried()), 2),
  "03110000": (meter) => bcd(meter.life.supply.outageCount, 3),
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
  ...(record === undefined ? [zero(6), zero(4)] : [wireDateTime(record.at), record.operator]),
  ...KINDS.map((kind) => bcd(record?.energies[kind] ?? 0, 4)),
];

/** An outage that goes on has no end yet; nobody can ask then, but a record may be read before it is whole. */
const outageFields = (outage: Outage | undefined): Uint8Array[] =>
  outage === undefined
    ? [zero(12)]
    : [joined(wireDateTime(outage.from), outage.to === undefined ? zero(6) : wireDateTime(outage.to))];

/** DI0 is the age, 01 the newest; DI1 the field, FF all of them. Before the first record everything reads zero. */
const records: readonly { readonly prefix: string; fields(meter: VirtualMeter, age: number): Uint8Array[] | undefined }[] = [
  { prefix: "0333", fields: (meter, age) => (meter.hasWallet ? purchaseFields(meter.purchases[age - 1]) : undefined) },
  { prefix: "1D00", fields: (meter, age) => relayFields(meter.relay.trips[age - 1]) },
  { prefix: "1E00", fields: (meter, age) => relayFields(meter.relay.closes[age - 1]) },
];

function recordItem(meter: VirtualMeter, di: string): Uint8Array | undefined {
  const age = Number.parseInt(di.slice(6), 16);
  if (age < 1 || age > 10) return undefined;
  if (di.startsWith("031100")) return outageFields(meter.life.supply.outages[age - 1])[0];
  if (di.startsWith("033400")) {
    // a wallet that was closed leaves its records behind
    const hasRecords = meter.hasWallet || meter.refunds.length > 0;
    return hasRecords ? joined(...purchaseFields(meter.refunds[age - 1]).slice(0, 5)) : undefined;
  }
  const fields = records.find(({ prefix }) => di.startsWith(prefix))?.fields(meter, age);
  const number = Number.parseInt(di.slice(4, 6), 16);
  return number === 0xff ? fields && joined(...fields) : fields?.[number - 1];
}

/** What the living meter shows: energies and demands, instantaneous values, parameters, freezes. */
function livingItem({ life }: VirtualMeter, di: string): readonly Uint8Array[] | undefined {
  switch (di.slice(0, 2)) {
    case "00":
    case "01":
      return energyItem(life, di);
    case "02": {
      const value = instantItem(life, di);
      return value && [value];
    }
    case "04":
      return settingValues(life, di);
    case "05":
      return freezeItem(life, di);
    default:
      return undefined;
  }
}

function valuesOf(meter: VirtualMeter, di: string, rest: Uint8Array): readonly Uint8Array[] | "no data" | "nonsense" {
  if (di.startsWith("06")) return profileItem(meter.life, di, rest);
  const value = items[di]?.(meter) ?? recordItem(meter, di);
  return (value === undefined ? livingItem(meter, di) : [value]) ?? "no data";
}

export const reading: Behaviour = {
  name: "reading",
  hear(request, meter) {
    if (request.control !== FunctionCode.read) return undefined;
    if (request.data.length < 4) return no(request, Err.other);
    const di = dataItemOf(request.data);
    const values = valuesOf(meter, di, request.data.slice(4));
    if (values === "nonsense") return no(request, Err.other);
    if (values === "no data") return undefined;
    return { ...yes(request, joined(dataItemBytes(di), ...values)), values };
  },
};
