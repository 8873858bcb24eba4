/**
 * A row of the dictionary: one identifier, or a family of identifiers that differ in a tariff, a phase, a record. From a row come
 * the items that are found, the types of values that are read by name, and the printed page `docs/data-items.md`.
 *
 *     row "0001TTSS"  +  TT = 02, SS = 00  ─►  item 00010200 importedEnergyTariff2, (当前)正向有功电能费率2
 *
 * English and Chinese stand side by side in one string, "voltage, {PP} | {PP}电压": in braces the letters of a pattern, which
 * `variable.ts` puts into words. What a meter model may not do with an item is not told here: that is the model's profile.
 */
import type { Format } from "../formats/format.ts";
import { field, item, one, record, series } from "../item.ts";
import type { Field, Item, Shape, Turns } from "../item.ts";
import { ALL } from "./variable.ts";
import type { Variable } from "./variable.ts";

export type Access = "r" | "w" | "rw";
export type Category = "energy" | "demand" | "instantaneous" | "event" | "fee" | "parameter" | "freeze" | "load" | "security";
/** high: two sources agree; medium: one; low: recalled, or seen in one firmware. */
export type Confidence = "high" | "medium" | "low";
export type Standing = `${Access} ${Category} ${Confidence}`;
export type Words = `${string} | ${string}`;

export interface TableRow {
  /** Hex digits, highest byte first, and letters of variables. */
  readonly di: string;
  readonly variables: readonly Variable[];
  /** In English names of values, in braces the letters: "importedEnergy{TT}{SS}". */
  readonly name: string;
  readonly words: Words;
  /** The words of the pattern where they are not the words of its items; and those of blocks, by the letters that are FF. */
  readonly patternWords?: Words | undefined;
  readonly blockWords?: Readonly<Record<string, Words>> | undefined;
  readonly access: Access;
  readonly blockAccess?: Access | undefined;
  readonly category: Category;
  readonly confidence: Confidence;
  readonly note: string;
  readonly shape: (name: string, values: readonly number[]) => Shape;
}

/** A named value, with its type. */
export interface Row<T> {
  /** DI3 DI2 DI1 DI0, as written. */
  readonly di: string;
  readonly format: Format<T>;
  readonly title: string;
}
export type ValueRow<T> = TableRow & Row<T>;
export type FamilyRow<T> = TableRow & {
  readonly format: Format<T>;
  /** The one with these values in place of the letters. */
  at(...values: number[]): Row<T>;
};

export interface DictionaryItem extends Item {
  readonly row: TableRow;
}

const standingOf = (standing: Standing) => {
  const [access, category, confidence] = standing.split(" ") as [Access, Category, Confidence];
  return { access, category, confidence };
};
const NO_VARIABLES: readonly Variable[] = [];

// ---- single identifiers: the name is the key under which they stand ----

export type Nameless<R> = Omit<R, "name">;

/** "rw parameter high" → a maker of rows of that standing. */
export const rowsOf =
  (standing: Standing) =>
  <T>(di: string, format: Format<T>, words: Words, note = ""): Nameless<ValueRow<T>> => ({
    ...standingOf(standing),
    di,
    variables: NO_VARIABLES,
    words,
    title: wordsIn("en", words),
    note,
    format,
    shape: (name) => one(name, format),
  });

/** The same for what is more than one value. */
export const shapesOf =
  (standing: Standing) =>
  (di: string, shape: (name: string) => Shape, words: Words, note = ""): Nameless<TableRow> => ({
    ...standingOf(standing),
    di,
    variables: NO_VARIABLES,
    words,
    note,
    shape,
  });

export function named<R extends Readonly<Record<string, Nameless<TableRow>>>>(
  rows: R,
): { readonly [K in keyof R]: R[K] & { readonly name: K } } {
  return Object.fromEntries(Object.entries(rows).map(([name, row]) => [name, { ...row, name }])) as {
    [K in keyof R]: R[K] & { readonly name: K };
  };
}

// ---- families ----

interface FamilyParts {
  readonly di: string;
  readonly variables: readonly Variable[];
  readonly name: string;
  readonly words: Words;
  readonly patternWords?: Words;
  readonly blockWords?: Readonly<Record<string, Words>>;
  readonly standing: Standing;
  readonly blockAccess?: Access;
  readonly note?: string;
}

const familyRow = ({ standing, note = "", ...parts }: FamilyParts, shape: TableRow["shape"]): TableRow => ({
  ...parts,
  ...standingOf(standing),
  note,
  shape,
});

/** One value each. */
export function valueFamily<T>(parts: FamilyParts, format: Format<T>): FamilyRow<T> {
  const row = fieldFamily(parts, (name) => [field(name, format)]);
  return {
    ...row,
    format,
    at: (...values) => ({ di: diOf(row, values), format, title: titleOf(row, "en", values) }),
  };
}

