/**
 * Collects what a line can be judged by: listens first, asks whoever hears it, then one meter by its whole address, reads its clock, and
 * where it is wished and nobody answered, tries other speeds and parities. Reads only; nothing on the line is changed.
 */
import { Instant, type Clock } from "../kernel/clock.ts";
import { dictionary, requests, type Frame } from "../protocols/dlt645/index.ts";
import type { LineSettings } from "./bare-link.ts";
import { looksLikeSeveral } from "./garble.ts";
import type { LineEvidence } from "./line-findings.ts";
import { instantOf } from "./meter-clock.ts";
import { questionTo, searchMeters } from "./meter-search.ts";
import type { Heard, WireProbe } from "./wire-probe.ts";

/** Another master asks every few seconds, at least. */
const LISTEN_MS = 2_000;
const TIMES = 3;
/** Energy, meter number, serial of production, customer number: two meters of one address differ in one of them at least. */
const TELLING_ITEMS = ["00010000", "04000402", "04000403", "0400040E"] as const;
const BAUDS = [2_400, 9_600, 1_200, 4_800, 19_200, 600] as const;
const MIDNIGHT_GUARD = "000030";
const PARITIES = ["even", "none", "odd"] as const;

export interface ExamineParts {
  readonly probe: WireProbe;
  readonly clock: Clock;
  readonly settings: LineSettings | null;
  /** Whom to ask; left out, whoever answers first. */
  readonly address?: string | undefined;
  /** Opens the same link with other settings, asks, and closes it. Left out: nothing else is tried. */
  readonly tryWith?: ((settings: LineSettings, question: Frame) => Promise<Heard>) | undefined;
  readonly listenMs?: number;
  readonly timeZone?: string;
  readonly say?: (line: string) => void;
}

export async function examineLine(parts: ExamineParts): Promise<LineEvidence> {
  const { probe, clock, settings, tryWith, listenMs = LISTEN_MS, timeZone = "Asia/Shanghai", say = () => undefined } = parts;
  say("listening");
  const idle = await probe.listen(listenMs);
  const toAnyone: Heard[] = [];
  if (parts.address === undefined) {
    say("asking whoever hears it");
    for (let n = 0; n < TIMES; n += 1) toAnyone.push(await probe.ask(questionTo("")));
  }
  const address = parts.address ?? (await oneOf(toAnyone, probe, say));
  const answers: Heard[] = [];
  if (address !== undefined) {
    say(`asking ${address}`);
    for (const item of TELLING_ITEMS) answers.push(await probe.ask(requests.read(address, item)));
  }
  const heardOne = answers.some(({ replies }) => replies.length > 0);
  const tried: LineEvidence["tried"][number][] = [];
  if (!heardOne && settings !== null && tryWith !== undefined)
    for (const baudRate of BAUDS)
      for (const parity of PARITIES) {
        if (baudRate === settings.baudRate && parity === settings.parity) continue;
        say(`trying ${baudRate} ${parity}`);
        const heard = await tryWith({ baudRate, parity }, questionTo(parts.address ?? ""));
        tried.push({ settings: { baudRate, parity }, heard });
      }
  return {
    settings,
    idle,
    toAnyone,
    toMeter: address === undefined ? null : { address, answers },
    clock: address === undefined || !heardOne ? null : await clockOf(address, { probe, clock, timeZone }),
    tried,
  };
}

/** Any meter that can be asked alone: the only one, else the first that a search comes upon. */
async function oneOf(toAnyone: readonly Heard[], probe: WireProbe, say: (line: string) => void): Promise<string | undefined> {
  const named = toAnyone.flatMap(({ replies }) => replies).find(({ frame }) => /^\d{12}$/.test(frame.address));
  if (named !== undefined) return named.frame.address;
  if (!looksLikeSeveral(toAnyone)) return undefined;
  say("several answer at once; looking for one by its last digits");
  let found = 0;
  const { meters } = await searchMeters({
    ask: (frame) => probe.ask(frame),
    step: (step) => (found = step.found),
    mayGoOn: () => found === 0 && probe.closed === null && probe.asked < SEARCH_QUESTIONS_MAX,
  });
  return meters.find(({ answerMs }) => answerMs !== null)?.address;
}
/** One level of the search. */
const SEARCH_QUESTIONS_MAX = 210;

async function clockOf(
  address: string,
  { probe, clock, timeZone }: { readonly probe: WireProbe; readonly clock: Clock; readonly timeZone: string },
): Promise<LineEvidence["clock"]> {
  const digits = async (
    row: typeof dictionary.date | typeof dictionary.time,
  ): Promise<{ text: string | null; at: Instant } | undefined> => {
    for (let n = 0; n < TIMES; n += 1) {
      const startedAt = clock.now();
      const { replies } = await probe.ask(requests.read(address, row.di));
      const [reply] = replies.filter(({ frame }) => frame.address === address && frame.control === 0x91 && frame.data.length > 4);
      if (reply === undefined) continue;
      const decoded = row.format.decode(reply.frame.data.subarray(4));
      return { text: "fault" in decoded ? null : decoded.value, at: Instant(startedAt + reply.afterMs) };
    }
    return undefined;
  };
  let date = await digits(dictionary.date);
  const time = date === undefined ? undefined : await digits(dictionary.time);
  // Close after midnight the date may have been read on the day before.
  if (time?.text != null && time.text < MIDNIGHT_GUARD) date = await digits(dictionary.date);
  if (date === undefined || time === undefined) return null;
  const shown = date.text === null || time.text === null ? undefined : instantOf(date.text, time.text, timeZone);
  return { address, aheadMs: shown === undefined ? null : shown - time.at };
}
