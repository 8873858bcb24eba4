/**
 * What happens in a street by itself, at its moments: a story is a list of steps, each with a time, a deed and perhaps a sentence.
 * The words of a deed are those of the control door, so whatever a story does can be done by hand as well.
 *
 *     at: +2h                     after the street was raised; or a time of its calendar, 2026-12-01T00:00
 *     do: fault                   as a row of `faults`: meter or bus, kind, parameters
 *     do: mend                    all faults of a meter or a bus are gone
 *     do: patch, set: {…}         PATCH /meters/{address}
 *     do: press-button            what the customer does after an arm
 *     do: power, powered: false   the lights go out in a house, or in all of a bus
 *     do: clock, set: {…}         POST /clock
 *     do: weather, set: {…}       POST /weather
 *
 * Steps are appointments of the street's time: however late somebody looks, each was done at its own moment.
 */
import { z } from "zod";
import type { Instant } from "../src/kernel/clock.ts";
import { later } from "../src/kernel/clock.ts";
import { Fault, reasonOf } from "../src/kernel/faults.ts";
import type { Logger } from "../src/kernel/log.ts";
import { checkedClockOrder, obeyClockOrder } from "./clock-door.ts";
import { DURATION_FORM, durationOf, TIME_FORM, timeOf } from "./duration.ts";
import { checkedPatch } from "./meter-door.ts";
import type { Places } from "./placed-faults.ts";
import { faultFromRow } from "./placed-faults.ts";
import { refill } from "./state/keeping.ts";
import type { Keeps } from "./state/keeping.ts";
import type { Street } from "./street.ts";
import { isoWall } from "./wall-time.ts";
import { checkedWeather } from "./weather-kinds.ts";

const when = z
  .string()
  .refine((text) => momentOf(text) !== undefined, `after the start, ${DURATION_FORM} with + before it, or a time, ${TIME_FORM}`);
const meter = z.string().regex(/^\d{12}$/, "twelve digits, in quotes");
const bus = z.string().min(1);
const say = z.string().min(1).max(500).optional();
const order = z.looseObject({});

export const storyStep = z.discriminatedUnion("do", [
  z.looseObject({ at: when, say, do: z.literal("fault"), kind: z.string(), meter: meter.optional(), bus: bus.optional() }),
  z.strictObject({ at: when, say, do: z.literal("mend"), meter: meter.optional(), bus: bus.optional() }),
  z.strictObject({ at: when, say, do: z.literal("patch"), meter, set: order }),
  z.strictObject({ at: when, say, do: z.literal("press-button"), meter }),
  z.strictObject({ at: when, say, do: z.literal("power"), meter: meter.optional(), bus: bus.optional(), powered: z.boolean() }),
  z.strictObject({ at: when, say, do: z.literal("clock"), set: order }),
  z.strictObject({ at: when, say, do: z.literal("weather"), set: order }),
  z.strictObject({ at: when, do: z.undefined().optional(), say: z.string().min(1).max(500) }),
]);
export type StoryStep = z.infer<typeof storyStep>;

interface After {
  readonly afterMs: number;
}
const momentOf = (text: string): After | Instant | undefined => {
  const afterMs = text.startsWith("+") ? durationOf(text.slice(1)) : undefined;
  return afterMs === undefined ? timeOf(text) : { afterMs };
};

/** What was told and done so far. */
export interface Told {
  /** The calendar's time. */
  readonly at: string;
  readonly do: string | null;
  readonly meter?: string;
  readonly bus?: string;
  readonly say: string | null;
  /** Why it could not be done. */
  readonly failed?: string;
}

interface StoryState {
  readonly told: readonly Told[];
  /** Steps to come, by their places, and when so much will have been lived. */
  readonly pending: ReadonlyMap<number, Instant>;
}

interface Around {
  readonly log: Logger;
  /** Does a deed as the story's. */
  readonly act: (deed: () => void) => void;
}

export class Story implements Keeps<StoryState> {
  readonly keptAs = "story";
  readonly told: Told[] = [];
  readonly #pending = new Map<number, Instant>();
  readonly #steps: readonly StoryStep[];
  readonly #street: Street;
  readonly #around: Around;

