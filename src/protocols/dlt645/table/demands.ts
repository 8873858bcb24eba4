/**
 * Maximum demands (DI3 = 01, table A.2): the greatest power over a demand period and the moment at which it was reached. DI2, DI1
 * and DI0 are those of the energies; there is none of the combined active energy.
 */
import { decimal, moment } from "../formats/formats.ts";
import { field } from "../item.ts";
import type { Field } from "../item.ts";
import { fieldFamily, nameAt } from "./row.ts";
import type { TableRow, Words } from "./row.ts";
import { ONE_SETTLEMENT, ONE_TARIFF, SETTLEMENT, TARIFF } from "./variable.ts";

type Unit = "kW" | "kvar" | "kVA";

export const demandFields = (name: string, unit: Unit, signed = false): readonly Field[] => [
  field(name, decimal(3, 4, unit, signed)),
  field(`${name}Time`, moment("YYMMDDhhmm")),
];

const KINDS: readonly (readonly [name: string, words: Words, unit: Unit, signed: boolean])[] = [
  ["importedDemand", "forward active | 正向有功", "kW", false],
  ["exportedDemand", "reverse active | 反向有功", "kW", false],
  ["reactive1Demand", "combined reactive 1 | 组合无功1", "kvar", true],
  ["reactive2Demand", "combined reactive 2 | 组合无功2", "kvar", true],
  ["quadrant1Demand", "quadrant 1 reactive | 第一象限无功", "kvar", false],
  ["quadrant2Demand", "quadrant 2 reactive | 第二象限无功", "kvar", false],
  ["quadrant3Demand", "quadrant 3 reactive | 第三象限无功", "kvar", false],
  ["quadrant4Demand", "quadrant 4 reactive | 第四象限无功", "kvar", false],
  ["importedApparentDemand", "forward apparent | 正向视在", "kVA", false],
  ["exportedApparentDemand", "reverse apparent | 反向视在", "kVA", false],
];
const hex = (n: number): string => n.toString(16).toUpperCase().padStart(2, "0");

const tariffed = KINDS.map(([name, words, unit, signed], i): TableRow => {
  const [en, zh] = words.split(" | ") as [string, string];
  return fieldFamily(
    {
      di: `01${hex(i + 1)}TTSS`,
      variables: [TARIFF, SETTLEMENT],
      name: `${name}{TT}{SS}`,
      words: `maximum demand, ${en}, {TT}{SS}, with its time | {SS}${zh}{TT}最大需量及发生时间`,
      patternWords: `maximum demand, ${en}, tariff TT, settlement day SS | ${zh}最大需量(费率TT,结算日SS)`,
      blockWords: { TT: `maximum demand, ${en}, {TT}{SS} | {SS}${zh}最大需量数据块` },
      standing: "r demand high",
      note: "value of 3 bytes, then time of 5",
    },
    (own) => demandFields(own, unit, signed),
  );
});

/** One phase, without tariffs: DI2 from 15, 29 and 3D. */
const phases = (["A", "B", "C"] as const).flatMap((phase, p) =>
  KINDS.map(([name, words, unit, signed], i): TableRow => {
    const [en, zh] = words.split(" | ") as [string, string];
    return fieldFamily(
      {
        di: `01${hex(0x15 + p * 0x14 + i)}00SS`,
        variables: [SETTLEMENT],
        name: `${name}${phase}{SS}`,
        words: `maximum demand, ${en}, phase ${phase}{SS}, with its time | {SS}${phase}相${zh}最大需量及发生时间`,
        patternWords: `maximum demand, ${en}, phase ${phase}, settlement day SS | ${phase}相${zh}最大需量(结算日SS)`,
        standing: "r demand medium",
      },
      (own) => demandFields(own, unit, signed),
    );
  }),
);

/** DI2 = FF: one tariff and day of every demand, in the order of DI2, as many as the meter has. */
const everyDemand = fieldFamily(
  {
    di: "01FFTTSS",
    variables: [ONE_TARIFF, ONE_SETTLEMENT],
    name: "demands{TT}{SS}",
    words: "every maximum demand, {TT}{SS} | {SS}各类最大需量{TT}",
    standing: "r demand low",
    note: "block over DI2 by clause 7.1: 0101 to 010A; what a meter adds is shown as it came",
  },
  (_name, values) =>
    KINDS.flatMap(([name, , unit, signed]) =>
      demandFields(nameAt(`${name}{TT}{SS}`, [TARIFF, SETTLEMENT], values), unit, signed),
    ),
);

export const demandRows: readonly TableRow[] = [...tariffed, ...phases, everyDemand];
