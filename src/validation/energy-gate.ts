/**
 * The gate between meters and bills, with its memory: fetches what is known of the meter, asks the pure rules (gate.ts), writes down what
 * is believed now or what is doubted, and says what may be billed. Joins the intake's transaction; the meter's row is its lock.
 */
import { dayOf, later, type Clock, type Instant } from "../kernel/clock.ts";
import type { MeterAddress } from "../kernel/ids.ts";
import type { EnergyUse, Reading } from "../kernel/reading.ts";
import type { Transaction } from "../kernel/transaction.ts";
import type { MeterStore } from "../commands/command-store.ts";
import { TOTAL, type EnergySet } from "../devices/energy-set.ts";
import type { Backing, EnergyGate, Judgement } from "../devices/reading-intake.ts";
import { countedOf, type Believed, type Registers } from "./believed.ts";
import type { Doubt, Wait } from "./doubts.ts";
import { isOlder, judge, judgeExported, mayBeMuch, type Asked, type History, type Measure } from "./gate.ts";
import { agree, APART_MS, isLeap, mayBeLeap, type SeenOnce, type Usual } from "./leaps.ts";
import type { GateSettings, MeterLimits } from "./limits.ts";
import { registerIn } from "./register-text.ts";
import { DAYS_MIN, dayBefore } from "./typical.ts";
import type { DoubtRow, ValidationStore } from "./validation-store.ts";

/** Four of each weekday. */
const DAYS_LOOKED_AT = 29;

export interface GateParts {
  readonly store: ValidationStore;
  readonly meters: Pick<MeterStore, "meter">;
  readonly clock: Clock;
  readonly timeZone: string;
  readonly settings: GateSettings;
  readonly limitsOf: (meter: MeterAddress) => MeterLimits;
}

/** With the reading itself, and when it was looked at: a midnight is taken before that. */
type SeenOnceOf = SeenOnce & { readonly reading: Reading; readonly lookedAt: Instant };

/** Far enough from each other that what broke the one cannot have broken the other. Whoever stood in front of the meter has heard no broken frame. */
const areApart = (one: SeenOnceOf, other: SeenOnceOf): boolean =>
  other.lookedAt - one.lookedAt >= APART_MS || one.reading.source === "person" || other.reading.source === "person";

/** Reads and judges one set. */
export class RegisterGate implements EnergyGate {
  readonly #parts: GateParts;
  /** What was put aside last, by meter, with the reading itself: a transaction that is run again is no second look. */
  readonly #once = new Map<MeterAddress, SeenOnceOf>();

  /** What was put aside when the newest reading was looked at: looked at again by a transaction that is run again, it finds the same. */
  readonly #before = new Map<MeterAddress, { readonly reading: Reading; readonly once: SeenOnceOf | undefined }>();

  /** Likewise, of midnights that lie far outside of what was read around them: polls in between say nothing of those. */
  readonly #midnights = new Map<MeterAddress, SeenOnceOf>();

  constructor(parts: GateParts) {
    this.#parts = parts;
  }

  /**
   * Its newest registers were put aside and wait to be borne out: from when on another look can do so. An earlier one can only show them
   * false. Null: none wait. Where the clock was set back since, it is now: nobody waits until the clock comes there again, and the minute is
   * counted from that look.
   */
  borneOutFrom(meter: MeterAddress): Instant | null {
    const once = this.#once.get(meter);
    if (once === undefined) return null;
    const now = this.#parts.clock.now();
    return now < once.lookedAt ? now : later(once.lookedAt, APART_MS);
  }

