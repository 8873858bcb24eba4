/**
 * Everything that can be made to go wrong, in one table (its rows are in `faults/`), and the shelf on which a meter or a bus
 * keeps what was ordered. An exchange uses the oldest fault that fits it, and only that one, so several are used up in the
 * order in which they were set; what a meter or a line is like all the time stands beside them.
 */
import { Fault } from "../src/kernel/faults.ts";
import type { FaultKindRow } from "./faults/kinds.ts";
import { lineKinds } from "./faults/line-kinds.ts";
import { meterKinds } from "./faults/meter-kinds.ts";
import type { ParameterName, ParameterValues } from "./faults/parameters.ts";
import { fieldOf } from "./faults/parameters.ts";
import { replyKinds } from "./faults/reply-kinds.ts";
import { refill } from "./state/keeping.ts";
import type { Keeps } from "./state/keeping.ts";

export const faultKinds = { ...replyKinds, ...meterKinds, ...lineKinds } as const;

export type FaultKind = keyof typeof faultKinds;

export type FaultOrder = { readonly kind: FaultKind } & ParameterValues;

/** A fault on the shelf; `times` null lasts until it is deleted. */
export type StandingFault = Omit<FaultOrder, "times"> & { readonly id: string; times: number | null };

export const rowOf = (kind: FaultKind): FaultKindRow => faultKinds[kind];
export const isFaultKind = (name: string): name is FaultKind => Object.hasOwn(faultKinds, name);
export const actsOn = (kind: FaultKind): "exchange" | "body" | "line" => rowOf(kind).acts ?? "exchange";

/** A parameter as it was given, or what the table says when it was not. */
export function setting<Name extends Exclude<ParameterName, "times">>(
  fault: Omit<FaultOrder, "times">,
  name: Name,
): NonNullable<ParameterValues[Name]> {
  const value = fault[name] ?? rowOf(fault.kind).otherwise?.[name];
  if (value === undefined) throw new Fault("invalid-request", { field: name, allowed: `${fault.kind} needs it` });
  return value;
}

/** What the fault table says to people and pages (GET /faults). */
export function faultMenu(): object[] {
  return Object.keys(faultKinds)
    .filter(isFaultKind)
    .map((kind) => {
      const { on, meaning, meaningZh, lasts, parameters, otherwise, endpoints, payload } = rowOf(kind);
      const fields = (Object.keys(parameters) as ParameterName[]).map((name) => ({
        ...fieldOf(name),
        meaning: parameters[name],
        ...(otherwise?.[name] === undefined ? {} : { otherwise: otherwise[name] }),
      }));
      const places = (["meter", "bus"] as const).filter((place) => mayStandOn(kind, place));
      return {
        kind,
        on,
        meaning,
        meaningZh,
        lasts,
        parameters,
        acts: actsOn(kind),
        places,
        endpoints: endpoints ?? null,
        payload: payload ?? null,
        fields,
      };
    });
}

/** A bus takes its own kinds and every spoiler of one exchange; a meter only its own. */
export function mayStandOn(kind: FaultKind, place: "meter" | "bus"): boolean {
  return place === "meter" ? rowOf(kind).on === "meter" : actsOn(kind) !== "body";
}

interface ShelfState {
  readonly standing: readonly StandingFault[];
  readonly count: number;
}

export class FaultShelf implements Keeps<ShelfState> {
  readonly keptAs = "faults";
  readonly #place: "meter" | "bus";
  readonly #standing: StandingFault[] = [];
  #count = 0;

  constructor(place: "meter" | "bus") {
    this.#place = place;
  }

  set(order: FaultOrder): string {
    if (!mayStandOn(order.kind, this.#place)) {
      const { on } = faultKinds[order.kind];
      throw new Fault("invalid-request", {
        field: "kind",
        given: order.kind,
        allowed: `a kind for a ${this.#place}; this one is set on a ${on === "meter" ? "meter" : "bus"}`,
      });
    }
    this.#count += 1;
    const id = `fault-${this.#count}`;
    const times = order.times ?? (faultKinds[order.kind].lasts === "once" ? 1 : null);
    this.#standing.push({ ...order, id, times });
    return id;
  }

  /** Uses up one time of the oldest fault that fits. */
  use(fits: (fault: StandingFault) => boolean): StandingFault | undefined {
    const fault = this.find(fits);
    if (fault !== undefined) this.spend(fault);
    return fault;
  }

  /** The oldest fault that fits; whether it strikes is seen later, and then it is spent. */
  find(fits: (fault: StandingFault) => boolean): StandingFault | undefined {
    return this.#standing.find(fits);
  }

  /** One time less. */
  spend(fault: StandingFault): void {
    if (fault.times === null) return;
    fault.times -= 1;
    if (fault.times <= 0) this.clear(fault.id);
  }

  /** The oldest standing fault of a kind that lasts; nothing is used up. */
  has(kind: FaultKind): StandingFault | undefined {
    return this.#standing.find((fault) => fault.kind === kind);
  }

  clear(id?: string): boolean {
    const before = this.#standing.length;
    const kept = id === undefined ? [] : this.#standing.filter((fault) => fault.id !== id);
    this.#standing.splice(0, before, ...kept);
    return kept.length < before;
  }

  get standing(): readonly StandingFault[] {
    return this.#standing;
  }

  save(): ShelfState {
    return { standing: this.#standing.map((fault) => ({ ...fault })), count: this.#count };
  }

  load({ standing, count }: ShelfState): void {
    const strange = standing.find(({ kind }) => !isFaultKind(kind));
    if (strange !== undefined) throw new Fault("invalid-request", { field: "kind", given: strange.kind });
    refill(this.#standing, standing);
    this.#count = count;
  }
}

/** Whether an exchange is one of those a fault was aimed at. */
export function aimsAt(fault: StandingFault, exchange: { function: number; di: string | undefined }): boolean {
  if (fault.function !== undefined && Number.parseInt(fault.function, 16) !== exchange.function) return false;
  return fault.di === undefined || fault.di.toUpperCase() === exchange.di;
}
