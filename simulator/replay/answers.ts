/**
 * What came to one question, as text that people and tests compare: the bytes that came out of the wires, what they say, how long they
 * took, in how many pieces, and in what manner an endpoint handed them over. The same out of a recording and out of a street that
 * hears the question again.
 *
 *     6820…16  ← 202611220001 read 00900200 balance: 50.00 yuan  +800 ms in 3 pieces  [mqtt-duplicate]
 *
 * Two delays are the same when they are no more than 50 ms apart: timers and disks are no finer, and no gateway's deadline is.
 */
import { fromHex, hex, joined } from "../bytes.ts";
import { rowOf, isFaultKind } from "../faults.ts";
import type { Came } from "../heard.ts";
import type { FrameLine, NoiseLine } from "../recording/line.ts";
import { tell } from "../telling/tell.ts";
import { isSent } from "./reading.ts";
import type { Belonging, SentLine } from "./reading.ts";

export const DELAY_TOLERANCE_MS = 50;

export interface Asked {
  readonly asked: string;
  /** Hex, what it says, and how it came; none is silence. */
  readonly answers: readonly string[];
}

/** Empty for what came at once and in one piece. */
export const delayText = (ms = 0, pieces = 1): string =>
  `${ms > 0 ? `  +${Math.round(ms)} ms` : ""}${pieces > 1 ? `  in ${pieces} pieces` : ""}`;
const DELAY = / {2}\+(\d+) ms/;
const delayIn = (text: string): number => Number(DELAY.exec(text)?.[1] ?? 0);

export const isNear = (a: string, b: string): boolean =>
  a === b || (a.replace(DELAY, "") === b.replace(DELAY, "") && Math.abs(delayIn(a) - delayIn(b)) <= DELAY_TOLERANCE_MS);

/** What came now, with each delay that is near enough to the expected one put down as that. */
export const settled = (now: readonly Asked[], expected: readonly Asked[]): Asked[] =>
  now.map(({ asked, answers }, i) => ({
    asked,
    answers: answers.map((answer, k) => {
      const wanted = expected[i]?.answers[k];
      return wanted !== undefined && isNear(answer, wanted) ? wanted : answer;
    }),
  }));

/** How many of the questions were not answered as expected. */
export const wrongIn = (now: readonly Asked[], expected: readonly Asked[]): number =>
  expected.filter(({ answers }, i) => {
    const heard = now[i]?.answers ?? [];
    return heard.length !== answers.length || !answers.every((answer, k) => isNear(answer, heard[k]!));
  }).length;

interface Answer {
  readonly bytes: Uint8Array;
  readonly afterMs: number;
  readonly pieces: number;
  readonly manner: string | undefined;
}

function textOf({ bytes, afterMs, pieces, manner }: Answer): string[] {
  if (bytes.length === 0) return [];
  const how = manner === undefined ? "" : `  [${manner}]`;
  return [`${hex(bytes)}  ${tell(bytes).en}${delayText(afterMs, pieces)}${how}`];
}

/** Of a street that heard the question again; pieces of one reply, and what came for one other reason, are one answer. */
export function answersNow(came: readonly Came[]): string[] {
  const groups: Came[][] = [];
  const whose = ({ said: { of, because } }: Came): unknown => of?.[0] ?? because;
  for (const one of came) {
    const last = groups.at(-1);
    if (last !== undefined && whose(last[0]!) === whose(one)) last.push(one);
    else groups.push([one]);
  }
  return groups.flatMap((group) => {
    const { said, afterMs } = group.at(-1)!;
    const pieces = said.of === undefined ? 1 : group.length;
    return textOf({ bytes: joined(...group.map(({ bytes }) => bytes)), afterMs, pieces, manner: said.manner?.kind });
  });
}

/** Of a recording. */
export function answersThen(line: FrameLine | SentLine, of: (line: { readonly n: number }) => Belonging): string[] {
  const requests = isSent(line) ? of(line).requests : [line];
  return [
    ...beside(line, of(line).came),
    ...requests.flatMap((one) => [...(one === line ? [] : beside(one, of(one).came)), ...replies(of(one))]),
  ];
}

/** What no meter said for itself: an echo, a stranger, a short. */
function beside(line: FrameLine | SentLine, came: readonly NoiseLine[]): string[] {
  const others = came.filter(({ meter }) => meter === undefined);
  const kinds = [...new Set(others.map(({ fault }) => fault))];
  return kinds.flatMap((kind) => {
    const ofKind = others.filter(({ fault }) => fault === kind);
    const afterMs = momentOf(ofKind.at(-1)!) - momentOf(line);
    return textOf({ bytes: joined(...ofKind.map((one) => fromHex(one.hex))), afterMs, pieces: 1, manner: undefined });
  });
}

const momentOf = ({ at, wall }: FrameLine | NoiseLine): number => Date.parse(wall ?? at);

function replies({ answers, came }: Belonging): string[] {
  return answers.flatMap(({ hex: said, meter, afterMs, sizes = [said.length / 2], fault }) => {
    if (afterMs?.length === 0) return [];
    let from = 0;
    const pieces = sizes.map((size, i) => {
      const instead = came.find((one) => one.meter === meter && (one.piece ?? 1) === i + 1);
      const piece = said.slice(from, (from += 2 * size));
      return fromHex(instead?.hex ?? piece);
    });
    const manner = fault !== undefined && isFaultKind(fault) && rowOf(fault).on === "endpoint" ? fault : undefined;
    return textOf({ bytes: joined(...pieces), afterMs: afterMs?.at(-1) ?? 0, pieces: sizes.length, manner });
  });
}
