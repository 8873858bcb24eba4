/**
 * Orders to the relay (1CH): secured by cipher and MAC where the meter has keys, in the clear with a password otherwise.
 *
 * Every order carries the last moment at which the meter may obey, five minutes ahead at most, so that a frame recorded on
 * the way is worthless soon after. The meter compares it with its own clock: so that clock is looked at first, and a meter
 * that lives in another time gets the deadline in its own.
 */
import { Instant, later, minutes, type Clock } from "../kernel/clock.ts";
import { Fault, isFault } from "../kernel/faults.ts";
import type { Logger } from "../kernel/log.ts";
import { requests } from "../protocols/dlt645/index.ts";
import type { Frame, RelayOrderName } from "../protocols/dlt645/index.ts";
import { keysOf } from "./meter-keys.ts";
import { passwordFor } from "./meter-password.ts";
import { CLOCK_TOLERANCE_MS, digitsOf, type MeterClocks } from "./meter-clock.ts";
import type { MeterModel } from "./meter-models.ts";
import type { RelayOrder, SendOptions, Sent, TimedCut } from "./meter.ts";
import { proveIdentity, type Prover } from "./prove-identity.ts";
import { minded, whileProved } from "./purse.ts";
import { readClock } from "./readings.ts";

export const DEADLINE_AHEAD_MS = minutes(5);
/** Where a meter has no clock: the last moment that two digits can name. */
const FAR_DEADLINE = "991231235959";
/** Beyond this a person should set the meter's clock. */
const CLOCK_IS_WRONG_MS = minutes(5);

export interface RelayOrdering {
  readonly prover: Prover;
  readonly model: MeterModel;
  readonly clocks: MeterClocks;
  readonly clock: Clock;
  readonly timeZone: string;
  readonly log: Logger;
}

/** N1 by name, and N2 in minutes. */
interface Wanted {
  readonly order: RelayOrderName;
  readonly restoreAfterMinutes: number;
}

const wantedBy = (order: RelayOrder | TimedCut): Wanted => {
  if (typeof order === "string") return { order, restoreAfterMinutes: 0 };
  const { then, cutForMinutes: restoreAfterMinutes } = order;
  return { order: then === "arm" ? "disconnectThenArm" : "disconnectThenReconnect", restoreAfterMinutes };
};

export async function orderRelay(parts: RelayOrdering, asked: RelayOrder | TimedCut, options: SendOptions): Promise<Sent> {
  const wanted = wantedBy(asked);
  const { order } = wanted;
  const { prover, model, clock, clocks } = parts;
  const { meter, talk, identities } = prover;
  /** A meter that declines may have done so because of the time: what is believed of its clock is read anew before the next order. */
  const taken = (sent: Sent): Sent => {
    if (sent.sent === "refused") clocks.forget(meter.address);
    return minded(prover, sent);
  };
  if (!model.orders.includes(order))
    throw new Fault("not-supported", { meter: meter.address, order, model: meter.model, allowed: [...model.orders] });
  const secured = isSecured(model, meter.relayPassword !== null, order);
  if (secured) identities.mayBeOrdered(meter.address);
  for (;;) {
    if (clock.now() > options.notAfter) throw new Fault("deadline-passed", { meter: meter.address, order });
    const aheadMs = await clockAheadMs(parts);
    const deadlineAt = Instant(Math.min(later(clock.now(), DEADLINE_AHEAD_MS), options.notAfter));
    const deadline = model.deadline === "far" ? FAR_DEADLINE : digitsOf(later(deadlineAt, aheadMs), parts.timeZone);
    const within = { ...options, notAfter: deadlineAt };
    try {
      if (!secured) return taken(await talk.order(await plain(parts, wanted, deadline), within));
      const identity = await proveIdentity(prover);
      const frame = await securedFrame(parts, wanted, deadline, identity);
      return taken(await talk.order(frame, whileProved(prover, identity, within)));
    } catch (error) {
      // The frame grew old while waiting for the line and nothing was sent: a fresh one, as long as the caller's own time lasts.
      if (!isFault(error, "deadline-passed") || clock.now() > options.notAfter) throw error;
    }
  }
}

/** A password in the record is used where it is heard: a model that takes restores alone in the clear is cut by its keys. */
export const isSecured = ({ keys, plainOrders }: MeterModel, hasPassword: boolean, order: RelayOrderName): boolean =>
  keys && !(hasPassword && plainOrders.includes(order));

/** How far the meter's clock is ahead of ours; 0 where it is near enough, or tells no time at all. */
async function clockAheadMs({ prover, model, clocks, timeZone, log }: RelayOrdering): Promise<number> {
  const { meter, talk } = prover;
  if (model.deadline === "far") return 0;
  let aheadMs = clocks.aheadMs(meter.address);
  if (aheadMs === undefined) {
    const { clock, at } = await readClockOrNothing(talk, timeZone);
    if (clock === null) {
      log.warn({ meter: meter.address }, "the meter's clock shows no date; the order carries a deadline of ours");
      return 0;
    }
    aheadMs = clock - at;
    clocks.note(meter.address, aheadMs);
    if (Math.abs(aheadMs) > CLOCK_IS_WRONG_MS) log.warn({ meter: meter.address, aheadMs }, "the meter's clock is wrong; set it");
  }
  return Math.abs(aheadMs) > CLOCK_TOLERANCE_MS ? aheadMs : 0;
}

/** A clock that shows nonsense must not keep a supply from being restored. */
async function readClockOrNothing(talk: Prover["talk"], timeZone: string): ReturnType<typeof readClock> {
  try {
    return await readClock(talk, timeZone);
  } catch (error) {
    if (!isFault(error, "meter-fault") || talk.evidence.length === 0) throw error;
    return { clock: null, at: talk.evidence.at(-1)!.at };
  }
}

async function plain({ prover, model }: RelayOrdering, wanted: Wanted, deadline: string): Promise<Frame> {
  const { level, password } = await passwordFor(prover, model);
  const order = { address: prover.meter.address, operator: prover.operator, ...wanted, deadline, level, password };
  return requests.relayOrder(order, model.profile.choices);
}

async function securedFrame(
  { prover, model }: RelayOrdering,
  wanted: Wanted,
  deadline: string,
  identity: Awaited<ReturnType<typeof proveIdentity>>,
): Promise<Frame> {
  const { meter, operator, security } = prover;
  const block = await security.protectControl(
    keysOf(meter),
    identity.seed,
    requests.relayOrderPlainText({ ...wanted, deadline }),
  );
  return requests.relayOrderSecured({
    address: meter.address,
    operator,
    cipher: block.slice(0, 16),
    mac: block.slice(16, 20),
    level: model.securedLevel,
    extendedReply: model.extendedReply,
    controlBlock: model.controlBlock,
  });
}
