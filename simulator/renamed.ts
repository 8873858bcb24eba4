/**
 * Who goes by another address than the one that was planned: 15H gives a meter a new name, two meters may exchange theirs, and
 * two may end up with the same one. Everybody else is found by the plan, so that of ten thousand meters a frame looks at one.
 */
import type { VirtualMeter } from "./virtual-meter.ts";

export class Renamed {
  /** By the address it has now; of one address in the order of the plan, so that a street that was loaded answers alike. */
  readonly #byName = new Map<string, VirtualMeter[]>();
  readonly #names = new Map<string, string>();

  /** From now on it is known under whatever address it has. */
  watch(meter: VirtualMeter): void {
    meter.uponRename = () => this.#note(meter);
    this.#note(meter);
  }

  /** Those that were planned under another address and have this one now. */
  at(name: string): readonly VirtualMeter[] {
    return this.#byName.get(name) ?? [];
  }

  /** What the meter that was planned under this address is called now. */
  nameOf(planned: string): string {
    return this.#names.get(planned) ?? planned;
  }

  #note(meter: VirtualMeter): void {
    const { address: planned } = meter.plan;
    const before = this.#names.get(planned);
    if (before !== undefined)
      this.#put(
        before,
        this.at(before).filter((one) => one !== meter),
      );
    if (meter.address === planned) {
      this.#names.delete(planned);
      return;
    }
    this.#names.set(planned, meter.address);
    this.#put(meter.address, [...this.at(meter.address), meter]);
  }

  #put(name: string, meters: readonly VirtualMeter[]): void {
    if (meters.length === 0) this.#byName.delete(name);
    else
      this.#byName.set(
        name,
        meters.toSorted((a, b) => (a.plan.address < b.plan.address ? -1 : 1)),
      );
  }
}
