/**
 * The bytes of a frame by their fields, for people who read hex: what each is on the wire, and less 33H where the data begins.
 * Bytes that belong to no whole frame are shown as they are; a byte of a password is dots and has no number.
 */
export type FieldName =
  | "noise"
  | "wakeUp"
  | "start"
  | "address"
  | "control"
  | "length"
  | "item"
  | "level"
  | "password"
  | "operator"
  | "order"
  | "deadline"
  | "error"
  | "data"
  | "sum"
  | "end";

export interface Field {
  readonly name: FieldName;
  /** As they passed. */
  readonly wire: readonly number[];
  /** Less 33H; only of data. */
  readonly plain?: readonly number[];
  /** As people say it: turned round. */
  readonly read?: string;
}

const HEAD_BYTES = 10;

const DOTS = "••";

export const hexOf = (bytes: readonly number[], joint = " "): string =>
  bytes.map((byte) => (Number.isNaN(byte) ? DOTS : byte.toString(16).toUpperCase().padStart(2, "0"))).join(joint);
export const bytesOf = (hex: string): number[] => (hex.match(/../g) ?? []).map((pair) => Number.parseInt(pair, 16));

export function fieldsOf(hex: string): Field[] {
  const bytes = bytesOf(hex);
  const start = bytes.findIndex((_, at) => isFrameAt(bytes, at));
  if (start < 0) return [{ name: "noise", wire: bytes }];
  const end = start + HEAD_BYTES + bytes[start + 9]!;
  const before = bytes.slice(0, start);
  const after = bytes.slice(end + 2);
  const one = (name: FieldName, from: number, to = from + 1, read = false): Field => ({
    name,
    wire: bytes.slice(start + from, start + to),
    ...(read ? { read: hexOf(bytes.slice(start + from, start + to).reverse(), "") } : {}),
  });
  const control = bytes[start + 8]!;
  const fields: Field[] = [
    { name: before.every((byte) => byte === 0xfe) ? "wakeUp" : "noise", wire: before },
    one("start", 0),
    one("address", 1, 7, true),
    one("start", 7),
    one("control", 8),
    { ...one("length", 9), read: String(bytes[start + 9]) },
    ...dataFields(control, bytes.slice(start + HEAD_BYTES, end)),
    { name: "sum", wire: [bytes[end]!] },
    { name: "end", wire: [bytes[end + 1]!] },
    ...(after.length > 0 ? fieldsOf(hexOf(after, "")) : []),
  ];
  return fields.filter(({ wire }) => wire.length > 0);
}

function isFrameAt(bytes: readonly number[], at: number): boolean {
  if (bytes[at] !== 0x68 || bytes[at + 7] !== 0x68) return false;
  const end = at + HEAD_BYTES + (bytes[at + 9] ?? Number.POSITIVE_INFINITY);
  if (bytes[end + 1] !== 0x16) return false;
  const body = bytes.slice(at, end);
  // The checksum of a password is dots as well: the door has read the frame, and says nothing more of it.
  if (Number.isNaN(bytes[end]) && body.some(Number.isNaN)) return true;
  return (body.reduce((sum, byte) => sum + byte, 0) & 0xff) === bytes[end];
}

type Layout = readonly (readonly [name: FieldName, size: number])[];

const proof: Layout = [
  ["level", 1],
  ["password", 3],
  ["operator", 4],
];
/** What stands first in the data, by control byte; the rest is data. */
const layouts: Readonly<Record<number, Layout>> = {
  0x03: [
    ["item", 4],
    ["operator", 4],
  ],
  0x83: [["item", 4]],
  0x11: [["item", 4]],
  0x91: [["item", 4]],
  0xb1: [["item", 4]],
  0x12: [["item", 4]],
  0x92: [["item", 4]],
  0xb2: [["item", 4]],
  0x14: [["item", 4], ...proof],
  0x19: proof,
  0x1a: proof,
  0x1b: proof,
  0x1c: [...proof, ["order", 2], ["deadline", 6]],
};
/** 98 and 96 hide the order under a cipher. */
const ciphered: Layout = proof;

function dataFields(control: number, wire: readonly number[]): Field[] {
  const plain = wire.map((byte) => (Number.isNaN(byte) ? byte : (byte - 0x33) & 0xff));
  const isRefusal = (control & 0xc0) === 0xc0;
  const isCiphered = control === 0x1c && (plain[0] === 0x98 || plain[0] === 0x96);
  const layout: Layout = isRefusal ? [["error", wire.length]] : isCiphered ? ciphered : (layouts[control] ?? []);
  const fields: Field[] = [];
  let at = 0;
  const take = (name: FieldName, size: number): void => {
    const part = plain.slice(at, at + size);
    if (part.length > 0)
      fields.push({ name, wire: wire.slice(at, at + size), plain: part, read: hexOf([...part].reverse(), "") });
    at += size;
  };
  for (const [name, size] of layout) take(name, size);
  take("data", wire.length - at);
  return fields;
}
