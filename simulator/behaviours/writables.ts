/**
 * What 14H may set. Items that the meter lives by at once have a line here; all the others are kept as they were written
 * (`parameters.ts`). Both say which proof they ask for.
 */
import { bcdDigits } from "../bytes.ts";
import type { Access } from "../parameters.ts";
import { parameterOf } from "../parameters.ts";
import { one } from "../parameter-forms.ts";
import type { Layout } from "../parameter-forms.ts";
import type { VirtualMeter } from "../virtual-meter.ts";
import { momentOf, wallDigits } from "../wall-time.ts";
import { Err } from "./behaviour.ts";

export interface Writable extends Access {
  readonly layout: Layout;
  /** Numbers that only a meter with test keys lets be changed; never by password. */
  readonly underTestKeysOnly: boolean;
  /** ERR bits, or undefined when this field may be written. */
  objection(meter: VirtualMeter, field: Uint8Array): number | undefined;
  set(meter: VirtualMeter, field: Uint8Array): void;
}

/** As 16H sets it. */
export const FREEZE_TIME = "04001204";
export const FREEZE_NOW = "99999999";

/** Digits highest first. */
interface Live extends Access {
  readonly size: number;
  readonly underTestKeysOnly?: true;
  readonly isGood?: (digits: string, meter: VirtualMeter) => boolean;
  readonly set: (meter: VirtualMeter, digits: string) => void;
}

function setClock(meter: VirtualMeter, digits: string): void {
  const moment = momentOf(digits);
  if (moment === undefined) return;
  meter.clockOffsetMs = moment - meter.time.now();
  meter.obeyed.clockSets += 1;
}

const isWeekday = (digits: string): boolean => /^0[0-6]$/.test(digits);
const parts = {
  all: (d: string) => d.slice(0, 6) + d.slice(8),
  date: (d: string, meter: VirtualMeter) => d.slice(0, 6) + wallDigits(meter.clock).time,
  time: (d: string, meter: VirtualMeter) => wallDigits(meter.clock).date + d,
};
/** A clock item: a real moment, and a weekday where it has one. Times may be set at level 04. */
const clockItem = (size: number, moment: (digits: string, meter: VirtualMeter) => string): Live => ({
  size,
  securedLevel: 98,
  level: "04",
  isGood: (d, meter) => (size === 3 || isWeekday(d.slice(6, 8))) && momentOf(moment(d, meter)) !== undefined,
  set: (meter, d) => setClock(meter, moment(d, meter)),
});
const item = (size: number, securedLevel: 98 | 99, set: Live["set"]): Live => ({ size, securedLevel, level: "02", set });

const live: Readonly<Record<string, Live>> = {
  "04000101": clockItem(4, parts.date),
  "04000102": clockItem(3, parts.time),
  "0400010C": clockItem(7, parts.all),
  "04000402": { ...item(6, 99, (meter, d) => (meter.meterNumber = d)), underTestKeysOnly: true },
  "0400040E": { ...item(6, 99, (meter, d) => (meter.customerNumber = d)), underTestKeysOnly: true },
  "04001001": item(4, 99, (meter, d) => (meter.alarms.first = BigInt(d))),
  "04001002": item(4, 99, (meter, d) => (meter.alarms.second = BigInt(d))),
  "04001003": item(4, 98, (meter, d) => (meter.wallet.overdraftLimit = BigInt(d))),
  "04001004": item(4, 98, (meter, d) => (meter.hoardingLimit = BigInt(d))),
  "04001005": item(4, 98, (meter, d) => (meter.closeAllowedAt = BigInt(d))),
  "04001401": item(2, 98, (meter, d) => (meter.relay.tripDelayMinutes = Number(d))),
  "04001402": item(3, 98, (meter, d) => (meter.relay.tripMilliampsMax = Number(d))),
  "04001403": item(2, 98, (meter, d) => (meter.relay.holdOffMinutes = Number(d))),
};

const fromLive = ({ size, underTestKeysOnly, isGood, set, ...access }: Live): Writable => ({
  ...access,
  layout: one(size),
  underTestKeysOnly: underTestKeysOnly === true,
  objection(meter, field) {
    const digits = field.length === size ? bcdDigits(field) : undefined;
    return digits !== undefined && (isGood?.(digits, meter) ?? true) ? undefined : Err.other;
  },
  set(meter, field) {
    set(meter, bcdDigits(field) ?? "");
    meter.reconsider();
  },
});

export function writableOf(di: string): Writable | undefined {
  const one = live[di];
  if (one !== undefined) return fromLive(one);
  const { layout, securedLevel, level } = parameterOf(di) ?? {};
  if (layout === undefined || securedLevel === undefined || level === undefined) return undefined;
  return {
    layout,
    securedLevel,
    level,
    underTestKeysOnly: false,
    objection: (meter, field) => meter.parameters.objection(di, field),
    set(meter, field) {
      meter.parameters.set(di, field);
      const pattern = di === FREEZE_TIME ? bcdDigits(field) : undefined;
      // As a parameter it only says when; 16H alone freezes at once.
      if (pattern !== undefined && pattern !== FREEZE_NOW) meter.freezes?.appoint(pattern);
    },
  };
}
