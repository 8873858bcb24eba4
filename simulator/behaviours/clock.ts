/**
 * 08H, the broadcast clock. Nobody answers it, and meters are careful with it: at most five minutes off, once a day, not within
 * five minutes of midnight, and only real dates.
 */
import { minutes } from "../../src/kernel/clock.ts";
import { momentFromWire, msIntoDay } from "../wall-time.ts";
import { FunctionCode } from "../wire.ts";
import type { Behaviour } from "./behaviour.ts";

const DAY_MS = 86_400_000;

export const clock: Behaviour = {
  name: "clock",
  hear(request, meter) {
    if (request.control !== FunctionCode.broadcastTime) return undefined;
    const told = request.data.length === 6 ? momentFromWire(request.data) : undefined;
    if (told === undefined) return "silent";
    const mine = meter.clock;
    const intoDay = msIntoDay(mine);
    const nearMidnight = intoDay < minutes(5) || intoDay > DAY_MS - minutes(5);
    if (nearMidnight || meter.broadcastDay === meter.day || Math.abs(told - mine) > minutes(5)) return "silent";
    meter.clockOffsetMs = told - meter.time.now();
    meter.broadcastDay = meter.day;
    meter.obeyed.clockSets += 1;
    return "silent";
  },
};