  async judge(tx: Transaction, set: EnergySet, { vouched, offTheMeter }: Backing): Promise<Judgement> {
    const { store, meters, clock } = this.#parts;
    const { meter, takenAt, source } = set;
    const book = await meters.meter(tx, meter); // locks it: two sets of one meter do not look past each other
    const newest = await store.believed(tx, meter);
    const once = this.#onceBefore(meter, set.total);
    if (set.total !== null) this.#once.delete(meter);
    const fallen = firstUnreadable(set);
    if (fallen !== null) return this.#doubted(tx, set, fallen.reading, fallen.doubt);
    const at = { takenAt, source, now: clock.now(), vouched };
    const isKnownToAPerson = offTheMeter === true && book?.beingReplaced === true;
    const identity = isKnownToAPerson ? "confirmed" : (book?.identity ?? "unread");
    const who = { identity, disconnected: book?.relay === "disconnected" } as const;
    if (set.total === null) return this.#exportedAlone(tx, set, newest, { ...at, ...who });
    const registers = registersOf(set, set.total);
    const asked: Asked = { ...at, ...who, registers };
    const measure = this.#measure(meter);
    const verdict = judge(asked, await this.#history(tx, asked, meter, newest, measure), measure);
    if (!verdict.believed) return this.#doubted(tx, set, set.total, verdict.doubt);
    if (verdict.next === null && once !== undefined) this.#once.set(meter, once); // what is older says nothing of now
    const seen = { counted: verdict.counted, takenAt, reading: set.total, lookedAt: at.now };
    const usual = verdict.next === null || newest === null ? null : await this.#usualIfLeap(tx, seen, { meter, newest, measure });
    const isSame = once !== undefined && usual !== null && agree(once, seen, usual, measure);
    const isBorneOut = isSame && once.reading !== seen.reading && areApart(once, seen);
    if (usual !== null && !vouched && !isBorneOut)
      return this.#putAside(tx, set, seen, isSame && once.lookedAt <= seen.lookedAt ? once : seen);
    if (!vouched && verdict.strain > measure.settings.leapFree && !this.#isSameMidnight(meter, seen)) {
      this.#midnights.set(meter, seen);
      return this.#doubted(tx, set, set.total, "seen-once", { isKnown: true });
    }
    const isByWord = vouched && (verdict.isByWord || usual !== null);

    const exported = this.#exported(set, newest, measure.limits, vouched);
    const { next, beside } = verdict;
    if (next !== null) {
      await store.saveBelieved(tx, meter, withExported(next, exported, takenAt, registers.exported));
      if (isByWord) await store.noteDoubt(tx, onlyVouched(meter, registers.total, takenAt));
    } else {
      const known = beside ?? newest!; // an older total, with rates or a reverse register that may be the newest of their kind
      const aside = withExported(known, exported, takenAt, registers.exported);
      if (aside !== newest) await store.saveExported(tx, meter, aside);
    }
    const day = verdict.midnightOf ?? dayOf(takenAt, this.#parts.timeZone);
    await store.noteDay(tx, meter, day, { at: takenAt, counted: verdict.counted, shift: verdict.shift });
    const use: EnergyUse = {
      ...{ meter, takenAt, register: verdict.counted },
      ...(verdict.rates === null ? {} : { rates: verdict.rates }),
      ...(exported === null || !exported.believed ? {} : { exported: exported.counted }),
      ...(verdict.midnightOf === null ? {} : { midnightOf: verdict.midnightOf }),
    };
    const isOlder = verdict.next === null;
    if (exported === null || exported.believed) return { doubted: new Map(), suspect: null, use, isOlder };
    return { doubted: new Map([[set.exported!, exported.doubt]]), suspect: set.exported, use, isOlder };
  }

  #onceBefore(meter: MeterAddress, reading: Reading | null): SeenOnceOf | undefined {
    const before = this.#before.get(meter);
    const isAgain = before !== undefined && before.reading === reading;
    const once = isAgain ? before.once : this.#once.get(meter);
    if (reading !== null) this.#before.set(meter, { reading, once });
    return once;
  }

  #isSameMidnight(meter: MeterAddress, seen: SeenOnceOf): boolean {
    const once = this.#midnights.get(meter);
    if (once === undefined || once.reading === seen.reading) return false;
    return once.takenAt === seen.takenAt && once.counted === seen.counted && areApart(once, seen);
  }

