/**
 * What differs between meter models, as data, each switch with the choice that sources disagree about (reference, section 12). A
 * new model is a new row; code asks switches, never names.
 */
import { Secret } from "../kernel/secret.ts";
import { PREAMBLE_BYTES } from "../protocols/dlt645/index.ts";
import type { ModelName } from "./meter.ts";

export interface MeterModel {
  /** A wallet in the meter: top-ups travel to it. Without one the ledger holds the money and only the relay is ordered. */
  readonly wallet: boolean;
  /** An ESAM with keys: orders are secured unless the record names a password. */
  readonly keys: boolean;
  /** 98 for State Grid, 96 for its southern counterpart. */
  readonly securedLevel: "98" | "96";
  /** For meters without keys whose record names no password: what the factory sets. */
  readonly relayPassword: { readonly level: "02" | "03" | "04"; readonly secret: Secret<string> };
  /** `whole`: cipher and MAC turned round as one block (two firmwares); `fields`: each for itself (one terminal). */
  readonly controlBlock: "whole" | "fields";
  /** P2 = 01 asks for two bytes that tell MAC, password, deadline and protection apart; older meters ignore it. */
  readonly extendedReply: boolean;
  /** `real`: a date at most five minutes ahead by the meter's clock; `far`: 99-12-31 for meters without a clock. */
  readonly deadline: "real" | "far";
  /** 1CH N1 = 1C; older utility meters cannot close without a person at the button. */
  readonly directReconnect: boolean;
  readonly preamble: number;
}

const stateGrid: MeterModel = {
  wallet: true,
  keys: true,
  securedLevel: "98",
  relayPassword: { level: "02", secret: new Secret("000000") },
  controlBlock: "whole",
  extendedReply: true,
  deadline: "real",
  directReconnect: true,
  preamble: PREAMBLE_BYTES,
};

export const meterModels: Readonly<Record<ModelName, MeterModel>> = {
  "standard-wallet": stateGrid,
  "remote-ledger": { ...stateGrid, wallet: false },
};
