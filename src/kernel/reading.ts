/** One value, one meter, one moment, with its evidence. Values are decimal strings as the wire gave them: exact, never floats. */
import type { MeterAddress } from "./ids.ts";
import type { Instant } from "./clock.ts";

export interface Reading {
  readonly meter: MeterAddress;
  /** Name of the data item: importedEnergy, balance, relay … */
  readonly item: string;
  /** "123.45", "connected", ISO time …; null when the meter says it has no data. */
  readonly value: string | null;
  readonly unit: string | null;
  readonly takenAt: Instant;
  /** Where it came from: poll, command, person. */
  readonly source: "poll" | "command" | "person";
}

/** Bytes that passed on a line, as evidence. Passwords inside are masked before they get here. */
export interface WireEvidence {
  readonly at: Instant;
  readonly direction: "sent" | "received";
  readonly hex: string;
}
