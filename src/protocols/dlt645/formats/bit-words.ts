/**
 * Bits, the lowest byte first: bytes that are switches, and words whose bits have names. Unknown bits stay in the word and are
 * named by their number, so that nothing a meter says is lost.
 */
import { format, hexTurned, isAllFf, turned } from "./format.ts";
import { bytesOfHex } from "../frame.ts";
import { refuse } from "../refusal.ts";
import type { Detail, Format } from "./format.ts";

/** A word of at most four bytes as a number. */
export function wordAt(wire: Uint8Array, at: number, bytes: number): number {
  let word = 0;
  for (let i = at + bytes - 1; i >= at; i -= 1) word = word * 256 + wire[i]!;
  return word;
}

export const wordBytes = (word: number, bytes: number): Uint8Array =>
  Uint8Array.from({ length: bytes }, (_, i) => Math.floor(word / 256 ** i) & 0xff);

export const hexOfWord = (word: number, bytes: number): string =>
  word
    .toString(16)
    .toUpperCase()
    .padStart(bytes * 2, "0");

const fits = (word: number, bytes: number): boolean => Number.isInteger(word) && word >= 0 && word < 256 ** bytes;

/** Printed as hex, the highest byte first. FF in every byte is "no data", here as anywhere. */
export function bits(bytes: number, details?: (word: number) => readonly Detail[]): Format<number> {
  return format<number>({
    kind: "bits",
    pattern: "X".repeat(bytes * 2),
    bytes,
    details,
    print: (word) => hexOfWord(word, bytes),
    decodeAt: (wire, at) => (isAllFf(wire, at, bytes) ? null : wordAt(wire, at, bytes)),
    encode: (word, field) => (fits(word, bytes) ? wordBytes(word, bytes) : refuse(field, `does not fit ${bytes} bytes`, word)),
    parse: (text, field) => wordOfHex(text, bytes, field),
  });
}

export const wordOfHex = (text: string, bytes: number, field: string): number =>
  new RegExp(`^[0-9A-Fa-f]{${bytes * 2}}$`).test(text)
    ? Number.parseInt(text, 16)
    : refuse(field, `not ${bytes * 2} hex digits`, text);

/** Bit, what it means when it is set, and the same in Chinese. */
export type FlagRow<Name extends string> = readonly [bit: number, name: Name, zh: string];

export interface Flags<Name extends string = string> {
  readonly word: number;
  /** Names of the bits that are set, the lowest first. */
  readonly on: readonly (Name | `bit ${number}`)[];
}

/** More bits than a number holds. */
export interface WideFlags<Name extends string = string> {
  readonly word: bigint;
  readonly on: readonly (Name | `bit ${number}`)[];
}

/** The same for words of eight and twelve bytes: the reports of a meter. */
export function wideFlags<const Name extends string>(
  bytes: number,
  label: string,
  table: readonly FlagRow<Name>[],
): Format<WideFlags<Name>> & { readonly table: readonly FlagRow<Name>[] } {
  const names = new Map(table.map(([bit, name]) => [bit, name]));
  const flagsOf = (word: bigint): WideFlags<Name> => {
    const on: WideFlags<Name>["on"][number][] = [];
    for (let bit = 0; bit < bytes * 8; bit += 1) if (((word >> BigInt(bit)) & 1n) === 1n) on.push(names.get(bit) ?? `bit ${bit}`);
    return { word, on };
  };
  const print = (word: bigint): string =>
    word
      .toString(16)
      .toUpperCase()
      .padStart(bytes * 2, "0");
  return {
    table,
    ...format<WideFlags<Name>>({
      kind: "bits",
      pattern: "X".repeat(bytes * 2),
      bytes,
      print: ({ word }) => print(word),
      details: ({ on }) => [{ name: label, value: on.join(", ") }],
      decodeAt: (wire, at) => (isAllFf(wire, at, bytes) ? null : flagsOf(BigInt(`0x${hexTurned(wire, at, bytes)}`))),
      encode: ({ word }, field) =>
        word >= 0n && word < 256n ** BigInt(bytes)
          ? turned(bytesOfHex(print(word)))
          : refuse(field, `does not fit ${bytes} bytes`, word.toString()),
      parse: (text, field) =>
        new RegExp(`^[0-9A-Fa-f]{${bytes * 2}}$`).test(text)
          ? flagsOf(BigInt(`0x${text}`))
          : refuse(field, `not ${bytes * 2} hex digits`, text),
    }),
  };
}

/** A word of named bits. `label` is what the set ones are called together: "faults", "reversed". */
export function flags<const Name extends string>(
  bytes: number,
  label: string,
  table: readonly FlagRow<Name>[],
): Format<Flags<Name>> & { readonly table: readonly FlagRow<Name>[] } {
  const names = new Map(table.map(([bit, name]) => [bit, name]));
  const flagsOf = (word: number): Flags<Name> => {
    const on: Flags<Name>["on"][number][] = [];
    for (let bit = 0; bit < bytes * 8; bit += 1) if (((word >> bit) & 1) === 1) on.push(names.get(bit) ?? `bit ${bit}`);
    return { word, on };
  };
  return {
    table,
    ...format<Flags<Name>>({
      kind: "bits",
      pattern: "X".repeat(bytes * 2),
      bytes,
      print: ({ word }) => hexOfWord(word, bytes),
      details: ({ on }) => [{ name: label, value: on.join(", ") }],
      decodeAt: (wire, at) => (isAllFf(wire, at, bytes) ? null : flagsOf(wordAt(wire, at, bytes))),
      encode: ({ word }, field) =>
        fits(word, bytes) ? wordBytes(word, bytes) : refuse(field, `does not fit ${bytes} bytes`, word),
      parse: (text, field) => flagsOf(wordOfHex(text, bytes, field)),
    }),
  };
}
