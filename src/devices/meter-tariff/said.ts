/** The bytes of a meter's tariff in words, for people: items by the names of the dictionary, values as a person writes them. Pure. */
import { itemOf } from "../../protocols/dlt645/index.ts";
import { ENTRIES } from "./items.ts";
import { digitsOf } from "./picture.ts";

export interface SaidItem {
  readonly item: string;
  readonly name: string;
  readonly title: string;
  readonly zh: string;
}

export function sayItem(di: string): SaidItem {
  const item = itemOf(di);
  return { item: di, name: item?.name ?? di, title: item?.title ?? di, zh: item?.zh ?? di };
}

/** Entries that only fill a table up are left out; null: the meter has none. */
export function sayBytes(di: string, wire: string | null | undefined): string | null {
  if (wire == null) return null;
  const values = itemOf(di)?.read(Buffer.from(wire, "hex")) ?? [];
  if (values.length === 0 || values.some(({ fault }) => fault !== undefined)) return digitsOf(wire);
  const texts = values.map(({ value }) => value ?? "–");
  const last = texts.findLastIndex((text, i) => i === 0 || text !== texts[i - 1]);
  return (texts.length === ENTRIES ? texts.slice(0, last + 1) : texts).join(" ");
}
