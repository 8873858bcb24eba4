/** Bytes of any format, made by its pattern alone: an oracle that knows what the standard writes and nothing of how it is read. */
import fc from "fast-check";
import type { Format } from "../../src/protocols/dlt645/formats/format.ts";

const bcd = (low: number, high: number): fc.Arbitrary<number> =>
  fc.integer({ min: low, max: high }).map((n) => Math.floor(n / 10) * 16 + (n % 10));
const PARTS: Readonly<Record<string, fc.Arbitrary<number>>> = {
  YY: bcd(0, 99),
  MM: bcd(1, 12),
  DD: bcd(1, 28),
  WW: bcd(0, 6),
  hh: bcd(0, 23),
  mm: bcd(0, 59),
  ss: bcd(0, 59),
  NN: bcd(0, 99),
};

/** A value of this format as it stands on the wire, lowest byte first; sometimes "no data". */
export function wireOf({ kind, pattern, bytes, signed }: Format<unknown>): fc.Arbitrary<Uint8Array> {
  const any = fc.uint8Array({ minLength: bytes, maxLength: bytes });
  const none = fc.constant(new Uint8Array(bytes).fill(0xff));
  const some = (arbitrary: fc.Arbitrary<Uint8Array>) => fc.oneof({ weight: 9, arbitrary }, { weight: 1, arbitrary: none });
  switch (kind) {
    case "digits":
      return some(
        fc
          .tuple(fc.array(bcd(0, 99), { minLength: bytes - 1, maxLength: bytes - 1 }), bcd(0, signed ? 79 : 99), fc.boolean())
          .map(([low, top, minus]) => {
            const wire = Uint8Array.from([...low, top]);
            // Minus nothing is nothing: it is written without its sign.
            if (signed && minus && wire.some((byte) => byte !== 0)) wire[bytes - 1] = top | 0x80;
            return wire;
          }),
      );
    case "moment":
      return some(
        fc.tuple(...pattern.match(/../g)!.map((part) => PARTS[part]!)).map((parts) => Uint8Array.from(parts).reverse()),
      );
    case "letters":
      return some(
        fc.string({ minLength: 1, maxLength: bytes }).map((text) => {
          const letters = text.replaceAll(/[^\x21-\x7e]/g, "x").slice(0, bytes);
          return Uint8Array.from({ length: bytes }, (_, i) => letters.charCodeAt(bytes - 1 - i) || 0);
        }),
      );
    case "bits":
    case "bytes":
    case "binary":
      return any;
  }
}
