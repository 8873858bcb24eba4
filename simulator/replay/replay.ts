/**
 * Plays a recording against the street of its first line and compares what is answered with what was answered then.
 *
 * A request that was recorded with dots for its password is not played: nobody knows it any more. It is counted, and so are lines
 * that the recording itself says are missing; neither lets a replay call itself the same.
 */
import { reasonOf } from "../../src/kernel/faults.ts";
import { lineOf } from "../recording/line.ts";
import type { FrameLine, OrderLine } from "../recording/line.ts";
import { isMasked } from "../telling/secrets.ts";
import { Again } from "./again.ts";
import { delayText, isNear } from "./answers.ts";
import { belongings, isOrder, isPlayed, isSent } from "./reading.ts";
import type { Recording, SentLine } from "./reading.ts";

export interface Difference {
  readonly line: FrameLine | SentLine | OrderLine;
  readonly recorded: readonly string[];
  readonly now: readonly string[];
}

export interface Replayed {
  readonly played: number;
  readonly same: number;
  /** Requests whose password is dots. */
  readonly skipped: number;
  /** Lines that the recorder had no time for. */
  readonly missing: number;
  /** Whether the recording tells its street from the beginning. */
  readonly isFromBeginning: boolean;
  readonly differences: readonly Difference[];
}

export async function replay({ header, lines }: Recording): Promise<Replayed> {
  const { street: plan, state, at, wall } = header;
  const again = await Again.raise({ plan, state, at, wall });
  const of = belongings(lines);
  const differences: Difference[] = [];
  let [played, skipped, missing] = [0, 0, 0];
  try {
    for (const line of lines) {
      if (line.what === "gap") missing += line.dropped;
      if (isOrder(line)) {
        const difference = playOrder(again, line);
        if (difference !== undefined) differences.push(difference);
      }
      if (!isPlayed(line)) continue;
      if (isMasked(line.hex)) {
        skipped += 1;
        continue;
      }
      const requests = isSent(line) ? of(line).requests : [line];
      // On its way to the meters it met another: that is not done again.
      if (requests.some(({ outcome }) => outcome === "collision")) continue;
      // On paced wires what was sent is heard when its last byte is there.
      again.moveTo(requests[0] ?? line);
      played += 1;
      const { noted } = again.hear({ ...line, isSent: isSent(line) });
      const told = noted.map((event) => lineOf(event, { unmasked: header.unmasked }) as FrameLine);
      const essence = essenceOf(header.heard === true);
      const [recorded, now] = [requests.flatMap((one) => [one, ...of(one).answers]).map(essence), told.map(essence)];
      if (recorded.length !== now.length || !recorded.every((text, i) => isNear(text, now[i]!)))
        differences.push({ line, recorded, now });
    }
  } finally {
    await again.close();
  }
  const different = differences.filter(({ line }) => line.what !== "order").length;
  return { played, same: played - different, skipped, missing, isFromBeginning: header.from !== "unknown", differences };
}

function playOrder(again: Again, line: OrderLine): Difference | undefined {
  again.moveTo(line);
  try {
    again.carryOut(line.order);
    return undefined;
  } catch (error) {
    return { line, recorded: [line.en], now: [`refused: ${reasonOf(error)}`] };
  }
}

/** What has to be the same; how long it took as well, where the recording tells that. */
const essenceOf =
  (withDelays: boolean) =>
  ({ hex, outcome, fault, en, afterMs, sizes }: FrameLine): string => {
    const delay = withDelays ? delayText(afterMs?.at(-1), sizes?.length) : "";
    return `${en}  [${[outcome, ...(fault === undefined ? [] : [fault])].join(", ")}]  ${hex}${delay}`;
  };

export const isSame = ({ differences, skipped, missing }: Replayed): boolean =>
  differences.length === 0 && skipped === 0 && missing === 0;

/** For people: each difference with what was and what is, and one line at the end. */
export function replayReport(result: Replayed): string {
  const { played, same, skipped, missing, isFromBeginning, differences } = result;
  const shown = differences.flatMap(({ line, recorded, now }) => [
    `≠ ${line.at}  event ${line.n}${line.what === "order" ? "" : `  ${line.bus}`}`,
    ...recorded.map((text) => `    recorded  ${text}`),
    ...(now.length === 0 ? ["    now       nothing"] : now.map((text) => `    now       ${text}`)),
  ]);
  const doubts = [
    ...(skipped === 0 ? [] : [`${skipped} not played: their passwords are dots (record with --unmasked)`]),
    ...(missing === 0 ? [] : [`${missing} lines are missing: the disk was too slow`]),
    ...(isFromBeginning ? [] : ["something before the first line is missing: differences may come from that"]),
  ];
  const last = `${played} requests played, ${same} the same, ${differences.length} differences`;
  return [...shown, [last, ...doubts].join("; ")].join("\n");
}
