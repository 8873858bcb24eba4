/**
 * Cuts an incident out of a recording: plays everything before it, keeps the street as it stands there, but only the meters that
 * somebody spoke to, and lists what is broken apart from the state, so that a person can see and mend it.
 */
import { Fault } from "../../src/kernel/faults.ts";
import { fromHex } from "../bytes.ts";
import type { FrameLine, OrderLine, RecordedLine } from "../recording/line.ts";
import { pack } from "../state/pack.ts";
import type { KeptParts } from "../state/keeping.ts";
import { saveStreet } from "../state/street-state.ts";
import type { StreetState } from "../state/street-state.ts";
import type { PlacedFault, Street } from "../street.ts";
import { isMasked } from "../telling/secrets.ts";
import { tell } from "../telling/tell.ts";
import { FrameReader } from "../wire.ts";
import { Again, momentOf } from "./again.ts";
import { answersThen } from "./answers.ts";
import type { Asked } from "./answers.ts";
import { mapped } from "./incident.ts";
import type { Incident, Step } from "./incident.ts";
import { belongings, isCollided, isOrder, isPlayed, isSent } from "./reading.ts";
import type { Belonging, Recording, SentLine } from "./reading.ts";

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
  const events = lines.filter((line) => isAsked(line) || isOrder(line));
  const of = belongings(lines);
  const before = events.filter(({ at }) => momentOf(at) < from);
  const within = events.filter(({ at }) => momentOf(at) >= from && momentOf(at) <= to);
  const [first] = within;
  if (first === undefined || !within.some(isAsked))
    throw new Fault("invalid-request", {
      field: "from",
      allowed: "a stretch of the recording in which somebody asked something",
    });
  const masked = [...before, ...within].find((line) => isAsked(line) && isMasked(line.hex));
  if (masked !== undefined)
    throw new Fault("invalid-request", {
      field: `event ${masked.n}`,
      allowed: "no passwords as dots up to there: record with --unmasked",
    });
  const again = await Again.raise({ plan: header.street, state: header.state, at: header.at, wall: header.wall });
  try {
    for (const line of before) {
      again.moveTo(isOrder(line) ? line : (of(line).requests[0] ?? line));
      if (isOrder(line)) again.carryOut(line.order);
      else if (!isLost(line, of)) again.hear({ ...line, isSent: isSent(line) });
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
      steps: within.map((line) => stepOf(line, of)),
    };
    const recorded = within
      .filter(isAsked)
      .map((line) => ({ asked: tell(fromHex(line.hex)).en, answers: answersThen(line, of) }));
    return { incident, recorded };
  } finally {
    await again.close();
  }
}

type AskedLine = FrameLine | SentLine;
/** Whatever somebody asked, also where no meter heard it. */
const isAsked = (line: RecordedLine): line is AskedLine => isPlayed(line) || isCollided(line);
const isLost = (line: AskedLine, of: (line: AskedLine) => Belonging): boolean =>
  isCollided(line) || of(line).requests.some(({ outcome }) => outcome === "collision");

function stepOf(line: AskedLine | OrderLine, of: (line: AskedLine) => Belonging): Step {
  // On paced wires what was sent is heard when its last byte is there.
  const { at, wall, behindMs } = isOrder(line) ? line : (of(line).requests[0] ?? line);
  const moment = { at, ...(wall === undefined ? {} : { wall }), ...(behindMs === undefined ? {} : { behindMs }) };
  if (isOrder(line)) return { ...moment, order: line.order };
  const { bus, hex, connection } = line;
  return {
    ...{ ...moment, bus, request: hex },
    ...(connection === undefined ? {} : { connection }),
    ...(isSent(line) ? { isSent: true } : {}),
    ...(isLost(line, of) ? { lost: "collision" } : {}),
  };
}

/** Addresses that were named; an address of wildcards means everybody on that bus. */
function spokenTo(street: Street, lines: readonly (AskedLine | OrderLine)[]): Set<string> {
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
      continue;
    }
    for (const name of namedIn(line)) {
      if (planned(name) !== undefined) want(name);
      else if (!isSent(line) || isForMany(name)) for (const address of street.bus(line.bus).meters.keys()) want(address);
    }
  }
  for (const { meter, with: other } of street.standingFaults()) if (other !== undefined && wanted.has(other)) want(meter);
  return wanted;
}

/** Whom a line means: of what was sent both as it was and as it was heard, for a turned bit may be another's name. */
function namedIn(line: AskedLine): string[] {
  if (!isSent(line)) return [line.meter];
  const texts = [line.hex, line.heard].filter((text) => !isMasked(text));
  return texts.flatMap((text) => new FrameReader().push(fromHex(text), 0).map(({ address }) => address));
}
const isForMany = (address: string): boolean => address.includes("A") || /^9+$/.test(address);

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
