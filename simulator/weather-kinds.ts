/**
 * What the weather may bring: the kinds that the fault table gives a weight, or those that somebody named, each as often as the
 * others and with parameters of its own. Whatever it brings ends: a kind that lasts until it is deleted stands for `forMs` of the
 * street's time, ten minutes unless it is told otherwise or how often (`times`).
 */
import { z } from "zod";
import { Fault, isFault } from "../src/kernel/faults.ts";
import type { FaultKind, FaultOrder } from "./faults.ts";
import { faultKinds, isFaultKind, rowOf } from "./faults.ts";
import { parameterFromText } from "./faults/parameters.ts";
import { checked, checkedFault } from "./meter-door.ts";

type Terms = Omit<FaultOrder, "kind"> & { readonly forMs?: number | undefined };

/** Kinds by name, or with their parameters; null: the usual ones again. */
export type WeatherKinds = readonly FaultKind[] | { readonly [Kind in FaultKind]?: Terms | null | undefined } | null;

export interface WeatherPlan {
  readonly seed?: number | string | undefined;
  /** On average, over the whole street; 0 is calm. */
  readonly faultsPerHour: number;
  /** Left out: as before, and at the start the usual ones. */
  readonly kinds?: WeatherKinds | undefined;
}

export interface Brought {
  readonly order: FaultOrder;
  /** Against the others. */
  readonly weight: number;
  /** How long it stands; left out, as often as it was ordered. */
  readonly forMs?: number | undefined;
}

const FOR_MS = { usual: 600_000, max: 2_678_400_000 } as const;
export const FAULTS_PER_HOUR_MAX = 100_000;

const usual: readonly Brought[] = Object.keys(faultKinds)
  .filter(isFaultKind)
  .map((kind) => ({ order: { kind }, weight: rowOf(kind).weather ?? 0 }))
  .filter(({ weight }) => weight > 0);

const wrong = (field: string, allowed: string): Fault => new Fault("invalid-request", { field, allowed });

/** Throws what is wrong with the kinds and their parameters, by the names under which they were given. */
export function broughtBy(kinds: WeatherKinds | undefined): readonly Brought[] {
  if (kinds === undefined || kinds === null) return usual;
  const allowed = "a list of kinds of faults, or kinds with their parameters";
  if (typeof kinds !== "object") throw wrong("kinds", allowed);
  const rows = Array.isArray(kinds) ? kinds.map((kind: unknown) => [kind, {}] as const) : Object.entries(kinds);
  if (rows.length === 0) throw wrong("kinds", allowed);
  return rows.map(([kind, terms]: readonly [unknown, unknown]) => brought(kind, terms ?? {}));
}

function brought(kind: unknown, terms: unknown): Brought {
  if (typeof kind !== "string" || !isFaultKind(kind))
    throw wrong(`kinds.${String(kind)}`, `kinds of faults are ${Object.keys(faultKinds).join(", ")}`);
  const field = `kinds.${kind}`;
  if (typeof terms !== "object" || terms === null || Array.isArray(terms)) throw wrong(field, "parameters by their names");
  const { forMs, ...parameters } = terms as Record<string, unknown>;
  if (forMs !== undefined && !(Number.isInteger(forMs) && Number(forMs) >= 1 && Number(forMs) <= FOR_MS.max))
    throw wrong(`${field}.forMs`, `whole milliseconds from 1 to ${FOR_MS.max}`);
  const order = checkedUnder(field, { kind, ...parameters });
  const lasts = rowOf(kind).lasts === "until-deleted" && order.times === undefined;
  return { order, weight: 1, forMs: forMs === undefined && lasts ? FOR_MS.usual : (forMs as number | undefined) };
}

function checkedUnder(field: string, order: object): FaultOrder {
  try {
    return checkedFault(order);
  } catch (error) {
    const { field: inner, allowed } = isFault(error) ? error.context : {};
    if (typeof inner !== "string" || typeof allowed !== "string") throw error;
    throw new Fault("invalid-request", { field: `${field}.${inner}`, allowed }, { cause: error });
  }
}

const kindsShape = z.custom<WeatherKinds>().superRefine((kinds, context) => {
  try {
    broughtBy(kinds);
  } catch (error) {
    const { field, allowed } = isFault(error) ? error.context : {};
    if (typeof field !== "string" || typeof allowed !== "string") throw error;
    context.addIssue({ code: "custom", path: field.split(".").slice(1), message: allowed });
  }
});

export const weatherShape = z.strictObject({
  seed: z.union([z.int(), z.string().min(1)]).optional(),
  faultsPerHour: z.number().min(0).max(FAULTS_PER_HOUR_MAX),
  kinds: kindsShape.optional(),
});

/** How often things go wrong by themselves, and which. */
export const checkedWeather = (given: unknown): z.infer<typeof weatherShape> => checked(weatherShape, given);

/** `late-reply,delayMs=1500`: a kind as the command line has it. Not checked yet. */
export function weatherKindFromText(text: string): readonly [string, object] {
  const [kind = "", ...pairs] = text.split(",");
  const terms = pairs.map((pair) => {
    const at = pair.includes("=") ? pair.indexOf("=") : pair.length;
    const [name, value] = [pair.slice(0, at), pair.slice(at + 1)];
    return [name, name === "forMs" ? Number(value) : parameterFromText(name, value)];
  });
  return [kind, Object.fromEntries(terms) as object];
}
