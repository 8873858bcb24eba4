/** Which keys a meter has, as a security module is told: by its number, and as its model diversifies test keys. */
import type { MeterKeyId } from "../security/security-module.ts";
import { meterModels, type MeterModel } from "./meter-models.ts";
import type { MeterRecord } from "./meter.ts";

export const keysOf = (
  { meterNumber, model }: Pick<MeterRecord, "meterNumber" | "model">,
  { profile }: Pick<MeterModel, "profile"> = meterModels[model],
): MeterKeyId => ({ meterNumber, testFactor: profile.choices.testFactor });
