/**
 * A data item as the dictionary knows it, and the shapes in which values stand in its data: one value, a record of different
 * ones, a series of equal ones. A shape reads what has come, not what should have come: blocks are as long as the meter made
 * them, and keep their places. And it writes the same bytes again, for whoever plays the meter.
 *
 *     bytes ─► shape.members ─► { name, value: exact, unit }  ─► printed ─► { name, value: "123.45", unit }
 */
import { Unreadable, wrongLength } from "./formats/format.ts";
import { refuse } from "./refusal.ts";
import type { Format } from "./formats/format.ts";
import { bytesOfHex, hexBytes } from "./frame.ts";

/** One named value, exact: a Fen, a Decimal, a relay picture, whatever its format makes of the bytes. */
export interface Member<T = unknown> {
  readonly name: string;
  /** Null without `fault`: the meter says it has no data. With `fault`: it sent something that is no value. */
  readonly value: T | null;
  readonly unit: string | null;
  readonly fault: string | null;
  readonly format: Format<T> | null;
}

/** What is needed of a member to write it. */
export type NamedValue = Pick<Member, "name" | "value"> & { readonly fault?: string | null };

/** A member in words, as programs outside read it (`meterctl decode --json`). */
export interface Value {
  readonly name: string;
  readonly value: string | null;
  readonly unit: string | null;
  readonly fault?: string;
}

/** How the data behind an identifier are laid out. */
export interface Shape {
  /** As the standard writes it: "XXXXXX.XX", "XXX.X x 3", "YYMMDDhhmm,XXXX". */
  readonly pattern: string;
  /** Null: as long as it comes. */
  readonly bytes: number | null;
  /** The fields of one turn, for who wants to list them; a block tells its first. */
  readonly fields: readonly Field[];
  /** Never throws: bytes that fit nothing are members with a fault, or a member "rest" with the bytes. */
  members(wire: Uint8Array): Member[];
  /** The same of what stands behind the first `from` bytes, where that saves a copy; `membersBehind` asks for it. */
  membersAt?(wire: Uint8Array, from: number): Member[];
  /** The way back, members in their order; a null is written as FF. Throws `unencodable` with the name of what does not fit. */
  encode(members: readonly NamedValue[]): Uint8Array;
}

export interface Item {
  readonly di: string;
  readonly name: string;
  readonly title: string;
  readonly zh: string;
  readonly shape: Shape;
  /** `wire`: the data behind the identifier, as it stands on the wire after -33H. */
  read(wire: Uint8Array): Value[];
}

export interface Field {
  readonly name: string;
  readonly format: Format<unknown>;
}
export const field = (name: string, format: Format<unknown>): Field => ({ name, format });

// ---- one field ----

function memberAt({ name, format }: Field, wire: Uint8Array, at: number): Member {
  const value = format.decodeAt(wire, at);
  return value instanceof Unreadable
    ? { name, value: null, unit: format.unit, fault: value.why, format }
    : { name, value, unit: format.unit, fault: null, format };
}
const absent = ({ name, format }: Field): Member => ({ name, value: null, unit: format.unit, fault: null, format });
const misfit = ({ name, format }: Field, wire: Uint8Array): Member => ({
  name,
  value: null,
  unit: format.unit,
  fault: wrongLength(wire, format.bytes).why,
  format,
});

/** Bytes that nobody can take apart, in wire order. */
export const rawMember = (name: string, wire: Uint8Array): Member => ({
  name,
  value: hexBytes(wire, ""),
  unit: null,
  fault: null,
  format: null,
});

const bytesOf = (fields: readonly Field[]): number => fields.reduce((sum, each) => sum + each.format.bytes, 0);
export const patternOf = (fields: readonly Field[]): string => fields.map(({ format }) => format.pattern).join(",");

/** A value as its bytes; null is "no data". */
export function encodeField({ name, format }: Field, given: NamedValue | undefined): Uint8Array {
  if (given === undefined) refuse(name, "is missing");
  if (given.name !== name) refuse(given.name, `does not belong here; this place is called ${name}`);
  if (given.fault != null) refuse(name, `is no value: ${given.fault}`);
  return given.value === null ? new Uint8Array(format.bytes).fill(0xff) : format.encode(given.value, name);
}
export function encodeFields(fields: readonly Field[], members: readonly NamedValue[]): Uint8Array {
  if (members.length > fields.length) refuse(members[fields.length]!.name, "does not belong here: there is no further place");
  return joined(fields.map((each, i) => encodeField(each, members[i])));
}
export function joined(parts: readonly Uint8Array[]): Uint8Array {
  const whole = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}

// ---- shapes ----

/** One value is one length: more bytes than it has are a vendor's own layout, and its first four are no energy. */
export function one(name: string, format: Format<unknown>): Shape {
  const fields = [field(name, format)] as const;
  return {
    pattern: format.pattern,
    bytes: format.bytes,
    fields,
    members: (wire) => oneAt(fields[0], wire, 0),
    membersAt: (wire, from) => oneAt(fields[0], wire, from),
    encode: (members) => encodeFields(fields, members),
  };
}

function oneAt(only: Field, wire: Uint8Array, from: number): Member[] {
  const there = wire.length - from;
  if (there === only.format.bytes) return [memberAt(only, wire, from)];
  return [there === 0 ? absent(only) : misfit(only, wire.subarray(from))];
}

/**
 * One after the other; a short record stops where its data stop, and what is too much is shown as it came. `as`: how the standard
 * writes a record too long to be listed, and how long it is where the fields are not all of it (null: nobody knows).
 */
