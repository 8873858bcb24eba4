/**
 * What is wrong with a line, judged from what was heard on it, and what to do next. A table: one row a finding, each with the pure
 * question when it is one. Whoever collects the evidence (`examine-line.ts`) asks nothing but reads.
 */
import type { LineSettings } from "./bare-link.ts";
import { together, type ByteShape } from "./byte-shape.ts";
import { garbleOf, type Garble } from "./garble.ts";
import { CLOCK_TOLERANCE_MS } from "./meter-clock.ts";
import type { Heard } from "./wire-probe.ts";

export interface LineEvidence {
  /** Null where the link has no speed of its own: behind a serial server it is set there. */
  readonly settings: LineSettings | null;
  /** While nobody of ours asked. */
  readonly idle: Heard;
  /** To whoever hears it: AAAAAAAAAAAA. */
  readonly toAnyone: readonly Heard[];
  /** To one meter by its whole address, about things in which two meters differ. */
  readonly toMeter: { readonly address: string; readonly answers: readonly Heard[] } | null;
  /** How far the meter's clock is ahead of ours; null: its digits are no date. */
  readonly clock: { readonly address: string; readonly aheadMs: number | null } | null;
  /** Other speeds and parities, where they were tried. */
  readonly tried: readonly { readonly settings: LineSettings; readonly heard: Heard }[];
}

export type FindingCode =
  | "other-settings"
  | "shorted"
  | "slower-talker"
  | "faster-talker"
  | "wrong-parity"
  | "unreadable"
  | "silence"
  | "echo"
  | "two-masters"
  | "duplicate-address"
  | "several-meters"
  | "noise"
  | "clock-off"
  | "clock-nonsense"
  | "answers";

/** `good`: as it should be · `hint`: works, and somebody should know · `bad`: has to be mended. */
export type Grade = "good" | "hint" | "bad";

export interface Sentence {
  readonly en: string;
  readonly zh: string;
}
export interface LineFinding<Code extends string = FindingCode> {
  readonly code: Code;
  readonly grade: Grade;
  readonly found: Sentence;
  readonly next: Sentence | null;
}

interface Row {
  readonly code: FindingCode;
  readonly grade: Grade;
  /** Undefined: it is not so. Else what was found, in words. */
  readonly when: (evidence: LineEvidence) => Sentence | undefined;
  readonly next: Sentence | null;
}

const asked = ({ toAnyone, toMeter }: LineEvidence): readonly Heard[] => [...toAnyone, ...(toMeter?.answers ?? [])];
const all = (evidence: LineEvidence): readonly Heard[] => [evidence.idle, ...asked(evidence)];
const sum = (heard: readonly Heard[], count: (one: Heard) => number): number =>
  heard.reduce((total, one) => total + count(one), 0);
const replies = (heard: readonly Heard[]): number => sum(heard, (one) => one.replies.length);

const settingsOf = ({ baudRate, parity }: LineSettings): string => `${baudRate} ${parity}`;
const fitting = ({ tried }: LineEvidence): readonly string[] =>
  tried.filter(({ heard }) => heard.replies.length > 0).map(({ settings }) => settingsOf(settings));
const said = (en: string, zh: string): Sentence => ({ en, zh });
const ours = ({ settings }: LineEvidence): Sentence =>
  settings === null ? said("the serial server", "串口服务器") : said(`${settings.baudRate} baud`, `${settings.baudRate} 波特`);

const namedBy = (heard: readonly Heard[]): ReadonlySet<string> =>
  new Set(heard.flatMap((one) => one.replies.map(({ frame }) => frame.address)));

const garbled = (is: Garble, found: (shape: ByteShape, evidence: LineEvidence) => Sentence): Row["when"] => {
  return (evidence) => {
    const garble = garbleOf(all(evidence));
    return garble?.is === is ? found(garble.shape, evidence) : undefined;
  };
};

const TRY = said(
  "Set the speed of the meters (2400 is usual, 9600 common), or let it be tried: doctor --link … --try.",
  "请改为电表的波特率（常见 2400，其次 9600），或加 --try 逐个尝试。",
);

