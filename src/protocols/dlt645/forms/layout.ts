/**
 * How the data of a frame are laid out: named places one after the other, each with its way to read, write and show its bytes. A
 * layout is written down once; encoder, decoder and explanation are made from it.
 *
 *     { amount: binaryFen, count: binaryCount, mac: bytes(4) }   ⇄   { amount: 5000n, count: 8, mac: … }
 *
 * One place of a layout may be elastic: it takes what the others leave. Nothing is known here of functions or meters.
 */
import { Unreadable } from "../formats/format.ts";
import type { Item, Value } from "../item.ts";
import { joined } from "../item.ts";
import { refuse } from "../refusal.ts";

/** What is known of a frame when one of its places is shown. */
export interface About {
  readonly di: string | null;
  readonly item: Item | undefined;
  /** D5: what came is not all. */
  readonly more: boolean;
}
export interface Shown {
  /** Another name than the place has: the title of the item it carries. */
  readonly field?: string;
  readonly values: readonly Value[];
  /** What the bytes say where they are no value. */
  readonly meaning?: string;
  readonly secret?: boolean;
}

/**
 * `value`: one value under the place's name · `spread`: several values in one place · `hidden`: always the same, no value at all ·
 * `echo`: in a reply, the place of the request that has this name.
 */
export type SlotKind = "value" | "spread" | "hidden" | "echo";

export interface Slot<T = unknown, K extends SlotKind = SlotKind> {
  readonly kind: K;
  readonly type?: T;
  /** What may stand here, in a few letters; generators and lists go by it. */
  readonly pattern: string;
  /** Exactly so many bytes; an elastic place (`step` above 0) takes so many at least, in steps, up to `max`. */
  readonly bytes: number;
  readonly step: number;
  readonly max: number;
  /** The bytes of this place tell one form from another. */
  readonly tells: boolean;
  read(wire: Uint8Array): T | Unreadable;
  write(value: T, field: string): Uint8Array;
  show(wire: Uint8Array, field: string, about: About): Shown;
}
// eslint-disable-next-line @typescript-eslint/no-explicit-any -- a list of places of any types; each is used with its own only
export type AnySlot = Slot<any>;
export type Slots = Readonly<Record<string, AnySlot>>;

type Flat<T> = { [K in keyof T]: T[K] };
type TypeOf<S> = S extends { readonly type?: infer T } ? T : never;
type Both<U> = (U extends unknown ? (one: U) => void : never) extends (all: infer I) => void ? I : never;
type SpreadOf<S extends Slots> = { [K in keyof S]: S[K]["kind"] extends "spread" ? TypeOf<S[K]> : never }[keyof S];

/** The values of a layout by name. */
export type ValuesOf<S extends Slots> = Flat<
  { readonly [K in keyof S as S[K]["kind"] extends "value" ? K : never]: TypeOf<S[K]> } & ([SpreadOf<S>] extends [never]
    ? unknown
    : Both<SpreadOf<S>>)
>;
export type AnyValues = Readonly<Record<string, unknown>>;

interface Place {
  readonly name: string;
  readonly slot: AnySlot;
}
export interface Layout<S extends Slots = Slots> {
  readonly slots: S;
  readonly places: readonly Place[];
  readonly bytesMin: number;
  readonly elastic: AnySlot | undefined;
  /** The places that tell one form from another, and where they stand. */
  readonly marks: readonly { readonly slot: AnySlot; readonly at: number }[];
}

export function layout<const S extends Slots>(slots: S): Layout<S> {
  const places = Object.entries(slots).map(([name, slot]) => ({ name, slot }));
  const elastic = places.filter(({ slot }) => slot.step > 0);
  if (elastic.length > 1) throw new Error(`two elastic places: ${elastic.map(({ name }) => name).join(", ")}`);
  const bytesMin = places.reduce((sum, { slot }) => sum + slot.bytes, 0);
  const marks: { readonly slot: AnySlot; readonly at: number }[] = [];
  let at = 0;
  for (const { slot } of places) {
    if (slot.tells) marks.push({ slot, at });
    at += slot.bytes;
    // Behind an elastic place nothing has a place of its own to be known by.
    if (slot.step > 0) break;
  }
  return { slots, places, bytesMin, elastic: elastic[0]?.slot, marks };
}

export const hasMarks = ({ marks }: Layout, wire: Uint8Array): boolean =>
  marks.every(
    ({ slot, at }) => at + slot.bytes <= wire.length && !(slot.read(wire.subarray(at, at + slot.bytes)) instanceof Unreadable),
  );

/** Undefined when so many bytes fit, otherwise how many would. */
export function misfit({ bytesMin, elastic }: Layout, length: number): string | undefined {
  const over = length - bytesMin;
  if (elastic === undefined) return over === 0 ? undefined : `${length} bytes where ${bytesMin} are expected`;
  if (over < 0) return `${length} bytes where at least ${bytesMin} are expected`;
  if (over % elastic.step !== 0) return `${length} bytes where ${bytesMin} and steps of ${elastic.step} are expected`;
  const most = bytesMin - elastic.bytes + elastic.max;
  return length > most ? `${length} bytes where at most ${most} are expected` : undefined;
}

/** The bytes of each place, as far as there are any. */
export function* cut({ places, bytesMin }: Layout, wire: Uint8Array): Generator<Place & { readonly wire: Uint8Array }> {
  let at = 0;
  for (const { name, slot } of places) {
    const bytes = slot.step === 0 ? slot.bytes : Math.max(slot.bytes, wire.length - (bytesMin - slot.bytes));
    yield { name, slot, wire: wire.subarray(at, at + bytes) };
    at = Math.min(wire.length, at + bytes);
  }
}

/** Throws `unencodable` with the name of the place that does not fit. */
export function encode({ places }: Layout, values: AnyValues): Uint8Array {
  return joined(places.map(({ name, slot }) => writeSlot(slot, name, values)));
}

export function writeSlot(slot: AnySlot, name: string, values: AnyValues): Uint8Array {
  if (slot.kind === "hidden") return slot.write(undefined, name);
  if (slot.kind === "spread") return slot.write(values, name);
  const value = values[name];
  if (value === undefined) refuse(name, "is missing");
  const wire = slot.write(value, name);
  const over = wire.length - slot.bytes;
  if (over < 0 || wire.length > slot.max || (slot.step === 0 ? over > 0 : over % slot.step !== 0))
    refuse(name, `${wire.length} bytes; allowed are ${slot.pattern}`);
  return wire;
}

export type Read<V> = { readonly values: V } | { readonly fault: string; readonly field: string | null };

export function decode<S extends Slots>(form: Layout<S>, wire: Uint8Array): Read<ValuesOf<S>> {
  const why = misfit(form, wire.length);
  if (why !== undefined) return { fault: why, field: null };
  const values: Record<string, unknown> = {};
  for (const { name, slot, wire: part } of cut(form, wire)) {
    const value = slot.read(part) as unknown;
    if (value instanceof Unreadable) return { fault: value.why, field: name };
    if (slot.kind === "spread") Object.assign(values, value);
    else if (slot.kind === "value") values[name] = value;
  }
  return { values: values as ValuesOf<S> };
}
