/**
 * Is this set of registers believed? Pure: what is known of the meter and what it says now in, a count or a named doubt out.
 *
 *     whose? ─► when? ─► do the rates add up? ─► where does the count go on? ─► can it turn so fast? ─► is it usual?
 *
 * A set is judged by the newest believed one, never by one that was doubted: three that agree with each other may be three of the same
 * mistake, and a person says so (entries.ts). One rule believes by itself what was a jump before: use is measured by whole days since
 * the day of the newest believed register, so what was too much for one day may be usual for four. A meter that really was used
 * comes into line by itself within days, and one that leapt by a thousand kWh does not.
 *
 * A set that is older than the newest believed one (a midnight fetched later, an answer that came late) has to fit between its neighbours,
 * and is judged by nothing else: what lies between two believed registers cannot be a jump. A midnight is the meter's own, whose clock may
 * be minutes off: what was read around it does not contradict it by what may flow in that time.
 */
import { dayOf, later, minutes, type Instant } from "../kernel/clock.ts";
import type { Reading } from "../kernel/reading.ts";
import { countedOf, type Believed, type DayRow, type Point, type Registers } from "./believed.ts";
import { mayBeVouched, type Doubt } from "./doubts.ts";
import { mostIn, type GateSettings, type MeterLimits } from "./limits.ts";
import { dayNumber, typicalOf, usesOf } from "./typical.ts";

export interface Asked {
  readonly registers: Registers;
  readonly takenAt: Instant;
  readonly source: Reading["source"];
  readonly now: Instant;
  readonly identity: "unread" | "confirmed" | "quarantined";
  readonly disconnected: boolean;
  /** A person looked at the meter, and says that it is so. */
  readonly vouched: boolean;
}

export interface History {
  readonly newest: Believed | null;
  /** Of a set that is older than the newest: what was believed before and after it. */
  readonly around: { readonly before: Point | null; readonly after: Point | null };
  /** Days of this meter, oldest first; may be left empty where `mayBeMuch` says no. */
  readonly days: readonly DayRow[];
  /** What its kind typically uses in a day; null: not known, or not asked. */
  readonly peersTypical: bigint | null;
}

export interface Measure {
  readonly settings: GateSettings;
  readonly limits: MeterLimits;
  readonly timeZone: string;
}

export type Verdict =
  | {
      readonly believed: true;
      readonly counted: bigint;
      readonly shift: bigint;
      readonly rates: readonly bigint[] | null;
      readonly midnightOf: string | null;
      /** What is believed from now on; null: the set is older than what is. */
      readonly next: Believed | null;
      /** Of an older set: what is believed with its rates, where they are the newest all the same. */
      readonly beside: Believed | null;
      /** So much would have been doubted, had no person said so. */
      readonly isByWord: boolean;
      /** Of a midnight: by so much it lies outside its neighbours, which is forgiven because clocks differ. */
      readonly strain: bigint;
    }
  | { readonly believed: false; readonly doubt: Doubt };

/** Gateways' clocks are set; what is later than this is not from now. */
const CLOCK_SLACK_MS = minutes(1);
/** A newest set that claims to be so much later than now was taken before the clock was set back. */
const SET_BACK_MS = minutes(60);
/** By so much a meter's own midnight may lie beside the gateway's; what is further off is told of its clock (collection/README.md). */
const FREEZE_CLOCK_MS = minutes(60);
/** In the last tenth of its way a register may be about to begin anew. */
const NEAR_THE_END = 10n;

export function judge(asked: Asked, history: History, measure: Measure): Verdict {
  const { registers, takenAt, now, vouched } = asked;
  const { settings, timeZone } = measure;
  const doubted = (doubt: Doubt): Verdict => ({ believed: false, doubt });
  const may = (doubt: Doubt): boolean => vouched && mayBeVouched(doubt);
  if (asked.identity === "quarantined") return doubted("wrong-identity");
  if (takenAt > now + CLOCK_SLACK_MS) return doubted("from-the-future");
  const isFreeze = asked.source === "freeze";
  // what a person says of a midnight, to the moment, stands for it
  const midnightOf = isFreeze || vouched ? midnightDay(takenAt, isFreeze ? settings.midnightWithinMs : 1, timeZone) : null;
  if (isFreeze && midnightOf === null) return doubted("clock-wrong");
  if (!ratesAddUp(registers, measure) && !may("rates-do-not-add-up")) return doubted("rates-do-not-add-up");
  const { newest } = history;
  if (newest !== null && isOlder(asked, newest)) return between(asked, history, measure, midnightOf);

  const shift = newest === null ? 0n : follow(newest, registers.total, measure.limits);
  if (shift === null) return doubted("backwards");
  const counted = registers.total + shift;
  const ratesNow = countRates(newest, registers.rates, measure.limits);
  if (ratesNow === "backwards") return doubted("backwards");
  let isByWord = false;
  if (newest !== null) {
    const rolledOver = shift !== newest.shift;
    const used = counted - countedOf(newest);
    if (used > mostIn(takenAt - newest.takenAt, measure.limits)) {
      const doubt = rolledOver ? "rolled-over" : "faster-than-the-meter-can-turn";
      if (!may(doubt)) return doubted(doubt);
      isByWord = true;
    }
    const unusual = whyUnusual(counted, takenAt, history, measure);
    if (unusual !== null) {
      const doubt = rolledOver ? "rolled-over" : unusual;
      if (!may(doubt)) return doubted(doubt);
      isByWord = true;
    }
  }
  return {
    ...{ believed: true, counted, shift, rates: ratesNow?.counted ?? null, midnightOf, beside: null, isByWord, strain: 0n },
    next: {
      ...{ takenAt, register: registers.total, shift },
      rates: ratesNow?.registers ?? newest?.rates ?? null,
      rateShifts: ratesNow?.shifts ?? newest?.rateShifts ?? [],
      ratesAt: ratesNow === null ? (newest?.ratesAt ?? null) : takenAt,
      exported: newest?.exported ?? null,
      vouched: vouched ? { counted, at: takenAt } : (newest?.vouched ?? null),
      advancedAt: newest !== null && counted === countedOf(newest) ? newest.advancedAt : takenAt,
      cut: asked.disconnected ? (newest?.cut ?? { counted, since: takenAt }) : null,
    },
  };
}

