/**
 * Random values for every place of every form, by the pattern that the place tells. A place with a pattern that nobody knows here is
 * an error: no form escapes the laws by being new.
 */
import fc from "fast-check";
import type { Arbitrary } from "fast-check";
import { Secret } from "../../src/kernel/secret.ts";
import { choiceTopics, choicesWith } from "../../src/protocols/dlt645/choices.ts";
import type { Choices } from "../../src/protocols/dlt645/choices.ts";
import { itemOf1997 } from "../../src/protocols/dlt645/dictionary-1997.ts";
import { itemOf } from "../../src/protocols/dlt645/dictionary.ts";
import { formNamed } from "../../src/protocols/dlt645/forms.ts";
import type { FormName } from "../../src/protocols/dlt645/forms.ts";
import type { Audience } from "../../src/protocols/dlt645/forms/form.ts";
import type { AnySlot, Layout } from "../../src/protocols/dlt645/forms/layout.ts";
import { profiles } from "../../src/protocols/dlt645/profiles/index.ts";
import { relayOrderNames, relayOrders } from "../../src/protocols/dlt645/relay-orders.ts";

export const bytes = (length: number): Arbitrary<Uint8Array> => fc.uint8Array({ minLength: length, maxLength: length });
const text = (alphabet: string, length: number): Arbitrary<string> =>
  fc.array(fc.constantFrom(...Array.from(alphabet)), { minLength: length, maxLength: length }).map((letters) => letters.join(""));
const hex = (bytesOfIt: number): Arbitrary<string> => text("0123456789ABCDEF", bytesOfIt * 2);
const two = (least: number, most: number): Arbitrary<string> =>
  fc.integer({ min: least, max: most }).map((n) => String(n).padStart(2, "0"));
const joined = (...parts: Arbitrary<string>[]): Arbitrary<string> => fc.tuple(...parts).map((all) => all.join(""));

const day = joined(two(0, 99), two(1, 12), two(1, 28));
const minute = joined(two(0, 23), two(0, 59));

/** 99 from above, as far as it goes. */
const freezeMoment = fc
  .tuple(fc.integer({ min: 0, max: 4 }), joined(two(1, 12), two(1, 28), minute))
  .map(([each, moment]) => "99".repeat(each) + moment.slice(each * 2));

const secret = text("0123456789", 6).map((digits) => new Secret(digits));
const order = fc.constantFrom(...relayOrderNames).chain((name) =>
  fc.record({
    order: fc.constant(name),
    restoreAfterMinutes: relayOrders[name].timed ? fc.integer({ min: 1, max: 255 }).map((steps) => steps * 5) : fc.constant(0),
  }),
);

