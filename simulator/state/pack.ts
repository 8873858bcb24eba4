/** What JSON has no word for (whole numbers without end, bytes, maps, sets, typed arrays, "nothing here"), as JSON and back. */
import { fromHex, hex } from "../bytes.ts";

const numberArrays = { Float64Array, Float32Array, Int32Array, Uint32Array, Int16Array, Uint16Array } as const;
type NumberArrayName = keyof typeof numberArrays;
const isNumberArray = (name: string): name is NumberArrayName => Object.hasOwn(numberArrays, name);

export function pack(value: unknown): unknown {
  if (typeof value === "bigint") return { $int: value.toString() };
  if (value === undefined) return { $none: true };
  if (typeof value === "number" && !Number.isFinite(value)) return { $number: String(value) };
  if (typeof value !== "object" || value === null) return value;
  if (value instanceof Uint8Array) return { $bytes: hex(value) };
  if (ArrayBuffer.isView(value)) return { $array: value.constructor.name, of: Array.from(value as unknown as Iterable<number>) };
  if (value instanceof Map) return { $map: Array.from(value as Map<unknown, unknown>, (pair) => pair.map(pack)) };
  if (value instanceof Set) return { $set: Array.from(value, pack) };
  if (Array.isArray(value)) return value.map(pack);
  if (Object.getPrototypeOf(value) !== Object.prototype)
    throw new Error(`a ${value.constructor.name} cannot be kept as it is: keep its fields`);
  return Object.fromEntries(Object.entries(value).map(([key, each]) => [key, pack(each)]));
}

export function unpack(value: unknown): unknown {
  if (typeof value !== "object" || value === null) return value;
  if (Array.isArray(value)) return value.map(unpack);
  // A part within a part was unpacked with it.
  if (Object.getPrototypeOf(value) !== Object.prototype) return value;
  const packed = value as Readonly<Record<string, unknown>>;
  if (typeof packed["$int"] === "string") return BigInt(packed["$int"]);
  if (packed["$none"] === true) return undefined;
  if (typeof packed["$number"] === "string") return Number(packed["$number"]);
  if (typeof packed["$bytes"] === "string") return fromHex(packed["$bytes"]);
  if (typeof packed["$array"] === "string" && isNumberArray(packed["$array"]))
    return new numberArrays[packed["$array"]](packed["of"] as number[]);
  if (Array.isArray(packed["$map"]))
    return new Map(packed["$map"].map((pair: unknown[]) => pair.map(unpack) as [unknown, unknown]));
  if (Array.isArray(packed["$set"])) return new Set(packed["$set"].map(unpack));
  return Object.fromEntries(Object.entries(packed).map(([key, each]) => [key, unpack(each)]));
}