/** The reverse register goes the same way, by itself: one that is broken must not stop the forward bill. */
export function judgeExported(
  newest: Believed["exported"],
  register: bigint,
  takenAt: Instant,
  limits: MeterLimits,
  vouched: boolean,
):
  | { readonly believed: true; readonly counted: bigint; readonly shift: bigint }
  | { readonly believed: false; readonly doubt: Doubt } {
  if (newest === null) return { believed: true, counted: register, shift: 0n };
  const shift = takenAt < newest.takenAt && register <= newest.register ? newest.shift : follow(newest, register, limits);
  if (shift === null) return { believed: false, doubt: "backwards" };
  const used = register + shift - (newest.register + newest.shift);
  if (!vouched && (used < 0n ? -used : used) > mostIn(takenAt - newest.takenAt, limits))
    return { believed: false, doubt: shift === newest.shift ? "faster-than-the-meter-can-turn" : "rolled-over" };
  return { believed: true, counted: register + shift, shift };
}

/** Whether days and peers have to be known: below the floor of one day nothing is a jump. Cheap, for whoever fetches them. */
export function mayBeMuch(
  registers: Registers,
  newest: Believed | null,
  { settings, limits }: Measure,
  firstOfDay: bigint | null,
): boolean {
  if (newest === null) return false;
  const shift = follow(newest, registers.total, limits);
  const from = newest.vouched !== null && newest.vouched.counted > (firstOfDay ?? 0n) ? newest.vouched.counted : firstOfDay;
  return shift !== null && registers.total + shift - (from ?? countedOf(newest)) > settings.jumpFloor;
}

/**
 * A register that stands higher than the newest was read after it, whatever the clocks say: gateways on the same books differ by seconds, and
 * clocks are set back. Only a freeze carries a moment of its own.
 */
export function isOlder(
  { takenAt, now, source, registers }: Omit<Asked, "identity" | "disconnected" | "vouched">,
  newest: Believed,
): boolean {
  if (source === "freeze" && registers.total < newest.register && takenAt - newest.takenAt <= FREEZE_CLOCK_MS) return true;
  if (takenAt >= newest.takenAt || newest.takenAt > now + SET_BACK_MS) return false;
  return source === "freeze" || newest.takenAt - takenAt > SET_BACK_MS || registers.total <= newest.register;
}

/** The shift under which this register goes on from the newest; null: it goes back. */
function follow(
  { register: before, shift }: { readonly register: bigint; readonly shift: bigint },
  register: bigint,
  { registerEnd }: MeterLimits,
): bigint | null {
  if (register >= before) return shift;
  const wasNearTheEnd = before >= registerEnd - registerEnd / NEAR_THE_END;
  const isNearTheStart = register < registerEnd / NEAR_THE_END;
  return wasNearTheEnd && isNearTheStart ? shift + registerEnd : null;
}

function whyUnusual(counted: bigint, takenAt: Instant, { newest, days, peersTypical }: History, measure: Measure): Doubt | null {
  const { settings, timeZone } = measure;
  const today = dayOf(takenAt, timeZone);
  const anchorDay = dayOf(newest!.takenAt, timeZone);
  const first = days.find(({ day }) => day === anchorDay)?.first.counted ?? countedOf(newest!);
  const vouched = newest!.vouched?.counted ?? first;
  const anchor = vouched > first ? vouched : first;
  const span = BigInt(Math.max(1, dayNumber(today) - dayNumber(anchorDay) + 1));
  const used = counted - anchor;
  if (used <= settings.jumpFloor * span) return null;
  const typical = typicalOf(usesOf(days), today);
  if (typical !== null) return used > settings.jumpTimes * typical * span ? "jump" : null;
  return peersTypical !== null && used > settings.peersTimes * peersTypical * span ? "out-of-line-with-peers" : null;
}

