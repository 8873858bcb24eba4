/** The meter models of a street: what differs between them, as data. */
export type MeterMode = "local" | "remote";
export type KeyState = "production" | "test";

export const meterModels = {
  /** A wallet in the meter: deducts, warns, trips and reconnects by itself. */
  "standard-wallet": { mode: "local", plainControl: true },
  /** No wallet: the ledger is elsewhere, the meter counts energy and obeys. */
  "remote-ledger": { mode: "remote", plainControl: true },
} as const satisfies Record<string, { mode: MeterMode; plainControl: boolean }>;

export type MeterModel = keyof typeof meterModels;
export const isMeterModel = (name: string): name is MeterModel => Object.hasOwn(meterModels, name);
