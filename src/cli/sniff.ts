/**
 * `meterctl sniff --link …`: listens and never sends. Rows of sixteen bytes as they passed, beneath each the frames that ended in it and
 * what they mean; ends with Ctrl-C (or after `--for` seconds) and a summary.
 *
 *     10:42:07.518  000010  FE FE FE FE 68 01 00 22 11 26 20 68 11 04 33 33
 *     10:42:07.604  000020  34 33 B1 16
 *                           → 202611220001 read data 00010000 importedEnergy
 *
 * Over MQTT it listens to the topics of the link, those of all meters where each has its own, and says above the rows which topic it was.
 */
import { bareLink } from "../devices/bare-link.ts";
import { LineSniffer } from "../devices/line-sniffer.ts";
import { isMqtt, parseLink, type MqttTarget } from "../devices/link-url.ts";
import { listenToTopics } from "../devices/topic-listening.ts";
import { systemClock } from "../kernel/clock.ts";
import type { Language } from "../protocols/dlt645/index.ts";
import { NoConnection } from "./exits.ts";
import { LINK_PARTS } from "./line-options.ts";
import { Told, type SniffSummary, type SniffWish } from "./sniff-told.ts";

export async function sniff(wish: SniffWish): Promise<SniffSummary> {
  const target = parseLink(wish.link);
  if (isMqtt(target)) return sniffTopics(wish, target);
  const { transport } = bareLink(wish.link, LINK_PARTS);
  const told = new Told(wish);
  const sniffer = new LineSniffer({ clock: systemClock, tell: (one) => told.take(one), ...wish });
  const ended = new AbortController();
  transport.onReceived((bytes) => sniffer.hear(bytes));
  transport.onClosed((why) => ended.abort(why));
  await transport.open();
  const stop = AbortSignal.any([wish.stop, ended.signal]);
  await untilOver(wish, stop);
  const why = ended.signal.aborted ? String(ended.signal.reason) : null;
  await transport.close();
  await sniffer.end();
  const summary = await told.end(sniffer.bytes);
  if (why !== null) throw new NoConnection(`The link closed: ${why}. ${sumUp(summary, wish.language)}`);
  return summary;
}
/** Over MQTT each topic is a wire of its own, on which frames are put together; what passes is told in the order in which it came. */
async function sniffTopics(wish: SniffWish, target: MqttTarget): Promise<SniffSummary> {
  const listening = await listenToTopics(target, systemClock);
  const told = new Told(wish);
  const wires = new Map<string, LineSniffer>();
  const ended = new AbortController();
  listening.onClosed((why) => ended.abort(why));
  listening.onHeard(({ topic, side, address, retained, at, held }) => {
    told.message({ topic, side, retained }, at, "wrong" in held ? held.wrong : null);
    if ("wrong" in held) return;
    let wire = wires.get(topic);
    if (wire === undefined) {
      wire = new LineSniffer({ clock: systemClock, tell: (one) => told.take(one, { topic, side }, address ?? ""), ...wish });
      wires.set(topic, wire);
    }
    wire.hear(held.bytes);
    wire.messageEnds();
  });
  const stop = AbortSignal.any([wish.stop, ended.signal]);
  try {
    await listening.start();
    await untilOver(wish, stop);
  } finally {
    await listening.close();
  }
  for (const wire of wires.values()) await wire.end();
  const summary = await told.end(
    [...wires.values()].reduce((sum, { bytes }) => sum + bytes, 0),
    true,
  );
  if (ended.signal.aborted)
    throw new NoConnection(`The link closed: ${String(ended.signal.reason)}. ${sumUp(summary, wish.language)}`);
  return summary;
}

async function untilOver({ seconds }: SniffWish, stop: AbortSignal): Promise<void> {
  await systemClock.wait(seconds === undefined ? FOR_EVER_MS : seconds * 1_000, stop);
  while (seconds === undefined && !stop.aborted) await systemClock.wait(FOR_EVER_MS, stop);
}
/** Timers go no further. */
const FOR_EVER_MS = 2_000_000_000;

/** For people, and what to do when nothing could be read. */
export function sumUp(
  { bytes, requests, replies, noiseBytes, meters, malformed, retained, export: file }: SniffSummary,
  language: Language,
): string {
  const isZh = language === "zh";
  const rows = meters.map(({ address, requests: asked, replies: answered }) =>
    isZh ? `${address}  请求 ${asked}，应答 ${answered}` : `${address}  ${asked} requests, ${answered} replies`,
  );
  const sum = isZh
    ? `${bytes} 字节：请求 ${requests}，应答 ${replies}，不属于任何帧 ${noiseBytes} 字节`
    : `${bytes} bytes: ${requests} requests, ${replies} replies, ${noiseBytes} bytes that belong to no frame`;
  const messages =
    malformed === undefined || malformed + (retained ?? 0) === 0
      ? []
      : [
          isZh
            ? `${malformed} 条消息不符合约定格式（链路参数 payload），${retained ?? 0} 条保留消息`
            : `${malformed} messages in another form than agreed (payload of the link), ${retained ?? 0} retained`,
        ];
  const isOverTopics = malformed !== undefined;
  const lost = !isOverTopics && requests + replies === 0 && bytes > 0;
  const next = lost
    ? [
        isZh
          ? "没有一帧可读：波特率或校验不对？请用 meterctl doctor --link … --try"
          : "Not one frame: wrong speed or parity? meterctl doctor --link … --try",
      ]
    : [];
  return [...rows, sum, ...messages, ...next, ...(file === null ? [] : [isZh ? `已写入 ${file}` : `written to ${file}`])].join(
    "\n",
  );
}
