/**
 * Parameters that come in families (DI3 = 04), tables A.5: time-zone and slot tables, holidays, screens, prices, steps,
 * settlement days, coefficients of a phase, and the block of the seven run-state words.
 */
import { bits, count, decimal, digits, energy, hex, moment } from "../formats.ts";
import { field, one, record, series } from "../item.ts";
import type { Field } from "../item.ts";
import type { Found, Identifier } from "./families.ts";

const price = decimal(4, 4, "yuan/kWh");
const threshold = energy();
const numbered = (name: string, n: number, format: Field["format"]): Field[] =>
  Array.from({ length: n }, (_, i) => field(`${name}${i + 1}`, format));

export function parameterItem([, di2, di1, di0]: Identifier): Found {
  switch (di2) {
    case 0x00:
      return plainParameter(di1, di0);
    case 0x01:
    case 0x02:
      return di1 === 0 && di0 <= 8 ? slotTable(di2 === 0x01 ? "first" : "second", di0) : undefined;
    case 0x03:
      return di1 === 0 && di0 >= 1 && di0 <= 0xfe
        ? single(`holiday${di0}`, "public holiday and its slot table", moment("YYMMDDNN"))
        : undefined;
    case 0x04:
      return di1 === 1 || di1 === 2 ? screen(di1 === 1 ? "auto" : "key", di0) : undefined;
    case 0x05:
      return di1 === 1 || di1 === 2 ? prices(di1 === 1 ? "tariffPrice" : "standbyTariffPrice", di0) : undefined;
    case 0x06:
      return steps(di1, di0);
    case 0x07:
      return di1 === 0 && di0 <= 1
        ? {
            name: `stepZones${di0 + 1}`,
            title: "step time-zone table",
            shape: series((i) => [field(`zone${i + 1}`, moment("MMDDNN"))]),
          }
        : undefined;
    default:
      return undefined;
  }
}

const single = (name: string, title: string, format: Field["format"]): Found => ({ name, title, shape: one(name, format) });

function plainParameter(di1: number, di0: number): Found {
  if (di1 === 0x05 && di0 === 0xff)
    return {
      name: "runStateWords",
      title: "run-state words 1 to 7",
      shape: series((i) => [field(`runStateWord${i + 1}`, bits(2))]),
    };
  if (di1 === 0x0a && di0 >= 2 && di0 <= 7)
    return single(`profileInterval${di0 - 1}`, `load-profile class ${di0 - 1}: interval`, count(2, "min"));
  if (di1 === 0x0b && di0 >= 1 && di0 <= 3)
    return single(`settlementDay${di0}`, `settlement day ${di0} of the month; 9999 unused`, moment("DDhh"));
  if (di1 === 0x0d && di0 >= 1 && di0 <= 0x0c) {
    const name =
      ["conductance", "susceptance", "resistance", "reactance"][(di0 - 1) % 4]! + ["A", "B", "C"][Math.floor((di0 - 1) / 4)]!;
    return single(name, `coefficient: ${name}`, decimal(2, 3, null));
  }
  if (di1 === 0x15 && di0 === 0x01)
    return {
      name: "reportState",
      title: "active-report state word and its new counts",
      shape: record([field("reportState", hex(12))]),
    };
  return undefined;
}

function slotTable(set: string, table: number): Found {
  const name = table === 0 ? `${set}ZoneTable` : `${set}SlotTable${table}`;
  const title = table === 0 ? `${set} set: time-zone table, #daily slot table` : `${set} set: daily slot table ${table}, #tariff`;
  const entry = table === 0 ? field("zone", moment("MMDDNN")) : field("slot", moment("hhmmNN"));
  return { name, title, shape: series((i) => [field(`${entry.name}${i + 1}`, entry.format)]) };
}

/** Four bytes by the standard, five with the screen number of the supplement: the length received decides. */
function screen(which: string, di0: number): Found {
  if (di0 < 1 || di0 > 0xfe) return undefined;
  return {
    name: `${which}Screen${di0}`,
    title: `${which}-scroll screen ${di0}`,
    shape: record([field("item", hex(4)), field("screen", digits(1))]),
  };
}

function prices(name: string, tariff: number): Found {
  if (tariff === 0xff)
    return { name: `${name}Block`, title: "prices of all tariffs", shape: series((i) => [field(`${name}${i + 1}`, price)]) };
  return tariff >= 1 && tariff <= 0x3f ? single(`${name}${tariff}`, `price of tariff ${tariff}`, price) : undefined;
}

/** 0406 00..03: thresholds and prices of two sets, one by one (2009); 04, 05 whole tables (2013); 0A, 0B the southern ones. */
function steps(di1: number, di0: number): Found {
  if (di1 <= 3) {
    const name = ["stepThreshold", "stepPrice", "standbyStepThreshold", "standbyStepPrice"][di1]!;
    const format = di1 % 2 === 0 ? threshold : price;
    if (di0 === 0xff) return { name: `${name}Block`, title: name, shape: series((i) => [field(`${name}${i + 1}`, format)]) };
    return di0 === 0 ? undefined : single(`${name}${di0}`, `${name} ${di0}`, format);
  }
  const dates = di1 === 0x0a || di1 === 0x0b ? 6 : di1 === 0x04 || di1 === 0x05 ? 4 : 0;
  if (dates === 0 || di0 !== 0xff) return undefined;
  const name =
    { 0x04: "stepTable", 0x05: "standbyStepTable", 0x0a: "standbyStepTable1", 0x0b: "standbyStepTable2" }[di1] ?? "stepTable";
  const fields = [
    ...numbered("stepThreshold", 6, threshold),
    ...numbered("stepPrice", 7, price),
    ...numbered("yearlySettlement", dates, moment("MMDDhh")),
  ];
  return { name, title: "step parameters: thresholds, prices, yearly settlement", shape: record(fields) };
}
