/** Letters, and bytes that have no meaning of ours. */
import { Unreadable, format, hexTurned, isAllFf, turned } from "./format.ts";
import { refuse } from "../refusal.ts";
import type { Format } from "./format.ts";
import { bytesOfHex } from "../frame.ts";

/** The last letter comes first; short texts are padded with 00 at the low end (annex A). */
export function ascii(bytes: number): Format<string> {
  return format<string>({
    kind: "letters",
    pattern: `X(${bytes})`,
    bytes,
    print: (text) => text,
    decodeAt(wire, at) {
      if (isAllFf(wire, at, bytes)) return null;
      let text = "";
      for (let i = at + bytes - 1; i >= at; i -= 1) {
        const byte = wire[i]!;
        if (byte === 0) continue;
        if (byte < 0x20 || byte > 0x7e) return new Unreadable(`not ASCII: ${hexTurned(wire, at, bytes)}`);
        text += String.fromCharCode(byte);
      }
      return text.trim();
    },
    encode: (text, field) =>
      turned(Uint8Array.from({ length: bytes }, (_, i) => plainLetters(text, bytes, field).charCodeAt(i) || 0)),
    parse: (text, field) => plainLetters(text, bytes, field),
  });
}

function plainLetters(text: string, bytes: number, field: string): string {
  if (text.length > bytes || !/^[\x20-\x7e]*$/.test(text)) refuse(field, `not ASCII of at most ${bytes} letters`, text);
  return text;
}

/** Bytes such as an operator code or a MAC: hex, the highest byte first. Never "no data". */
export function hex(bytes: number): Format<string> {
  return format<string>({
    kind: "bytes",
    pattern: `hex ${bytes}`,
    bytes,
    print: (text) => text,
    decodeAt: (wire, at) => hexTurned(wire, at, bytes),
    encode: (text, field) => turned(bytesOfHex(hexText(text, bytes, field))),
    parse: (text, field) => hexText(text, bytes, field),
  });
}

function hexText(text: string, bytes: number, field: string): string {
  if (text.length !== bytes * 2 || !/^[0-9A-Fa-f]*$/.test(text)) refuse(field, `not ${bytes * 2} hex digits`, text);
  return text.toUpperCase();
}

/** A data identifier inside data (programming records, display tables); FF means that the place is unused. */
export const identifier: Format<string> = format<string>({
  kind: "bytes",
  pattern: "DI",
  bytes: 4,
  print: (text) => text,
  decodeAt: (wire, at) => (isAllFf(wire, at, 4) ? null : hexTurned(wire, at, 4)),
  encode: (text, field) => hex(4).encode(text, field),
  parse: (text, field) => hexText(text, 4, field),
});

/** C3C2C1C0: any four bytes by which a meter remembers who it was. */
export const operatorCode: Format<string> = { ...hex(4), pattern: "C3C2C1C0" };

/** Digits that nobody shall read: level and password, PA and P0 to P2. They are written like others and printed as dots. */
export const password: Format<string> = { ...hex(4), pattern: "NNNNNNNN", print: () => "••••" };
