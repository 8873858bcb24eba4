/** `meterctl doctor --link mqtt://…`: the broker, its rules, the topics and who speaks there, then the meter behind them. Reads only. */
import { framesIn, isAnswerOf, judgeBroker, type BrokerEvidence, type BrokerFinding } from "../devices/broker-findings.ts";
import { eachMeterAlone } from "../devices/bus-config.ts";
import { examineLine } from "../devices/examine-line.ts";
import { judgeLine, type LineEvidence, type LineFinding } from "../devices/line-findings.ts";
import type { MqttTarget } from "../devices/link-url.ts";
import { questionTo } from "../devices/meter-search.ts";
import { listenEverywhere, listenToTopics, type TopicHeard, type TopicListening } from "../devices/topic-listening.ts";
import type { WireProbe } from "../devices/wire-probe.ts";
import { systemClock } from "../kernel/clock.ts";
import { isFault, type Fault } from "../kernel/faults.ts";
import { PAYLOAD_KINDS } from "../transports/mqtt-payloads.ts";
import type { LineWish } from "./doctor-line.ts";
import { openProbe } from "./line-options.ts";

/** A gateway polls now and then; a modem's heartbeat comes once a minute. */
const LISTEN_MS = 3_000;

export async function doctorBroker(wish: LineWish, target: MqttTarget): Promise<readonly (BrokerFinding | LineFinding)[]> {
  const { transport, broker } = target;
  const nothing: BrokerEvidence = {
    broker: new URL(broker.url).host,
    trouble: null,
    filters: transport,
    payload: transport.payload,
    idle: [],
    during: [],
    asked: null,
    elsewhere: [],
  };
  let listening: TopicListening | undefined;
  try {
    listening = await listenToTopics(target, systemClock, wish.address);
    const heard: TopicHeard[] = [];
    listening.onHeard((one) => heard.push(one)); // what lies on the broker comes at once
    await listening.start();
    return await listenAndAsk(wish, target, heard, { ...nothing, filters: listening.filters });
  } catch (error) {
    if (!isTrouble(error)) throw error;
    return judgeBroker({ ...nothing, trouble: error });
  } finally {
    await listening?.close();
  }
}

const isTrouble = (error: unknown): error is Fault => isFault(error, "broker-unavailable") || isFault(error, "broker-refused");

async function listenAndAsk(
  wish: LineWish,
  target: MqttTarget,
  heard: TopicHeard[],
  nothing: BrokerEvidence,
): Promise<readonly (BrokerFinding | LineFinding)[]> {
  const { link, waitMs, listenMs = LISTEN_MS, timeZone, progress } = wish;
  progress(`listening to ${nothing.filters.up} and ${nothing.filters.down}`);
  await systemClock.wait(listenMs);
  const idle = heard.splice(0);
  const isAlone = eachMeterAlone(target.transport);
  const address = wish.address ?? (isAlone ? heardFirst(idle) : undefined);
  if (isAlone && address === undefined) return judgeBroker({ ...nothing, idle });
  const open = await openProbe(link, waitMs, { address });
  const { probe } = open;
  try {
    const line = await examineLine({
      probe,
      clock: systemClock,
      settings: null,
      address,
      listenMs: 1, // the topics were listened to already
      say: progress,
      ...(timeZone === undefined ? {} : { timeZone }),
    });
    const answered = [...line.toAnyone, ...(line.toMeter?.answers ?? [])].some(({ replies }) => replies.length > 0);
    const during = [...heard];
    const elsewhere = answered ? [] : await askElsewhere(target, probe, address);
    const asked = { whom: line.toMeter?.address ?? target.transport.down, answered };
    return [...judgeBroker({ ...nothing, idle, during, asked, elsewhere }), ...ofMeters(line, answered)];
  } finally {
    await open.close();
  }
}

/** Who speaks rather than who is spoken to, and lately rather than once. */
function heardFirst(idle: readonly TopicHeard[]): string | undefined {
  const worth = ({ side, retained }: TopicHeard): number => (side === "up" ? 2 : 0) + (retained ? 0 : 1);
  const named = idle.flatMap((one) => (one.address === null ? [] : [{ address: one.address, worth: worth(one) }]));
  return named.toSorted((a, b) => b.worth - a.worth)[0]?.address;
}

/** Asks once more, with an ear on every topic that the broker lets us hear. */
async function askElsewhere(target: MqttTarget, probe: WireProbe, address: string | undefined): Promise<readonly string[]> {
  const topics = new Set<string>();
  const isAnswer = isAnswerOf(address ?? null);
  const ear = await listenEverywhere(target, (topic, payload) => {
    if (PAYLOAD_KINDS.some((kind) => framesIn(payload, kind).some(isAnswer))) topics.add(topic);
  });
  try {
    await probe.ask(questionTo(address ?? ""));
  } finally {
    await ear.close();
  }
  return [...topics];
}

/** The broker's table has said what silence means here. */
const ofMeters = (line: LineEvidence, answered: boolean): readonly LineFinding[] =>
  answered ? judgeLine(line).filter(({ code }) => code !== "silence") : [];
