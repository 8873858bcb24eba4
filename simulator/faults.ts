/**
 * Everything that can be made to go wrong, in one table, and the shelf on which a meter or a bus keeps what was ordered.
 * An exchange uses the oldest fault that fits it, and only that one, so several are used up in the order in which they were set.
 */
import { Fault } from "../src/kernel/faults.ts";

interface FaultKindRow {
  readonly on: "meter" | "bus" | "endpoint";
  readonly meaning: string;
  /** Without `times`: once, or until it is deleted. */
  readonly lasts: "once" | "until-deleted";
  readonly parameters: Readonly<Record<string, string>>;
}

const aim = {
  function: 'two hex digits, e.g. "03": only exchanges of this function',
  di: 'eight hex digits, e.g. "070102FF": only exchanges with this data identifier',
} as const;
const once = { times: "how many exchanges it spoils, default 1", ...aim } as const;
const lasting = { times: "how often; left out, it lasts until it is deleted" } as const;

export const faultKinds = {
  "lost-reply": { on: "meter", meaning: "the meter obeys, the answer is lost", lasts: "once", parameters: once },
  "lost-request": {
    on: "meter",
    meaning: "the request is lost: the meter hears nothing and does nothing",
    lasts: "once",
    parameters: once,
  },
  silence: {
    on: "meter",
    meaning: "the meter is dead: hears nothing, does nothing",
    lasts: "until-deleted",
    parameters: { ...lasting, ...aim },
  },
  "bad-checksum": {
    on: "meter",
    meaning: "the meter obeys, the checksum of its answer is wrong",
    lasts: "once",
    parameters: once,
  },
  "late-reply": {
    on: "meter",
    meaning: "the meter obeys and answers late; the wires are free meanwhile, so the answer may meet the next question",
    lasts: "once",
    parameters: { ...once, delayMs: "how much later, default 3000" },
  },
  "duplicate-reply": { on: "meter", meaning: "the answer comes twice", lasts: "once", parameters: once },
  "torn-reply": { on: "meter", meaning: "the meter obeys, only half of its answer comes", lasts: "once", parameters: once },
  "wrong-address": {
    on: "meter",
    meaning: "the meter obeys, and answers under the next higher address",
    lasts: "once",
    parameters: once,
  },
  refusal: {
    on: "meter",
    meaning: "the meter does nothing and answers with an error",
    lasts: "once",
    parameters: { ...once, error: 'error as hex, ERR "01" or SERR "0001"; default other error' },
  },
  "empty-acknowledgement": {
    on: "meter",
    meaning: "the meter says yes to a write, control or money order and does nothing",
    lasts: "once",
    parameters: once,
  },
  "stuck-relay": {
    on: "meter",
    meaning: "orders are taken, the contact does not move; freed, it goes where it was last told to go",
    lasts: "until-deleted",
    parameters: { times: "how many movements it spoils; left out, it lasts until it is deleted" },
  },
  echo: { on: "bus", meaning: "the adapter echoes every request", lasts: "until-deleted", parameters: { ...lasting, ...aim } },
  noise: {
    on: "bus",
    meaning: "random bytes before the answer",
    lasts: "once",
    parameters: { ...once, bytes: "how many, default 5" },
  },
  "dead-line": {
    on: "bus",
    meaning: "the wires are cut: no meter hears anything",
    lasts: "until-deleted",
    parameters: { ...lasting, ...aim },
  },
  "dropped-connection": {
    on: "endpoint",
    meaning: "the meter obeys, and the connection breaks before its answer (TCP and MQTT); set it on the bus",
    lasts: "once",
    parameters: once,
  },
} as const satisfies Record<string, FaultKindRow>;

export type FaultKind = keyof typeof faultKinds;

export interface FaultOrder {
  readonly kind: FaultKind;
  readonly times?: number | undefined;
  readonly function?: string | undefined;
  readonly di?: string | undefined;
  readonly delayMs?: number | undefined;
  readonly bytes?: number | undefined;
  readonly error?: string | undefined;
}

/** A fault on the shelf; `times` null lasts until it is deleted. */
export type StandingFault = Omit<FaultOrder, "times"> & { readonly id: string; times: number | null };

/** What the fault table says to people (GET /faults). */
export const faultMenu = (): object[] => Object.entries(faultKinds).map(([kind, row]) => ({ kind, ...row }));

/** A bus takes its own kinds and every spoiler of one exchange; a meter only its own. */
export function mayStandOn(kind: FaultKind, place: "meter" | "bus"): boolean {
  return place === "meter" ? faultKinds[kind].on === "meter" : kind !== "stuck-relay";
}

export class FaultShelf {
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

  /** Uses up one time of the oldest fault of these kinds that fits. */
  use(fits: (fault: StandingFault) => boolean): StandingFault | undefined {
    const fault = this.#standing.find(fits);
    if (fault === undefined || fault.times === null) return fault;
    fault.times -= 1;
    if (fault.times <= 0) this.#standing.splice(this.#standing.indexOf(fault), 1);
    return fault;
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
}

/** Whether an exchange is one of those a fault was aimed at. */
export function aimsAt(fault: StandingFault, exchange: { function: number; di: string | undefined }): boolean {
  if (fault.function !== undefined && Number.parseInt(fault.function, 16) !== exchange.function) return false;
  return fault.di === undefined || fault.di.toUpperCase() === exchange.di;
}
