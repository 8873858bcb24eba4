/**
 * Digits and bytes, as the meter's side sees them. The wire carries every field lowest byte first; people and the ESAM write
 * it highest byte first. Written apart from the gateway on purpose: see the head of `wire.ts`.
 */

/** The field turned round: wire order ↔ the order in which people and the ESAM write it. */
export const reversed = (bytes: Uint8Array): Uint8Array => Uint8Array.from(bytes).reverse();

export const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString("hex").toUpperCase();

export const fromHex = (text: string): Uint8Array => new Uint8Array(Buffer.from(text, "hex"));

export const joined = (...parts: readonly Uint8Array[]): Uint8Array => new Uint8Array(Buffer.concat(parts));

/** Decimal digits as packed BCD in wire order. What does not fit shows its lowest digits, as a register that rolls over does. */
export function bcd(value: bigint | number, size: number): Uint8Array {
  const digits = value.toString().padStart(size * 2, "0");
  return reversed(fromHex(digits.slice(digits.length - size * 2)));
}

/** As `bcd`, with the sign in the top bit of the highest byte. */
export function signedBcd(value: bigint, size: number): Uint8Array {
  const bytes = bcd(value < 0n ? -value : value, size);
  if (value < 0n) bytes[size - 1]! |= 0x80;
  return bytes;
}

/** Packed BCD in wire order → digits, highest first; undefined when a nibble is no digit. */
export function bcdDigits(bytes: Uint8Array): string | undefined {
  const digits = hex(reversed(bytes));
  return /^\d*$/.test(digits) ? digits : undefined;
}

/** Unsigned binary in wire order (money and counts of function 03H). */
export const binary = (value: bigint, size: number): Uint8Array => reversed(fromHex(value.toString(16).padStart(size * 2, "0")));

export const fromBinary = (bytes: Uint8Array): bigint => BigInt(`0x${hex(reversed(bytes))}`);

export const equalBytes = (a: Uint8Array, b: Uint8Array): boolean => Buffer.compare(a, b) === 0;