export function record(fields: readonly Field[], as: { readonly pattern?: string; readonly bytes?: number | null } = {}): Shape {
  const { pattern = patternOf(fields), bytes = bytesOf(fields) } = as;
  const membersAt = (wire: Uint8Array, from: number): Member[] => {
    if (wire.length === from) return fields.slice(0, 1).map(absent);
    const members: Member[] = [];
    const end = readFields(fields, wire, from, members);
    if (end < wire.length) members.push(rawMember("rest", wire.subarray(end)));
    return members;
  };
  return {
    pattern,
    bytes,
    fields,
    members: (wire) => membersAt(wire, 0),
    membersAt,
    // As short as the meters that stop early: what is given is written, in its place.
    encode(members) {
      const known = members.findIndex(({ name }, i) => i >= fields.length && name === "rest");
      const own = known < 0 ? members : members.slice(0, known);
      const head = encodeFields(fields.slice(0, own.length === 0 && known < 0 ? 1 : own.length), own);
      return known < 0 ? head : joined([head, restOf(members, known)]);
    },
  };
}

/** Reads fields from `at` as far as the bytes go; answers where it stopped. */
export function readFields(fields: readonly Field[], wire: Uint8Array, from: number, members: Member[]): number {
  let at = from;
  for (const each of fields) {
    if (at >= wire.length) return at;
    const end = at + each.format.bytes;
    members.push(end <= wire.length ? memberAt(each, wire, at) : misfit(each, wire.subarray(at)));
    at = end;
  }
  return at;
}

/** How often a series goes round: so many times; or as often as the meter likes, at most `most` times, written as "(k+1)". */
export type Turns = number | { readonly most: number; readonly as: string };

/** The same fields again and again, for as many bytes as have come and turns there can be; what is too much is shown as it came. */
export function series(fieldsAt: (index: number) => readonly Field[], turns: Turns = { most: Infinity, as: "n" }): Shape {
  const turn = remembered(fieldsAt);
  const first = turn(0);
  const per = patternOf(first);
  const most = typeof turns === "number" ? turns : turns.most;
  const membersAt = (wire: Uint8Array, from: number): Member[] => {
    if (wire.length === from) return first.slice(0, 1).map(absent);
    const members: Member[] = [];
    let at = from;
    for (let index = 0; at < wire.length && index < most; index += 1) at = readFields(turn(index), wire, at, members);
    if (at < wire.length) members.push(rawMember("rest", wire.subarray(at)));
    return members;
  };
  return {
    pattern: `${first.length > 1 ? `(${per})` : per} x ${typeof turns === "number" ? turns : turns.as}`,
    bytes: typeof turns === "number" ? turns * bytesOf(first) : null,
    fields: first,
    members: (wire) => membersAt(wire, 0),
    membersAt,
    encode(members) {
      const parts: Uint8Array[] = [];
      let done = 0;
      for (let index = 0; done < members.length && members[done]!.name !== "rest" && index < most; index += 1) {
        const fields = turn(index);
        parts.push(encodeFields(fields, members.slice(done, done + fields.length)));
        done += fields.length;
      }
      return joined([...parts, restOf(members, done)]);
    },
  };
}

/** Bytes whose layout no source tells: one member, in wire order. `pattern` says what is known of it. */
export function opaque(name: string, pattern: string, bytes: number | null): Shape {
  return {
    pattern,
    bytes,
    fields: [],
    members: (wire) => (wire.length === 0 ? [{ ...rawMember(name, wire), value: null }] : [rawMember(name, wire)]),
    encode([given, ...others]) {
      if (given?.name !== name || others.length > 0) refuse(given?.name ?? name, `is not the one member, ${name}`);
      return given.value === null ? new Uint8Array() : bytesOfHex(given.value as string);
    },
  };
}

/** Bytes that could not be taken apart go back as they came; anything else has no place. */
export function restOf(members: readonly NamedValue[], done: number): Uint8Array {
  const rest = members[done];
  if (rest === undefined) return new Uint8Array();
  if (rest.name !== "rest" || members.length > done + 1) refuse(rest.name, "does not belong here");
  return bytesOfHex(rest.value as string);
}

/** Field lists are made once for each place: the names in them are put together from words. */
export function remembered<T>(make: (index: number) => T): (index: number) => T {
  const made: T[] = [];
  return (index) => (made[index] ??= make(index));
}

/** What stands behind the first `from` bytes, such as an identifier. */
export const membersBehind = (shape: Shape, wire: Uint8Array, from: number): Member[] =>
  shape.membersAt === undefined ? shape.members(wire.slice(from)) : shape.membersAt(wire, from);

// ---- words ----

/** Members as people and programs outside read them; a word may add its bits, a date its weekday. */
export function printMember({ name, value, unit, fault, format }: Member): Value[] {
  if (fault !== null) return [{ name, value: null, unit, fault }];
  if (value === null) return [{ name, value: null, unit }];
  if (format === null) return [{ name, value: value as string, unit }];
  const details = format.details?.(value) ?? [];
  return [{ name, value: format.print(value), unit }, ...details.map((detail) => ({ ...detail, unit: null }))];
}

/** Two for one: an item from its parts, reading in words. */
export const item = (parts: Omit<Item, "read">): Item => ({
  ...parts,
  read: (wire) => parts.shape.members(wire).flatMap(printMember),
});

/** "importedEnergy" + "tariff 2" → "importedEnergyTariff2". */
export const joinName = (...words: readonly string[]): string =>
  words
    .join(" ")
    .split(/[^A-Za-z0-9]+/)
    .filter((word) => word !== "")
    .map((word, i) => (i === 0 ? word.charAt(0).toLowerCase() : word.charAt(0).toUpperCase()) + word.slice(1))
    .join("");