/** In the order in which a person should read them. */
const rows: readonly Row[] = [
  {
    code: "other-settings",
    grade: "bad",
    when: (evidence) => {
      const fits = fitting(evidence);
      return fits.length === 0
        ? undefined
        : said(
            `A meter answers at ${fits.join(" and at ")}, not at what the link is set to.`,
            `电表在 ${fits.join("、")} 下应答，与当前串口设置不符。`,
          );
    },
    next: said("Set the link to that speed and parity.", "请按此波特率和校验位设置链路。"),
  },
  {
    code: "shorted",
    grade: "bad",
    when: garbled("shorted", ({ length }) =>
      said(
        `${length} bytes came back and nearly all are 00: the line is held low.`,
        `收到 ${length} 字节，几乎全为 00：线路被拉低。`,
      ),
    ),
    next: said("Look for A and B touching, or for a driver that never lets go.", "检查 A、B 是否短接，或某设备一直占用总线。"),
  },
  {
    code: "slower-talker",
    grade: "bad",
    when: garbled("slower-talker", ({ length }, evidence) =>
      said(
        `${length} bytes came and no frame; their bits come in pairs: whoever speaks is slower than ${ours(evidence).en}.`,
        `收到 ${length} 字节但无帧，位成对出现：对方波特率低于 ${ours(evidence).zh}。`,
      ),
    ),
    next: TRY,
  },
  {
    code: "faster-talker",
    grade: "bad",
    when: garbled("faster-talker", ({ length }, evidence) =>
      said(
        `Only ${length} bytes came and none is a mark of a frame: whoever speaks is faster than ${ours(evidence).en}.`,
        `仅收到 ${length} 字节且无帧标志：对方波特率高于 ${ours(evidence).zh}。`,
      ),
    ),
    next: TRY,
  },
  {
    code: "wrong-parity",
    grade: "bad",
    when: garbled("wrong-parity", ({ length }) =>
      said(
        `${length} bytes came; frames begin rightly and come apart: the speed is right and the parity is not.`,
        `收到 ${length} 字节，帧头正确而后错乱：波特率对，校验位不对。`,
      ),
    ),
    next: said(
      "Set even parity, 8 data bits, 1 stop bit, or try others: doctor --link … --try.",
      "请设为 8 数据位、偶校验、1 停止位，或加 --try 尝试。",
    ),
  },
  {
    code: "unreadable",
    grade: "bad",
    when: garbled("unreadable", ({ length }) =>
      said(`${length} bytes came, and nobody can read them.`, `收到 ${length} 字节，无法识别。`),
    ),
    next: said(
      "Several meters at once look so: meterctl scan --link …. Else look at the wiring, ends of the line and earth.",
      "多块表同时应答会如此，请用 meterctl scan；否则检查接线、终端电阻和接地。",
    ),
  },
  {
    code: "silence",
    grade: "bad",
    when: (evidence) => {
      const heard = all(evidence);
      const quiet =
        fitting(evidence).length === 0 &&
        heard.every(({ replies: answers, strangers, noise }) => answers.length + strangers.length + noise.length === 0);
      if (!quiet) return undefined;
      return sum(heard, ({ echoes }) => echoes) > 0
        ? said("The adapter hears itself and nobody else answers.", "转换器只听到自己，无其他应答。")
        : said("Not one byte was heard.", "未收到任何字节。");
    },
    next: said(
      "In this order: power of the meter, A and B swapped, speed and parity (--try), the address, the terminals of the meter's RS-485 port.",
      "依次检查：电表供电、A/B 是否接反、波特率与校验（--try）、表地址、485 端子。",
    ),
  },
  {
    code: "echo",
    grade: "hint",
    when: (evidence) => {
      const echoes = sum(asked(evidence), (one) => one.echoes);
      return echoes === 0
        ? undefined
        : said(
            `The adapter repeats what we say (${echoes} of ${asked(evidence).length} questions came back).`,
            `转换器有回显（${asked(evidence).length} 次请求中回显 ${echoes} 次）。`,
          );
    },
    next: said(
      "The gateway drops it. Other programs may not: switch off local echo, or wire a receiver-enable.",
      "网关会丢弃回显；其他软件可能不会，请关闭转换器的本地回显。",
    ),
  },
  {
    code: "two-masters",
    grade: "bad",
    when: (evidence) => {
      const strangers = all(evidence).flatMap((one) => one.strangers);
      if (strangers.length === 0) return undefined;
      const whom = [...new Set(strangers.map(({ frame }) => frame.address))].slice(0, 5).join(", ");
      return said(
        `Somebody else asks on this line: ${strangers.length} questions that are not ours, to ${whom}.`,
        `线路上另有主站：听到 ${strangers.length} 个非本机请求，对象 ${whom}。`,
      );
    },
    next: said(
      "One master a line: find the concentrator or terminal that polls here and stop it, or take its place.",
      "一条线路只能有一个主站：找到另一集中器或终端并停用。",
    ),
  },
  {
    code: "duplicate-address",
    grade: "bad",
    when: (evidence) => {
      const { toMeter } = evidence;
      if (toMeter === null || replies(asked(evidence)) === 0) return undefined;
      const { address, answers } = toMeter;
      const own = answers.map(({ replies: heard }) => heard.filter(({ frame }) => frame.address === address).length);
      const twice = own.filter((count) => count > 1).length;
      const spoiled = answers.filter(({ noise }, i) => own[i]! === 0 && noise.length > 0).length;
      if (twice > 0)
        return said(`${twice} questions to ${address} were answered twice.`, `对 ${address} 的 ${twice} 次请求收到两个应答。`);
      // Chance spoils one answer, and does not spoil every one in which two meters would differ.
      return spoiled >= 2
        ? said(
            `${spoiled} of ${answers.length} answers of ${address} were spoiled: perhaps two meters share the address.`,
            `${address} 的 ${answers.length} 个应答中 ${spoiled} 个损坏：可能两块表地址相同。`,
          )
        : undefined;
    },
    next: said(
      "Disconnect one meter after the other and ask again; give one of the two another address. Send no orders until then: both would obey.",
      "逐块断开再询问，给其中一块改地址；在此之前不要下命令，两块表都会执行。",
    ),
  },
  {
    code: "several-meters",
    grade: "hint",
    when: (evidence) => {
      const named = namedBy(evidence.toAnyone);
      const spoiled = named.size === 0 && evidence.toAnyone.some(({ noise }) => noise.length > 0) && replies(asked(evidence)) > 0;
      return named.size > 1 || spoiled
        ? said("More than one meter answers to the wildcard address.", "通配地址有多块电表应答。")
        : undefined;
    },
    next: said(
      "As it should be on a shared line: meterctl scan --link … names them all.",
      "共用线路属正常；用 meterctl scan 可列出全部。",
    ),
  },
  {
    code: "noise",
    grade: "hint",
    when: (evidence) => {
      // What several say at once to the wildcard is no noise of the line.
      const alone = namedBy(evidence.toAnyone).size === 1 ? evidence.toAnyone : [];
      const heard = [evidence.idle, ...alone, ...(evidence.toMeter?.answers ?? [])];
      const { length } = together(heard.flatMap((one) => one.noise.map(({ shape }) => shape)));
      return length > 0 && replies(all(evidence)) > 0
        ? said(`${length} bytes belong to no frame.`, `有 ${length} 个字节不属于任何帧。`)
        : undefined;
    },
    next: said(
      "Look at the ends of the line (120 Ω), at the shield and at loose terminals.",
      "检查终端电阻（120 Ω）、屏蔽层和松动端子。",
    ),
  },
  {
    code: "clock-off",
    grade: "bad",
    when: ({ clock }) => {
      if (clock?.aheadMs == null || Math.abs(clock.aheadMs) < CLOCK_TOLERANCE_MS) return undefined;
      const seconds = Math.round(Math.abs(clock.aheadMs) / 1_000);
      const isFast = clock.aheadMs > 0;
      return said(
        `The clock of ${clock.address} is ${seconds} s ${isFast ? "fast" : "slow"}.`,
        `${clock.address} 时钟${isFast ? "快" : "慢"} ${seconds} 秒。`,
      );
    },
    next: said(
      "Up to five minutes can be set by broadcast, once a day; more needs the meter's password or keys. Orders with a deadline are told in its own time.",
      "五分钟以内可广播校时（每天一次），更大偏差需密码或密钥写时钟。",
    ),
  },
  {
    code: "clock-nonsense",
    grade: "bad",
    when: ({ clock }) =>
      clock !== null && clock.aheadMs === null
        ? said(`The clock of ${clock.address} shows no date.`, `${clock.address} 时钟不是有效日期。`)
        : undefined,
    next: said("Look at its clock battery (run-state word 1), then set it.", "检查时钟电池（运行状态字1），然后校时。"),
  },
  {
    code: "answers",
    grade: "good",
    when: (evidence) => {
      const count = asked(evidence).filter((one) => one.replies.length > 0).length;
      return count === 0
        ? undefined
        : said(
            `${count} of ${asked(evidence).length} questions were answered.`,
            `${asked(evidence).length} 次请求中 ${count} 次得到应答。`,
          );
    },
    next: null,
  },
];

export const findingCodes: readonly FindingCode[] = rows.map(({ code }) => code);

export function judgeLine(evidence: LineEvidence): readonly LineFinding[] {
  return rows.flatMap(({ code, grade, when, next }) => {
    const found = when(evidence);
    return found === undefined ? [] : [{ code, grade, found, next }];
  });
}
