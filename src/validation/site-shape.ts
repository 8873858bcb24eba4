/** What a site file may say about the gate, under `validation`; every default and its reason stands in limits.ts. */
import { z } from "zod";
import { hours } from "../kernel/clock.ts";
import { parseYuan } from "../kernel/money.ts";
import { gateDefaults, type GateSettings } from "./limits.ts";

export const validationShape = z
  .strictObject({
    // Amperes of meters that name none; 3 × 220 V of it is the most that a meter turns.
    currentMax: z.number().positive().max(2_000).default(gateDefaults.currentMaxA),
    // Above so many times its typical use a day is a jump, where it is also above the floor.
    jumpTimes: z.int().min(2).max(100).default(Number(gateDefaults.jumpTimes)),
    jumpFloor: z
      .string()
      .regex(/^\d{1,8}(\.\d{1,2})?$/, 'kWh a day with at most two decimals, in quotes, like "60.00"')
      .default("60.00"),
    // Days without advance, and hours without energy for whom has paid: what the review lists call frozen and silent.
    frozenDays: z.int().min(1).max(365).default(gateDefaults.frozenDays),
    silentHours: z.int().min(1).max(720).default(24),
  })
  .prefault({});

export const gateSettingsOf = (file: z.output<typeof validationShape>): GateSettings => ({
  ...gateDefaults,
  currentMaxA: file.currentMax,
  jumpTimes: BigInt(file.jumpTimes),
  jumpFloor: parseYuan(file.jumpFloor, "jumpFloor"), // two decimals, like money; the number alone is meant
  frozenDays: file.frozenDays,
  silentMs: hours(file.silentHours),
});
