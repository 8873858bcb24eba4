/**
 * How a vendor's meter differs from the plain one: behaviours that stand before the plain ones and hear first. What a dialect does
 * not answer, the plain meter does. Written from what is told about such meters, apart from the gateway's profiles: the two meet
 * only on the wire.
 */
import type { Answer, Behaviour } from "../behaviours/behaviour.ts";
import { Err } from "../behaviours/behaviour.ts";
import { Purpose } from "../virtual-esam.ts";
import { binary, joined, reversed } from "../bytes.ts";
import type { VirtualMeter } from "../virtual-meter.ts";
import type { Frame } from "../wire.ts";
import { dataItemBytes, dataItemOf, FunctionCode, no, yes } from "../wire.ts";

/** Functions this meter was never taught: it stays silent, as all firmware seen does. */
export const knowsOnly = (functions: readonly number[]): Behaviour => ({
  name: "functions it knows",
  hear: (request) => (functions.includes(request.control) ? undefined : "silent"),
});

/** Items of the plain meter that this one does not have, by the beginning of their identifiers. */
export const lacks = (...prefixes: readonly string[]): Behaviour => ({
  name: "items it lacks",
  hear: (request) =>
    request.control === FunctionCode.read && prefixes.some((prefix) => dataItemOf(request.data).startsWith(prefix))
      ? no(request, Err.noData)
      : undefined,
});

/** Items of its own. */
export const has = (items: Readonly<Record<string, (meter: VirtualMeter) => Uint8Array>>): Behaviour => ({
  name: "items of its own",
  hear(request, meter) {
    if (request.control !== FunctionCode.read || request.data.length < 4) return undefined;
    const di = dataItemOf(request.data);
    const value = items[di]?.(meter);
    return value === undefined ? undefined : yes(request, joined(dataItemBytes(di), value));
  },
});

/** N1 of a relay order; of a secured one the chip tells. */
export const orderOf = ({ data }: Frame, meter: VirtualMeter): number | undefined =>
  data[0]! < 0x90
    ? data[8]
    : data.length === 28
      ? meter.esam.decipher(Purpose.control, reversed(data.slice(8)).slice(0, 16))[0]
      : undefined;

/** A relay that knows fewer orders: what it does not know it refuses as it refuses everything. */
export const obeysOnly = (orders: readonly number[]): Behaviour => ({
  name: "relay orders it knows",
  hear(request, meter) {
    if (request.control !== FunctionCode.control) return undefined;
    return orders.includes(orderOf(request, meter) ?? 0) ? undefined : no(request, Err.unauthorised);
  },
});

/** The same request with some bytes changed, as the plain behaviour wants it. */
export const asPlain = (request: Frame, changes: Readonly<Record<number, number>>): Frame => {
  const data = Uint8Array.from(request.data);
  for (const [at, byte] of Object.entries(changes)) data[Number(at)] = byte;
  return { ...request, data };
};

/** Run-state word 3 put together by this model's own bits, alone and in the block of seven. */
export const word3Is = (bits: (meter: VirtualMeter) => Readonly<Record<number, boolean>>, plain: Behaviour): Behaviour => ({
  name: "word 3 of its own",
  hear(request, meter): Answer | undefined {
    if (request.control !== FunctionCode.read) return undefined;
    const di = dataItemOf(request.data);
    if (di !== "04000503" && di !== "040005FF") return undefined;
    const answer = plain.hear(request, meter);
    if (answer === undefined || answer === "silent") return answer;
    const word = Object.entries(bits(meter)).reduce((sum, [bit, on]) => (on ? sum | (1n << BigInt(bit)) : sum), 0n);
    const data = Uint8Array.from(answer.data);
    data.set(binary(word, 2), di === "04000503" ? 4 : 8);
    return { ...answer, data };
  },
});
