/** One row of `explain` as one line for people: who speaks, to or as which meter, what about, and what it says. English or Chinese. */
import { functionOf } from "./control-codes.ts";
import { itemOf1997 } from "./dictionary-1997.ts";
import { itemOf } from "./dictionary.ts";
import type { ExplainRow } from "./explain.ts";
import type { Value } from "./item.ts";
import { phraseZh, unitZh } from "./phrases-zh.ts";
import type { Language } from "./print-explanation.ts";
import { securityName } from "./security-identifiers.ts";
import { nameZh } from "./words-zh.ts";

/** A block of an item may have hundreds. */
const VALUES_MAX = 8;

export function printLine(row: ExplainRow, language: Language): string {
  const isZh = language === "zh";
  const say = (phrase: string): string => (isZh ? phraseZh(phrase) : phrase);
  if (!row.valid || row.control === null) return `✗ ${say(row.why ?? "noise")}`;
  const control = Number.parseInt(row.control, 16);
  const { title } = functionOf({ address: row.address ?? "", control, data: new Uint8Array(row.protocol === "1997" ? 0 : 4) });
  const about = row.di === null ? [] : [row.di, nameOf(row.di, row, isZh)].filter((word) => word !== "");
  const values = row.values.slice(0, VALUES_MAX).map((value) => sayValue(value, row.name, isZh));
  if (row.values.length > VALUES_MAX) values.push(`… (${row.values.length})`);
  const refused =
    row.error === null ? [] : [`${say("exception")} ${row.error.code}: ${row.error.bits.map(say).join(isZh ? "，" : ", ")}`];
  const arrow = row.direction === "request" ? "→" : "←";
  return [arrow, row.address ?? "", say(title), ...about, values.join(isZh ? "，" : ", "), ...refused].filter(Boolean).join(" ");
}

function nameOf(di: string, { name, protocol }: ExplainRow, isZh: boolean): string {
  const item = protocol === "1997" ? itemOf1997(di) : itemOf(di);
  if (isZh && item !== undefined && item.zh !== "") return item.zh;
  return name ?? securityName(di) ?? "";
}

function sayValue({ name, value, unit, fault }: Value, item: string | null, isZh: boolean): string {
  const what = fault === undefined ? (value ?? "no data") : `✗ ${fault}`;
  const said = `${isZh ? phraseZh(what) : what}${value === null || unit === null ? "" : ` ${isZh ? unitZh(unit) : unit}`}`;
  return name === item ? said : `${isZh ? (nameZh(name) ?? name) : name} ${said}`;
}
