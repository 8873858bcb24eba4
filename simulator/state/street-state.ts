/**
 * A whole street as one JSON: what it was planned as, and everything that has happened to it since. A street raised from it goes
 * on as the one that was saved would have: the same answers, the same trips at the same moments, the same luck.
 *
 * Not kept: what is on the wires at that moment, who is connected, and what has been heard so far.
 */
import { Fault } from "../../src/kernel/faults.ts";
import type { StreetPlan } from "../recording/header.ts";
import type { Street } from "../street.ts";
import { isoWall } from "../wall-time.ts";
import { loadParts, saveParts } from "./keeping.ts";
import type { Keeps, KeptParts } from "./keeping.ts";
import type { VirtualMeter } from "../virtual-meter.ts";
import { partsOf } from "./parts.ts";

export interface StreetState {
  /** The street's time, for people. */
  readonly at: string;
  /** Events so far. */
  readonly events: number;
  /** How often each chance has been drawn. */
  readonly chances: Readonly<Record<string, number>>;
  readonly street: KeptParts;
  readonly buses: Readonly<Record<string, KeptParts>>;
  /** By the address with which the meter was planned; null: nobody has looked at it, so it comes from its plan as ever. */
  readonly meters: Readonly<Record<string, KeptParts | null>>;
}

/** What stands in a file. */
export interface StateFile {
  readonly what: "street-state";
  readonly version: 1;
  readonly plan: StreetPlan;
  readonly state: StreetState;
}

const ownParts = (street: Street): readonly Keeps[] => [street.time, street.weather, street.story];

export function saveStreet(street: Street): StreetState {
  const addresses = [...street.meters.keys()];
  for (const address of addresses) street.madeMeter(address)?.settle();
  return {
    at: isoWall(street.time.now(), true),
    events: street.events.count,
    chances: street.chances.positions,
    street: saveParts(ownParts(street)),
    buses: Object.fromEntries([...street.buses].map(([id, bus]) => [id, saveParts(bus.parts)])),
    meters: Object.fromEntries(addresses.map((address) => [address, keptOf(street.madeMeter(address))])),
  };
}

const keptOf = (meter: VirtualMeter | undefined): KeptParts | null => (meter === undefined ? null : saveParts(partsOf(meter)));

/** Into a street that was just built from the same plan. */
export function loadStreet(street: Street, state: StreetState): void {
  sameThings("buses", [...street.buses.keys()], Object.keys(state.buses));
  sameThings("meters", [...street.meters.keys()], Object.keys(state.meters));
  loadParts(ownParts(street), state.street, "state.street");
  for (const [id, bus] of street.buses) loadParts(bus.parts, state.buses[id], `state.buses.${id}`);
  for (const [address, kept] of Object.entries(state.meters))
    if (kept !== null) loadParts(partsOf(street.meters.get(address)!), kept, `state.meters.${address}`);
  street.chances.goTo(state.chances);
  street.events.goOnFrom(state.events);
}

function sameThings(field: string, planned: readonly string[], saved: readonly string[]): void {
  const [missing] = planned.filter((name) => !saved.includes(name));
  const [strange] = saved.filter((name) => !planned.includes(name));
  if (missing !== undefined) throw new Fault("invalid-request", { field: `state.${field}.${missing}`, allowed: "is missing" });
  if (strange !== undefined)
    throw new Fault("invalid-request", { field: `state.${field}.${strange}`, allowed: "is not in the plan" });
}

export const stateFileOf = (street: Street): StateFile => ({
  what: "street-state",
  version: 1,
  plan: street.plan,
  state: saveStreet(street),
});
