/**
 * Load records and curves (06): which are wanted stands behind the data identifier.
 *
 *     06 0c 00 00 | N                     the N oldest records, of class c or of all (0)
 *     06 0c 00 01 | N mm hh DD MM YY      N from that moment on
 *     06 0c 00 02 | N                     the N newest, the oldest of them first
 *     06 10 xx yy | N mm hh DD MM YY      N quarter-hour points of one quantity; without power: FF, energies stand still
 *
 * Record: A0 A0, count, time, classes each with AA, checksum, E5. A class that is off or not due then leaves only its AA.
 */
import { Instant } from "../../src/kernel/clock.ts";
import { bcd, bcdDigits, joined, signedBcd } from "../bytes.ts";
import { Kind } from "../energies.ts";
import type { Life } from "../life.ts";
import type { LoadClass, Mark } from "../load-profile.ts";
import { CLASSES } from "../load-profile.ts";
import type { Stretch } from "../load-log.ts";
import { phasesAt } from "../power.ts";
import type { Phase } from "../power.ts";
import { momentOf, wireMinute } from "../wall-time.ts";
import { energyField } from "./energy-items.ts";
import { absent, factorField, powerField, presentDemand } from "./instant-items.ts";

const SEPARATOR = Uint8Array.of(0xaa);
const QUARTER_MS = 900_000;

type Wanted = { readonly count: number; readonly since: Instant | undefined };

/** What stands behind the data identifier; undefined: it makes no sense. Nothing at all is one record. */
function wantedOf(rest: Uint8Array): Wanted | undefined {
  if (rest.length === 0) return { count: 1, since: undefined };
  const count = bcdDigits(rest.slice(0, 1));
  const digits = bcdDigits(rest.slice(1));
  if (count === undefined || Number(count) === 0 || (rest.length !== 1 && rest.length !== 6)) return undefined;
  const since = digits === undefined || digits === "" ? undefined : momentOf(`${digits}00`);
  return rest.length === 6 && since === undefined ? undefined : { count: Number(count), since };
}

/** Values in the order of the answer; "no data", or "nonsense" where the request is. */
export function profileItem(life: Life, di: string, rest: Uint8Array): readonly Uint8Array[] | "no data" | "nonsense" {
  const curve = curves[di];
  const place = /^060([0-6])000([012])$/.exec(di);
  if (curve === undefined && place === null) return "no data";
  const wanted = wantedOf(rest);
  if (wanted === undefined) return "nonsense";
  if (curve !== undefined) return curvePoints(life, curve, wanted) ?? "no data";
  const [, which, how] = place!;
  const classes = which === "0" ? CLASSES : [Number(which) as LoadClass];
  const marks = marksOf(life, classes, how!, wanted);
  return marks.length === 0 ? "no data" : marks.map((mark) => record(life, mark, classes));
}

function marksOf({ profile, log }: Life, classes: readonly LoadClass[], how: string, { count, since }: Wanted): readonly Mark[] {
  if (how === "0") return profile.from(log, classes, count);
  if (how === "2") return profile.latest(log, classes, count);
  return since === undefined ? [] : profile.from(log, classes, count, since);
}

function record(life: Life, mark: Mark, classes: readonly LoadClass[]): Uint8Array {
  const parts = classes.flatMap((each) => [...(mark.classes.includes(each) ? fields[each](life, mark) : []), SEPARATOR]);
  const body = joined(wireMinute(mark.shown), ...parts);
  const whole = joined(Uint8Array.of(0xa0, 0xa0, body.length), body);
  return joined(
    whole,
    Uint8Array.of(
      whole.reduce((sum, byte) => (sum + byte) & 0xff, 0),
      0xe5,
    ),
  );
}

const phasesOf = (life: Life, { stretch, at }: Pick<Mark, "stretch" | "at">): readonly Phase[] =>
  phasesAt(at, life.supply, stretch.loads, stretch.volts);
const three = (phases: readonly Phase[], size: number, field: (phase: Phase) => Uint8Array): Uint8Array[] =>
  [0, 1, 2].map((i) => (phases[i] === undefined ? absent(size) : field(phases[i])));

