/**
 * The places that layouts are made of. Values are what a person or a key server writes: digits as text, numbers as numbers, ciphers
 * and MACs with the highest byte first. Here, and only here, they are turned round for the wire.
 */
import { Secret } from "../../../kernel/secret.ts";
import { Unreadable, turned } from "../formats/format.ts";
import type { Format } from "../formats/format.ts";
import { bcdOfDigits, digits, digitsOfBcd, hex } from "../formats/formats.ts";
import { EVERY_METER, hexByte, hexBytes, identifierBytesOf } from "../frame.ts";
import { one, printMember, rawMember } from "../item.ts";
import type { Value } from "../item.ts";
import type { About, AnySlot, Shown, Slot, SlotKind } from "./layout.ts";
import { refuse } from "../refusal.ts";

interface Parts<T> {
  readonly pattern: string;
  readonly bytes: number;
  readonly step?: number;
  readonly max?: number;
  readonly tells?: boolean;
  readonly read: (wire: Uint8Array) => T | Unreadable;
  readonly write: (value: T, field: string) => Uint8Array;
  readonly show?: (wire: Uint8Array, field: string, about: About) => Shown;
}
/** An elastic place without a limit of its own: the frame has one. */
const NO_LIMIT = 255;

function slotOf<T, K extends SlotKind>(kind: K, parts: Parts<T>): Slot<T, K> {
  const { bytes, step = 0, max = step === 0 ? bytes : NO_LIMIT, tells = false, read, pattern } = parts;
  const show = parts.show ?? ((wire: Uint8Array, field: string): Shown => ({ values: [showRead(read, wire, field, bytes)] }));
  return { kind, pattern, bytes, step, max, tells, read, write: parts.write, show };
}
export const slot = <T>(parts: Parts<T>): Slot<T, "value"> => slotOf<T, "value">("value", parts);
export const spread = <T extends object>(parts: Parts<T>): Slot<T, "spread"> => slotOf<T, "spread">("spread", parts);

function showRead(read: (wire: Uint8Array) => unknown, wire: Uint8Array, name: string, bytes: number): Value {
  const value = wire.length < bytes ? new Unreadable(`${wire.length} bytes where ${bytes} are expected`) : read(wire);
  if (value instanceof Unreadable) return { name, value: null, unit: null, fault: value.why };
  return { name, value: String(value), unit: null };
}
export const raw = (name: string, wire: Uint8Array): readonly Value[] => printMember(rawMember(name, wire));

// ---- values with a format ----

/** A value of the dictionary's formats. Where only a value makes sense, "no data" is none. */
export function of<T>(format: Format<T>, tells = false): Slot<T, "value"> {
  return slot<T>({
    pattern: format.pattern,
    bytes: format.bytes,
    tells,
    read: (wire) => format.decodeAt(wire, 0) ?? new Unreadable("no data: FF in every byte"),
    write: (value, field) => format.encode(value, field),
    show: (wire, field) => ({
      values: one(field, format as Format<unknown>)
        .members(wire)
        .flatMap(printMember),
    }),
  });
}

/** Hex text, highest byte first; only some texts where `allowed` says so, and then it tells one form from another. */
export function code(bytes: number, pattern?: string, allowed?: (text: string) => boolean): Slot<string, "value"> {
  const format = hex(bytes);
  const shown = pattern ?? `hex ${bytes}`;
  return {
    ...of(format, allowed !== undefined),
    pattern: shown,
    read(wire) {
      const text = textOf(wire);
      return allowed?.(text) === false ? new Unreadable(`${text} where ${shown} is expected`) : text;
    },
    write(text, field) {
      if (typeof text !== "string") refuse(field, "is missing");
      const wire = format.encode(text, field);
      return allowed?.(text.toUpperCase()) === false ? refuse(field, `not ${shown}`, text) : wire;
    },
  };
}

/**
 * The address a meter is given. Twelve nines are everybody's: a meter that is called so answers nobody ever again, and nothing can
 * take that back over its line.
 */
