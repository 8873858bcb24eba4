/**
 * `meterctl scan` over MQTT topics with an address in them. Nobody can be asked there whose address is not known, so there is no search:
 * it listens for a while which addresses pass on the topics, also in what lies on the broker, and asks each of them by name.
 */
import { searchSettled } from "../devices/meter-search.ts";
import type { MqttTarget } from "../devices/link-url.ts";
import { listenToTopics } from "../devices/topic-listening.ts";
import { systemClock } from "../kernel/clock.ts";
import type { Language } from "../protocols/dlt645/index.ts";
import { NoConnection } from "./exits.ts";
import { openProbe, span } from "./line-options.ts";
import type { ScannedMeter, ScanResult, ScanWish } from "./scan.ts";

const LISTEN_S = 60;
const LOOK_EVERY_MS = 200;

export async function scanTopics(wish: ScanWish, target: MqttTarget): Promise<ScanResult> {
  const startedAt = systemClock.now();
  const listenMs = Math.min((wish.listenS ?? LISTEN_S) * 1_000, wish.minutesMax * 60_000);
  const heard = new Set<string>();
  const gone = new AbortController();
  const listening = await listenToTopics(target, systemClock);
  listening.onHeard(({ side, address }) => {
    // What is said to a meter shows that somebody believes in it, and no more; whether it answers is asked below.
    if (address === null || heard.has(address)) return;
    heard.add(address);
    wish.progress(words[wish.language].heard(address, side === "up"));
  });
  listening.onClosed((why) => gone.abort(why));
  try {
    await listening.start();
    wish.progress(words[wish.language].start(listening.filters, span(listenMs, wish.language)));
    const stop = wish.stop === undefined ? gone.signal : AbortSignal.any([wish.stop, gone.signal]);
    while (!stop.aborted && systemClock.now() < startedAt + listenMs) await systemClock.wait(LOOK_EVERY_MS, stop);
  } finally {
    await listening.close();
  }
  if (gone.signal.aborted) throw new NoConnection(`The link closed: ${String(gone.signal.reason)}.`);
  const meters: ScannedMeter[] = [];
  let questions = 0;
  for (const address of [...heard].sort()) {
    const open = await openProbe(wish.link, wish.waitMs, { address });
    try {
      const { meter, asked } = await searchSettled(address, (frame) => open.probe.ask(frame));
      meters.push({ ...meter, baud: null });
      questions += asked;
    } finally {
      await open.close();
    }
  }
  return { meters, complete: false, way: "heard", questions, tookMs: systemClock.now() - startedAt, unreadable: [] };
}

const words: Readonly<
  Record<
    Language,
    {
      start(filters: { readonly down: string; readonly up: string }, listening: string): string;
      heard(address: string, isMeter: boolean): string;
    }
  >
> = {
  en: {
    start: ({ up, down }, listening) =>
      `no search over MQTT: each meter has topics of its own, and AAAAAAAAAAAA is no topic. Listening to ${up} and ${down} for ${listening} (--for) ` +
      "which addresses pass; poll the meters meanwhile, or take the addresses from the modems' platform. Behind a DTU (topics without {address}) a search is possible",
    heard: (address, isMeter) => `${address}  ${isMeter ? "spoke" : "was spoken to"}`,
  },
  zh: {
    start: ({ up, down }, listening) =>
      `MQTT 上无法搜表：每块表有自己的主题，通配地址没有主题。监听 ${up} 和 ${down} ${listening}（--for）；` +
      "请在此期间抄表，或从模组平台取得表地址。DTU 共用主题（无 {address}）时可以搜表",
    heard: (address, isMeter) => `${address}  ${isMeter ? "有上行" : "有下行"}`,
  },
};