  constructor(street: Street, steps: readonly StoryStep[], around: Around) {
    this.#street = street;
    this.#steps = steps;
    this.#around = around;
    // Nobody has set the calendar back yet.
    const start = street.time.began;
    for (const [i, step] of steps.entries()) {
      const moment = momentOf(step.at);
      if (moment === undefined) throw new Fault("invalid-request", { field: "story.at", given: step.at, allowed: TIME_FORM });
      const at = typeof moment === "number" ? moment : later(start, moment.afterMs);
      this.#appoint(i, at);
    }
  }

  save(): StoryState {
    return { told: this.told, pending: this.#pending };
  }

  /** After the street's time, which has forgotten what was appointed. */
  load({ told, pending }: StoryState): void {
    refill(this.told, told);
    this.#pending.clear();
    for (const [i, at] of pending) this.#appoint(i, at);
  }

  #appoint(i: number, at: Instant): void {
    const step = this.#steps[i];
    if (step === undefined) throw new Error(`the story of the plan has no step ${i}`);
    this.#pending.set(i, at);
    this.#street.time.appoint(at, () => {
      this.#pending.delete(i);
      this.#play(step);
    });
  }

  #play(step: StoryStep): void {
    const place = {
      ...("meter" in step && step.meter !== undefined ? { meter: step.meter } : {}),
      ...("bus" in step && step.bus !== undefined ? { bus: step.bus } : {}),
    };
    const told: Told = { at: isoWall(this.#street.time.now()), do: step.do ?? null, ...place, say: step.say ?? null };
    try {
      this.#around.act(() => doneBy(this.#street, step));
      this.told.push(told);
      this.#around.log.info({ at: told.at, do: told.do, ...place }, step.say ?? "the story goes on");
    } catch (error) {
      // A step that has lost its meter does not take the street with it.
      this.told.push({ ...told, failed: reasonOf(error) });
      this.#around.log.error({ at: told.at, do: told.do, ...place, error: reasonOf(error) }, "a step of the story failed");
    }
  }
}

function doneBy(street: Street, step: StoryStep): void {
  switch (step.do) {
    case undefined:
      return;
    case "fault": {
      const { at: _at, say: _say, do: _do, ...row } = step;
      street.placeFault(faultFromRow(row, street.places));
      return;
    }
    case "mend":
      if (step.meter !== undefined) street.clearFaults(step.meter);
      if (step.bus !== undefined) street.clearBusFaults(step.bus);
      return;
    case "patch":
      street.patch(step.meter, step.set);
      return;
    case "press-button":
      street.pressButton(step.meter);
      return;
    case "power": {
      const dark = step.meter === undefined ? [...street.bus(step.bus ?? "").meters.values()] : [street.meter(step.meter)];
      for (const { address } of dark) {
        if (step.powered) street.powerOn(address);
        else street.powerOff(address);
      }
      return;
    }
    case "clock":
      obeyClockOrder(street, checkedClockOrder(step.set));
      return;
    case "weather":
      street.changeWeather(checkedWeather(step.set));
  }
}

/** Everything that a step names is there and makes sense: said when the file is read, not at midnight. Throws what names its field. */
export function checkStep(step: StoryStep, places: Places): void {
  const isKnown = (name: "meter" | "bus", given: string | undefined): boolean => {
    if (given === undefined) return false;
    if (!(name === "meter" ? places.meters : places.buses).has(given))
      throw new Fault("invalid-request", {
        field: name,
        given,
        allowed: name === "meter" ? "a meter of this street" : "a bus of this street",
      });
    return true;
  };
  if (step.do === "fault") {
    const { at: _at, say: _say, do: _do, ...row } = step;
    faultFromRow(row, places);
  } else if (step.do === "patch") {
    isKnown("meter", step.meter);
    within("set", () => checkedPatch(step.set));
  } else if (step.do === "clock") within("set", () => checkedClockOrder(step.set));
  else if (step.do === "weather") within("set", () => checkedWeather(step.set));
  else if (step.do === "press-button") isKnown("meter", step.meter);
  else if (step.do === "mend" || step.do === "power") {
    const [here, there] = [isKnown("meter", step.meter), isKnown("bus", step.bus)];
    if (here === there) throw new Fault("invalid-request", { field: "meter", allowed: "either a meter or a bus" });
  }
}

function within(name: string, check: () => unknown): void {
  try {
    check();
  } catch (error) {
    if (!(error instanceof Fault) || typeof error.context["field"] !== "string") throw error;
    throw new Fault(error.code, { ...error.context, field: `${name}.${error.context["field"]}` }, { cause: error });
  }
}
