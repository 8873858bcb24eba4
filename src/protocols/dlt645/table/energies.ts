/**
 * Energies (DI3 = 00, table A.1): DI2 says which, DI1 the tariff, DI0 the settlement day. And what stands among them without being
 * one: consumptions of a period, moments of settlement, and the purse of prepayment meters.
 */
import { bcdFen, decimal, energy, moment } from "../formats/formats.ts";
import type { Format } from "../formats/format.ts";
import { field } from "../item.ts";
import { fieldFamily, nameAt, named, rowsOf, valueFamily } from "./row.ts";
import type { FamilyRow, Standing, TableRow, Words } from "./row.ts";
import { ONE_SETTLEMENT, ONE_TARIFF, PERIOD, SETTLEMENT, SETTLEMENT_BACK, TARIFF, YEAR } from "./variable.ts";
import type { Variable } from "./variable.ts";

const COMPOSED = "composition set by 04000601; sign in the top bit";
const kvarh = (signed = false) => decimal(4, 2, "kvarh", signed);
const kVAh = decimal(4, 2, "kVAh");

/** With tariffs: "forward active | 正向有功". */
function tariffed<T>(di2: string, name: string, words: Words, format: Format<T>, note = ""): FamilyRow<T> {
  const [en, zh] = words.split(" | ") as [string, string];
  return valueFamily(
    {
      di: `00${di2}TTSS`,
      variables: [TARIFF, SETTLEMENT],
      name: `${name}{TT}{SS}`,
      words: `${en} energy, {TT}{SS} | {SS}${zh}电能{TT}`,
      patternWords: `${en} energy, tariff TT, settlement day SS | ${zh}电能(费率TT,结算日SS)`,
      standing: "r energy high",
      note,
    },
    format,
  );
}

const combined = tariffed("00", "combinedEnergy", "combined active | 组合有功", energy(true), COMPOSED);
const imported = tariffed("01", "importedEnergy", "forward active | 正向有功", energy());
const exported = tariffed("02", "exportedEnergy", "reverse active | 反向有功", energy());
const REACTIVE: readonly FamilyRow<unknown>[] = [
  tariffed(
    "03",
    "reactive1Energy",
    "combined reactive 1 | 组合无功1",
    kvarh(true),
    "quadrants chosen by 04000602; sign in the top bit",
  ),
  tariffed(
    "04",
    "reactive2Energy",
    "combined reactive 2 | 组合无功2",
    kvarh(true),
    "quadrants chosen by 04000603; sign in the top bit",
  ),
  tariffed("05", "quadrant1Energy", "quadrant 1 reactive | 第一象限无功", kvarh()),
  tariffed("06", "quadrant2Energy", "quadrant 2 reactive | 第二象限无功", kvarh()),
  tariffed("07", "quadrant3Energy", "quadrant 3 reactive | 第三象限无功", kvarh()),
  tariffed("08", "quadrant4Energy", "quadrant 4 reactive | 第四象限无功", kvarh()),
  tariffed("09", "importedApparentEnergy", "forward apparent | 正向视在", kVAh),
  tariffed("0A", "exportedApparentEnergy", "reverse apparent | 反向视在", kVAh),
];
const TARIFFED = [combined, imported, exported, ...REACTIVE];

/** Without tariffs: the kinds of one phase begin at DI2 = 15, 29 and 3D, and have no combined active energy. */
const PHASE_KINDS: readonly (readonly [string, Words, Format<unknown>])[] = [
  ["importedEnergy", "forward active | 正向有功", energy()],
  ["exportedEnergy", "reverse active | 反向有功", energy()],
  ["reactive1Energy", "combined reactive 1 | 组合无功1", kvarh(true)],
  ["reactive2Energy", "combined reactive 2 | 组合无功2", kvarh(true)],
  ["quadrant1Energy", "quadrant 1 reactive | 第一象限无功", kvarh()],
  ["quadrant2Energy", "quadrant 2 reactive | 第二象限无功", kvarh()],
  ["quadrant3Energy", "quadrant 3 reactive | 第三象限无功", kvarh()],
  ["quadrant4Energy", "quadrant 4 reactive | 第四象限无功", kvarh()],
  ["importedApparentEnergy", "forward apparent | 正向视在", kVAh],
  ["exportedApparentEnergy", "reverse apparent | 反向视在", kVAh],
];
/** At DI2 = 80, and for one phase at 94, A8 and BC. */
const COMPONENTS: readonly (readonly [string, Words])[] = [
  ["associatedEnergy", "associated energy | 关联电能"],
  ["importedFundamentalEnergy", "forward active fundamental energy | 正向有功基波电能"],
  ["exportedFundamentalEnergy", "reverse active fundamental energy | 反向有功基波电能"],
  ["importedHarmonicEnergy", "forward active harmonic energy | 正向有功谐波电能"],
  ["exportedHarmonicEnergy", "reverse active harmonic energy | 反向有功谐波电能"],
  ["copperLossEnergy", "copper-loss active energy compensation | 铜损有功电能补偿量"],
  ["ironLossEnergy", "iron-loss active energy compensation | 铁损有功电能补偿量"],
];

