/**
 * Stands in the street and watches: which relay opens and closes and when, and what a meter truly showed whenever it told its energy,
 * whatever arrived of that. Hears frames as the street writes them down, and looks at the meters themselves.
 */
import { Kind, placeOf, TARIFFS } from "../../simulator/energies.ts";
import type { StreetEvent } from "../../simulator/frame-log.ts";
import type { Street } from "../../simulator/street.ts";
import type { VirtualMeter } from "../../simulator/virtual-meter.ts";
import { dayOf } from "../oracle/calendar.ts";
import type { Registers } from "../oracle/oracle.ts";
import { TIME_ZONE } from "../months/plan.ts";

export interface Shown {
  readonly at: number;
  readonly registers: Registers;
}

export interface Watcher {
  opened(meter: string, at: number): void;
  closed(meter: string, at: number): void;
}

/** More than a meter is asked in two hours, in which a reading is fresh enough for a cut. */
const SHOWN_MAX = 16;
const START = 0x68;
const RELAY_ANSWERED = 0x9c;
const READ_ANSWERED = 0x91;
const CONTROL_AT = 8;
const DATA_AT = 10;
/** 00010000 and 0001FF00 as they travel. */
const ENERGY = [0x33, 0x32] as const;

export class Witness {
  readonly #street: Street;
  readonly #shown = new Map<string, Shown[]>();
  readonly #open = new Set<string>();

  constructor(street: Street, watcher: Watcher) {
    this.#street = street;
    street.events.listen((event) => this.#saw(event, watcher));
  }

  /** What it truly showed when it was asked for its energy lately, oldest first. */
  shownBy(meter: string): readonly Shown[] {
    return this.#shown.get(meter) ?? [];
  }

  isOpen(meter: string): boolean {
    return this.#open.has(meter);
  }

  now(meter: string): Registers {
    const virtual = this.#street.meter(meter);
    virtual.settle();
    return registersOf(virtual);
  }

  /** By the day that begins with them, the newest few. */
  midnights(meter: string, count: number): readonly (readonly [string, Registers])[] {
    const virtual = this.#street.meter(meter);
    virtual.settle();
    const found: (readonly [string, Registers])[] = [];
    for (let age = count; age >= 1; age -= 1) {
      const frozen = virtual.life.freezes.kept("daily", age);
      if (frozen === undefined) continue;
      const register = (kind: 0 | 1, tariff: number): number => frozen.energies[placeOf(kind, tariff)] ?? 0;
      found.push([dayOf(frozen.at, TIME_ZONE), registersBy(register)]);
    }
    return found;
  }

  #saw(event: StreetEvent, watcher: Watcher): void {
    if (event.what !== "frame" || event.direction !== "reply") return;
    const { bytes, meter, at } = event;
    const start = bytes.indexOf(START);
    const control = bytes[start + CONTROL_AT];
    if (control === RELAY_ANSWERED) this.#relay(meter, at, watcher);
    else if (control === READ_ANSWERED && isEnergy(bytes, start + DATA_AT)) this.#energy(meter, at);
  }

  #energy(address: string, at: number): void {
    const meter = this.#street.find(address);
    if (meter === undefined) return;
    const all = this.#shown.get(address) ?? [];
    all.push({ at, registers: registersOf(meter) });
    if (all.length > SHOWN_MAX) all.shift();
    this.#shown.set(address, all);
  }

  #relay(address: string, at: number, watcher: Watcher): void {
    const isOpen = this.#street.find(address)?.relay.isClosed === false;
    if (isOpen === this.#open.has(address)) return;
    if (isOpen) this.#open.add(address);
    else this.#open.delete(address);
    if (isOpen) watcher.opened(address, at);
    else watcher.closed(address, at);
  }
}

const isEnergy = (bytes: Uint8Array, at: number): boolean =>
  bytes[at] === 0x33 && ENERGY.some((block) => bytes[at + 1] === block) && bytes[at + 2] === 0x34 && bytes[at + 3] === 0x33;

const registersOf = (meter: VirtualMeter): Registers =>
  registersBy((kind, tariff) => meter.life.registers.steps(placeOf(kind, tariff)));

const registersBy = (register: (kind: 0 | 1, tariff: number) => number): Registers => ({
  total: register(Kind.forward, 0),
  rates: Array.from({ length: TARIFFS }, (_, n) => register(Kind.forward, n + 1)),
  exported: register(Kind.reverse, 0),
});
