/** The meter models of a street: what differs between them, as data. */
export type MeterMode = "local" | "remote";
export type KeyState = "production" | "test";
/** Whether a password is enough for 1CH under production keys; "restores": for 1B and 1C only, so that nobody sits in the dark for want of a key server. */
export type PlainControl = boolean | "restores";

export const meterModels = {
  /** A wallet in the meter: deducts, warns, trips and reconnects by itself. */
  "standard-wallet": { mode: "local", plainControl: true },
  /** No wallet: the ledger is elsewhere, the meter counts energy and obeys. */
  "remote-ledger": { mode: "remote", plainControl: true },
} as const satisfies Record<string, { mode: MeterMode; plainControl: PlainControl }>;

export type MeterModel = keyof typeof meterModels;
export const isMeterModel = (name: string): name is MeterModel => Object.hasOwn(meterModels, name);
