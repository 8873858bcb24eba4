/**
 * What a meter is like while a lasting fault stands on it: deaf without power, a clock that drifts, the numbers of somebody
 * else, a twin. Nothing here holds a timer; whoever looks at the meter brings it up to date.
 */
import { seededChance } from "../src/kernel/chance.ts";
import type { Instant } from "../src/kernel/clock.ts";
import { later } from "../src/kernel/clock.ts";
import type { StandingFault } from "./faults.ts";
import { setting } from "./faults.ts";
import { VirtualMeter } from "./virtual-meter.ts";

const DAY_MS = 86_400_000;

/** Who lies in the dark for a while, and by which cut: a later one outlasts an earlier one. */
const cuts = new WeakMap<VirtualMeter, object>();

/** Off for so long, by the clock that does not hurry, as the wires are: no session outlives it, and nothing is used meanwhile. */
export function cutPower(meter: VirtualMeter, offMs: number): void {
  const cut = {};
  meter.powerOff();
  cuts.set(meter, cut);
  meter.time.appointUnhurried(later(meter.time.unhurried(), offMs), () => {
    if (cuts.get(meter) === cut) restorePower(meter);
  });
}

export function isDark(meter: VirtualMeter): boolean {
  meter.settle();
  return !meter.isPowered;
}

const drifts = new WeakMap<StandingFault, { readonly since: Instant; applied: number }>();

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

const twins = new WeakMap<StandingFault, VirtualMeter>();

/** A meter of the same make and address, with numbers, a register and a money box of its own. */
export function twinOf(meter: VirtualMeter): { readonly twin: VirtualMeter; readonly delayMs: number } | undefined {
  const fault = meter.faults.has("twin");
  if (fault === undefined) return undefined;
  let twin = twins.get(fault);
  if (twin === undefined) {
    const { plan } = meter;
    const numbers = { meterNumber: nextNumber(meter.meterNumber), customerNumber: nextNumber(meter.customerNumber) };
    twin = new VirtualMeter(
      { ...plan, ...numbers, energyKwh: undefined },
      { time: meter.time, chance: seededChance(`${plan.bus}/${plan.address}/twin`) },
    );
    twins.set(fault, twin);
  }
  return { twin, delayMs: setting(fault, "delayMs") };
}

/** Before and after a fault is set or deleted on a meter: up to here it was as it was. */
export function bringUpToDate(meter: VirtualMeter): void {
  meter.settle();
  drift(meter);
}

/** All faults are deleted: the power that one of them took is back as well. */
export function restorePower(meter: VirtualMeter): void {
  if (cuts.delete(meter)) meter.powerOn();
}
