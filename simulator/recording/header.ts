/**
 * The first line of a recording: which street it is of, so that it can be raised again. `from` tells how far that goes:
 *
 *     raised    the recording holds everything since the street was raised
 *     state     it begins later, with the whole street as it stood there
 *     unknown   something before is missing (an older part, or a filter): it can be read, and replayed only by good luck
 */
import type { Street, StreetOptions } from "../street.ts";
import type { StreetState } from "../state/street-state.ts";
import type { BusPlan } from "../plans.ts";
import { isoWall } from "../wall-time.ts";
import type { LineForm } from "./line.ts";

/** What a street was raised from, as plain data; without what belongs to the machine it ran on. */
export type StreetPlan = Omit<
  StreetOptions,
  "clock" | "chance" | "log" | "controlPort" | "host" | "unmasked" | "state" | "offline"
>;

export interface HeaderLine {
  readonly what: "street";
  readonly version: 1;
  readonly at: string;
  readonly wall?: string;
  readonly unmasked: boolean;
  /** What came out of the wires is written down too, and when; left out, a recording from before that was. */
  readonly heard?: true;
  readonly from: "raised" | "state" | "unknown";
  readonly street: StreetPlan;
  readonly state?: StreetState;
}

export interface Beginning {
  readonly from: HeaderLine["from"];
  readonly state?: StreetState | undefined;
}

const DOTS = "••••••";

export function headerOf(street: Street, form: LineForm, { from, state }: Beginning): HeaderLine {
  const { at, wall } = from === "raised" ? street.begun : street.events.moment();
  return {
    what: "street",
    version: 1,
    at: isoWall(at, true),
    ...(form.withoutWall === true ? {} : { wall: isoWall(wall, true) }),
    unmasked: form.unmasked === true,
    heard: true,
    from,
    street: street.plan,
    ...(state === undefined ? {} : { state }),
  };
}

/** As text; the passwords of meters are dots unless they are wanted. */
export function headerText(header: HeaderLine): string {
  return JSON.stringify(header, (key, value: unknown) =>
    key === "passwords" && !header.unmasked && typeof value === "object" && value !== null
      ? Object.fromEntries(Object.keys(value).map((level) => [level, DOTS]))
      : value,
  );
}

/** What belongs to the machine and not to the street. */
const OF_THE_MACHINE: readonly string[] = ["clock", "chance", "log", "controlPort", "host", "unmasked", "state", "offline"];

/** A plan that names no broker's account: that is nobody's business but the broker's. */
export function planOf(options: StreetOptions): StreetPlan {
  const plan = Object.fromEntries(Object.entries(options).filter(([name]) => !OF_THE_MACHINE.includes(name)));
  return { ...(plan as unknown as StreetPlan), buses: options.buses.map(withoutAccount) };
}

function withoutAccount(bus: BusPlan): BusPlan {
  if (bus.endpoint.kind !== "mqtt") return bus;
  const { username: _username, password: _password, ...endpoint } = bus.endpoint;
  const url = new URL(endpoint.url);
  url.username = "";
  url.password = "";
  return { ...bus, endpoint: { ...endpoint, url: url.href } };
}
