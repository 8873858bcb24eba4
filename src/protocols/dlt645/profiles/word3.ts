/**
 * Run-state word 3 (04000503), the word that fee control lives by, as five generations lay it out. Bit 4 is the relay in all of
 * them; the rest is where they differ (status-words of the reference; topic `word3` of `default-choices.ts`). A profile names
 * its layout and never a bit.
 */
type Role = "relay" | "order" | "alarm" | "protect" | "identity" | "account";

export interface WordBit {
  readonly bit: number;
  readonly name: string;
  readonly zh: string;
  /** What the bit means to fee control, where it means anything. */
  readonly role: Role | null;
}

export interface WordLayout {
  /** Bits 8 and 9 tell the kind of prepayment. */
  readonly showsPrepayment: boolean;
  readonly bits: readonly WordBit[];
}

export interface RelayWord {
  readonly word: number;
  readonly relay: "connected" | "disconnected";
  /** null: this model shows no order. */
  readonly order: "connect" | "disconnect" | null;
  readonly alarm: boolean;
  readonly protected: boolean;
  readonly prepayment: "none" | "energy" | "money" | "unknown" | null;
  /** Names of all bits that are set and described. */
  readonly set: readonly string[];
  /** Set, and described by nobody: shown raw, never guessed at. */
  readonly unknownBits: readonly number[];
}

const bit = (at: number, name: string, zh: string, role: Role | null = null): WordBit => ({ bit: at, name, zh, role });

const relayOpen = bit(4, "relay open", "继电器断开", "relay");
const tripOrdered = bit(6, "trip ordered", "继电器命令:跳闸", "order");
const preTripAlarm = bit(7, "pre-trip alarm", "预跳闸报警", "alarm");
const protectedSupply = bit(12, "supply protected", "保电", "protect");
const identityValid = bit(13, "identity valid", "身份认证有效", "identity");
const localAccountMissing = bit(14, "local account not opened", "本地未开户", "account");
const remoteAccountMissing = bit(15, "remote account not opened", "远程未开户");
const slotTable = bit(0, "second daily slot table", "第二套时段表");
const zoneTable = bit(5, "second time-zone table", "第二套时区表");
const programming = bit(3, "programming permitted", "编程允许");
const supply = [bit(1, "auxiliary supply", "辅助电源供电"), bit(2, "battery supply", "电池供电")];
const feeControl = [
  relayOpen,
  tripOrdered,
  preTripAlarm,
  protectedSupply,
  identityValid,
  localAccountMissing,
  remoteAccountMissing,
];

export const wordLayouts = {
  /** DL/T 645-2007 without supplements: a relay, and nothing that could be ordered. */
  base: { showsPrepayment: false, bits: [slotTable, ...supply, programming, relayOpen] },
  "state-grid-2009": {
    showsPrepayment: true,
    bits: [
      slotTable,
      ...supply,
      programming,
      zoneTable,
      ...feeControl,
      bit(10, "second tariff price set", "第二套费率电价"),
      bit(11, "second step set", "第二套阶梯"),
    ],
  },
  /** The newest State Grid firmware seen: bits 0 and 5 reserved again, 10 and 11 speak of interactive terminals. */
  "state-grid-2013": {
    showsPrepayment: true,
    bits: [
      ...supply,
      bit(3, "infrared authentication valid", "红外认证有效"),
      ...feeControl,
      bit(10, "terminal identity authenticated", "交互终端身份认证"),
      bit(11, "terminal security authenticated", "交互终端安全认证"),
    ],
  },
  "southern-grid": {
    showsPrepayment: true,
    bits: [slotTable, ...supply, programming, zoneTable, ...feeControl, bit(10, "second step table", "第二套阶梯表")],
  },
  /** No bit 6: what was ordered shows in bit 1. Two alarms of its own; bits 2 and 3 are about money and keys. */
  chint: {
    showsPrepayment: true,
    bits: [
      bit(1, "tripped by order", "命令跳闸", "order"),
      bit(2, "over overdraft limit", "超透支限额"),
      bit(3, "production keys", "正式密钥"),
      relayOpen,
      bit(10, "alarm 2", "报警2", "alarm"),
      bit(11, "alarm 1", "报警1", "alarm"),
      protectedSupply,
      identityValid,
      localAccountMissing,
    ],
  },
} as const satisfies Record<string, WordLayout>;

export type WordLayoutName = keyof typeof wordLayouts;

const PREPAYMENT = ["none", "energy", "money", "unknown"] as const;

export function readWord3(name: WordLayoutName, word: number): RelayWord {
  const { bits, showsPrepayment }: WordLayout = wordLayouts[name];
  const isSet = (at: number): boolean => ((word >> at) & 1) === 1;
  const withRole = (role: Role): readonly WordBit[] => bits.filter((each) => each.role === role);
  const any = (role: Role): boolean => withRole(role).some((each) => isSet(each.bit));
  const described = new Set([...bits.map((each) => each.bit), ...(showsPrepayment ? [8, 9] : [])]);
  return {
    word,
    relay: any("relay") ? "disconnected" : "connected",
    order: withRole("order").length === 0 ? null : any("order") ? "disconnect" : "connect",
    alarm: any("alarm"),
    protected: any("protect"),
    prepayment: showsPrepayment ? PREPAYMENT[(word >> 8) & 3]! : null,
    set: bits.filter((each) => isSet(each.bit)).map((each) => each.name),
    unknownBits: Array.from({ length: 16 }, (_, at) => at).filter((at) => isSet(at) && !described.has(at)),
  };
}
