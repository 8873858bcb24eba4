/**
 * Which meter hangs on which bus, and what model it is. Fed from the site file, and by replacements while the house runs; a mistake is
 * named, not met later.
 */
import { Fault } from "../kernel/faults.ts";
import type { MeterAddress } from "../kernel/ids.ts";
import { EVERY_METER } from "../protocols/dlt645/index.ts";
import type { MeterRecord } from "./meter.ts";

export class MeterRegistry {
  readonly #meters = new Map<MeterAddress, MeterRecord>();
  readonly #buses: ReadonlySet<string>;

  constructor(meters: readonly MeterRecord[], buses: ReadonlySet<string>) {
    this.#buses = buses;
    for (const [index, meter] of meters.entries()) this.add(meter, `meters[${index}]`);
  }

  add(meter: MeterRecord, field = "meter"): void {
    if (!this.#buses.has(meter.bus)) {
      throw new Fault("site-file-invalid", { field: `${field}.bus`, given: meter.bus, allowed: [...this.#buses] });
    }
    if (meter.address === EVERY_METER) {
      throw new Fault("site-file-invalid", {
        field: `${field}.address`,
        given: meter.address,
        why: "this is the address of everybody, which no meter has",
      });
    }
    // Two meters of one address answer at once, and the wrong one may be cut.
    const other = this.#meters.get(meter.address);
    if (other !== undefined) {
      throw new Fault("site-file-invalid", {
        field: `${field}.address`,
        given: meter.address,
        why: `this address already hangs on ${other.bus}`,
      });
    }
    this.#meters.set(meter.address, meter);
  }

  remove(address: MeterAddress): void {
    this.#meters.delete(address);
  }

  find(address: MeterAddress): MeterRecord | undefined {
    return this.#meters.get(address);
  }

  all(): readonly MeterRecord[] {
    return [...this.#meters.values()];
  }
}