const volts = ({ decivolts }: Phase): Uint8Array => bcd(decivolts, 2);
const amps = ({ milliamps }: Phase): Uint8Array => signedBcd(BigInt(milliamps), 3);
const energies = (life: Life, at: Instant, numbers: readonly number[]): Uint8Array[] => {
  const steps = life.stepsAt(at);
  return numbers.map((number) => energyField(life, number, (kind) => steps[kind]!)!);
};

const fields: Readonly<Record<LoadClass, (life: Life, mark: Mark) => Uint8Array[]>> = {
  1: (life, mark) => {
    const phases = phasesOf(life, mark);
    return [...three(phases, 2, volts), ...three(phases, 3, amps), bcd(life.supply.frequencyAt(mark.at), 2)];
  },
  2: (life, mark) => {
    const { load } = mark.stretch;
    const phases = phasesOf(life, mark);
    return [
      powerField(load.active),
      ...three(phases, 3, (phase) => powerField(phase.load.active)),
      powerField(load.reactive),
      ...three(phases, 3, (phase) => powerField(phase.load.reactive)),
    ];
  },
  3: (life, mark) => [factorField(mark.stretch.load), ...three(phasesOf(life, mark), 2, ({ load }) => factorField(load))],
  4: (life, mark) => energies(life, mark.at, [1, 2, 3, 4]),
  5: (life, mark) => energies(life, mark.at, [5, 6, 7, 8]),
  6: (life, mark) => {
    const { active, reactive } = presentDemand(life, mark.at);
    return [signedBcd(BigInt(active), 3), signedBcd(BigInt(reactive), 3)];
  },
};

interface Curve {
  readonly size: number;
  /** Undefined: the meter has no such phase. */
  point(life: Life, at: Instant, stretch: Stretch): Uint8Array | undefined;
  /** Energies are there without power as well. */
  readonly standsStill?: true;
}
const ofPhase = (size: number, phase: number, field: (phase: Phase) => Uint8Array): Curve => ({
  size,
  point(life, at, stretch) {
    const found = phasesOf(life, { at, stretch })[phase];
    return found && field(found);
  },
});
const ofEnergy = (kind: Kind): Curve => ({ size: 4, standsStill: true, point: (life, at) => bcd(life.stepsAt(at)[kind]!, 4) });

const curves: Readonly<Record<string, Curve>> = {
  "06100101": ofPhase(2, 0, volts),
  "06100102": ofPhase(2, 1, volts),
  "06100103": ofPhase(2, 2, volts),
  "06100201": ofPhase(3, 0, amps),
  "06100202": ofPhase(3, 1, amps),
  "06100203": ofPhase(3, 2, amps),
  "06100300": { size: 3, point: (_life, _at, { load }) => powerField(load.active) },
  "06100400": { size: 3, point: (_life, _at, { load }) => powerField(load.reactive) },
  "06100500": { size: 2, point: (_life, _at, { load }) => factorField(load) },
  "06100601": ofEnergy(Kind.forward),
  "06100602": ofEnergy(Kind.reverse),
};

function curvePoints(life: Life, curve: Curve, { count, since }: Wanted): Uint8Array[] | undefined {
  const { log } = life;
  const begin = log.stretches[0];
  if (since === undefined || begin === undefined) return undefined;
  const first = Math.ceil(Math.max(since, begin.clock.at(begin.from) + 1) / QUARTER_MS) * QUARTER_MS;
  const points: Uint8Array[] = [];
  let last = absent(curve.size);
  for (let shown = first; points.length < count && shown <= life.shown; shown += QUARTER_MS) {
    const found = log.passing(Instant(shown));
    const isThere = found !== undefined && (found.stretch.powered || curve.standsStill === true);
    const value = isThere ? (curve.point(life, found.at, found.stretch) ?? absent(curve.size)) : undefined;
    last = value ?? (curve.standsStill === true ? last : absent(curve.size));
    points.push(last);
  }
  return points.length === 0 ? undefined : [wireMinute(Instant(first)), ...points];
}
