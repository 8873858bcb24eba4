/**
 * What a meter can be asked, by name and by identifier: the rows of `table/`, one file for each class of the standard, put together.
 * A new quantity is a new line there, and nothing else; the type of its value follows from its format, so `dictionary.balance` is
 * money and `dictionary.relay` a relay. `docs/data-items.md` is printed from the same rows; `docs/add-a-data-item.md` says how.
 */
import type { Format } from "./formats/formats.ts";
import { clockRows, clockValues } from "./table/clock-parameters.ts";
import { demandRows } from "./table/demands.ts";
import { disturbanceRows } from "./table/disturbances.ts";
import { energyRows, energyValues } from "./table/energies.ts";
import { freezeRows, freezeValues } from "./table/freezes.ts";
import { identityRows, identityValues } from "./table/identity-parameters.ts";
import { instantaneousRows, instantaneousValues } from "./table/instantaneous.ts";
import { limitRows, limitValues } from "./table/limits.ts";
import { loadProfileRows } from "./table/load-profiles.ts";
import { meterTableRows } from "./table/meter-tables.ts";
import { operationRows } from "./table/operations.ts";
import { purchaseRows, purchaseValues } from "./table/purchases.ts";
import { relayEventRows, relayEventValues } from "./table/relay-events.ts";
import { securityRows } from "./table/security.ts";
import { stateRows, stateValues } from "./table/state-parameters.ts";
import { supplementEventRows } from "./table/supplement-events.ts";
import { diOf, itemAt, valuesIn, valuesNamed } from "./table/row.ts";
import type { DictionaryItem, TableRow } from "./table/row.ts";

export type { Category, DictionaryItem, Row } from "./table/row.ts";

/** The values that other rooms ask for by name, with their types. */
export const dictionary = {
  ...energyValues,
  ...instantaneousValues,
  ...purchaseValues,
  ...clockValues,
  ...identityValues,
  ...stateValues,
  ...limitValues,
  ...relayEventValues,
  ...freezeValues,
} as const;

export type ItemName = keyof typeof dictionary;
export type ValueOf<N extends ItemName> = (typeof dictionary)[N]["format"] extends Format<infer T> ? T : never;

/** Every row, by class. Where two rows fit an identifier the first speaks for it; one without letters before any family. */
export const TABLE: readonly TableRow[] = [
  ...energyRows,
  ...demandRows,
  ...instantaneousRows,
  ...disturbanceRows,
  ...operationRows,
  ...purchaseRows,
  ...supplementEventRows,
  ...relayEventRows,
  ...clockRows,
  ...identityRows,
  ...stateRows,
  ...limitRows,
  ...meterTableRows,
  ...freezeRows,
  ...loadProfileRows,
  ...securityRows,
];

/** Members of families that are also found by a name without a number. */
const ALIASES: ReadonlyMap<string, string> = new Map([
  ["purchaseRecord", "0333FF01"],
  ["energyPurchaseRecord", "0332FF01"],
  ["refundRecord", "03340001"],
  ["disconnectRecord", "1D00FF01"],
  ["reconnectRecord", "1E00FF01"],
]);
/** Blocks whose own names are worth saying: total and tariffs, all phases. */
const BLOCKS: ReadonlyMap<string, string> = new Map([
  ["combinedEnergyBlock", "0000FF00"],
  ["importedEnergyBlock", "0001FF00"],
  ["exportedEnergyBlock", "0002FF00"],
  ["voltageBlock", "0201FF00"],
  ["currentBlock", "0202FF00"],
  ["powerBlock", "0203FF00"],
  ["powerFactorBlock", "0206FF00"],
  ["tariffPriceBlock", "040501FF"],
  ["standbyTariffPriceBlock", "040502FF"],
  ["dailyFreezeImportedEnergy", "05060101"],
]);

const single = (row: TableRow): boolean => row.variables.length === 0;
/** What function 03 carries and what is only ever written is no reading: nobody shall ask for it by name as if it were. */
const readable = (row: TableRow): boolean => !row.di.startsWith("07") && row.access !== "w";

const rowByName = new Map(TABLE.filter((row) => single(row) && readable(row)).map((row) => [row.name, row]));
const rowByDi = new Map([...TABLE].reverse().flatMap((row) => (single(row) ? [[row.di, row] as const] : [])));
const families = TABLE.filter((row) => !single(row));
/** By DI3 and DI2, or by DI3 alone where DI2 is a letter. */
const familiesByHead = Map.groupBy(families, ({ di }) => (/[G-Z]/.test(di.slice(2, 4)) ? di.slice(0, 2) : di.slice(0, 4)));
const diByName: ReadonlyMap<string, string> = new Map([
  ...Object.entries(dictionary).map(([name, { di }]) => [name, di] as const),
  ...BLOCKS,
  ...ALIASES,
]);

/**
 * What has been asked for, as it was asked. A gateway asks for a few hundred; that a noisy line or a curious person could name every
 * record of every event is no reason to keep them all.
 */
const FOUND_MAX = 4_096;
const found = new Map<string, DictionaryItem>();

/** By name or by eight hex digits; undefined for what nobody has described. */
export function itemOf(nameOrDi: string): DictionaryItem | undefined {
  return found.get(nameOrDi) ?? lookUp(nameOrDi);
}

function lookUp(nameOrDi: string): DictionaryItem | undefined {
  const item = byName(nameOrDi) ?? (/^[0-9A-F]{8}$/.test(nameOrDi) ? byDigits(nameOrDi) : undefined);
  if (item !== undefined && found.size < FOUND_MAX) found.set(nameOrDi, item);
  // The table writes its digits in upper case, and only those are kept: any other writing is looked up each time.
  return item ?? (/^(?=.*[a-f])[0-9A-Fa-f]{8}$/.test(nameOrDi) ? itemOf(nameOrDi.toUpperCase()) : undefined);
}

function byName(name: string): DictionaryItem | undefined {
  const row = rowByName.get(name);
  if (row !== undefined) return itemAt(row, row.di, []);
  const di = diByName.get(name);
  if (di === undefined) return /^[a-z]/.test(name) ? byFamilyName(name) : undefined;
  const item = itemOf(di);
  return item === undefined || !ALIASES.has(name) ? item : { ...item, name };
}

/** "importedEnergyTariff2": what a block shows under a name can be asked for by that name. */
function byFamilyName(name: string): DictionaryItem | undefined {
  for (const family of families.filter(readable)) {
    const values = valuesNamed(family, name);
    if (values !== undefined) return itemAt(family, diOf(family, values), values);
  }
  return undefined;
}

function byDigits(digits: string): DictionaryItem | undefined {
  const row = rowByDi.get(digits);
  if (row !== undefined) return itemAt(row, digits, []);
  for (const head of [digits.slice(0, 4), digits.slice(0, 2)]) {
    for (const family of familiesByHead.get(head) ?? []) {
      const values = valuesIn(family, digits);
      if (values !== undefined) return itemAt(family, digits, values);
    }
  }
  return undefined;
}

export const itemNames = (): string[] => [...new Set([...rowByName.keys(), ...diByName.keys()])];
