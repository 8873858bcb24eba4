/**
 * The items of the 1997 edition, four hex digits each: the rows of `table/edition-1997.ts`, found by their digits. They have names, but
 * nobody asks by them: the same quantity has the same name in both editions, and the edition is the meter's.
 */
import { TABLE_1997 } from "./table/edition-1997.ts";
import { itemAt, valuesIn } from "./table/row.ts";
import type { DictionaryItem } from "./table/row.ts";

export { TABLE_1997 };

/** At most as many as the edition has identifiers. */
const found = new Map<string, DictionaryItem>();

export const itemOf1997 = (di: string): DictionaryItem | undefined => found.get(di) ?? lookUp(di);

function lookUp(di: string): DictionaryItem | undefined {
  if (!/^[0-9A-F]{4}$/.test(di)) return /^[0-9A-Fa-f]{4}$/.test(di) ? itemOf1997(di.toUpperCase()) : undefined;
  for (const row of TABLE_1997) {
    const values = valuesIn(row, di);
    if (values === undefined) continue;
    const item = itemAt(row, di, values);
    found.set(di, item);
    return item;
  }
  return undefined;
}
