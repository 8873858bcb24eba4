/**
 * Run-state word 3 by generation. Most agree about bits 4, 6 to 9 and 12 to 15; bits 0, 3, 5, 10 and 11 mean different things to
 * different makers, one of whom shows the order in bit 1 and nothing in 6 and 7. So a meter's profile says which layout it has (topic
 * `word3`), and neither it nor anybody else names a bit.
 *
 * `runStateWord3Of` reads the agreed bits alone and needs no profile. `decodeWord3` is for people, `readWord3` for who must know
 * what a relay does and what it was told.
 */
import type { Choices } from "./choices.ts";

export type Word3Layout = Choices["word3"];

type Saying = readonly [en: string, zh: string];
type Role = "relay" | "order" | "alarm" | "protect";
export interface Word3Row {
  /** The lowest of its bits. */
  readonly bit: number;
  readonly name: string;
  readonly zh: string;
  /** What each value of the bits says, from 0. */
  readonly values: readonly Saying[];
  /** What it means to fee control, where it means anything. */
  readonly role: Role | null;
}
const row = (bit: number, name: string, zh: string, ...values: readonly Saying[]): Word3Row => ({
  bit,
  name,
  zh,
  values,
  role: null,
});
const as = (role: Role, given: Word3Row): Word3Row => ({ ...given, role });

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
const relay = as("relay", row(4, "relay", "继电器状态", ["connected", "通"], ["disconnected", "断"]));
const zoneTable = row(5, "zoneTable", "当前运行时区", ...FIRST_SECOND);
const tariffPrices = row(10, "tariffPriceSet", "当前运行费率电价", ...FIRST_SECOND);
const steps = row(11, "stepSet", "当前阶梯", ...FIRST_SECOND);

const prepayment = row(
  8,
  "prepayment",
  "电能表类型",
  ["none", "非预付费表"],
  ["energy", "电量型预付费表"],
  ["money", "电费型预付费表"],
  ["unknown", "未知"],
);
const protectedSupply = as("protect", row(12, "protected", "保电状态", ["no", "非保电"], ["yes", "保电"]));
const identity = row(13, "identity", "身份认证状态", ...INVALID_VALID);
const localAccount = row(14, "localAccount", "本地开户", ...OPENED);

/** What the supplements of fee control added, the same for all who follow them. */
const FEE_CONTROL: readonly Word3Row[] = [
  as("order", row(6, "relayOrder", "继电器命令状态", ["connect", "通"], ["disconnect", "断"])),
  as("alarm", row(7, "preTripAlarm", "预跳闸报警状态", ...OFF_ON)),
  prepayment,
  protectedSupply,
  identity,
  localAccount,
  row(15, "remoteAccount", "远程开户", ...OPENED),
];
const layout = (...rows: readonly Word3Row[]): readonly Word3Row[] => rows.toSorted((a, b) => a.bit - b.bit);

export const word3Layouts: Readonly<Record<Word3Layout, readonly Word3Row[]>> = {
  /** Without supplements: a relay, and nothing that could be ordered. */
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
  /** The newest firmware seen: bits 0 and 5 reserved again, 10 and 11 speak of interactive terminals. */
  newest: layout(
    supply,
    infrared,
    relay,
    row(10, "terminalIdentity", "终端身份认证", ...INVALID_VALID),
    row(11, "terminalSecurity", "终端安全认证", ...INVALID_VALID),
    ...FEE_CONTROL,
  ),
  /** Its firmware sets no bit 6 and 7; bits 2 and 3 are about money and keys. */
  chint: layout(
    as("order", row(1, "trippedByOrder", "命令跳闸", ...NO_YES)),
    row(2, "overOverdraftLimit", "超透支限额", ...NO_YES),
    row(3, "productionKeys", "正式密钥", ...NO_YES),
    relay,
    prepayment,
    as("alarm", row(10, "alarm2", "报警2", ...OFF_ON)),
    as("alarm", row(11, "alarm1", "报警1", ...OFF_ON)),
    protectedSupply,
    identity,
    localAccount,
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

export interface RelayWord {
  readonly word: number;
  readonly relay: "connected" | "disconnected";
  /** null: this model shows no order. */
  readonly order: "connect" | "disconnect" | null;
  readonly alarm: boolean;
  readonly protected: boolean;
  readonly prepayment: "none" | "energy" | "money" | "unknown" | null;
  /** What is set and described, in words: "relay disconnected". */
  readonly set: readonly string[];
  /** Set, and described by nobody: shown raw, never guessed at. */
  readonly unknownBits: readonly number[];
}

const PREPAYMENT = ["none", "energy", "money", "unknown"] as const;

/** The word as fee control needs it, whichever bits this generation has for it. */
export function readWord3(layout: Word3Layout, word: number): RelayWord {
  const rows = word3Layouts[layout];
  const valueAt = ({ bit, values }: Word3Row): number => (word >> bit) & (values.length - 1);
  const of = (role: Role): readonly Word3Row[] => rows.filter((each) => each.role === role);
  const any = (role: Role): boolean => of(role).some((each) => valueAt(each) !== 0);
  const described = rows.reduce((bits, { bit, values }) => bits | ((values.length - 1) << bit), 0);
  return {
    word,
    relay: any("relay") ? "disconnected" : "connected",
    order: of("order").length === 0 ? null : any("order") ? "disconnect" : "connect",
    alarm: any("alarm"),
    protected: any("protect"),
    prepayment: rows.includes(prepayment) ? PREPAYMENT[valueAt(prepayment) as 0 | 1 | 2 | 3] : null,
    set: rows.filter((each) => valueAt(each) !== 0).map((each) => `${each.name} ${each.values[valueAt(each)]![0]}`),
    unknownBits: Array.from({ length: 16 }, (_, at) => at).filter((at) => ((word & ~described) >> at) & 1),
  };
}
