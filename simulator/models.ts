/**
 * The meter models of a street: what differs between them, as data. A vendor's words are behaviours that stand before the plain
 * ones (`vendors/`); a new model is a row here, and a file there where it speaks a dialect.
 */
import type { Chance } from "../src/kernel/chance.ts";
import type { Behaviour } from "./behaviours/behaviour.ts";
import { breaker645 } from "./vendors/breaker-645.ts";
import { chint } from "./vendors/chint.ts";
import { ENERGY_PRICE, energyPrepay } from "./vendors/energy-prepay.ts";
import { orderNumber4g } from "./vendors/order-number-4g.ts";
import { southernGrid } from "./vendors/southern-grid.ts";
import { stateGrid2009 } from "./vendors/state-grid-2009.ts";
import { stsToken } from "./vendors/sts-token.ts";

export type MeterMode = "local" | "remote";
export type KeyState = "production" | "test";
/** Whether a password is enough for 1CH under production keys; "restores": for 1B and 1C only, so that nobody sits in the dark for want of a key server. */
export type PlainControl = boolean | "restores";

export interface ModelRow {
  readonly mode: MeterMode;
  readonly plainControl: PlainControl;
  /** What its wallet counts by, whatever the street's price is. */
  readonly price?: string;
  /** Heard before the plain meter is; made anew for each meter, since some remember. */
  readonly dialect?: (chance: Chance, meterNumber: () => string) => readonly Behaviour[];
}

const rows = {
  /** A wallet in the meter: deducts, warns, trips and reconnects by itself. */
  "standard-wallet": { mode: "local", plainControl: true },
  /** No wallet: the ledger is elsewhere, the meter counts energy and obeys. */
  "remote-ledger": { mode: "remote", plainControl: true },
  "state-grid-2009": { mode: "local", plainControl: true, dialect: () => stateGrid2009 },
  "southern-grid": { mode: "local", plainControl: true, dialect: () => southernGrid },
  "breaker-645": { mode: "remote", plainControl: true, dialect: () => breaker645 },
  "chint-soft-esam": { mode: "local", plainControl: true, dialect: chint },
  "order-number-4g": { mode: "local", plainControl: true, dialect: orderNumber4g },
  /** The balance of these two, at every door, is in kWh. */
  "energy-prepay-vendor": { mode: "local", plainControl: true, price: ENERGY_PRICE, dialect: () => energyPrepay },
  "sts-token": { mode: "local", plainControl: true, price: ENERGY_PRICE, dialect: stsToken },
} as const satisfies Record<string, ModelRow>;

export type MeterModel = keyof typeof rows;
export const meterModels: Readonly<Record<MeterModel, ModelRow>> = rows;
export const meterModelNames = Object.keys(rows) as [MeterModel, ...MeterModel[]];
export const isMeterModel = (name: string): name is MeterModel => Object.hasOwn(rows, name);
