/**
 * A scenario file, in YAML or JSON: buses and meters named one by one or by the dozen, what is wrong from the start, and what happens
 * later. The same words as the command line and `buildStreet`.
 */
import { z } from "zod";
import { habitsShape } from "./habits.ts";
import { lifePlanShape } from "./life-shape.ts";
import { meterModelNames } from "./models.ts";
import type { MeterPlan } from "./plans.ts";
import { storyStep } from "./story.ts";
import { weatherShape } from "./weather-kinds.ts";

const yuan = z.string().regex(/^-?\d{1,6}(\.\d{1,2})?$/, 'yuan with at most two decimals, in quotes, like "50.00"');
const digits12 = z.string().regex(/^\d{12}$/, "twelve digits, in quotes");
const name = z.string().regex(/^[0-9A-Za-z._-]{1,60}$/, "1 to 60 letters, digits, dots, dashes");

const endpoint = z.discriminatedUnion("kind", [
  z.strictObject({ kind: z.literal("tcp"), port: z.int().min(0).max(65_535).optional(), host: z.string().optional() }),
  z.strictObject({
    kind: z.literal("dial-in"),
    host: z.string().min(1),
    port: z.int().min(1).max(65_535),
    registration: z.string().max(200).optional(),
    heartbeat: z.string().max(200).optional(),
    heartbeatMs: z.int().min(10).max(86_400_000).optional(),
    redialMs: z.int().min(1).max(600_000).optional(),
  }),
  z.strictObject({ kind: z.literal("serial"), link: z.string().min(1) }),
  z.strictObject({
    kind: z.literal("mqtt"),
    url: z.string().regex(/^(mqtts?|tcp|wss?):\/\//, "a broker's URL"),
    payload: z.enum(["raw", "hex", "json"]).optional(),
    dtu: name.optional(),
    username: z.string().optional(),
    password: z.string().optional(),
  }),
]);

const bus = z.strictObject({
  id: name,
  endpoint,
  baud: z.int().min(50).max(4_000_000).optional(),
  answerDelayMs: z.number().min(0).max(60_000).optional(),
  wakeUps: z.int().min(0).max(20).optional(),
});

const meterWords = {
  model: z.enum(meterModelNames).optional(),
  mode: z.enum(["local", "remote"]).optional(),
  balance: yuan.optional(),
  price: z
    .string()
    .regex(/^\d{1,6}(\.\d{1,4})?$/, 'yuan per kWh, in quotes, like "0.5283"')
    .optional(),
  purchaseCount: z.int().min(0).max(4_294_967_295).optional(),
  meterNumber: digits12.optional(),
  customerNumber: digits12.optional(),
  keyState: z.enum(["production", "test"]).optional(),
  opened: z.boolean().optional(),
  clockOffsetMs: z.int().optional(),
  loadKw: z.number().min(0).max(100).optional(),
  energyKwh: yuan.optional(),
  plainControl: z.union([z.boolean(), z.literal("restores")]).optional(),
  passwords: z.record(z.string().regex(/^\d{2}$/, "a level of two digits"), z.string().regex(/^\d{6}$/, "six digits")).optional(),
  overdraftLimit: yuan.optional(),
  hoardingLimit: yuan.optional(),
  tripDelayMinutes: z.int().min(0).max(9_999).optional(),
  ...habitsShape.shape,
  ...lifePlanShape.shape,
};
const meter = z.strictObject({ address: digits12, bus: name, ...meterWords });

export const METERS_MAX = 100_000;
/** Many alike, addresses counting up; dealt out in turn to the buses named, or to all of them. */
const fleet = z.strictObject({
  count: z.int().min(1).max(METERS_MAX),
  first: digits12,
  buses: z.array(name).min(1).optional(),
  ...meterWords,
});

/** The words of the fault table are checked by whoever places the fault. */
const fault = z.looseObject({ kind: z.string(), meter: digits12.optional(), bus: name.optional() });

export const scenarioShape = z.strictObject({
  seed: z.union([z.int(), z.string()]).optional(),
  speed: z.number().min(0).max(100_000).optional(),
  start: z.string().optional(),
  price: z.string().optional(),
  buses: z.array(bus).optional(),
  meters: z.array(meter).optional(),
  fleets: z.array(fleet).optional(),
  faults: z.array(fault).optional(),
  weather: weatherShape.optional(),
  story: z.array(storyStep).optional(),
});
export type Scenario = z.infer<typeof scenarioShape>;

/** The meters of a row; undefined: so many do not fit behind the first address. */
export function rowOf(
  first: string,
  count: number,
  buses: readonly string[],
  common: Omit<MeterPlan, "address" | "bus"> = {},
): MeterPlan[] | undefined {
  if (BigInt(first) + BigInt(count) > 10n ** 12n) return undefined;
  return Array.from({ length: count }, (_, i) => ({
    ...common,
    address: (BigInt(first) + BigInt(i)).toString().padStart(12, "0"),
    bus: buses[i % buses.length]!,
  }));
}
