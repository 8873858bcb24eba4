/**
 * Energy: hundredths of a kWh as bigint, the step in which DL/T 645 meters count (XXXXXX.XX kWh).
 * The type keeps it apart from money, which has two decimals as well.
 */
import type { Brand } from "./brand.ts";
import { yuan } from "./money.ts";

/** One hundredth of a kWh (10 Wh). */
export type CentiKwh = Brand<bigint, "CentiKwh">;
export const CentiKwh = (amount: bigint): CentiKwh => amount as CentiKwh;

/** "123.45": kWh with two decimals, the one way energy is written outside. */
export const kwh = (energy: bigint): string => yuan(energy);
