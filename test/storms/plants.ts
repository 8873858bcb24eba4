/**
 * Mistakes that are planted on purpose, each in a wrapping around a port and never in the house itself: a storm that cannot find these
 * would find nothing. What each must break is told in storms.test.ts.
 */
import type { LineGuard } from "../../src/devices/line-leases.ts";
import type { Street } from "../../src/devices/meter.ts";
import type { SecurityModule } from "../../src/security/security-module.ts";
import type { Transactor } from "../../src/kernel/transaction.ts";
import type { StoresInMemory } from "../../src/stores/in-memory/stores.ts";

export type StormStores = StoresInMemory & { readonly transactor: Transactor };

export interface Plant {
  readonly stores?: (stores: StormStores) => StormStores;
  readonly street?: (street: Street) => Street;
  readonly security?: (security: SecurityModule) => SecurityModule;
  readonly guard?: (guard: LineGuard) => LineGuard;
}
export type PlantName = "nothing";
export const plants: Readonly<Record<PlantName, Plant>> = { nothing: {} };
export const isPlantName = (text: string): text is PlantName => Object.hasOwn(plants, text);
