/**
 * What a meter is like while a lasting fault stands on it: deaf without power, a clock that drifts, the numbers of somebody
 * else, a twin. Nothing here holds a timer; whoever looks at the meter brings it up to date.
 */
import { seededChance } from "../src/kernel/chance.ts";
import type { Instant } from "../src/kernel/clock.ts";
import { later } from "../src/kernel/clock.ts";
import type { StandingFault } from "./faults.ts";
import { setting } from "./faults.ts";
import { ChanceBook } from "./state/counted-chance.ts";
import type { Keeps } from "./state/keeping.ts";
import { VirtualMeter } from "./virtual-meter.ts";

const DAY_MS = 86_400_000;

/** Who lies in the dark for a while, and by which cut: a later one outlasts an earlier one. */
const cuts = new WeakMap<VirtualMeter, { readonly until: Instant }>();

/** Off for so long, by the clock that does not hurry, as the wires are: no session outlives it, and nothing is used meanwhile. */
export function cutPower(meter: VirtualMeter, offMs: number): void {
  meter.powerOff();
  darkUntil(meter, later(meter.time.unhurried(), offMs));
}

function darkUntil(meter: VirtualMeter, until: Instant): void {
  const cut = { until };
  cuts.set(meter, cut);
  meter.time.appointUnhurried(until, () => {
    if (cuts.get(meter) === cut) restorePower(meter);
  });
}

export function isDark(meter: VirtualMeter): boolean {
  meter.settle();
  return !meter.isPowered;
}

interface Drift {
  readonly since: Instant;
  applied: number;
}
const drifts = new WeakMap<StandingFault, Drift>();

/** Adds to the clock's offset what it has gained since somebody looked last. */
export function drift(meter: VirtualMeter): void {
  const fault = meter.faults.has("clock-drift");
  if (fault === undefined) return;
  const now = meter.time.lived();
  const run = drifts.get(fault) ?? { since: now, applied: 0 };
  const gained = Math.trunc(((now - run.since) * setting(fault, "msPerDay")) / DAY_MS);
  meter.clockOffsetMs += gained - run.applied;
  run.applied = gained;
  drifts.set(fault, run);
}

const nextNumber = (digits: string): string => ((BigInt(digits) + 1n) % 1_000_000_000_000n).toString().padStart(12, "0");

/** The numbers are another's while the meter acts; what it was given meanwhile, it keeps. */
export function underItsNumbers<T>(meter: VirtualMeter, act: () => T): T {
  const customer = meter.faults.has("wrong-customer");
  const number = meter.faults.has("wrong-meter-number");
  if (customer === undefined && number === undefined) return act();
  const { customerNumber, meterNumber } = meter;
  const wrong = {
    customerNumber: customer === undefined ? customerNumber : (customer.customerNumber ?? nextNumber(customerNumber)),
    meterNumber: number === undefined ? meterNumber : (number.meterNumber ?? nextNumber(meterNumber)),
  };
  Object.assign(meter, wrong);
  try {
    return act();
  } finally {
    if (meter.customerNumber === wrong.customerNumber) meter.customerNumber = customerNumber;
    if (meter.meterNumber === wrong.meterNumber) meter.meterNumber = meterNumber;
  }
}

interface Twin {
  readonly meter: VirtualMeter;
  readonly chances: ChanceBook;
}
const twins = new WeakMap<StandingFault, Twin>();

/** A meter of the same make and address, with numbers, a register and a money box of its own. */
export function twinOf(meter: VirtualMeter): { readonly twin: VirtualMeter; readonly delayMs: number } | undefined {
  const fault = meter.faults.has("twin");
  if (fault === undefined) return undefined;
  let twin = twins.get(fault);
  if (twin === undefined) twins.set(fault, (twin = newTwin(meter)));
  return { twin: twin.meter, delayMs: setting(fault, "delayMs") };
}

function newTwin(meter: VirtualMeter): Twin {
  const { plan } = meter;
  const numbers = { meterNumber: nextNumber(meter.meterNumber), customerNumber: nextNumber(meter.customerNumber) };
  const chances = new ChanceBook(seededChance(`${plan.bus}/${plan.address}/twin`));
  const around = { time: meter.time, chance: chances.root };
  return { meter: new VirtualMeter({ ...plan, ...numbers, energyKwh: undefined }, around), chances };
}

interface BodyState {
  readonly darkUntil: Instant | undefined;
  /** By the fault that stands. */
  readonly drifts: Readonly<Record<string, Drift>>;
  readonly twins: Readonly<Record<string, { readonly state: object; readonly drawn: Readonly<Record<string, number>> }>>;
}

/** What lasting faults have done to a meter so far; loaded after the faults themselves. */
export const bodyOf = (meter: VirtualMeter, of: (twin: VirtualMeter) => Keeps): Keeps<BodyState> => ({
  keptAs: "body",
  save: () => {
    const state = { darkUntil: cuts.get(meter)?.until, drifts: {} as Record<string, Drift>, twins: {} as BodyState["twins"] };
    for (const fault of meter.faults.standing) {
      const [drifted, twin] = [drifts.get(fault), twins.get(fault)];
      if (drifted !== undefined) state.drifts[fault.id] = { ...drifted };
      if (twin === undefined) continue;
      state.twins = { ...state.twins, [fault.id]: { state: of(twin.meter).save(), drawn: twin.chances.positions } };
    }
    return state;
  },
  load: (state) => {
    cuts.delete(meter);
    if (state.darkUntil !== undefined) darkUntil(meter, state.darkUntil);
    for (const fault of meter.faults.standing) {
      const [drifted, saved] = [state.drifts[fault.id], state.twins[fault.id]];
      if (drifted !== undefined) drifts.set(fault, { ...drifted });
      if (saved === undefined) continue;
      const twin = newTwin(meter);
      of(twin.meter).load(saved.state);
      twin.chances.goTo(saved.drawn);
      twins.set(fault, twin);
    }
  },
});

/** Before and after a fault is set or deleted on a meter: up to here it was as it was. */
export function bringUpToDate(meter: VirtualMeter): void {
  meter.settle();
  drift(meter);
}

/** All faults are deleted: the power that one of them took is back as well. */
export function restorePower(meter: VirtualMeter): void {
  if (cuts.delete(meter)) meter.powerOn();
}
