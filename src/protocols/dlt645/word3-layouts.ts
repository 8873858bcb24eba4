/**
 * Run-state word 3 by generation. Bits 4, 6 to 9 and 12 to 15 are agreed by all who set them; bits 0, 3, 5, 10 and 11 mean different
 * things to different makers, so a meter's profile says which layout it has and this is what it may choose from.
 *
 * `runStateWord3Of` reads the agreed bits alone and needs no profile: decisions are made from those. This is for people.
 */

export type Word3Layout = "base" | "state-grid-2009" | "state-grid-2013" | "southern-grid" | "newest" | "chint";

type Saying = readonly [en: string, zh: string];
export interface Word3Row {
  /** The lowest of its bits. */
  readonly bit: number;
  readonly name: string;
  readonly zh: string;
  /** What each value of the bits says, from 0. */
  readonly values: readonly Saying[];
}
const row = (bit: number, name: string, zh: string, ...values: readonly Saying[]): Word3Row => ({ bit, name, zh, values });

const FIRST_SECOND: readonly Saying[] = [
  ["first set", "第一套"],
  ["second set", "第二套"],
];
const NO_YES: readonly Saying[] = [
  ["no", "否"],
  ["yes", "是"],
];
const INVALID_VALID: readonly Saying[] = [
  ["invalid", "失效"],
  ["valid", "有效"],
];
const OFF_ON: readonly Saying[] = [
  ["off", "无"],
  ["on", "有"],
];
const OPENED: readonly Saying[] = [
  ["opened", "开户"],
  ["not opened", "未开户"],
];

const slotTable = row(0, "slotTable", "当前运行时段", ...FIRST_SECOND);
const supply = row(
  1,
  "supply",
  "供电方式",
  ["main", "主电源"],
  ["auxiliary", "辅助电源"],
  ["battery", "电池"],
  ["unknown", "未知"],
);
const programming = row(3, "programmingPermitted", "编程允许", ...NO_YES);
const infrared = row(3, "infraredAuthentication", "红外认证", ...INVALID_VALID);
const relay = row(4, "relay", "继电器状态", ["connected", "通"], ["disconnected", "断"]);
const zoneTable = row(5, "zoneTable", "当前运行时区", ...FIRST_SECOND);
const tariffPrices = row(10, "tariffPriceSet", "当前运行费率电价", ...FIRST_SECOND);
const steps = row(11, "stepSet", "当前阶梯", ...FIRST_SECOND);

/** What the supplements of fee control added, the same for all. */
const FEE_CONTROL: readonly Word3Row[] = [
  row(6, "relayOrder", "继电器命令状态", ["connect", "通"], ["disconnect", "断"]),
  row(7, "preTripAlarm", "预跳闸报警状态", ...OFF_ON),
  row(
    8,
    "prepayment",
    "电能表类型",
    ["none", "非预付费表"],
    ["energy", "电量型预付费表"],
    ["money", "电费型预付费表"],
    ["unknown", "未知"],
  ),
  row(12, "protected", "保电状态", ["no", "非保电"], ["yes", "保电"]),
  row(13, "identity", "身份认证状态", ...INVALID_VALID),
  row(14, "localAccount", "本地开户", ...OPENED),
  row(15, "remoteAccount", "远程开户", ...OPENED),
];
const layout = (...rows: readonly Word3Row[]): readonly Word3Row[] => rows.toSorted((a, b) => a.bit - b.bit);

export const word3Layouts: Readonly<Record<Word3Layout, readonly Word3Row[]>> = {
  base: layout(slotTable, supply, programming, relay),
  "state-grid-2009": layout(slotTable, supply, programming, relay, zoneTable, tariffPrices, steps, ...FEE_CONTROL),
  "state-grid-2013": layout(slotTable, supply, infrared, relay, zoneTable, tariffPrices, steps, ...FEE_CONTROL),
  "southern-grid": layout(
    slotTable,
    supply,
    programming,
    relay,
    zoneTable,
    row(10, "stepTable", "当前阶梯表", ["table 1", "第1张"], ["table 2", "第2张"]),
    steps,
    ...FEE_CONTROL,
  ),
  newest: layout(
    supply,
    infrared,
    relay,
    row(10, "terminalIdentity", "终端身份认证", ...INVALID_VALID),
    row(11, "terminalSecurity", "终端安全认证", ...INVALID_VALID),
    ...FEE_CONTROL,
  ),
  chint: layout(
    slotTable,
    supply,
    programming,
    relay,
    zoneTable,
    row(10, "alarm2", "报警2", ...OFF_ON),
    row(11, "alarm1", "报警1", ...OFF_ON),
    ...FEE_CONTROL,
  ),
};

export interface Word3Bit {
  readonly bit: number;
  readonly name: string;
  readonly zh: string;
  readonly value: string;
  readonly valueZh: string;
}

/** What a word says in a layout, the lowest bit first. A reserved bit is told when it is set: nothing a meter says is lost. */
export function decodeWord3(layout: Word3Layout, word: number): readonly Word3Bit[] {
  const told: Word3Bit[] = [];
  for (let bit = 0; bit < 16; bit += 1) {
    const found = word3Layouts[layout].find((each) => each.bit === bit);
    if (found === undefined) {
      if (((word >> bit) & 1) === 1) told.push({ bit, name: `bit ${bit}`, zh: `位${bit}`, value: "1", valueZh: "1" });
      continue;
    }
    const width = found.values.length === 4 ? 2 : 1;
    const [value, valueZh] = found.values[(word >> bit) & (2 ** width - 1)]!;
    told.push({ bit, name: found.name, zh: found.zh, value, valueZh });
    bit += width - 1;
  }
  return told;
}
