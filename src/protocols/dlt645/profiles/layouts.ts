/**
 * The fields of a frame as a row of cells: how many bytes, how they are written, and what they count. Profiles describe their
 * function 03 and their items with these, so that a vendor's layout is a table and not a program.
 *
 * Money stands in one of four ways: binary fen, BCD yuan with two decimals, and the same two in hundredths of a kWh. The cell
 * says which; mixing them is the classic mistake of the trade (50.00 yuan read as 13.88). Values come and go as text, exact,
 * and a cell of FF in BCD is "no data" (null). Layouts without the data identifier and the operator code before them.
 */
import { decimal, digits, hex, turned } from "../formats.ts";

export interface Cell {
  readonly name: string;
  readonly bytes: number;
  /** `binary` and `bcd` are numbers, `digits` names that keep their zeros, `hex` bytes of no meaning of ours, highest first. */
  readonly coding: "binary" | "bcd" | "digits" | "hex";
  readonly scale: number;
  readonly unit: "yuan" | "kWh" | "V" | "A" | "kW" | "yuan/kWh" | null;
}

export type Layout = readonly Cell[];
export type Values = Readonly<Record<string, string>>;
export type Cut = { readonly values: Readonly<Record<string, string | null>> } | { readonly fault: string };

const number = (name: string, bytes: number, coding: "binary" | "bcd", scale: number, unit: Cell["unit"]): Cell => ({
  name,
  bytes,
  coding,
  scale,
  unit,
});

export const binaryYuan = (name: string): Cell => number(name, 4, "binary", 2, "yuan");
export const bcdYuan = (name: string): Cell => number(name, 4, "bcd", 2, "yuan");
export const binaryKwh = (name: string): Cell => number(name, 4, "binary", 2, "kWh");
export const bcdKwh = (name: string): Cell => number(name, 4, "bcd", 2, "kWh");
export const whole = (name: string, bytes: number, coding: "binary" | "bcd"): Cell => number(name, bytes, coding, 0, null);
export const measured = (name: string, bytes: number, scale: number, unit: Cell["unit"]): Cell =>
  number(name, bytes, "bcd", scale, unit);
export const digitsOf = (name: string, bytes: number): Cell => ({ name, bytes, coding: "digits", scale: 0, unit: null });
export const hexOf = (name: string, bytes: number): Cell => ({ name, bytes, coding: "hex", scale: 0, unit: null });

/** Function 03H, by the length byte of the frame that carries it (8 bytes of identifier and operator stand before). */
export const layouts = {
  /** 070101FF and 070102FF of the standard; the count is the meter's own number of purchases. */
  "1E": [binaryYuan("amount"), whole("count", 4, "binary"), hexOf("mac1", 4), digitsOf("customer", 6), hexOf("mac2", 4)],
  /** Vendors with an order number instead of a count: the meter's address stands where the customer did, the MACs are zero. */
  "22": [binaryYuan("amount"), hexOf("order", 8), hexOf("mac1", 4), digitsOf("meter", 6), hexOf("mac2", 4)],
  /** The same with six more bytes, of which nobody has told what they are (a refund, vector S016). */
  "28": [binaryYuan("amount"), hexOf("order", 8), hexOf("mac1", 4), digitsOf("meter", 6), hexOf("further", 6), hexOf("mac2", 4)],
  /** 070103FF of the standard, which empties a purse. */
  "18": [binaryYuan("amount"), hexOf("mac1", 4), whole("count", 4, "binary"), hexOf("mac2", 4)],
  /** A token of twenty digits, as letters; what it is worth is the token's own secret. */
  "1C": [hexOf("token", 20)],
  /** The energy vendor's 070102FF and 070103FF: as long as the row above, another thing. Eight bytes under DES, and their key. */
  "18 sealed": [hexOf("sealed", 8), hexOf("key", 8)],
} as const satisfies Record<string, Layout>;

