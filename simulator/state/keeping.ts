/**
 * How a part of a street says what has to come back when the street is loaded again.
 *
 * A part that remembers something implements `Keeps`: `save` gives its fields by their names, `load` takes them back and does
 * nothing else (no relay moves, no money flows: what follows from the state has followed already). What a part is built from and
 * never changes is not kept; it comes from the plan and the seed. The parts of a meter are listed in `parts.ts`; a test walks
 * through a meter that has lived, private fields and all, and fails for each field that nobody keeps.
 */
import { Fault, reasonOf } from "../../src/kernel/faults.ts";
import { pack, unpack } from "./pack.ts";

export interface Keeps<State extends object = object> {
  /** The name under which it stands in the file. */
  readonly keptAs: string;
  save(): State;
  load(state: State): void;
}

/**
 * Fields of an owner by their names. Lists, maps, sets and tables stay the same objects and get other contents; but what is frozen
 * is shared by many meters, and another is put in its place.
 */
export const keepsFields = <Owner extends object>(
  keptAs: string,
  owner: Owner,
  names: readonly (keyof Owner & string)[],
): Keeps<KeptFields> => ({
  keptAs,
  save: () => Object.fromEntries(names.map((name) => [name, owner[name]])),
  load: (state) => {
    for (const name of names) if (!fill(owner[name], state[name])) owner[name] = state[name] as Owner[typeof name];
  },
});

/** Lists, maps, sets and tables that only their owner sees. */
export const keepsContents = (keptAs: string, containers: Readonly<Record<string, object>>): Keeps<KeptFields> => ({
  keptAs,
  save: () => containers,
  load: (state) => {
    for (const [name, container] of Object.entries(containers)) fill(container, state[name]);
  },
});

/** Several ways of keeping make one part. */
export const keepsAll = (keptAs: string, ...ways: readonly Pick<Keeps, "save" | "load">[]): Keeps => ({
  keptAs,
  save: () => Object.assign({}, ...ways.map((way) => way.save())) as object,
  load: (state) => {
    for (const way of ways) way.load(state);
  },
});

/** False: there is nothing to fill, the value itself has to be put in place. */
function fill(present: unknown, given: unknown): boolean {
  if (typeof present !== "object" || present === null || typeof given !== "object" || given === null) return false;
  if (Object.isFrozen(present)) return false;
  if (Array.isArray(present)) refill(present, given as unknown[]);
  else if (ArrayBuffer.isView(present)) (present as Uint8Array).set(given as Uint8Array);
  else if (present instanceof Map) {
    present.clear();
    for (const [key, value] of given as Map<unknown, unknown>) present.set(key, value);
  } else if (present instanceof Set) {
    present.clear();
    for (const value of given as Set<unknown>) present.add(value);
  } else {
    for (const name of Object.keys(present)) Reflect.deleteProperty(present, name);
    Object.assign(present, given);
  }
  return true;
}

/** Fields by name, packed as JSON. */
export type KeptFields = Readonly<Record<string, unknown>>;
/** Parts by name. */
export type KeptParts = Readonly<Record<string, KeptFields>>;

/** An array that belongs to somebody gets other contents. */
export const refill = <T>(array: T[], contents: readonly T[]): void => void array.splice(0, array.length, ...contents);

export function saveParts(parts: readonly Keeps[]): KeptParts {
  const names = parts.map(({ keptAs }) => keptAs);
  const twice = names.find((name, i) => names.indexOf(name) !== i);
  if (twice !== undefined) throw new Error(`two parts are kept as ${twice}`);
  return Object.fromEntries(parts.map((part) => [part.keptAs, pack(part.save()) as KeptFields]));
}

/** Refuses what is not exactly the state of these parts: half a state would go on somehow, and nobody would know how. */
export function loadParts(parts: readonly Keeps[], state: unknown, path: string): void {
  const given = record(state, path);
  const names = parts.map(({ keptAs }) => keptAs);
  sameNames(Object.keys(given), names, path);
  for (const part of parts) {
    const where = `${path}.${part.keptAs}`;
    const fields = record(unpack(given[part.keptAs]), where);
    const present = part.save() as KeptFields;
    sameNames(Object.keys(fields), Object.keys(present), where);
    for (const [name, value] of Object.entries(fields)) sameKind(value, present[name], `${where}.${name}`);
    try {
      part.load(fields);
    } catch (error) {
      throw new Fault("invalid-request", { field: where, allowed: "what was saved", because: reasonOf(error) }, { cause: error });
    }
  }
}

function record(value: unknown, field: string): KeptFields {
  if (typeof value === "object" && value !== null && !Array.isArray(value)) return value as KeptFields;
  throw new Fault("invalid-request", { field, allowed: "an object, as it was saved" });
}

function sameNames(given: readonly string[], wanted: readonly string[], path: string): void {
  const strange = given.find((name) => !wanted.includes(name));
  const missing = wanted.find((name) => !given.includes(name));
  const name = strange ?? missing;
  if (name === undefined) return;
  const allowed = strange === undefined ? "is missing" : `is not known here; known are ${wanted.join(", ")}`;
  throw new Fault("invalid-request", { field: `${path}.${name}`, allowed });
}

/** Numbers for numbers, lists for lists. What is nothing now may be something in the file, and the other way round. */
function sameKind(given: unknown, present: unknown, field: string): void {
  if (given === undefined || given === null || present === undefined || present === null) return;
  if (kindOf(given) !== kindOf(present)) throw new Fault("invalid-request", { field, allowed: `a ${kindOf(present)}` });
}

const kindOf = (value: unknown): string => (typeof value === "object" ? (value?.constructor.name ?? "nothing") : typeof value);
