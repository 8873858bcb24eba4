/**
 * Records of the relay (1D cut, 1E restored): DI1 the item of the record, FF all eight, DI0 its age. Meters with one phase often stop
 * at the fourth.
 */
import { decimal, energy, moment, operatorCode } from "../formats/formats.ts";
import type { Format } from "../formats/format.ts";
import { field } from "../item.ts";
import { times } from "./disturbances.ts";
import { fieldFamily, named, rowsOf, valueFamily } from "./row.ts";
import type { FamilyRow, TableRow } from "./row.ts";
import { NEWEST, RECORD } from "./variable.ts";

const kvarh = decimal(4, 2, "kvarh");
const STOPS = "single-phase meters often stop at item 04";

function relayEvents(di3: string, name: string, en: string, zh: string) {
  const part = <T>(di1: string, word: string, title: string, chinese: string, format: Format<T>): FamilyRow<T> =>
    valueFamily(
      {
        di: `${di3}00${di1}NN`,
        variables: [NEWEST],
        name: `${name}${word}{NN}`,
        words: `relay: ${en}, {NN}: ${title} | {NN}${zh}记录:${chinese}`,
        standing: "r event high",
        note: STOPS,
      },
      format,
    );
  const parts = {
    time: part("01", "Time", "when", "发生时刻", moment("YYMMDDhhmmss")),
    operator: part("02", "Operator", "operator code", "操作者代码", operatorCode),
    imported: part("03", "ImportedEnergy", "forward active energy", "正向有功总电能", energy()),
    exported: part("04", "ExportedEnergy", "reverse active energy", "反向有功总电能", energy()),
    quadrant1: part("05", "Quadrant1", "quadrant 1 reactive energy", "第一象限无功总电能", kvarh),
    quadrant2: part("06", "Quadrant2", "quadrant 2 reactive energy", "第二象限无功总电能", kvarh),
    quadrant3: part("07", "Quadrant3", "quadrant 3 reactive energy", "第三象限无功总电能", kvarh),
    quadrant4: part("08", "Quadrant4", "quadrant 4 reactive energy", "第四象限无功总电能", kvarh),
  };
  const whole = fieldFamily(
    {
      di: `${di3}00FFNN`,
      variables: [RECORD],
      name: `${name}Record{NN}`,
      words: `relay: ${en}, {NN} | {NN}${zh}记录数据块`,
      standing: "r event medium",
      note: "items 01 to 08 one after the other",
    },
    () => Object.values(parts).map((each: FamilyRow<unknown>) => field(each.name.replace("{NN}", ""), each.format)),
    { pattern: "record" },
  );
  return { parts, whole };
}

const cut = relayEvents("1D", "disconnect", "disconnect", "跳闸");
const restored = relayEvents("1E", "reconnect", "reconnect", "合闸");
const value = rowsOf("r event high");
const counts = named({
  disconnectCount: value("1D000001", times, "relay trips | 跳闸总次数"),
  reconnectCount: value("1E000001", times, "relay closings | 合闸总次数"),
});

export const relayEventValues = {
  ...counts,
  disconnectTime: cut.parts.time.at(1),
  disconnectOperator: cut.parts.operator.at(1),
  reconnectTime: restored.parts.time.at(1),
  reconnectOperator: restored.parts.operator.at(1),
};
export const relayEventRows: readonly TableRow[] = [
  ...Object.values(counts),
  ...Object.values(cut.parts),
  cut.whole,
  ...Object.values(restored.parts),
  restored.whole,
];
