/**
 * Buses of the command line beside those of a scenario or a saved street: `--tcp 2405` says where the file's one TCP bus is reached
 * today, `--tcp east=2405` which of several. The meters, the name and what else the file says of the bus stay.
 */
import type { BusPlan, EndpointPlan } from "./plans.ts";

/** A bus as an argument gives it; `bus` where it names one. */
export interface GivenBus {
  readonly argument: string;
  readonly text: string;
  readonly bus: string | undefined;
  readonly plan: BusPlan;
}

/** Thrown with a sentence that names the argument. */
export class MisplacedBus extends Error {}

/** Takes `east=2405` apart; a value without a name is left whole. */
export function withName(text: string): { readonly bus: string | undefined; readonly value: string } {
  const [, bus, value] = /^([A-Za-z][\w-]*)=(.*)$/s.exec(text) ?? [];
  return bus === undefined || value === undefined ? { bus: undefined, value: text } : { bus, value };
}

/** `mayAdd`: an argument for a kind of bus that the file does not have adds one. */
export function placedBuses(
  ofFile: readonly BusPlan[],
  given: readonly GivenBus[],
  { file, mayAdd }: { file: string; mayAdd: boolean },
): BusPlan[] {
  const buses = [...ofFile];
  for (const one of given) {
    const at = ofFile.length === 0 ? undefined : placeOf(ofFile, one, { file, mayAdd });
    if (at !== undefined) buses[at] = reachedAt(buses[at]!, one.plan);
    else if (buses.some(({ id }) => id === one.plan.id))
      throw new MisplacedBus(
        `--${one.argument} ${one.text}: there is a bus ${one.plan.id} already; name it, like --${one.argument} east=…`,
      );
    else buses.push(one.plan);
  }
  return buses;
}

/** Which bus of the file is meant; undefined when it is a new one. */
function placeOf(
  ofFile: readonly BusPlan[],
  { argument, text, bus, plan }: GivenBus,
  { file, mayAdd }: { file: string; mayAdd: boolean },
): number | undefined {
  const wrong = (why: string): MisplacedBus => new MisplacedBus(`--${argument} ${text}: ${why}`);
  const alike = [...ofFile.keys()].filter((at) => ofFile[at]!.endpoint.kind === plan.endpoint.kind);
  const names = alike.map((at) => ofFile[at]!.id);
  if (bus !== undefined) {
    const at = alike.find((one) => ofFile[one]!.id === bus);
    if (at === undefined) throw wrong(`${file} has no ${plan.endpoint.kind} bus ${bus}; it has ${names.join(", ") || "none"}`);
    return at;
  }
  if (alike.length === 1) return alike[0];
  const [first = "east", second = "west"] = names;
  if (alike.length > 1)
    throw wrong(
      `${file} has ${alike.length} ${plan.endpoint.kind} buses: say which, like --${argument} ${first}=… --${argument} ${second}=…`,
    );
  if (mayAdd) return undefined;
  throw wrong(
    `${file} has no ${plan.endpoint.kind} bus; it has ${ofFile.map(({ id, endpoint }) => `${id} (${endpoint.kind})`).join(", ")}`,
  );
}

const given = <T extends object>(fields: T): Partial<T> =>
  Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined)) as Partial<T>;

function reachedAt(bus: BusPlan, now: BusPlan): BusPlan {
  const { id: _id, endpoint, ...pace } = now;
  return { ...bus, ...given(pace), endpoint: { ...bus.endpoint, ...given(endpoint) } as EndpointPlan };
}
