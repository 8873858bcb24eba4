/**
 * What is wrong between a broker and the modems behind it, judged from what was heard on the topics, and what to do next. A table, as
 * that of the wires (`line-findings.ts`); what the meters themselves said is judged there.
 */
import type { Fault } from "../kernel/faults.ts";
import { Deframer, isReply, type Frame } from "../protocols/dlt645/index.ts";
import { PAYLOAD_KINDS, payloadForm, type PayloadKind } from "../transports/mqtt-payloads.ts";
import type { Grade, LineFinding, Sentence } from "./line-findings.ts";
import type { Side, TopicHeard } from "./topic-listening.ts";

export interface BrokerEvidence {
  readonly broker: string;
  /** Why nobody could be listened to; null: the topics are open. */
  readonly trouble: Fault | null;
  readonly filters: Readonly<Record<Side, string>>;
  readonly payload: PayloadKind;
  /** Before we asked anything. */
  readonly idle: readonly TopicHeard[];
  /** While we asked; our own questions are among what was said to the meter. */
  readonly during: readonly TopicHeard[];
  /** Null: nobody was asked, for want of an address. */
  readonly asked: { readonly whom: string; readonly answered: boolean } | null;
  /** Where else an answer of that meter came. */
  readonly elsewhere: readonly string[];
}

export type BrokerFindingCode =
  | "no-broker"
  | "credentials"
  | "topic-refused"
  | "no-address"
  | "other-form"
  | "other-topic"
  | "other-number"
  | "retained-order"
  | "retained-answer"
  | "two-masters"
  | "silence";
export type BrokerFinding = LineFinding<BrokerFindingCode>;

interface Row {
  readonly code: BrokerFindingCode;
  readonly grade: Grade;
  readonly when: (evidence: BrokerEvidence) => Sentence | undefined;
  readonly next: Sentence;
}

const said = (en: string, zh: string): Sentence => ({ en, zh });

/** Frames that a message holds, read in that form. */
export function framesIn(payload: Uint8Array, kind: PayloadKind): readonly Frame[] {
  const read = payloadForm(kind).read(payload);
  if ("wrong" in read) return [];
  const deframer = new Deframer();
  return [...deframer.push(read.bytes), ...deframer.flush()].flatMap((piece) => (piece.kind === "frame" ? [piece.frame] : []));
}

export const isAnswerOf =
  (address: string | null) =>
  (frame: Frame): boolean =>
    isReply(frame.control) && (address === null || frame.address === address);

const all = ({ idle, during }: BrokerEvidence): readonly TopicHeard[] => [...idle, ...during];
const fresh = (heard: readonly TopicHeard[], side: Side): readonly TopicHeard[] =>
  heard.filter((one) => one.side === side && !one.retained);
const topicsOf = (heard: readonly TopicHeard[]): string => [...new Set(heard.map(({ topic }) => topic))].slice(0, 5).join(", ");
const old = (evidence: BrokerEvidence, side: Side, found: (topics: string) => Sentence): Sentence | undefined => {
  const retained = all(evidence).filter((one) => one.side === side && one.retained);
  return retained.length === 0 ? undefined : found(topicsOf(retained));
};
const refusal = ({ trouble }: BrokerEvidence): { readonly topic: string | undefined; readonly why: string } | undefined =>
  trouble?.code === "broker-refused"
    ? { topic: trouble.context["subscribe"] as string | undefined, why: String(trouble.context["why"]) }
    : undefined;

