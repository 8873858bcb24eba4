/**
 * Cuts an incident out of a recording: plays everything before it, keeps the street as it stands there, but only the meters that
 * somebody spoke to, and lists what is broken apart from the state, so that a person can see and mend it.
 */
import { Fault } from "../../src/kernel/faults.ts";
import type { RecordedLine } from "../recording/line.ts";
import { pack } from "../state/pack.ts";
import type { KeptParts } from "../state/keeping.ts";
import { saveStreet } from "../state/street-state.ts";
import type { StreetState } from "../state/street-state.ts";
import type { PlacedFault, Street } from "../street.ts";
import { isMasked } from "../telling/secrets.ts";
import { Again, momentOf } from "./again.ts";
import { mapped } from "./incident.ts";
import type { Asked, Incident, Step } from "./incident.ts";
import { answersTo, isOrder, isPlayed } from "./reading.ts";
import type { Recording } from "./reading.ts";

export interface Window {
  /** The street's time, inclusive. */
  readonly from?: number | undefined;
  readonly to?: number | undefined;
}

/** The incident, and what was answered then. */
export interface Cut {
  readonly incident: Incident;
  readonly recorded: readonly Asked[];
}

export async function makeIncident({ header, lines }: Recording, { from = -Infinity, to = Infinity }: Window): Promise<Cut> {
  const events = lines.filter((line) => isPlayed(line) || isOrder(line));
  const before = events.filter(({ at }) => momentOf(at) < from);
  const within = events.filter(({ at }) => momentOf(at) >= from && momentOf(at) <= to);
  const [first] = within;
  if (first === undefined || !within.some(isPlayed))
    throw new Fault("invalid-request", {
      field: "from",
      allowed: "a stretch of the recording in which somebody asked something",
    });
  const masked = [...before, ...within].find((line) => isPlayed(line) && isMasked(line.hex));
  if (masked !== undefined)
    throw new Fault("invalid-request", {
      field: `event ${masked.n}`,
      allowed: "no passwords as dots up to there: record with --unmasked",
    });
  const again = await Again.raise({ plan: header.street, state: header.state, at: header.at, wall: header.wall });
  try {
    for (const line of before) {
      again.moveTo(line);
      if (isOrder(line)) again.carryOut(line.order);
      else again.hear(line);
    }
    again.moveTo(first);
    const { street } = again;
    const wanted = spokenTo(street, within);
    const incident: Incident = {
      at: first.at,
      ...(first.wall === undefined ? {} : { wall: first.wall }),
      plan: { ...street.plan, faults: undefined, meters: street.plan.meters.filter(({ address }) => wanted.has(address)) },
      state: onlyOf(wanted, saveStreet(street)),
      faults: standing(street).filter(({ meter }) => meter === undefined || wanted.has(meter)),
      steps: within.map(stepOf),
    };
    const answersOf = answersTo(lines);
    const recorded = within.filter(isPlayed).map((line) => ({
      asked: line.en,
      answers: answersOf(line).map((answer) => `${answer.hex}  ${answer.en}`),
    }));
    return { incident, recorded };
  } finally {
    await again.close();
  }
}

function stepOf(line: RecordedLine): Step {
  if (line.what === "gap" || line.what === "noise") throw new Error("only what is played is a step");
  const { at, wall, behindMs } = line;
  const moment = { at, ...(wall === undefined ? {} : { wall }), ...(behindMs === undefined ? {} : { behindMs }) };
  if (isOrder(line)) return { ...moment, order: line.order };
  const { bus, hex, connection } = line;
  return { ...moment, bus, request: hex, ...(connection === undefined ? {} : { connection }) };
}

/** Addresses that were named; an address of wildcards means everybody on that bus. */
function spokenTo(street: Street, lines: readonly RecordedLine[]): Set<string> {
  const wanted = new Set<string>();
  // 15H gives a meter another name than the one it was planned with.
  const planned = (name: string): string | undefined => (street.meters.has(name) ? name : street.find(name)?.plan.address);
  const want = (name: string | undefined): void => {
    const address = name === undefined ? undefined : planned(name);
    if (address === undefined || wanted.has(address)) return;
    wanted.add(address);
    // Whoever answers in its place comes along.
    for (const fault of street.meter(address).faults.standing) want(fault.with);
  };
  for (const line of lines) {
    if (line.what === "order") {
      if ("meter" in line.order) want(line.order.meter);
      if (line.order.do === "set-fault") want(line.order.fault.with);
    }
    if (line.what !== "frame") continue;
    if (planned(line.meter) !== undefined) want(line.meter);
    else for (const address of street.bus(line.bus).meters.keys()) want(address);
  }
  for (const { meter, with: other } of street.standingFaults()) if (other !== undefined && wanted.has(other)) want(meter);
  return wanted;
}

function standing(street: Street): PlacedFault[] {
  return street.standingFaults().map(({ id: _id, times, ...fault }) => ({ ...fault, ...(times === null ? {} : { times }) }));
}

function onlyOf(wanted: ReadonlySet<string>, state: StreetState): StreetState {
  const meters = Object.fromEntries(Object.entries(state.meters).filter(([address]) => wanted.has(address)));
  const chances = Object.fromEntries(
    Object.entries(state.chances).filter(
      ([path]) => wanted.has(/^\/meter\/(\d{12})\//.exec(path)?.[1] ?? "") || path.startsWith("/bus/"),
    ),
  );
  return { ...state, chances, buses: mapped(state.buses, unbroken), meters: mapped(meters, (parts) => parts && unbroken(parts)) };
}

/** What stands broken is listed apart; what it has done so far goes with the state. */
function unbroken(parts: KeptParts): KeptParts {
  const faults = { ...parts["faults"], standing: [] };
  if (parts["body"] === undefined) return { ...parts, faults };
  return { ...parts, faults, body: { ...parts["body"], drifts: pack({}), twins: pack({}) } };
}