/** A few values each; FF puts one turn of them behind the other. `as`: how the standard writes a record of them. */
export const fieldFamily = (
  parts: FamilyParts,
  fieldsOf: (name: string, values: readonly number[]) => readonly Field[],
  as?: Parameters<typeof record>[1],
): TableRow =>
  familyRow(parts, (name, values) => {
    const block = values.indexOf(ALL);
    const variable = parts.variables[block];
    if (variable?.all == null) {
      const fields = fieldsOf(name, values);
      return fields.length === 1 && as === undefined ? one(fields[0]!.name, fields[0]!.format) : record(fields, as);
    }
    const turn = (i: number): readonly Field[] => {
      const own = values.with(block, variable.first + i);
      return fieldsOf(nameAt(parts.name, parts.variables, own, "blockWord"), own);
    };
    return blockOf(turn, variable.all);
  });

/** Its own shape, for what is cut in its own way. */
export const shapeFamily = familyRow;

/** Turns whose fields have no number in their names get one, so that every member of a block has a name of its own. */
function blockOf(turn: (i: number) => readonly Field[], turns: Turns): Shape {
  const alike = turn(0)[0]?.name === turn(1)[0]?.name;
  return series((i) => (alike ? turn(i).map((each) => field(`${each.name}${i + 1}`, each.format)) : turn(i)), turns);
}

// ---- words ----

export function wordsIn(language: "en" | "zh", words: Words): string {
  const [en, zh] = words.split(" | ") as [string, string];
  return language === "en" ? en : zh;
}

const fill = (template: string, variables: readonly Variable[], say: (variable: Variable, i: number) => string): string =>
  variables.reduce((text, variable, i) => text.replaceAll(`{${variable.letters}}`, say(variable, i)), template);

export const nameAt = (
  template: string,
  variables: readonly Variable[],
  values: readonly number[],
  as: "word" | "blockWord" = "word",
): string => fill(template, variables, (variable, i) => (variable[as] ?? variable.word)(values[i]!));

export function titleOf(row: TableRow, language: "en" | "zh", values: readonly number[]): string {
  const block = row.variables[values.indexOf(ALL)];
  const words = (block === undefined ? undefined : row.blockWords?.[block.letters]) ?? row.words;
  return fill(wordsIn(language, words), row.variables, (variable, i) => variable[language](values[i]!));
}

/** The title of the pattern itself: "(上NN次)编程记录". */
export const patternTitle = (row: TableRow, language: "en" | "zh"): string =>
  fill(wordsIn(language, row.patternWords ?? row.words), row.variables, (variable) => variable.symbol[language]);

// ---- from identifiers to items and back ----

const hexOf = (n: number, digits: number): string => n.toString(16).toUpperCase().padStart(digits, "0");

export const diOf = (row: Pick<TableRow, "di" | "variables">, values: readonly number[]): string =>
  row.variables.reduce(
    (di, { letters }, i) =>
      di.replace(letters, hexOf(values[i]! === ALL ? 16 ** letters.length - 1 : values[i]!, letters.length)),
    row.di,
  );

/** The values of the letters when `di`, in upper-case hex digits, is of this row; undefined when it is not. */
export function valuesIn(row: TableRow, di: string): readonly number[] | undefined {
  if (di.length !== row.di.length) return undefined;
  const values: number[] = [];
  let rest = row.di;
  for (const { letters, first, last, all } of row.variables) {
    const at = row.di.indexOf(letters);
    const given = Number.parseInt(di.slice(at, at + letters.length), 16);
    const isAll = all !== null && given === 16 ** letters.length - 1;
    if (!isAll && (given < first || given > last)) return undefined;
    values.push(isAll ? ALL : given);
    rest = rest.replace(letters, di.slice(at, at + letters.length));
  }
  return rest === di && isOne(values) ? values : undefined;
}

/** The values under which an item of this row has this name; undefined when none has. Looks at all of them: for first uses only. */
export function valuesNamed(row: TableRow, name: string): readonly number[] | undefined {
  if (!new RegExp(`^${row.name.replaceAll(/\{.*?\}/g, ".*")}$`).test(name)) return undefined;
  const choices = row.variables.map(({ first, last, all }) => [
    ...Array.from({ length: last - first + 1 }, (_, i) => first + i),
    ...(all === null ? [] : [ALL]),
  ]);
  const search = (values: readonly number[]): readonly number[] | undefined => {
    const [choice] = choices.slice(values.length);
    if (choice === undefined) return isOne(values) && nameAt(row.name, row.variables, values) === name ? values : undefined;
    for (const value of choice) {
      const found = search([...values, value]);
      if (found !== undefined) return found;
    }
    return undefined;
  };
  return search([]);
}
/** Only one letter may be "all": with two, the places of a block cannot be told (clause 7.1). */
const isOne = (values: readonly number[]): boolean => values.filter((value) => value === ALL).length <= 1;

export function itemAt(row: TableRow, di: string, values: readonly number[]): DictionaryItem {
  const name = nameAt(row.name, row.variables, values);
  const parts = { di, name, title: titleOf(row, "en", values), zh: titleOf(row, "zh", values), shape: row.shape(name, values) };
  return { ...item(parts), row };
}

export const accessOf = (row: TableRow, values: readonly number[]): Access =>
  (values.includes(ALL) ? row.blockAccess : undefined) ?? row.access;
