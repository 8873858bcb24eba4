/**
 * Parameters that a meter keeps for its owner: tables, modes, ratios, texts. One table from data identifier to what may be
 * written there and by whom. What the meter lives by at once (its clock, its limits) is not here but in
 * `behaviours/writables.ts`; the bytes that were written are in `parameter-store.ts`.
 */
import { Err } from "./behaviours/behaviour.ts";
import { fromHex, reversed } from "./bytes.ts";
import type { Check, Layout } from "./parameter-forms.ts";
import {
  anything,
  baudByte,
  dateMinute,
  digits,
  freezePattern,
  fromTo,
  holiday,
  minuteOfDay,
  one,
  screen,
  settlementDay,
  slots,
  steps,
  switchTime,
  upTo,
  zones,
} from "./parameter-forms.ts";

/** What 14H asks for: 99 clear with a MAC (class 1), 98 ciphered (class 2), or a password of this level where one is enough. */
export interface Access {
  readonly securedLevel: 98 | 99;
  readonly level: "02" | "04";
}

export interface Parameter extends Access {
  readonly layout: Layout;
  readonly check: Check;
  readonly initial: Uint8Array;
  /** Rows of numbers: the last that exists. */
  readonly last: number;
  /** ERR for more entries than the meter has room for. */
  readonly tooMany: number;
  /** Entries that were not written repeat the last one, up to this many bytes. */
  readonly fillTo: number;
}

const row = (layout: Layout, initial: string, rest: Partial<Omit<Parameter, "layout" | "initial">> = {}): Parameter => ({
  layout,
  initial: reversed(fromHex(initial)),
  check: digits,
  securedLevel: 98,
  level: "04",
  last: 0,
  tooMany: Err.other,
  fillTo: 0,
  ...rest,
});
/** Numbers in decimal digits, all with the size of their first value. */
const number = (initial: string, rest = {}): Parameter => row(one(initial.length / 2), initial, rest);
const bits = (initial: string): Parameter => number(initial, { check: anything });
/** Money and what decides about it: class 1, and the higher password. */
const fee = { securedLevel: 99, level: "02" } as const;
const table = (initial: string, check: Check, tooMany: number): Parameter =>
  row(upTo(14, 3), initial.repeat(14), { check, tooMany, fillTo: 42 });
const screens = row(screen, "00000000", { check: anything, last: 0xfe });
const stepList = (last: number): Parameter => number("00000000", { level: "02", last });

const range = (from: number, to: number, prefix: string, make: Parameter): Record<string, Parameter> =>
  Object.fromEntries(
    Array.from({ length: to - from + 1 }, (_, i) => [prefix + (from + i).toString(16).toUpperCase().padStart(2, "0"), make]),
  );

/** Eight digits, or six and NN for a row of numbers 01 to `last`. */
const parameters: Readonly<Record<string, Parameter>> = {
  "04000103": number("15"),
  "04000104": number("01"),
  "04000105": number("0080"),
  "04000106": number("0000000000", { check: switchTime }),
  "04000107": number("0000000000", { check: switchTime }),
  "04000108": number("0000000000", { check: switchTime, ...fee }),
  "04000109": number("0000000000", { check: switchTime, ...fee }),
  "04000201": number("14", { check: fromTo(1, 14, Err.zones) }),
  "04000202": number("08", { check: fromTo(1, 8) }),
  "04000203": number("14", { check: fromTo(1, 14, Err.slots) }),
  "04000204": number("04", { check: fromTo(4, 4, Err.tariffs) }),
  "04000205": number("0254", { check: fromTo(0, 254) }),
  "04000206": number("21"),
  "04000207": number("04", { check: fromTo(0, 6), level: "02" }),
  "04000301": number("06"),
  "04000302": number("05"),
  "04000303": number("02", { check: fromTo(0, 4) }),
  "04000304": number("04", { check: fromTo(0, 4) }),
  "04000305": number("12"),
  "04000306": number("000001", fee),
  "04000307": number("000001", fee),
  "04000308": number("05"),
  "04000403": row(one(32), "00".repeat(32), { check: anything }),
  "0400040F": number("00".repeat(11)),
  "04000601": bits("05"),
  "04000602": bits("41"),
  "04000603": bits("14"),
  ...range(1, 2, "040007", number("04", { check: baudByte })),
  ...range(3, 5, "040007", number("08", { check: baudByte })),
  "04000801": bits("7F"),
  "04000802": number("01", { check: fromTo(1, 8) }),
  "04000901": bits("3F"),
  ...range(2, 6, "040009", bits("FF")),
  "04000A01": number("00000000", { check: dateMinute }),
  ...range(2, 7, "04000A", number("0015")),
  "04000B01": number("0100", { check: settlementDay }),
  "04000B02": number("9999", { check: settlementDay }),
  "04000B03": number("9999", { check: settlementDay }),
  ...range(1, 12, "04000D", number("0000")),
  "04000E01": number("999999"),
  "04000E02": number("999999"),
  "04000E03": number("2640"),
  "04000E04": number("1760"),
  "04001101": bits("00"),
  "04001104": bits("00".repeat(8)),
  "04001201": number("0000000000", { check: dateMinute }),
  "04001202": number("60", { check: fromTo(1, 60) }),
  "04001203": number("0000", { check: minuteOfDay }),
  "04001204": number("00000000", { check: freezePattern }),
  "04001404": number("30"),
  "04001405": number("30"),
  "04010000": table("010101", zones, Err.zones),
  "04020000": table("010101", zones, Err.zones),
  ...range(1, 8, "040100", table("000003", slots, Err.slots)),
  ...range(1, 8, "040200", table("000003", slots, Err.slots)),
  "040300NN": number("00000000", { check: holiday, last: 254 }),
  "040401NN": screens,
  "040402NN": screens,
  "040502FF": row(upTo(63, 4), "00".repeat(16), { ...fee, tooMany: Err.tariffs }),
  "040600NN": stepList(6),
  "040601NN": stepList(7),
  "040602NN": stepList(6),
  "040603NN": stepList(7),
  "040605FF": row(steps, "99".repeat(12) + "00".repeat(52), fee),
  "04090501": number("3000"),
  "04090502": number("60"),
  "04090601": number("3000"),
  "04090602": number("60"),
  "04090801": number("0600"),
  "04090B01": number("130000"),
  "04090B02": number("60"),
};

export function parameterOf(di: string): Parameter | undefined {
  const exact = parameters[di];
  if (exact !== undefined) return exact;
  const pattern = parameters[`${di.slice(0, 6)}NN`];
  const place = Number.parseInt(di.slice(6), 16);
  return pattern !== undefined && place >= 1 && place <= pattern.last ? pattern : undefined;
}