  /** What is usual here, where this is a leap; null: it is none. */
  async #usualIfLeap(
    tx: Transaction,
    seen: SeenOnce,
    { meter, newest, measure }: { readonly meter: MeterAddress; readonly newest: Believed; readonly measure: Measure },
  ): Promise<Usual | null> {
    if (!mayBeLeap(seen.counted - countedOf(newest), seen.takenAt - newest.takenAt, measure)) return null;
    const { store, timeZone } = this.#parts;
    const since = dayBefore(dayOf(newest.takenAt, timeZone), DAYS_LOOKED_AT);
    const days = await store.days(tx, meter, since);
    const peersTypical = days.length > 1 ? null : await store.peersTypical(tx, meter, since);
    const usual = { days, peersTypical };
    return isLeap(seen, newest, usual, measure) ? usual : null;
  }

  /** No person is asked, since the meter will be; and what stands in doubt already stands on. `waits`: by what a later look is measured. */
  async #putAside(tx: Transaction, set: EnergySet, seen: SeenOnceOf, waits: SeenOnceOf): Promise<Judgement> {
    const { store } = this.#parts;
    this.#once.set(set.meter, waits);
    const stands = await store.doubt(tx, set.meter);
    return this.#doubted(tx, set, seen.reading, "seen-once", { isKnown: stands?.open === true });
  }

  #measure(meter: MeterAddress): Measure {
    const { settings, timeZone, limitsOf } = this.#parts;
    return { settings, timeZone, limits: limitsOf(meter) };
  }

  async #history(
    tx: Transaction,
    asked: Asked,
    meter: MeterAddress,
    newest: Believed | null,
    measure: Measure,
  ): Promise<History> {
    const { store, timeZone } = this.#parts;
    const { registers, takenAt } = asked;
    const nowhere = { before: null, after: null };
    const today = dayOf(takenAt, timeZone);
    if (newest !== null && isOlder(asked, newest))
      return { newest, around: await store.around(tx, meter, takenAt, today), days: [], peersTypical: null };
    if (newest === null) return { newest, around: nowhere, days: [], peersTypical: null };
    const anchorDay = dayOf(newest.takenAt, timeZone);
    const [anchor] = await store.days(tx, meter, anchorDay);
    const firstOfDay = anchor?.day === anchorDay ? anchor.first.counted : null;
    if (!mayBeMuch(registers, newest, measure, firstOfDay)) return { newest, around: nowhere, days: [], peersTypical: null };
    const days = await store.days(tx, meter, dayBefore(anchorDay, DAYS_LOOKED_AT));
    const peersTypical = days.length > DAYS_MIN ? null : await store.peersTypical(tx, meter, dayBefore(today, DAYS_LOOKED_AT));
    return { newest, around: nowhere, days, peersTypical };
  }

  #exported({ exported, takenAt }: EnergySet, newest: Believed | null, limits: MeterLimits, vouched: boolean) {
    if (exported === null) return null;
    const register = registerIn(exported.value!);
    if (typeof register !== "bigint") return { believed: false, doubt: register } as const;
    return judgeExported(newest?.exported ?? null, register, takenAt, limits, vouched);
  }

  /** The reverse register by itself: judged and kept; it is billed with the next set that has a forward one. */
  async #exportedAlone(
    tx: Transaction,
    set: EnergySet,
    newest: Believed | null,
    asked: Pick<Asked, "identity" | "vouched" | "now">,
  ): Promise<Judgement> {
    const reading = set.exported;
    if (reading === null) return { doubted: new Map(), suspect: null, use: null }; // rates without a total say nothing
    const exported = this.#exported(set, newest, this.#measure(set.meter).limits, asked.vouched)!;
    const doubt = asked.identity === "quarantined" ? "wrong-identity" : exported.believed ? null : exported.doubt;
    if (doubt !== null) return { doubted: new Map([[reading, doubt]]), suspect: reading, use: null };
    if (newest !== null)
      await this.#parts.store.saveExported(tx, set.meter, withExported(newest, exported, set.takenAt, registerOf(reading)));
    return { doubted: new Map(), suspect: null, use: null };
  }

  async #doubted(
    tx: Transaction,
    set: EnergySet,
    suspect: Reading,
    doubt: Doubt | Wait,
    { isKnown } = { isKnown: false },
  ): Promise<Judgement> {
    const { meter, takenAt, source } = set;
    const row = { meter, doubt, takenAt, source, item: suspect.item, register: registerOf(suspect) };
    if (!isKnown) await this.#parts.store.noteDoubt(tx, row);
    const all = [set.total, ...set.rates, set.exported].filter((reading): reading is Reading => reading !== null);
    const doubted = new Map(all.map((reading) => [reading, doubt]));
    if (doubt === "seen-once") return { doubted, suspect: null, once: suspect, use: null };
    return { doubted, suspect, use: null };
  }
}

/** Billed as it was said, and no ground for a cut until the meter says so itself. */
export const onlyVouched = (meter: MeterAddress, register: bigint, takenAt: Instant): Omit<DoubtRow, "open" | "times"> => ({
  ...{ meter, register, takenAt, doubt: "only-vouched" satisfies Wait, item: TOTAL, source: "person" },
});

type ExportedVerdict = ReturnType<typeof judgeExported> | null;

function withExported(
  next: Believed,
  exported: ExportedVerdict,
  takenAt: Believed["takenAt"],
  register: bigint | null,
): Believed {
  if (exported === null || !exported.believed || register === null) return next;
  if (next.exported !== null && takenAt < next.exported.takenAt) return next;
  return { ...next, exported: { register, shift: exported.shift, takenAt } };
}

const registersOf = ({ rates, exported }: EnergySet, total: Reading): Registers => ({
  total: registerIn(total.value!) as bigint,
  rates: rates.length === 0 ? null : rates.map(({ value }) => registerIn(value!) as bigint),
  exported: exported === null ? null : registerOf(exported),
});

/** Null: none can be read from it. */
function registerOf({ value }: Reading): bigint | null {
  const register = registerIn(value!);
  return typeof register === "bigint" ? register : null;
}

/** The first forward reading of the set that is no register at all. The reverse one is doubted by itself. */
function firstUnreadable(set: EnergySet): { readonly reading: Reading; readonly doubt: Doubt } | null {
  for (const reading of [set.total, ...set.rates]) {
    if (reading === null) continue;
    const register = registerIn(reading.value!);
    if (typeof register !== "bigint") return { reading, doubt: register };
  }
  return null;
}