/** In the order in which a person should read them. */
const rows: readonly Row[] = [
  {
    code: "no-broker",
    grade: "bad",
    when: ({ broker, trouble }) =>
      trouble === null || trouble.code === "broker-refused"
        ? undefined
        : said(
            `No broker at ${broker}: ${String(trouble.context["why"])}.`,
            `${broker} 无法连接：${String(trouble.context["why"])}。`,
          ),
    next: said(
      "Check host and port (1883, with TLS 8883 and mqtts://), whether the broker runs, and what stands between.",
      "检查主机和端口（1883；TLS 为 8883 并用 mqtts://）、服务器是否运行、中间的防火墙。",
    ),
  },
  {
    code: "credentials",
    grade: "bad",
    when: (evidence) => {
      const refused = refusal(evidence);
      return refused === undefined || refused.topic !== undefined
        ? undefined
        : said(`${evidence.broker} refuses us: ${refused.why}.`, `${evidence.broker} 拒绝连接：${refused.why}。`);
    },
    next: said(
      "Write user and password into the link, mqtt://user:password@host, signs such as @ and : as %40 and %3A.",
      "在链路中写明用户名和密码：mqtt://user:password@host，@ 和 : 等字符写作 %40、%3A。",
    ),
  },
  {
    code: "topic-refused",
    grade: "bad",
    when: (evidence) => {
      const refused = refusal(evidence);
      return refused?.topic === undefined
        ? undefined
        : said(
            `${evidence.broker} does not let us listen to ${refused.topic}.`,
            `${evidence.broker} 不允许订阅 ${refused.topic}。`,
          );
    },
    next: said(
      "Let this user subscribe to the topics of the link (down as well, to hear who else asks), or name one meter with --address.",
      "请授权该用户订阅链路主题（包括 down，以便发现其他主站），或用 --address 指定一块表。",
    ),
  },
  {
    code: "no-address",
    grade: "bad",
    when: ({ trouble, asked, filters }) =>
      trouble === null && asked === null
        ? said(
            `No meter was heard on ${filters.up} or ${filters.down}, and on these topics one can be asked only by its address.`,
            `${filters.up} 和 ${filters.down} 上未听到任何表；这些主题只能按表地址询问。`,
          )
        : undefined,
    next: said(
      "Name one: --address; or listen longer: --listen; topics other than these: ?down=…&up=… in the link.",
      "用 --address 指定表地址，或用 --listen 延长监听；主题不同请在链路中写 ?down=…&up=…。",
    ),
  },
  {
    code: "other-form",
    grade: "bad",
    when: (evidence) => {
      const strange = fresh(all(evidence), "up").filter(({ payload }) => framesIn(payload, evidence.payload).length === 0);
      const fits = PAYLOAD_KINDS.find((kind) => strange.some(({ payload }) => framesIn(payload, kind).length > 0));
      if (fits !== undefined)
        return said(
          `${strange.length} messages are not ${evidence.payload}; frames are in them as ${fits}.`,
          `${strange.length} 条消息不是 ${evidence.payload} 格式，按 ${fits} 可读出报文。`,
        );
      const wrong = strange.flatMap(({ held }) => ("wrong" in held ? [held.wrong] : []));
      return wrong.length === 0
        ? undefined
        : said(
            `${wrong.length} messages hold no frame as ${evidence.payload}: ${wrong[0]!}.`,
            `${wrong.length} 条消息按 ${evidence.payload} 无法读取：${wrong[0]!}。`,
          );
    },
    next: said(
      "Set payload=raw, hex or json in the link, and payload of the bus in the site file, to what the modem sends.",
      "将链路的 payload 参数和配置文件中该总线的 payload 改为模组实际使用的格式（raw、hex 或 json）。",
    ),
  },
  {
    code: "other-topic",
    grade: "bad",
    when: ({ elsewhere, filters }) =>
      elsewhere.length === 0
        ? undefined
        : said(
            `It answers on ${elsewhere.join(", ")}, not on ${filters.up}.`,
            `应答出现在 ${elsewhere.join("、")}，而不是 ${filters.up}。`,
          ),
    next: said(
      "Set up of the link and of the bus to that topic, or the modem to this one.",
      "修改链路和总线的 up 主题，或修改模组的上行主题。",
    ),
  },
  {
    code: "other-number",
    grade: "bad",
    when: (evidence) => {
      const answers = fresh(evidence.during, "up").filter(({ payload }) =>
        framesIn(payload, evidence.payload).some(isAnswerOf(null)),
      );
      return evidence.asked?.answered === false && answers.length > 0
        ? said(
            `${answers.length} answers came, each with another number than its question's.`,
            `收到 ${answers.length} 个应答，其编号与请求不符。`,
          )
        : undefined;
    },
    next: said(
      "The modem has to say the question's number (msg_id) back unchanged, or none.",
      "模组须原样返回请求编号（msg_id），或不返回编号。",
    ),
  },
  {
    code: "retained-order",
    grade: "bad",
    when: (evidence) =>
      old(evidence, "down", (topics) => said(`A message is retained on ${topics}.`, `${topics} 上有保留消息。`)),
    next: said(
      "Clear it at once (an empty retained message): a modem that comes back is told it again, and may obey an order of another day.",
      "立即清除（发送空的保留消息）：模组重新上线会再次收到，可能执行过期命令。",
    ),
  },
  {
    code: "retained-answer",
    grade: "hint",
    when: (evidence) =>
      old(evidence, "up", (topics) => said(`An answer is retained on ${topics}.`, `${topics} 上有保留的应答。`)),
    next: said(
      "The gateway ignores it. Clear it, and switch off retain in the modem.",
      "网关会忽略。请清除，并关闭模组的保留（retain）选项。",
    ),
  },
  {
    code: "two-masters",
    grade: "bad",
    when: ({ idle }) => {
      const others = fresh(idle, "down");
      return others.length === 0
        ? undefined
        : said(
            `Somebody else asks here: ${others.length} messages that are not ours on ${topicsOf(others)}.`,
            `另有主站在下发：${topicsOf(others)} 上有 ${others.length} 条非本机消息。`,
          );
    },
    next: said(
      "One master a meter: it may be your own gateway that runs meanwhile; else find who publishes there.",
      "每块表只能有一个主站：可能是正在运行的网关，否则请查找发布者。",
    ),
  },
  {
    code: "silence",
    grade: "bad",
    when: (evidence) => {
      const { asked, elsewhere, during, filters } = evidence;
      if (asked === null || asked.answered || elsewhere.length > 0 || fresh(during, "up").length > 0) return undefined;
      return said(
        `Questions to ${asked.whom} were taken by the broker, and nothing came on ${filters.up}.`,
        `对 ${asked.whom} 的请求已交给服务器，${filters.up} 上没有任何消息。`,
      );
    },
    next: said(
      "In this order: is the modem online at the broker, does it subscribe to this down topic, the form (payload=), the address, and the wires between modem and meter.",
      "依次检查：模组是否在线、是否订阅此 down 主题、格式（payload=）、表地址、模组与电表之间的接线。",
    ),
  },
];

export const brokerFindingCodes: readonly BrokerFindingCode[] = rows.map(({ code }) => code);

export function judgeBroker(evidence: BrokerEvidence): readonly BrokerFinding[] {
  return rows.flatMap(({ code, grade, when, next }) => {
    const found = when(evidence);
    return found === undefined ? [] : [{ code, grade, found, next }];
  });
}