function between(asked: Asked, history: History, { limits }: Measure, midnightOf: string | null): Verdict {
  const { registers, takenAt, vouched } = asked;
  const { around, newest } = history;
  const candidates = [around.before, around.after, newest].flatMap((known) => (known === null ? [] : [known.shift]));
  const fits = (shift: bigint): boolean => {
    const counted = registers.total + shift;
    const { before, after } = around;
    const isNear = (at: Instant): boolean => asked.source === "freeze" && Math.abs(at - takenAt) <= FREEZE_CLOCK_MS;
    const slack = (at: Instant): bigint => (isNear(at) ? mostIn(FREEZE_CLOCK_MS, limits) : 0n);
    if (before !== null && counted + slack(before.at) < before.counted) return false;
    if (after !== null && counted > after.counted + slack(after.at)) return false;
    if (vouched) return true;
    if (before !== null && counted - before.counted > mostIn(takenAt - before.at, limits) + slack(before.at)) return false;
    return after === null || after.counted - counted <= mostIn(after.at - takenAt, limits) + slack(after.at);
  };
  const shift = candidates.find(fits);
  if (shift === undefined) return { believed: false, doubt: "backwards" };
  const counted = registers.total + shift;
  const over = (from: bigint, to: bigint): bigint => (from > to ? from - to : 0n);
  const below = around.before === null ? 0n : over(around.before.counted, counted);
  const strain = below + (around.after === null ? 0n : over(counted, around.after.counted));
  const found = { believed: true, counted, shift, midnightOf, next: null, isByWord: false, strain } as const;
  const known = newest!;
  if (known.ratesAt !== null && takenAt < known.ratesAt) {
    const rates = shift === known.shift ? ratesEarlier(known, registers.rates, limits) : null;
    return { ...found, rates, beside: null };
  }
  const ratesNow = countRates(known, registers.rates, limits);
  if (ratesNow === "backwards") return { believed: false, doubt: "backwards" };
  if (ratesNow === null) return { ...found, rates: null, beside: null };
  const beside = { ...known, rates: ratesNow.registers, rateShifts: ratesNow.shifts, ratesAt: takenAt };
  return { ...found, rates: ratesNow.counted, beside };
}

/** A rate that stands higher than it does now has begun anew since. */
const ratesEarlier = (
  newest: Believed,
  rates: readonly bigint[] | null,
  { registerEnd }: MeterLimits,
): readonly bigint[] | null =>
  rates === null || newest.rates === null
    ? null
    : rates.map((rate, i) => {
        const [known = 0n, shift = 0n] = [newest.rates![i], newest.rateShifts[i]];
        return rate <= known ? rate + shift : rate + shift - registerEnd;
      });

interface CountedRates {
  readonly registers: readonly bigint[];
  readonly shifts: readonly bigint[];
  readonly counted: readonly bigint[];
}

function countRates(
  newest: Believed | null,
  rates: readonly bigint[] | null,
  limits: MeterLimits,
): CountedRates | null | "backwards" {
  if (rates === null) return null;
  const known = newest?.rates ?? null;
  const shifts = rates.map((rate, i) => {
    const shift = newest?.rateShifts[i] ?? 0n;
    // begun anew by a person: each goes on from where it was counted to
    if (known === null) return newest?.rateShifts[i] === undefined ? 0n : shift - rate;
    return follow({ register: known[i] ?? 0n, shift }, rate, limits);
  });
  if (shifts.includes(null)) return "backwards";
  const sure = shifts as readonly bigint[];
  return { registers: rates, shifts: sure, counted: rates.map((rate, i) => rate + sure[i]!) };
}

/** Total and rates begin anew each at its own time, so they are compared along the register's ring. */
export function ratesAddUp(
  { total, rates }: Pick<Registers, "total" | "rates">,
  { settings, limits: { registerEnd } }: Pick<Measure, "limits"> & { readonly settings: Pick<GateSettings, "ratesApart"> },
): boolean {
  if (rates === null) return true;
  const apart = (((rates.reduce((sum, rate) => sum + rate, 0n) - total) % registerEnd) + registerEnd) % registerEnd;
  return apart <= settings.ratesApart || registerEnd - apart <= settings.ratesApart;
}

/** The day that begins with this moment, "2026-11-22"; null: it is too far from any midnight of the site. */
export function midnightDay(at: Instant, withinMs: number, timeZone: string): string | null {
  const within = Math.max(1, withinMs);
  const here = dayOf(at, timeZone);
  if (dayOf(later(at, -within), timeZone) !== here) return here; // midnight was a moment ago
  const soon = dayOf(later(at, within), timeZone);
  return soon === here ? null : soon;
}
