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
  /** Where it came from. A freeze is what the meter kept at its own midnight; an estimate is a person's, with a reason. */
  readonly source: "poll" | "command" | "person" | "freeze" | "estimate";
}

/** The believed energy registers of one meter at one moment, 0.01 kWh each. */
export interface EnergyUse {
  readonly meter: MeterAddress;
  readonly takenAt: Instant;
  /** Forward active, all rates. */
  readonly register: bigint;
  /** Forward active by rate, the first rate first (尖 峰 平 谷); left out: this reading brought none. */
  readonly rates?: readonly bigint[];
  /** Reverse active (photovoltaics); left out: not read. */
  readonly exported?: bigint;
  /** The settlement day that begins with these registers, "2026-11-22": the meter kept them at its own midnight. Left out: a moment in between. */
  readonly midnightOf?: string;
  /** A person's estimate: it stands until a register of that day or a later one is believed. Left out: this was read. */
  readonly estimated?: true;
  /** A person saw this, and every register above it that was believed was false: what was charged by them is given back. */
  readonly takesBack?: true;
}

/** Bytes that passed on a line, as evidence. Passwords inside are masked before they get here. */
export interface WireEvidence {
  readonly at: Instant;
  readonly direction: "sent" | "received";
  readonly hex: string;
}

/** What a wallet in a meter holds: money, or energy where tokens are of kWh. */
export const walletItems = ["balance", "remainingEnergy"] as const;
export const isInWallet = (item: string): boolean => (walletItems as readonly string[]).includes(item);

/** Of the newest readings of a meter the one that tells what its wallet holds; one that tells nothing is none. */
export function newestInWallet<R extends Pick<Reading, "takenAt" | "value">>(
  latestOf: (item: string) => R | undefined,
): R | undefined {
  const told = walletItems.flatMap((item) => latestOf(item) ?? []).filter(({ value }) => value !== null);
  return told.reduce<R | undefined>(
    (newest, one) => (newest === undefined || one.takenAt > newest.takenAt ? one : newest),
    undefined,
  );
}
