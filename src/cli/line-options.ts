/** What the tools at a line have in common: how long an answer is waited for, and how a link is opened and told. */
import { bareLink, type BareLink, type LinkWish } from "../devices/bare-link.ts";
import { BYTE_GAP_MS, TURNAROUND_MS } from "../devices/timing.ts";
import { WireProbe } from "../devices/wire-probe.ts";
import { systemChance } from "../kernel/chance.ts";
import { systemClock } from "../kernel/clock.ts";
import { silentLog } from "../kernel/log.ts";

/** A meter thinks up to 500 ms (Td); a serial server and its network add theirs, and a modem behind a broker more. */
const ANSWER_MS = { serial: BYTE_GAP_MS + 200, tcp: 1_500, mqtt: 4_000 } as const;
/** Over MQTT an answer may come in several messages. */
const MQTT_SETTLE_MS = 100;

export const LINK_PARTS = { clock: systemClock, chance: systemChance, log: silentLog };
/** After an answer: long enough for a second one that waited a moment. */
const SETTLE_BYTES = 8;

export interface OpenProbe {
  readonly link: BareLink;
  readonly probe: WireProbe;
  close(): Promise<void>;
}

/** `waitMs`: instead of the usual patience. */
export async function openProbe(url: string, waitMs?: number, wish: LinkWish = {}): Promise<OpenProbe> {
  const link = bareLink(url, LINK_PARTS, wish);
  const { transport, byteMs } = link;
  const isOverBroker = /^mqtts?:/i.test(url);
  const answerMs = waitMs ?? ANSWER_MS[isOverBroker ? "mqtt" : link.settings === null ? "tcp" : "serial"];
  const settleMs = Math.min(answerMs, isOverBroker ? MQTT_SETTLE_MS : TURNAROUND_MS + Math.ceil(SETTLE_BYTES * byteMs));
  const probe = new WireProbe(transport, systemClock, { byteMs, answerMs, settleMs });
  await transport.open();
  return { link, probe, close: () => transport.close() };
}

/** For people: "40 s", "3 min", "1 h 20 min". */
export function span(ms: number, language: "en" | "zh" = "en"): string {
  const seconds = Math.max(1, Math.round(ms / 1_000));
  const [h, min, s] = language === "zh" ? ["小时", "分", "秒"] : [" h", " min", " s"];
  if (seconds < 90) return `${seconds}${s}`;
  const minutes = Math.round(seconds / 60);
  return minutes < 90
    ? `${minutes}${min}`
    : `${Math.floor(minutes / 60)}${h}${language === "zh" ? "" : " "}${minutes % 60}${min}`;
}