function untariffed(di2: number, name: string, words: Words, format: Format<unknown>, standing: Standing): TableRow {
  const [en, zh] = words.split(" | ") as [string, string];
  return valueFamily(
    {
      di: `00${di2.toString(16).toUpperCase().padStart(2, "0")}00SS`,
      variables: [SETTLEMENT],
      name: `${name}{SS}`,
      words: `${en}{SS} | {SS}${zh}`,
      patternWords: `${en}, settlement day SS | ${zh}(结算日SS)`,
      standing,
    },
    format,
  );
}

const totals = COMPONENTS.map(([name, words], i) =>
  untariffed(0x80 + i, name, `${words.replace(" |", ", total |")}总` as Words, energy(), "r energy high"),
);
const phases = (["A", "B", "C"] as const).flatMap((phase, p) => {
  const of = (words: Words, noun: readonly [string, string]): Words => {
    const [en, zh] = words.split(" | ") as [string, string];
    return `${en}${noun[0]}, phase ${phase} | ${phase}相${zh}${noun[1]}`;
  };
  return [
    ...PHASE_KINDS.map(([name, words, format], i) =>
      untariffed(0x15 + p * 0x14 + i, name + phase, of(words, [" energy", "电能"]), format, "r energy high"),
    ),
    ...COMPONENTS.map(([name, words], i) =>
      untariffed(0x94 + p * 0x14 + i, name + phase, of(words, ["", ""]), energy(), "r energy medium"),
    ),
  ];
});

const period = (
  di: string,
  variable: Variable,
  name: string,
  words: Words,
  standing: Standing,
  note: string,
  patternWords?: Words,
): TableRow =>
  valueFamily(
    { di, variables: [variable], name, words, standing, note, ...(patternWords === undefined ? {} : { patternWords }) },
    energy(),
  );
const CONSUMPTIONS: readonly TableRow[] = [
  period(
    "000B00SS",
    PERIOD,
    "consumptionOfSettlementPeriod{SS}",
    "combined active consumption of the settlement period, {SS} | {SS}结算周期组合有功总累计用电量",
    "r energy medium",
    "State Grid supplement, for step prices; a sign is not documented",
  ),
  period(
    "000C00SS",
    PERIOD,
    "consumptionOfMonth{SS}",
    "combined active consumption of the month, {SS} | {SS}月度组合有功总累计用电量",
    "r energy medium",
    "supplement",
  ),
  period(
    "000D00YY",
    YEAR,
    "consumptionOfYear{YY}",
    "combined active consumption of the year, {YY} | {YY}年度用电量",
    "r energy low",
    "Southern Grid extension, one firmware",
  ),
];
const settlementTimes = valueFamily(
  {
    di: "00FE00SS",
    variables: [SETTLEMENT_BACK],
    name: "settlementTime{SS}",
    words: "when {SS} was | 上{SS}结算时间",
    standing: "r energy low",
    note: "one Southern Grid firmware",
  },
  moment("YYMMDDhhmm"),
);

/** DI2 = FF: one tariff and day of every energy, in the order of DI2, as many as the meter has. */
const everyEnergy = fieldFamily(
  {
    di: "00FFTTSS",
    variables: [ONE_TARIFF, ONE_SETTLEMENT],
    name: "energies{TT}{SS}",
    words: "every energy, {TT}{SS} | {SS}各类电能{TT}",
    standing: "r energy low",
    note: "block over DI2 by clause 7.1: 0000 to 000A; what a meter adds is shown as it came",
  },
  (_name, [tariff, settlement]) =>
    TARIFFED.map((row) => field(nameAt(row.name, row.variables, [tariff!, settlement!]), row.format)),
);

const fee = rowsOf("r fee high");
const purse = named({
  remainingEnergy: fee("00900100", energy(), "remaining energy of an energy-type prepayment meter | (当前)剩余电量"),
  overdraftEnergy: fee("00900101", energy(), "overdraft energy of an energy-type prepayment meter | (当前)透支电量"),
  balance: fee(
    "00900200",
    bcdFen,
    "remaining amount held by the meter | (当前)剩余金额",
    "local mode only; a remote meter answers ERR 02",
  ),
  overdraft: fee("00900201", bcdFen, "overdraft amount | (当前)透支金额", "0 unless the remaining amount is 0"),
});

export const energyValues = {
  combinedEnergy: combined.at(0, 0),
  importedEnergy: imported.at(0, 0),
  exportedEnergy: exported.at(0, 0),
  ...purse,
};
export const energyRows: readonly TableRow[] = [
  ...TARIFFED,
  ...totals,
  ...phases,
  ...CONSUMPTIONS,
  settlementTimes,
  everyEnergy,
  ...Object.values(purse),
];
