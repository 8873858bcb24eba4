/**
 * A data item as the dictionary knows it, and the few shapes in which values stand in its data: one value, a series of
 * equal ones, a record of different ones. An item reads what has come, not what should have come: blocks are as long as
 * the meter made them, and keep their places.
 */
import { hexBytes } from "./frame.ts";
import type { Format } from "./formats.ts";

/** `value` null without `fault`: the meter says it has no data. With `fault`: it sent something that is no value. */
export interface Value {
  readonly name: string;
  readonly value: string | null;
  readonly unit: string | null;
  readonly fault?: string;
}

/** `wire`: the data behind the identifier, as it stands on the wire after -33H. */
export type Reader = (wire: Uint8Array) => Value[];

export interface Item {
  readonly di: string;
  readonly name: string;
  readonly title: string;
  readonly read: Reader;
}

export interface Field {
  readonly name: string;
  readonly format: Format<unknown>;
}
export const field = (name: string, format: Format<unknown>): Field => ({ name, format });

export function valueOf<T>(name: string, format: Format<T>, wire: Uint8Array): Value[] {
  const { unit } = format;
  const decoded = format.decode(wire);
  if ("fault" in decoded) return [{ name, value: null, unit, fault: decoded.fault }];
  if (decoded.value === null) return [{ name, value: null, unit }];
  const details = format.details?.(decoded.value) ?? [];
  return [{ name, value: format.print(decoded.value), unit }, ...details.map((detail) => ({ ...detail, unit: null }))];
}

export const raw = (name: string, wire: Uint8Array): Value => ({ name, value: hexBytes(wire, ""), unit: null });

export const one =
  (name: string, format: Format<unknown>): Reader =>
  (wire) =>
    valueOf(name, format, wire);

/** One after the other; a short record stops where its data stop, and what is too much is shown as it came. */
export const record =
  (fields: readonly Field[]): Reader =>
  (wire) => {
    if (wire.length === 0) return fields.slice(0, 1).flatMap((first) => valueOf(first.name, first.format, wire));
    const values: Value[] = [];
    let at = 0;
    for (const { name, format } of fields) {
      if (at >= wire.length) return values;
      values.push(...valueOf(name, format, wire.subarray(at, at + format.bytes)));
      at += format.bytes;
    }
    if (at < wire.length) values.push(raw("rest", wire.subarray(at)));
    return values;
  };

/** The same fields again and again, for as many bytes as have come. */
export const series =
  (fieldsAt: (index: number) => readonly Field[]): Reader =>
  (wire) => {
    if (wire.length === 0) return record(fieldsAt(0))(wire);
    const values: Value[] = [];
    for (let at = 0, index = 0; at < wire.length; index += 1) {
      const fields = fieldsAt(index);
      const bytes = fields.reduce((sum, each) => sum + each.format.bytes, 0);
      values.push(...record(fields)(wire.subarray(at, at + bytes)));
      at += bytes;
    }
    return values;
  };

/** "importedEnergy" + "tariff 2" → "importedEnergyTariff2". */
export const joinName = (...words: readonly string[]): string =>
  words
    .join(" ")
    .split(/[^A-Za-z0-9]+/)
    .filter((word) => word !== "")
    .map((word, i) => (i === 0 ? word.charAt(0).toLowerCase() : word.charAt(0).toUpperCase()) + word.slice(1))
    .join("");
