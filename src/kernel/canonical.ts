/**
 * JSON in one writing only: names in order, no spaces, no fractions. Two programs that mean the same write the same bytes, so bytes can be
 * hashed, signed and compared. After RFC 8785, without its floating-point numbers: what the house counts is whole or a decimal text.
 */
export type Plain = null | boolean | number | string | readonly Plain[] | { readonly [name: string]: Plain };

export function canonical(value: Plain): string {
  if (typeof value === "number") {
    if (!Number.isSafeInteger(value)) throw new Error(`${value} is no whole number; write it as text`);
    return String(value);
  }
  if (value === null || typeof value !== "object") return JSON.stringify(value);
  if (Array.isArray(value)) return `[${(value as readonly Plain[]).map(canonical).join(",")}]`;
  const entries = Object.entries(value as { readonly [name: string]: Plain });
  entries.sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0));
  return `{${entries.map(([name, one]) => `${JSON.stringify(name)}:${canonical(one)}`).join(",")}}`;
}

/** Whatever was parsed or built, as canonical JSON knows it: moments, bigints and fractions as text, what is undefined left out. */
export function plain(value: unknown): Plain {
  if (value === null || typeof value === "boolean" || typeof value === "string") return value;
  if (typeof value === "number") return Number.isSafeInteger(value) && !Object.is(value, -0) ? value : String(value);
  if (typeof value === "bigint") return value.toString();
  if (value instanceof Map) return plain(Object.fromEntries(value as ReadonlyMap<string, unknown>));
  if (value instanceof Set) return [...(value as ReadonlySet<unknown>)].map(plain);
  if (Array.isArray(value)) return value.map(plain);
  if (typeof value === "object")
    return Object.fromEntries(
      Object.entries(value)
        .filter(([, one]) => one !== undefined)
        .map(([name, one]) => [name, plain(one)]),
    );
  throw new Error(`a ${typeof value} cannot stand in a document`);
}
