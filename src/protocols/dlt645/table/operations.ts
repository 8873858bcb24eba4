/**
 * What people did to the meter (DI3 = 03, DI2 = 30, table A.4): DI1 the kind of act, DI0 its record, 00 the count. The long records
 * come in several frames. And the events of the supplements that stand behind them, 0331 to 0337.
 */
import { bits, count, decimal, energy, hex, identifier, moment, operatorCode } from "../formats/formats.ts";
import { field, opaque, record } from "../item.ts";
import type { Field } from "../item.ts";
import { second, span, times } from "./disturbances.ts";
import { fieldFamily, named, rowsOf, shapeFamily, shapesOf } from "./row.ts";
import type { Confidence, Nameless, TableRow, ValueRow } from "./row.ts";
import { RECORD } from "./variable.ts";

const who = [field("time", second), field("operator", operatorCode)];
export const sixEnergies = (when: string): Field[] =>
  ["importedEnergy", "exportedEnergy", "quadrant1", "quadrant2", "quadrant3", "quadrant4"].map((name, i) =>
    field(`${name}${when}`, i < 2 ? energy() : decimal(4, 2, "kvarh")),
  );
const many = (n: number, make: (i: number) => Field): Field[] => Array.from({ length: n }, (_, i) => make(i + 1));
const twentyFourDemands = Array.from({ length: 24 }, (_, i) => [
  field(`demand${i + 1}`, decimal(3, 4, "kW", true)),
  field(`demand${i + 1}Time`, moment("YYMMDDhhmm")),
]).flat();
const slots = many(16 * 14, (i) => field(`table${Math.ceil(i / 14)}Slot${((i - 1) % 14) + 1}`, moment("hhmmNN")));
const cover = [...span, ...sixEnergies("Before"), ...sixEnergies("After")];
const oneByteBefore = [...who, field("before", bits(1))];

interface Operation {
  readonly di1: string;
  readonly name: string;
  readonly en: string;
  readonly zh: string;
  readonly fields: readonly Field[];
  readonly note: string;
  readonly confidence: Confidence;
  /** Null: only the beginning of the record is known. */
  readonly bytes?: null;
}
const operation = (
  di1: string,
  name: string,
  [en, zh]: readonly [string, string],
  fields: readonly Field[],
  note: string,
  confidence: Confidence = "high",
): Operation => ({ di1, name, en, zh, fields, note, confidence });
const unsure = (of: Operation): Operation => ({ ...of, bytes: null });

const OPERATIONS: readonly Operation[] = [
  operation(
    "00",
    "programming",
    ["programming", "编程"],
    [...who, ...many(10, (i) => field(`item${i}`, identifier))],
    "time, operator, ten identifiers that were written, FF where fewer",
  ),
  operation(
    "01",
    "meterClear",
    ["meter clear", "电表清零"],
    [...who, ...["", "A", "B", "C"].flatMap(sixEnergies)],
    "time, operator, 24 energies before it: total, A, B, C, of each forward, reverse, quadrants 1 to 4",
  ),
  operation(
    "02",
    "demandClear",
    ["demand clear", "需量清零"],
    [...who, ...twentyFourDemands],
    "time, operator, 24 demands with their times",
  ),
  operation(
    "03",
    "eventClear",
    ["event clear", "事件清零"],
    [...who, field("cleared", identifier)],
    "time, operator, cleared identifier",
  ),
  operation(
    "04",
    "clockSetting",
    ["clock setting", "校时"],
    [field("operator", operatorCode), field("before", second), field("after", second)],
    "operator, time before, time after",
  ),
  operation(
    "05",
    "slotTableProgramming",
    ["slot-table programming", "时段表编程"],
    [...who, ...slots],
    "time, operator, 16 tables of 42 bytes before the change; in several frames",
  ),
  operation(
    "06",
    "zoneTableProgramming",
    ["zone-table programming", "时区表编程"],
    [...who, ...many(28, (i) => field(`zone${i}`, moment("MMDDNN")))],
    "time, operator, two zone tables of 42 bytes",
    "medium",
  ),
  operation(
    "07",
    "weekendProgramming",
    ["weekend programming", "周休日编程"],
    [...who, field("weekendTableBefore", count(1))],
    "time, operator, previous slot table",
    "medium",
  ),
  operation(
    "08",
    "holidayProgramming",
    ["holiday programming", "节假日编程"],
    [...who, ...many(254, (i) => field(`holiday${i}`, moment("YYMMDDNN")))],
    "time, operator, 254 holidays; in several frames",
    "medium",
  ),
  operation(
    "09",
    "activeCombinationProgramming",
    ["active combination word programming", "有功组合方式编程"],
    oneByteBefore,
    "time, operator, previous word",
    "medium",
  ),
  operation(
    "0A",
    "reactiveCombination1Programming",
    ["reactive combination 1 programming", "无功组合方式1编程"],
    oneByteBefore,
    "time, operator, previous word",
    "medium",
  ),
  operation(
    "0B",
    "reactiveCombination2Programming",
    ["reactive combination 2 programming", "无功组合方式2编程"],
    oneByteBefore,
    "time, operator, previous word",
    "medium",
  ),
  operation(
    "0C",
    "settlementDayProgramming",
    ["settlement-day programming", "结算日编程"],
    [...who, ...many(3, (i) => field(`settlementDay${i}`, moment("DDhh")))],
    "time, operator, three settlement days",
    "medium",
  ),
  operation("0D", "meterCoverOpening", ["meter cover opening", "开表盖"], cover, "start, end, six energies before and six after"),
  operation(
    "0E",
    "terminalCoverOpening",
    ["terminal cover opening", "开端钮盒"],
    cover,
    "start, end, six energies before and six after",
  ),
  unsure(
    operation(
      "0F",
      "tariffPriceProgramming",
      ["tariff-price programming", "费率参数表编程"],
      who,
      "supplement; time, operator, then previous prices",
      "low",
    ),
  ),
  unsure(
    operation(
      "10",
      "stepTableProgramming",
      ["step-table programming", "阶梯表编程"],
      who,
      "supplement; time, operator, then the previous step table",
      "medium",
    ),
  ),
  unsure(operation("12", "keyUpdate", ["key update", "密钥更新"], [], "supplement; layout unknown", "low")),
  unsure(
    operation("13", "abnormalCardInsertion", ["abnormal card insertion", "异常插卡"], [], "supplement; layout unknown", "low"),
  ),
  unsure(
    operation(
      "14",
      "illegalCardInsertion",
      ["illegal card insertion", "非法插卡"],
      [],
      "supplement; layout unknown; one firmware keeps only the count",
      "low",
    ),
  ),
];

