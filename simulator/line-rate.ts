/**
 * The rate at which one pair of wires runs. 17H changes it for the meter that was asked and for the master, who changes with
 * it: bytes are paced anew, and meters still at the old rate understand nothing. When no frame comes for a while the meter
 * falls back, and with it the wires.
 *
 * Where bytes take no time there is no rate either, and a change is only written down. The simulator cannot see at which rate a
 * master really speaks: it believes that a master who got his 97 keeps his word.
 */
import type { Clock } from "../src/kernel/clock.ts";
import type { Keeps } from "./state/keeping.ts";
import type { VirtualMeter } from "./virtual-meter.ts";

const BITS_PER_BYTE = 11;
/** "Some seconds" in the base standard. */
export const FALL_BACK_MS = 5_000;

export interface Written {
  readonly di: string;
  readonly field: Uint8Array;
}

interface Changed {
  readonly baud: number;
  readonly meter: VirtualMeter;
  /** Takes back what the meter wrote down about itself. */
  readonly undo: () => void;
  /** What that was, for whoever has to take it back in another street. */
  readonly before?: Written | undefined;
  heardAt: number;
}

export class LineRate {
  readonly #clock: Clock;
  readonly #usual: number | undefined;
  #changed: Changed | undefined;

  constructor(clock: Clock, usual: number | undefined) {
    this.#clock = clock;
    this.#usual = usual;
  }

  get baud(): number | undefined {
    if (this.#changed !== undefined && this.#clock.now() - this.#changed.heardAt >= FALL_BACK_MS) this.#fallBack();
    return this.#changed?.baud ?? this.#usual;
  }

  /** 0: bytes take no time. */
  get msPerByte(): number {
    const baud = this.baud;
    return baud === undefined ? 0 : (BITS_PER_BYTE * 1_000) / baud;
  }

  /** The reply is still spoken at the old rate: whoever is on the wires took it before he asked. */
  change(meter: VirtualMeter, baud: number, undo: () => void, before?: Written): void {
    if (this.#usual === undefined) return;
    this.#changed = baud === this.#usual ? undefined : { baud, meter, undo, before, heardAt: this.#clock.now() };
  }

  /** A whole frame has passed on the wires. */
  heard(): void {
    if (this.#changed !== undefined) this.#changed.heardAt = this.#clock.now();
  }

  understands(meter: VirtualMeter): boolean {
    return this.#changed === undefined || this.#changed.meter === meter;
  }

  #fallBack(): void {
    this.#changed?.undo();
    this.#changed = undefined;
  }

  /** The silence so far goes on from there, whatever the clock shows. */
  keepsFor(meters: ReadonlyMap<string, VirtualMeter>): Keeps {
    type Kept = Pick<Changed, "baud" | "before"> & { readonly meter: string; readonly silentMs: number };
    return {
      keptAs: "rate",
      save: (): { changed: Kept | undefined } => {
        if (this.#changed === undefined) return { changed: undefined };
        const { baud, meter, before, heardAt } = this.#changed;
        return { changed: { baud, before, meter: meter.plan.address, silentMs: this.#clock.now() - heardAt } };
      },
      load: ({ changed }: { changed: Kept | undefined }) => {
        const meter = changed && meters.get(changed.meter);
        this.#changed = undefined;
        if (changed === undefined || meter === undefined) return;
        const { baud, before, silentMs } = changed;
        const undo = (): void => {
          if (before !== undefined) meter.parameters.set(before.di, before.field);
        };
        this.#changed = { baud, before, meter, undo, heardAt: this.#clock.now() - silentMs };
      },
    };
  }
}
