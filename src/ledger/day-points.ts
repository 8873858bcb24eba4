/**
 * What was seen of a meter's registers on each day, and with which registers each day therefore began. Pure.
 *
 *     day         1            2            3            4            5
 *     seen        f    l       M            ·            M      l     f
 *     begins by   begin        midnight     spread       midnight     reading
 *
 * - **M**, the registers that the meter kept at its own midnight: the day begins with them, whatever readings say around it.
 * - Without M, a day begins with the last reading of the day before: what was used between that reading and midnight is the new day's.
 * - Without either, what was used between the nearest readings or midnights around it is spread evenly over the days in between,
 *   rounded down, the rest going to the later days. A day on which a reading stands counts as one whole day.
 *
 * Total, rates and reverse energy are tracks of their own, because not every reading brings all of them. Between two moments at which
 * rates were read, each day gets of every rate what it has of the total, so that a day's rates add up to its total. What nothing after
 * a day tells is null, and never guessed.
 *
 * What a person estimated stands beside all this, in the place of a day's last reading. It is no reading: the first register of its
 * day or a later one that is believed takes its place, higher or lower, and nothing of it is left.
 */
export const tracks = ["total", "rates", "exported"] as const;
export type Track = (typeof tracks)[number];
/** One register; of the track of rates the total of that moment, and after it one for each rate. 0.01 kWh. */
export type Values = readonly bigint[];

/** Of one track on one day. */
export interface Seen {
  readonly midnight?: Values;
  readonly first?: Values;
  readonly last?: Values;
}
/** A track that no reading of the day brought is left out. */
export type DaySeen = Readonly<Partial<Record<Track, Seen>>> & {
  /** The total up to which a person estimated this day; left out: nobody did, or it was read since. */
  readonly estimate?: bigint;
};

/** How it is known with which registers a day began. `begin`: the bill itself began then. */
export type BegunBy = "begin" | "midnight" | "reading" | "spread";
export interface Beginning {
  readonly values: Values;
  readonly by: BegunBy;
}

/** Registers of one moment. */
export interface Registers {
  readonly register: bigint;
  readonly rates?: Values;
  readonly exported?: bigint;
}

export const valuesOf = ({ register, rates, exported }: Registers): Readonly<Partial<Record<Track, Values>>> => ({
  total: [register],
  ...(rates === undefined ? {} : { rates: [register, ...rates] }),
  ...(exported === undefined ? {} : { exported: [exported] }),
});

/** What was seen of the day, and this as well. */
export function withPoint(seen: DaySeen, registers: Registers, isMidnight: boolean): DaySeen {
  const brought = valuesOf(registers);
  const next: { -readonly [key in keyof DaySeen]: DaySeen[key] } = { ...seen };
  for (const track of tracks) {
    const values = brought[track];
    if (values === undefined) continue;
    next[track] = isMidnight
      ? { midnight: values, ...after(values, seen[track]) }
      : { ...seen[track], first: seen[track]?.first ?? values, last: values };
  }
  return next;
}

/** A meter whose clock is slow keeps its midnight late: what was read before it belongs to the day before. */
function after(midnight: Values, seen: Seen | undefined): Seen {
  const isLater = (values: Values): boolean => values.every((value, index) => value >= (midnight[index] ?? 0n));
  return {
    ...(seen?.first !== undefined && isLater(seen.first) ? { first: seen.first } : {}),
    ...(seen?.last !== undefined && isLater(seen.last) ? { last: seen.last } : {}),
  };
}

/** The total of a day as it is measured by: an estimate is as good as a reading, while there is no better. */
export function totalOf({ total, estimate }: DaySeen): Seen | undefined {
  return estimate === undefined ? total : { ...total, first: total?.first ?? [estimate], last: [estimate] };
}

export function withoutEstimate(seen: DaySeen): DaySeen {
  const { estimate, ...read } = seen;
  return estimate === undefined ? seen : read;
}

export interface Around {
  /** With what the first day is known to begin. */
  readonly first: Beginning | null;
  /** With what the day after the last one begins, where that is known from elsewhere. */
  readonly next: Values | null;
  /** Where rates follow the total: with which total each of the days begins. */
  readonly along?: readonly bigint[];
}

/** Of days that follow each other: how each began; null: nobody can tell. */
export function beginnings(days: readonly (Seen | undefined)[], { first, next, along }: Around): readonly (Beginning | null)[] {
  return days.map((seen, index): Beginning | null => {
    const midnight = seen?.midnight;
    if (index === 0) return first ?? (midnight === undefined ? null : { values: midnight, by: "midnight" });
    if (midnight !== undefined) return { values: midnight, by: "midnight" };
    const before = nearestBefore(days, index, first);
    if (before === null) return null;
    const isReading = before.at === index;
    const after = nearestFrom(days, index, next);
    if (isReading && (along === undefined || after === null)) return { values: before.values, by: "reading" };
    if (after?.values.length !== before.values.length) return null;
    const total = along?.[index];
    const { part, whole } =
      total === undefined
        ? { part: BigInt(index - before.at), whole: BigInt(after.at - before.at) }
        : shareOf(total, before.values[0]!, after.values[0]!);
    const values = before.values.map((from, register) => between(from, after.values[register]!, part, whole));
    return { values, by: isReading ? "reading" : "spread" };
  });
}

/** How far the total had come from the one to the other. */
function shareOf(total: bigint, from: bigint, to: bigint): { readonly part: bigint; readonly whole: bigint } {
  if (to <= from) return { part: 0n, whole: 1n };
  const part = total - from;
  return { part: part < 0n ? 0n : part > to - from ? to - from : part, whole: to - from };
}

interface Anchor {
  readonly values: Values;
  /** The day that begins there: a day's last reading stands at its end. */
  readonly at: number;
}

function nearestBefore(days: readonly (Seen | undefined)[], index: number, first: Beginning | null): Anchor | null {
  for (let at = index - 1; at >= 0; at -= 1) {
    const { last, midnight } = days[at] ?? {};
    if (last !== undefined) return { values: last, at: at + 1 };
    if (midnight !== undefined) return { values: midnight, at };
  }
  return first === null ? null : { values: first.values, at: 0 };
}

function nearestFrom(days: readonly (Seen | undefined)[], index: number, next: Values | null): Anchor | null {
  for (let at = index; at < days.length; at += 1) {
    const { first, midnight } = days[at] ?? {};
    if (midnight !== undefined) return { values: midnight, at };
    if (first !== undefined) return { values: first, at: at + 1 };
  }
  return next === null ? null : { values: next, at: days.length };
}

/** Where clocks differ the later one may be less: then all of it was used before. */
const between = (from: bigint, to: bigint, part: bigint, whole: bigint): bigint =>
  to < from ? to : from + ((to - from) * part) / whole;

/** From where to where a day counts, as far as its track tells; `next` is the beginning of the day after, null while there is none. */
export function boundsOf(
  seen: Seen | undefined,
  begins: Values | null,
  next: Values | null,
): { readonly from: Values; readonly to: Values } | null {
  const from = begins ?? seen?.midnight ?? seen?.first;
  if (from === undefined) return null;
  const to = next ?? seen?.last ?? seen?.midnight ?? from;
  return to.length === from.length ? { from, to } : null;
}