/** Under the energy vendor's seal: hundredths of a kWh, and the seconds since 2000 at which somebody bought them. */
export const energyPurchase = [binaryKwh("amount"), whole("stamp", 4, "binary")] as const satisfies Layout;

export type LayoutName = keyof typeof layouts;

export const bytesOf = (layout: Layout): number => layout.reduce((sum, cell) => sum + cell.bytes, 0);

/** Wrong names, too many decimals and numbers that do not fit are our own mistake: an ordinary Error. */
export function encodeCells(layout: Layout, values: Values): Uint8Array {
  const stranger = Object.keys(values).find((name) => layout.every((cell) => cell.name !== name));
  if (stranger !== undefined) throw new Error(`no cell "${stranger}"; there are ${layout.map(({ name }) => name).join(", ")}`);
  const data = new Uint8Array(bytesOf(layout));
  let at = 0;
  for (const cell of layout) {
    const text = values[cell.name];
    if (text === undefined) throw new Error(`"${cell.name}" is missing`);
    data.set(encodeCell(cell, text), at);
    at += cell.bytes;
  }
  return data;
}

export function decodeCells(layout: Layout, data: Uint8Array): Cut {
  if (data.length !== bytesOf(layout)) return { fault: `${data.length} bytes where ${bytesOf(layout)} are expected` };
  const values: Record<string, string | null> = {};
  let at = 0;
  for (const cell of layout) {
    const wire = data.subarray(at, at + cell.bytes);
    const decoded = cell.coding === "binary" ? { value: printed(littleEndian(wire), cell.scale) } : decodeDecimal(cell, wire);
    if ("fault" in decoded) return { fault: `${cell.name}: ${decoded.fault}` };
    values[cell.name] = decoded.value;
    at += cell.bytes;
  }
  return { values };
}

function decodeDecimal({ coding, bytes, scale, unit }: Cell, wire: Uint8Array): { value: string | null } | { fault: string } {
  if (coding === "hex") return hex(bytes).decode(wire);
  if (coding === "digits") return digits(bytes).decode(wire);
  const decoded = decimal(bytes, scale, unit).decode(wire);
  if ("fault" in decoded) return decoded;
  return { value: decoded.value === null ? null : printed(decoded.value.units, scale) };
}

function encodeCell({ name, bytes, coding, scale, unit }: Cell, text: string): Uint8Array {
  switch (coding) {
    case "hex":
      if (text.length !== bytes * 2 || !/^[0-9A-Fa-f]*$/.test(text)) throw new Error(`"${name}" wants ${bytes * 2} hex digits`);
      return hex(bytes).encode(text);
    case "digits":
      if (text.length !== bytes * 2) throw new Error(`"${name}" wants ${bytes * 2} digits`);
      return digits(bytes).encode(text);
    case "bcd":
      return decimal(bytes, scale, unit).encode({ units: unitsOf(text, scale), scale });
    case "binary": {
      const units = unitsOf(text, scale);
      if (units >> BigInt(bytes * 8) !== 0n) throw new Error(`"${name}" does not fit ${bytes} bytes: ${text}`);
      return turned(Uint8Array.from({ length: bytes }, (_, i) => Number((units >> BigInt((bytes - 1 - i) * 8)) & 0xffn)));
    }
  }
}

/** "12.5" with scale 2 → 1250; more decimals than the cell has would be rounded money. */
function unitsOf(text: string, scale: number): bigint {
  const match = /^(\d+)(?:\.(\d+))?$/.exec(text);
  const fraction = match?.[2] ?? "";
  if (match === null || fraction.length > scale) throw new Error(`not a number with at most ${scale} decimals: ${text}`);
  return BigInt(match[1]! + fraction.padEnd(scale, "0"));
}

function printed(units: bigint, scale: number): string {
  const text = units.toString().padStart(scale + 1, "0");
  return scale === 0 ? text : `${text.slice(0, -scale)}.${text.slice(-scale)}`;
}

const littleEndian = (wire: Uint8Array): bigint => wire.reduceRight((sum, byte) => (sum << 8n) | BigInt(byte), 0n);