/** The pattern itself, or how it begins and ends. */
const BY_PATTERN: readonly (readonly [RegExp, (slot: AnySlot, match: RegExpExecArray) => Arbitrary<unknown>])[] = [
  [/^XX from 1$/, () => fc.integer({ min: 1, max: 99 })],
  [/^(X{2,4})$/, (_slot, [digits = ""]) => fc.integer({ min: 0, max: 10 ** digits.length - 1 })],
  [/^X{12}$/, () => text("0123456789", 12)],
  [/^minutes$/, () => fc.integer({ min: 1, max: 9999 })],
  [/^(?:binary|BCD) fen$/, (slot) => fc.bigInt({ min: 0n, max: slot.pattern.startsWith("BCD") ? 99_999_999n : 0xffff_ffffn })],
  [/^(?:binary|BCD) count$/, (slot) => fc.integer({ min: 0, max: slot.pattern.startsWith("BCD") ? 99_999_999 : 0xffff_ffff })],
  [/^binary \d: (\d+) to (\d+)$/, (_slot, [, least, most]) => fc.integer({ min: Number(least), max: Number(most) })],
  [/^count 0$/, () => fc.constant(0)],
  [/^hex (\d+)$/, (_slot, [, length]) => hex(Number(length))],
  [/^bytes (\d+)$/, (_slot, [, length]) => bytes(Number(length))],
  [
    /^bytes (\d+) to (\d+)$/,
    (_slot, [, least, most]) =>
      fc.uint8Array({ minLength: Number(least), maxLength: Math.min(Number(most), Number(least) + 40) }),
  ],
  [/^(\d+) digits as letters$/, (_slot, [, length]) => text("0123456789", Number(length))],
  [/^blocks of 16$/, () => fc.integer({ min: 1, max: 3 }).chain((blocks) => bytes(16 * blocks))],
  [/^password$/, () => secret],
  [/^level 00 to 09$/, () => two(0, 9)],
  [/^level (\d\d) or (\d\d)$/, (_slot, [, one, other]) => fc.constantFrom(one, other)],
  [/^identifier, (?:no FF on top|no password's)$/, (slot) => hex(slot.bytes).filter((di) => !/^FF|^04000C/.test(di))],
  [
    /^identifier, 06 on top$/,
    () =>
      hex(3)
        .map((rest) => `06${rest}`)
        .filter((di) => !/^06(?:10|0.00)/.test(di)),
  ],
  [/^identifier, 07 on top, DI1 below 90$/, () => fc.tuple(hex(1), two(0, 89), hex(1)).map((rest) => `07${rest.join("")}`)],
  [/^identifier, 04000C01 to 04000C0A$/, () => text("123456789A", 1).map((n) => `04000C0${n}`)],
  [/^identifier, ([0-9A-F]{8}.*)$/, (_slot, [, list = ""]) => fc.constantFrom(...list.split(" or "))],
  [/^identifier with FF below$/, () => fc.constantFrom("FFFFFFFF", "03300DFF", "03050CFF", "100101FF", "220000FF")],
  [/^file, not (.{4})$/, (_slot, [, purse]) => hex(2).filter((file) => file !== purse)],
  [/^000[12]$/, (slot) => fc.constant(slot.pattern)],
  [/^YYMMDDhhmm$/, () => joined(day, minute)],
  [/^YYMMDDhhmmss$|^deadline$/, () => joined(day, minute, two(0, 59))],
  [/^MMDDhhmm, 99 from above$/, () => freezeMoment],
  [/^one of (.*) baud$/, (_slot, [, list = ""]) => fc.constantFrom(...list.split(", ").map(Number))],
  [/^signal$/, () => fc.constantFrom("clock-second", "demand-period", "slot-switch")],
  [/^mode$/, () => fc.constantFrom("local", "remote")],
  [/^P2$/, () => fc.boolean()],
  [/^a word or nothing$/, () => fc.option(fc.integer({ min: 0, max: 0xffff }))],
  [/^key 32 and info 4/, () => fc.array(fc.record({ key: bytes(32), info: bytes(4) }), { minLength: 1, maxLength: 4 })],
  [/^cipher 16 and MAC 4$/, () => fc.record({ cipher: bytes(16), mac: bytes(4) })],
  [/^N1 N2$/, () => order],
];

function valueOf(name: string, slot: AnySlot): Arbitrary<unknown> {
  for (const [pattern, make] of BY_PATTERN) {
    const match = pattern.exec(slot.pattern);
    if (match !== null) return make(slot, match);
  }
  throw new Error(`nobody knows what stands at ${name}: ${slot.pattern}`);
}

export type AnyValues = Record<string, unknown>;

export function valuesOf({ places }: Layout): Arbitrary<AnyValues> {
  const single = places.filter(({ slot }) => slot.kind === "value").map(({ name, slot }) => [name, valueOf(name, slot)] as const);
  const spread = places.filter(({ slot }) => slot.kind === "spread").map(({ name, slot }) => valueOf(name, slot));
  return fc.tuple(fc.record(Object.fromEntries(single)), ...spread).map((parts) => Object.assign({}, ...parts) as AnyValues);
}

const one = text("0123456789", 12).filter((address) => address !== "999999999999");
const wildcard = fc
  .integer({ min: 1, max: 6 })
  .chain((any) => text("0123456789", 12 - 2 * any).map((end) => end.padStart(12, "A")));
export const addressFor: Readonly<Record<Audience, Arbitrary<string>>> = {
  one,
  any: fc.oneof(one, wildcard),
  alone: fc.oneof(one, fc.constant("AAAAAAAAAAAA")),
  "one-or-every": fc.oneof(one, fc.constant("999999999999")),
};

/** A meter that an address means: wildcards filled with digits of its own. */
export const meterMeantBy = (address: string): string => address.replaceAll("A", "7");

export const requestOf = (name: FormName, choices: Choices): Arbitrary<AnyValues & { is: FormName; address: string }> => {
  const form = formNamed(name, choices);
  return fc
    .tuple(addressFor[form.to], valuesOf(form.request as Layout))
    .map(([address, values]) => ({ is: name, address, ...values }))
    .filter((request) => !isWrittenToKnown(request));
};
/** What is known takes its own values alone: these are random. */
function isWrittenToKnown({ is, di }: AnyValues): boolean {
  if (!["write", "write-with-mac", "write-1997"].includes(String(is))) return false;
  return (String(di).length === 4 ? itemOf1997(String(di)) : itemOf(String(di))) !== undefined;
}
export const replyOf = (name: FormName, choices: Choices): Arbitrary<AnyValues> =>
  valuesOf(formNamed(name, choices).reply as Layout);

/** Each variant of each topic, the others as the standard has them; and what each model says of its own. */
export const everyChoice: readonly (readonly [title: string, choices: Choices])[] = [
  ...Object.entries(choiceTopics).flatMap(([topic, { variants }]) =>
    variants.map((variant) => [`${topic} ${variant}`, choicesWith({ [topic]: variant })] as const),
  ),
  ...profiles.map(({ name, choices }) => [name, choices] as const),
];
