/**
 * The run-state words 04000501..07 and their bits (annex A of the standard, State Grid supplements of 2009 and 2013).
 * Word 3 is the one that fee control lives by: what the relay does, and what it has been told.
 *
 * Bits 0, 5, 10 and 11 of word 3 mean different things to different generations and are only shown in the hex.
 */
import { bits } from "./formats.ts";
import type { Detail, Format } from "./formats.ts";

export interface RunStateWord3 {
  readonly word: number;
  /** Bit 4: the relay itself. */
  readonly relay: "connected" | "disconnected";
  /** Bit 6: what it has been told. */
  readonly order: "connect" | "disconnect";
  /** Bit 7: the alarm before a trip, and the alarm ordered from afar. */
  readonly preTripAlarm: boolean;
  /** Bit 12. */
  readonly protected: boolean;
  /** Bit 13. */
  readonly identityValid: boolean;
  /** Bit 14 = 0. */
  readonly accountOpened: boolean;
  /** Bits 8 and 9. */
  readonly prepayment: "none" | "energy" | "money" | "unknown";
}

const PREPAYMENT = ["none", "energy", "money", "unknown"] as const;

export function runStateWord3Of(word: number): RunStateWord3 {
  const bit = (at: number): boolean => ((word >> at) & 1) === 1;
  return {
    word,
    relay: bit(4) ? "disconnected" : "connected",
    order: bit(6) ? "disconnect" : "connect",
    preTripAlarm: bit(7),
    protected: bit(12),
    identityValid: bit(13),
    accountOpened: !bit(14),
    prepayment: PREPAYMENT[(word >> 8) & 3]!,
  };
}

/** Ordered to connect and still open: it waits for the customer's button. */
export const relayStateOfWord3 = (state: Pick<RunStateWord3, "relay" | "order">): "connected" | "armed" | "disconnected" =>
  state.relay === "connected" ? "connected" : state.order === "connect" ? "armed" : "disconnected";

const plain = bits(2);

export const runStateWord3: Format<RunStateWord3> = {
  bytes: 2,
  unit: null,
  decode(wire) {
    const decoded = plain.decode(wire);
    return "fault" in decoded || decoded.value === null
      ? (decoded as { readonly value: null })
      : { value: runStateWord3Of(decoded.value) };
  },
  encode: (state) => plain.encode(state.word),
  print: (state) => plain.print(state.word),
  details: (state) => [
    { name: "relay", value: state.relay },
    { name: "relayOrder", value: state.order },
    { name: "preTripAlarm", value: String(state.preTripAlarm) },
    { name: "protected", value: String(state.protected) },
    { name: "identityValid", value: String(state.identityValid) },
    { name: "accountOpened", value: String(state.accountOpened) },
    { name: "prepayment", value: state.prepayment },
  ],
};

/** The same item asked for by the name "relay": one word instead of sixteen bits. */
export const relay: Format<RunStateWord3> = {
  bytes: 2,
  unit: null,
  decode: (wire) => runStateWord3.decode(wire),
  encode: (state) => runStateWord3.encode(state),
  print: relayStateOfWord3,
};

const setBits =
  (name: string, names: readonly (readonly [number, string])[]) =>
  (word: number): readonly Detail[] => [
    { name, value: names.flatMap(([at, text]) => (((word >> at) & 1) === 1 ? [text] : [])).join(", ") },
  ];

export const runStateWord1 = bits(
  2,
  setBits("states", [
    [1, "block demand"],
    [2, "clock battery low"],
    [3, "outage-reading battery low"],
    [4, "active power reverse"],
    [5, "reactive power reverse"],
    [8, "control loop error"],
    [9, "ESAM error"],
    [12, "internal program error"],
    [13, "memory fault"],
    [14, "overdraft"],
    [15, "clock fault"],
  ]),
);

export const runStateWord2 = bits(
  2,
  setBits("reversed", [
    [0, "active power A"],
    [1, "active power B"],
    [2, "active power C"],
    [4, "reactive power A"],
    [5, "reactive power B"],
    [6, "reactive power C"],
  ]),
);

/** Words 4, 5 and 6: one phase each, 1 = present now. */
export const phaseFaults = bits(
  2,
  setBits("faults", [
    [0, "voltage loss"],
    [1, "under-voltage"],
    [2, "over-voltage"],
    [3, "current loss"],
    [4, "over-current"],
    [5, "overload"],
    [6, "power-flow reversal"],
    [7, "phase failure"],
    [8, "current interruption"],
  ]),
);

export const runStateWord7 = bits(
  2,
  setBits("faults", [
    [0, "voltage reverse phase sequence"],
    [1, "current reverse phase sequence"],
    [2, "voltage unbalance"],
    [3, "current unbalance"],
    [4, "auxiliary supply lost"],
    [5, "power down"],
    [6, "demand over limit"],
    [7, "power factor below limit"],
    [8, "severe current unbalance"],
    [9, "meter cover open"],
    [10, "terminal cover open"],
  ]),
);
