/**
 * What meters of one standard do differently, as switches with the usual answer beside each. Where the sources disagree
 * (dlt645-2007 section 12) or a limit is the maker's choice, it is a habit. A plan or a scenario names the ones it wants to change.
 */
import { z } from "zod";

const whole = (min: number, max: number): z.ZodInt => z.int().min(min).max(max);

/** Shape, and with it the allowed values; the usual ones are below. */
export const habitsShape = z
  .strictObject({
    /** Data bytes of the longest answer to 11H and 12H; what is longer goes on with 12H. */
    readReplyMax: whole(12, 255),
    /** The programming key is pressed: 15H is heard, and 1AH and 1BH by password while the keys are test keys. */
    programmingEnabled: z.boolean(),
    /** 08H to one address is heard and answered with 88 or C8. */
    pointToPointTime: z.boolean(),
    /** Wrong passwords of one level in a row until that level is locked. */
    passwordTriesMax: whole(1, 255),
    passwordLockMinutes: whole(1, 10_080),
    /** By password in the production key state: everything, nothing but class-3 parameters (level 04), or nothing at all. */
    plainWrites: z.enum(["obeyed", "class-3", "refused"]),
    /** 14H for an item that the meter does not let be written: ERR 04 or ERR 02. */
    unknownWrite: z.enum(["unauthorised", "no-data"]),
    /** Wrong MACs: three in a row end the session and fifteen a day suspend, or two hundred suspend; both until midnight. */
    macPolicy: z.enum(["3-then-15", "200"]),
    /** The 20 bytes of 1AH, 1BH, 1CH at level 98: turned round as one (MAC first), or cipher and MAC each for itself. */
    controlBlock: z.enum(["whole", "fields"]),
    /** A deadline outside the calendar is refused; six times 99 is no deadline; or nobody looks at it. */
    deadline: z.enum(["strict", "nines", "ignored"]),
    /** P2 = 01 in a secured 1CH gets a word back that tells what was done. */
    extendedReply: z.boolean(),
    /** 3A on an open relay: nothing moves, the button may restore (internal relay), or it restores (external relay). */
    protectCloses: z.enum(["no", "arm", "close"]),
    /** Whether a balance that equals 04001005 is enough to come back by itself. */
    armingLimit: z.enum(["at-least", "more-than"]),
    /** 1B and 1C on an empty wallet: taken, and nothing moves; or refused with ERR 04. */
    emptyWalletOrders: z.enum(["taken", "refused"]),
  })
  .partial();

/** `undefined` is as good as left out. */
export type MeterHabits = { readonly [K in keyof z.infer<typeof habitsShape>]?: z.infer<typeof habitsShape>[K] | undefined };
export type Habits = { readonly [K in keyof MeterHabits]-?: NonNullable<MeterHabits[K]> };

export const usualHabits: Habits = {
  readReplyMax: 200,
  programmingEnabled: false,
  pointToPointTime: false,
  passwordTriesMax: 5,
  passwordLockMinutes: 1_440,
  plainWrites: "obeyed",
  unknownWrite: "unauthorised",
  macPolicy: "3-then-15",
  controlBlock: "whole",
  deadline: "strict",
  extendedReply: true,
  protectCloses: "arm",
  armingLimit: "at-least",
  emptyWalletOrders: "taken",
};

/** Meters without a habit of their own, nearly all of a street, share the usual ones. */
export function habitsOf(plan: MeterHabits): Habits {
  if (!Object.keys(usualHabits).some((name) => plan[name as keyof Habits] !== undefined)) return usualHabits;
  const named = Object.keys(usualHabits).map((name) => [name, plan[name as keyof Habits] ?? usualHabits[name as keyof Habits]]);
  return Object.fromEntries(named) as Habits;
}
