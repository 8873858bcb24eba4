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
 * | `not-heard`      | a request             | a fault took it from the meter                                         |
 * | `said`           | a reply               | a whole frame left the meter                                           |
 * | `wrong-checksum` | a reply, or noise     | a frame, but for its checksum                                          |
 * | `torn`           | a reply, or noise     | the beginning of a frame                                               |
 * | `noise`          | a reply, or noise     | nothing of the kind                                                    |
 */
import { hex } from "../bytes.ts";
import type { FrameEvent, StreetEvent } from "../frame-log.ts";
import { maskedHex } from "../telling/secrets.ts";
import { tell } from "../telling/tell.ts";
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
  readonly en: string;
  readonly zh: string;
}
export interface NoiseLine extends Moment {
  readonly what: "noise";
  readonly bus: string;
  readonly connection?: string;
  readonly hex: string;
  readonly outcome: Outcome;
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
  return new FrameReader().push(frame.bytes, 0).length > 0 ? "said" : whatIsBroken(frame.bytes);
}

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
    return given({ what: "noise", ...moment, ...from, hex: shown, outcome: whatIsBroken(event.bytes), ...tell(event.bytes) });
  }
  const { direction, meter, fault, re } = event;
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
    ...tell(event.bytes),
  };
  return given(line) as FrameLine;
}
