/**
 * One event as one line of JSON, and what happened to it in one word.
 *
 *     {"what":"frame","n":7,"at":"…","wall":"…","bus":"tcp-1","connection":"1","direction":"request","meter":"202611220001",
 *      "hex":"6801…16","outcome":"heard","en":"→ 202611220001 read 00900200 balance","zh":"…"}
 *
 * | outcome          | of                    | means                                                                  |
 * | `heard`          | a request             | a meter heard it (a fault may say what it did instead)                 |
 * | `nobody`         | anything from outside | for no meter on these wires, or for one without power                  |
 * | `collision`      | a request             | it met another one, and nobody could read it                           |
 * | `not-heard`      | a request, or noise   | a fault took it from the meter, or let nothing come out of the wires   |
 * | `said`           | a reply, or noise     | a whole frame left the meter, or came out of the wires                 |
 * | `wrong-checksum` | a reply, or noise     | a frame, but for its checksum                                          |
 * | `torn`           | a reply, or noise     | the beginning of a frame                                               |
 * | `noise`          | a reply, or noise     | nothing of the kind                                                    |
 *
 * A reply's line is what the meter said, and with `afterMs` when its pieces were to be out of the wires (left out: at once; none: it
 * went under in another's), with `sizes` how long they are when there are several. A noise
 * line with `re` is what really came out for that request, where it is something else or came when nobody waited any more; one with
 * `heard` is what was sent, and what the wires left of it for the meters. A request with `sentAs` was heard in what that line sent.
 */
import { hex } from "../bytes.ts";
import type { FrameEvent, NoiseEvent, StreetEvent } from "../frame-log.ts";
import { maskedHex } from "../telling/secrets.ts";
import { tell } from "../telling/tell.ts";
import type { Said } from "../telling/values.ts";
import { whatIsBroken, type Broken } from "../telling/broken.ts";
import { isoWall } from "../wall-time.ts";
import { FrameReader } from "../wire.ts";
import { tellOrder } from "./orders.ts";
import type { StreetOrder } from "./orders.ts";

export type Outcome = Broken | "heard" | "nobody" | "collision" | "not-heard" | "said";

/** How a recording is written. */
export interface LineForm {
  /** With passwords; left out, they are dots, and such a request cannot be played again. */
  readonly unmasked?: boolean | undefined;
  /** Without wall moments: two runs of one seed give the same bytes. */
  readonly withoutWall?: boolean | undefined;
}

interface Moment {
  readonly n: number;
  readonly at: string;
  readonly wall?: string;
  /** By how much the calendar was behind what was lived. */
  readonly behindMs?: number;
}
export interface FrameLine extends Moment {
  readonly what: "frame";
  readonly bus: string;
  readonly connection?: string;
  readonly direction: "request" | "reply";
  readonly meter: string;
  readonly hex: string;
  readonly outcome: Outcome;
  readonly fault?: string;
  readonly re?: number;
  readonly afterMs?: readonly number[];
  readonly sizes?: readonly number[];
  readonly sentAs?: number;
  readonly en: string;
  readonly zh: string;
}
export interface NoiseLine extends Moment {
  readonly what: "noise";
  readonly bus: string;
  readonly connection?: string;
  readonly meter?: string;
  readonly piece?: number;
  readonly hex: string;
  readonly outcome: Outcome;
  readonly re?: number;
  readonly fault?: string;
  readonly heard?: string;
  readonly sentAs?: number;
  readonly how?: string;
  readonly en: string;
  readonly zh: string;
}
export interface OrderLine extends Moment {
  readonly what: "order";
  readonly order: StreetOrder;
  /** Done by the story of the plan, which does it again when the recording is played. */
  readonly isOfStory?: true;
  readonly en: string;
  readonly zh: string;
}
/** Lines that are missing, because the disk was slower than the street. */
export interface GapLine {
  readonly what: "gap";
  readonly dropped: number;
}
export type RecordedLine = FrameLine | NoiseLine | OrderLine | GapLine;

/** Faults that take the request from the meter. */
const unheard: readonly string[] = ["lost-request", "silence", "dead-line"];

function outcomeOf(frame: FrameEvent): Outcome {
  if (frame.isForNobody === true) return "nobody";
  if (frame.fault === "collision") return "collision";
  if (frame.direction === "request") return unheard.includes(frame.fault ?? "") ? "not-heard" : "heard";
  return wholeOr(frame.bytes, "said");
}

const wholeOr = (bytes: Uint8Array, whole: "said" | "heard"): Outcome =>
  new FrameReader().push(bytes, 0).length > 0 ? whole : whatIsBroken(bytes);

function outcomeOfNoise({ bytes, re, heard }: NoiseEvent): Outcome {
  if ((heard ?? bytes).length === 0) return "not-heard";
  return heard !== undefined ? wholeOr(heard, "heard") : re !== undefined ? wholeOr(bytes, "said") : whatIsBroken(bytes);
}

/** What noise is, and why it is there. */
export function tellNoise({ bytes, heard, re, fault, how }: NoiseEvent): Said {
  if (heard === undefined && re === undefined && fault !== undefined) return tellTurnedAway(fault);
  const { en, zh } = bytes.length === 0 ? { en: "nothing", zh: "无" } : tell(bytes);
  if (heard !== undefined) return heard.length === 0 ? sentInVain(en, zh) : { en: `sent: ${en}`, zh: `发出:${zh}` };
  if (re === undefined) return { en, zh };
  if (how !== undefined) return { en: `handed over, ${how}: ${en}`, zh: `转交(${how}):${zh}` };
  return { en: `came out of the wires: ${en}`, zh: `线路实际输出:${zh}` };
}
const sentInVain = (en: string, zh: string): Said => ({
  en: `sent, and nothing of it was left: ${en}`,
  zh: `发出,线路上无任何输出:${zh}`,
});
const tellTurnedAway = (fault: string): Said => ({
  en: `a connection was closed at once (${fault})`,
  zh: `连接被立即关闭(${fault})`,
});

const given = <T extends object>(fields: T): T =>
  Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined)) as T;

export function lineOf(event: StreetEvent, form: LineForm): FrameLine | NoiseLine | OrderLine {
  const moment = given({
    n: event.seq,
    at: isoWall(event.at, true),
    wall: form.withoutWall === true ? undefined : isoWall(event.wall, true),
    behindMs: event.behindMs,
  }) as Moment;
  if (event.what === "order") {
    const { order, isOfStory } = event;
    return { what: "order", ...moment, order, ...(isOfStory === true ? { isOfStory } : {}), ...tellOrder(order) };
  }
  const shown = form.unmasked === true ? hex(event.bytes) : maskedHex(event.bytes);
  const { bus, connection } = event;
  const from = { bus, connection } as { bus: string; connection: string };
  if (event.what === "noise") {
    const { meter, piece, re, fault, sentAs, how } = event;
    const heard = event.heard === undefined ? undefined : form.unmasked === true ? hex(event.heard) : maskedHex(event.heard);
    const outcome = outcomeOfNoise(event);
    const line = { what: "noise" as const, ...moment, ...from, meter, piece, hex: shown, heard, outcome, fault, re, sentAs, how };
    return given({ ...line, ...tellNoise(event) }) as NoiseLine;
  }
  const { direction, meter, fault, re, afterMs, sizes, sentAs } = event;
  const outcome = outcomeOf(event);
  const line = {
    what: "frame" as const,
    ...moment,
    ...from,
    direction,
    meter,
    hex: shown,
    outcome,
    fault,
    re,
    afterMs,
    sizes,
    sentAs,
    ...tell(event.bytes),
  };
  return given(line) as FrameLine;
}