const counts = named(
  Object.fromEntries(
    OPERATIONS.map(({ di1, name, en, zh, confidence }) => [
      `${name}Count`,
      rowsOf(`r event ${confidence}`)(`0330${di1}00`, times, `${en}: count | ${zh}总次数`),
    ]),
  ) as Readonly<Record<string, Nameless<ValueRow<number>>>>,
);
const records = OPERATIONS.map(({ di1, name, en, zh, fields, note, confidence, bytes }) =>
  eventRecord(`0330${di1}NN`, name, [en, zh], fields, note, confidence, bytes),
);

function eventRecord(
  di: string,
  name: string,
  [en, zh]: readonly [string, string],
  fields: readonly Field[],
  note: string,
  confidence: Confidence,
  bytes?: number | null,
): TableRow {
  // Where the length is unknown, ten of them cannot be cut apart.
  const variable = bytes === null ? { ...RECORD, all: null, says: "record: 01 the newest, to 0A" } : RECORD;
  const parts = {
    di,
    variables: [variable],
    name: `${name}Record{NN}`,
    words: `${en}, {NN} | {NN}${zh}记录`,
    standing: `r event ${confidence}`,
    note,
  } as const;
  return fields.length === 0
    ? shapeFamily(parts, (own) => opaque(own, "record", null))
    : fieldFamily(parts, () => fields, { pattern: "record", ...(bytes === undefined ? {} : { bytes }) });
}

const low = rowsOf("r event low");
const supplements = named({
  powerFactorLowCounts: shapesOf("r event low")(
    "03310300",
    () =>
      record(
        ["A", "B", "C"].map((phase) => field(`powerFactorLowCount${phase}`, times)),
        { pattern: "XXXXXX x 3" },
      ),
    "power factor low: count per phase | 分相功率因数过低总次数",
    "overseas extension",
  ),
  magneticInterferenceCount: rowsOf("r event medium")(
    "03350000",
    times,
    "magnetic interference: count | 恒定磁场干扰总次数",
    "supplement",
  ),
  loadSwitchMalfunctionCount: low(
    "03360000",
    times,
    "load switch malfunction: count | 负荷开关误动作总次数",
    "State Grid 2013, recalled",
  ),
  supplyAbnormalityCount: low("03370000", times, "supply abnormality: count | 电源异常总次数", "State Grid 2013, recalled"),
});
/** 28 bytes, of which only the first twelve are named anywhere. */
const magnetic = eventRecord(
  "033500NN",
  "magneticInterference",
  ["magnetic interference", "恒定磁场干扰"],
  [...span, field("unnamed", hex(16))],
  "start, end, then 16 bytes that no source names",
  "medium",
);

export const operationRows: readonly TableRow[] = [...Object.values(counts), ...Object.values(supplements), ...records, magnetic];