export const newAddress: Slot<string, "value"> = {
  ...of(digits(6)),
  write: (text, field) =>
    text === EVERY_METER
      ? refuse(field, "this address speaks to all meters, and nobody answers", text)
      : digits(6).encode(text, field),
};

/** Highest byte first. Asked for every identifier that could be one, so by the shortest way. */
function textOf(wire: Uint8Array): string {
  let text = "";
  for (let i = wire.length - 1; i >= 0; i -= 1) text += hexByte(wire[i]!);
  return text;
}

/** A whole number that is no BCD: sequence numbers, ESAM addresses. */
export function binaryNumber(bytes: 1 | 2, least: number, most: number): Slot<number, "value"> {
  const pattern = `binary ${bytes}: ${least} to ${most}`;
  return slot<number>({
    pattern,
    bytes,
    read(wire) {
      const number = wire[0]! + (bytes === 2 ? wire[1]! * 256 : 0);
      return number < least || number > most ? new Unreadable(`${number} is not ${least} to ${most}`) : number;
    },
    write(number, field) {
      if (!Number.isInteger(number) || number < least || number > most) refuse(field, `not ${least} to ${most}`, number);
      return Uint8Array.of(number & 0xff, number >> 8).subarray(0, bytes);
    },
  });
}

// ---- bytes ----

/** Ciphers, MACs, randoms: turned round, for key servers write the highest byte first. */
export function bytes(length: number): Slot<Uint8Array, "value"> {
  return slot<Uint8Array>({
    pattern: `bytes ${length}`,
    bytes: length,
    read: turned,
    write: (value, field) => exactly(value, length, field),
    show: (wire, field) => ({ values: raw(field, turned(wire)) }),
  });
}
export function exactly(value: Uint8Array, length: number, field: string): Uint8Array {
  if (!(value instanceof Uint8Array)) refuse(field, "is missing");
  if (value.length !== length) refuse(field, `${value.length} bytes; ${length} are wanted`);
  return turned(value);
}

/** A cipher: as many blocks of 16 as there are, turned round as one. */
export const cipher: Slot<Uint8Array, "value"> = slot<Uint8Array>({
  pattern: "blocks of 16",
  bytes: 16,
  step: 16,
  read: turned,
  write: (value, field) =>
    value.length === 0 || value.length % 16 !== 0
      ? refuse(field, `${value.length} bytes; a cipher comes in blocks of 16`)
      : turned(value),
  show: (wire, field) => ({ values: wire.length === 0 ? [] : raw(field, turned(wire)) }),
});

/** Bytes as they travel, of which somebody else knows the meaning. */
export const rest = (least = 0, most = NO_LIMIT): Slot<Uint8Array, "value"> =>
  slot<Uint8Array>({
    pattern: `bytes ${least} to ${most}`,
    bytes: least,
    step: 1,
    max: most,
    read: (wire) => wire,
    write: (value) => value,
    show: (wire, field) => (wire.length === 0 ? { field, values: [] } : { values: raw(field, wire) }),
  });

/** The data of an item, shown as the dictionary reads them; of a password nothing is shown. */
export const itemData = (least = 0): Slot<Uint8Array, "value"> => ({
  ...rest(least),
  show(wire, field, { di, item, more }) {
    if (isPassword(di)) return { field: "password", values: wire.length === 0 ? [] : dots("password"), secret: true };
    const read = item?.read(wire) ?? (wire.length === 0 ? [] : raw(field, wire));
    // The first part of a longer answer may end inside a value; then it is only bytes until the rest has come.
    const whole = !more || !read.some(({ fault }) => fault !== undefined);
    return { field: item?.title ?? (more ? "part of the data" : field), values: whole ? read : raw("part", wire) };
  },
});
/** A later part: the parts are joined before they are decoded; one by itself is only bytes. */
export const partData: Slot<Uint8Array, "value"> = {
  ...rest(),
  show: (wire, field, about) => {
    if (isPassword(about.di)) return itemData().show(wire, field, about);
    return { field: "part of the data", values: wire.length === 0 ? [] : raw("part", wire) };
  },
};

