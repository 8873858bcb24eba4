/** Who is taken for whom on the wires: two meters whose addresses were swapped, and a stranger who asks beside us. */
import { fromHex, joined, reversed } from "./bytes.ts";
import { setting } from "./faults.ts";
import type { Spoken } from "./spoken.ts";
import { spoken } from "./spoken.ts";
import type { Keeps } from "./state/keeping.ts";
import type { VirtualMeter } from "./virtual-meter.ts";
import type { Frame } from "./wire.ts";
import { dataItemBytes, dataItemOf, FunctionCode, writeFrame } from "./wire.ts";

const OWN_ADDRESS = "04000401";

/** Pairs of meters that have each other's address. Only those that were ever named are looked at. */
export class Swaps implements Keeps<{ candidates: readonly string[] }> {
  readonly keptAs = "swaps";
  readonly #meters: ReadonlyMap<string, VirtualMeter>;
  readonly #candidates = new Set<VirtualMeter>();

  constructor(meters: ReadonlyMap<string, VirtualMeter>) {
    this.#meters = meters;
  }

  watch(meter: VirtualMeter): void {
    this.#candidates.add(meter);
  }

  /** The meter that hears what is said to this one. */
  inPlaceOf(meter: VirtualMeter): VirtualMeter {
    for (const candidate of this.#candidates) {
      const fault = candidate.faults.has("swapped-addresses");
      if (fault === undefined) continue;
      const other = this.#meters.get(setting(fault, "with"));
      if (other === undefined) continue;
      if (meter === candidate) return other;
      if (meter === other) return candidate;
    }
    return meter;
  }

  save(): { candidates: readonly string[] } {
    return { candidates: [...this.#candidates].map(({ plan }) => plan.address) };
  }

  load({ candidates }: { candidates: readonly string[] }): void {
    this.#candidates.clear();
    for (const address of candidates) {
      const meter = this.#meters.get(address);
      if (meter !== undefined) this.#candidates.add(meter);
    }
  }
}

/** A meter that goes by another's address gives that as its own when it is asked for it. */
export function ownName(request: Frame, reply: Frame, meter: VirtualMeter): Frame {
  if (reply.address === meter.address || (reply.control & 0x40) !== 0) return reply;
  const name = reversed(fromHex(reply.address));
  if (request.control === FunctionCode.readAddress) return { ...reply, data: name };
  const isAsked = request.control === FunctionCode.read && dataItemOf(request.data) === OWN_ADDRESS;
  return isAsked ? { ...reply, data: joined(dataItemBytes(OWN_ADDRESS), name) } : reply;
}

/** Another master reads the meter's energy on the same wires: question and answer, for all to hear. */
export function foreignExchange(meter: VirtualMeter, name: string, wakeUps: number): Spoken[] {
  const question = { address: name, control: FunctionCode.read, data: dataItemBytes("00010000") };
  const answer = meter.hear(question);
  const heard = [writeFrame(question, wakeUps)];
  if (answer !== undefined && answer !== "silent") heard.push(writeFrame({ address: name, ...answer }, wakeUps));
  return heard.map((bytes) => spoken(bytes, { because: "foreign-master" }));
}
