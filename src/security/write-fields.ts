/** What a write to be protected has to look like, whoever protects it. What does not is a mistake of our own: loud, and nothing leaves. */

/** What the length byte of a ciphered write can tell, and itself. */
const VALUE_BYTES_MAX = 256;

export function itemToProtect(dataItem: string): string {
  if (!/^[0-9A-F]{8}$/.test(dataItem)) throw new Error("dataItem has eight upper-case hex digits");
  return dataItem;
}

export function bytesToProtect(bytes: Uint8Array, field: "plain" | "data"): Uint8Array {
  if (bytes.length === 0 || bytes.length > VALUE_BYTES_MAX)
    throw new Error(`${field} has 1 to ${VALUE_BYTES_MAX} bytes, not ${bytes.length}`);
  return bytes;
}