// ---- what is no value ----

/** Always these bytes; another form has others here. */
export const exact = (wire: Uint8Array, show?: (wire: Uint8Array, field: string, about: About) => Shown) => {
  const another = new Unreadable(`not ${hexBytes(wire)}`);
  return slotOf<undefined, "hidden">("hidden", {
    pattern: `= ${hexBytes(wire, "")}`,
    bytes: wire.length,
    tells: true,
    read: (given) => (given.every((byte, i) => byte === wire[i]) ? undefined : another),
    write: () => wire,
    ...(show === undefined ? {} : { show }),
  });
};
/** Zeros in their place; others are heard as well, since nobody defined them. */
export const unused = (length: number, meaning: string) =>
  slotOf<undefined, "hidden">("hidden", {
    pattern: `unused ${length}`,
    bytes: length,
    read: () => undefined,
    write: () => new Uint8Array(length),
    show: () => ({ values: [], meaning }),
  });

/** In a reply: what stands in the request under this name. */
export const echo: Slot<never, "echo"> = slotOf<never, "echo">("echo", {
  pattern: "echo",
  bytes: 0,
  read: () => new Unreadable("an echo is not resolved"),
  write: (_value, field) => refuse(field, "an echo is not resolved"),
});
export const isEcho = (one: AnySlot): boolean => one.kind === "echo";

// ---- identifiers ----

const showIdentifier = (_wire: Uint8Array, _field: string, { item }: About): Shown => ({
  field: "data identifier",
  values: [],
  meaning: item?.title ?? "not in the dictionary",
});

/** DI0..DI3, or two bytes in the 1997 edition. FF in the highest byte would ask for everything, which nobody may. */
export const identifier = (
  length: 2 | 4,
  pattern = "no FF on top",
  allowed?: (di: string) => boolean,
): Slot<string, "value"> => ({
  ...code(length, `identifier, ${pattern}`, (di) => !di.startsWith("FF") && allowed?.(di) !== false),
  tells: allowed !== undefined,
  show: showIdentifier,
});
export const exactIdentifier = (di: string, meaning?: string) =>
  exact(identifierBytesOf(di), (wire, field, about) => ({
    ...showIdentifier(wire, field, about),
    ...(meaning === undefined ? {} : { meaning }),
  }));

/** 04000C01..0A are the passwords themselves; no meter should show them, and we never do. */
export const isPassword = (di: string | null): boolean => di?.startsWith("04000C") === true;

// ---- who asks ----

export const DOTS = "••••";
export const dots = (name: string): readonly Value[] => [{ name, value: DOTS, unit: null }];

/** Six digits that nobody prints: neither values nor explanations nor refusals tell them. */
export const password: Slot<Secret<string>, "value"> = slot<Secret<string>>({
  pattern: "password",
  bytes: 3,
  read(wire) {
    const digits = digitsOfBcd(wire);
    return digits === undefined ? new Unreadable("a password has six digits") : new Secret(digits);
  },
  write(secret, field) {
    const text = secret.open();
    return /^\d{6}$/.test(text) ? bcdOfDigits(text, 3) : refuse(field, "a password has six digits");
  },
  show: (wire, field) => ({ values: wire.length === 0 ? [] : dots(field), secret: true }),
});

/** PA. The byte that is none is not told: where a frame is shifted it may be part of a password. */
function levelIn(title: string, allowed: (text: string) => boolean): Slot<string, "value"> {
  const slot = code(1, title, allowed);
  return { ...slot, read: (wire) => (allowed(hexByte(wire[0]!)) ? slot.read(wire) : new Unreadable(`not ${title}`)) };
}
/** Of a password: ten levels, 0 the highest. */
export const level = levelIn("level 00 to 09", (text) => /^0\d$/.test(text));
/** Of ciphers and MACs, State Grid and Southern Grid. */
export const levelOf = (...levels: readonly string[]) => levelIn(`level ${levels.join(" or ")}`, (text) => levels.includes(text));
export const operator = code(4);
