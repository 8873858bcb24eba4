/**
 * A street raised again as a recording tells of it: without endpoints, on a clock moved by hand. What was heard then is heard again
 * at the same moment, beside the wires: their pace and what they did to the bytes is in the recording already.
 *
 * The recorded moments of the wall drive the clock, because a session lasts five minutes of them at any speed. A recording
 * without them is driven by the street's own time.
 */
import { Fault } from "../../src/kernel/faults.ts";
import { fromHex } from "../bytes.ts";
import type { FrameEvent } from "../frame-log.ts";
import type { Came } from "../heard.ts";
import type { StreetPlan } from "../recording/header.ts";
import { carryOut } from "../recording/orders.ts";
import type { StreetOrder } from "../recording/orders.ts";
import type { StreetState } from "../state/street-state.ts";
import { buildStreet } from "../street.ts";
import type { Street } from "../street.ts";
import { HandClock } from "./hand-clock.ts";

export interface Beginning {
  readonly plan: StreetPlan;
  readonly state?: StreetState | undefined;
  /** The street's time and the wall's, where the recording begins. */
  readonly at: string;
  readonly wall?: string | undefined;
}

export interface Heard {
  readonly bus: string;
  readonly hex: string;
  readonly connection?: string | undefined;
  /** As it was sent, when the wires had something wrong with them; else as it was heard. */
  readonly isSent?: boolean | undefined;
}

export interface HeardAgain {
  /** The request with what happened to it, and what was said to it. */
  readonly noted: readonly FrameEvent[];
  /** What came out of the wires. */
  readonly came: readonly Came[];
}

export interface Moment {
  readonly at: string;
  readonly wall?: string | undefined;
  /** By how much the calendar is behind what was lived. */
  readonly behindMs?: number | undefined;
}

export class Again {
  readonly street: Street;
  readonly #clock: HandClock;
  readonly #byWall: boolean;

  private constructor(street: Street, clock: HandClock, byWall: boolean) {
    this.street = street;
    this.#clock = clock;
    this.#byWall = byWall;
  }

  static async raise({ plan, state, at, wall }: Beginning): Promise<Again> {
    const clock = new HandClock(momentOf(wall ?? at));
    const street = await buildStreet({ ...plan, clock, state, offline: true });
    return new Again(street, clock, wall !== undefined);
  }

  moveTo({ at, wall, behindMs = 0 }: Moment): void {
    if (this.#byWall && wall !== undefined) {
      this.#clock.moveTo(momentOf(wall));
      return;
    }
    const { time } = this.street;
    const ahead = momentOf(at) + behindMs - time.lived();
    if (ahead > 0 && time.speed > 0) this.#clock.moveTo(this.#clock.now() + ahead / time.speed);
  }

  hear({ bus, hex, connection, isSent }: Heard): HeardAgain {
    const noted: FrameEvent[] = [];
    const hush = this.street.events.listen((event) => {
      if (event.what === "frame") noted.push(event);
    });
    try {
      const came = this.street.bus(bus).hearAgain(fromHex(hex), connection, isSent);
      return { noted, came };
    } finally {
      hush();
    }
  }

  carryOut(order: StreetOrder): void {
    carryOut(this.street, order);
  }

  close(): Promise<void> {
    return this.street.close();
  }
}

export function momentOf(text: string): number {
  const at = Date.parse(text);
  if (Number.isNaN(at)) throw new Fault("invalid-request", { field: "at", given: text, allowed: "ISO time" });
  return at;
}
