/**
 * 08H, the clock told to everybody. Nobody answers it, and meters are careful with it: at most five minutes off, once a day, not
 * within five minutes of midnight or of a settlement, and only real dates.
 *
 * In some regions one meter alone may be told (habit `pointToPointTime`): the same care, and an answer, 88 or C8 ERR 01. A meter
 * without that habit does not hear it.
 */
import type { Instant } from "../../src/kernel/clock.ts";
import { minutes } from "../../src/kernel/clock.ts";
import type { VirtualMeter } from "../virtual-meter.ts";
import { momentFromWire, msIntoDay, wallDigits } from "../wall-time.ts";
import { FunctionCode, no, yes } from "../wire.ts";
import { BROADCAST } from "./address.ts";
import type { Behaviour } from "./behaviour.ts";
import { Err } from "./behaviour.ts";

const DAY_MS = 86_400_000;
const HOUR_MS = 3_600_000;
const CARE_MS = minutes(5);
const SETTLEMENTS = ["04000B01", "04000B02", "04000B03"];

function isNearSettlement(meter: VirtualMeter, at: Instant): boolean {
  const day = wallDigits(at).date.slice(4);
  return SETTLEMENTS.map((di) => meter.parameters.digits(di)).some(
    (digits) => digits.startsWith(day) && Math.abs(msIntoDay(at) - Number(digits.slice(2)) * HOUR_MS) < CARE_MS,
  );
}

function take(meter: VirtualMeter, told: Instant | undefined): boolean {
  const mine = meter.clock;
  const intoDay = msIntoDay(mine);
  if (told === undefined || intoDay < CARE_MS || intoDay > DAY_MS - CARE_MS) return false;
  if (meter.broadcastDay === meter.day || Math.abs(told - mine) > CARE_MS || isNearSettlement(meter, mine)) return false;
  meter.clockOffsetMs = told - meter.time.now();
  meter.broadcastDay = meter.day;
  meter.obeyed.clockSets += 1;
  return true;
}

export const clock: Behaviour = {
  name: "clock",
  hear(request, meter) {
    if (request.control !== FunctionCode.broadcastTime) return undefined;
    const toOne = request.address !== BROADCAST;
    if (toOne && !meter.habits.pointToPointTime) return "silent";
    const taken = take(meter, request.data.length === 6 ? momentFromWire(request.data) : undefined);
    if (!toOne) return "silent";
    return taken ? yes(request) : no(request, Err.other);
  },
};
