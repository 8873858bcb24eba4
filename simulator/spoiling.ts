/**
 * One request, one meter, perhaps one fault: what comes back, and how. The cruellest is `lost-reply`: by the time nothing is
 * said, the meter has obeyed.
 */
import type { Chance } from "../src/kernel/chance.ts";
import { fromHex, joined, reversed } from "./bytes.ts";
import type { Answer } from "./behaviours/behaviour.ts";
import type { StandingFault } from "./faults.ts";
import { aimsAt } from "./faults.ts";
import type { VirtualMeter } from "./virtual-meter.ts";
import type { Frame } from "./wire.ts";
import { dataItemBytes, dataItemOf, FunctionCode, no, writeFrame, yes } from "./wire.ts";

export interface Reply {
  readonly meter: VirtualMeter;
  readonly bytes: Uint8Array;
  /** Spoken so much later than usual, with the wires free meanwhile. */
  readonly lateMs: number;
  readonly fault: StandingFault | undefined;
}

const LATE_MS = 3_000;
const NOISE_BYTES = 5;

const withDataItem: readonly number[] = [FunctionCode.security, FunctionCode.read, FunctionCode.readOn, FunctionCode.write];

/** What a fault may be aimed at. */
export const exchangeOf = ({ control, data }: Frame): { function: number; di: string | undefined } => ({
  function: control,
  di: withDataItem.includes(control) && data.length >= 4 ? dataItemOf(data) : undefined,
});

export function fitsExchange(fault: StandingFault, request: Frame): boolean {
  if (fault.kind === "stuck-relay" || !aimsAt(fault, exchangeOf(request))) return false;
  return fault.kind !== "empty-acknowledgement" || isOrder(request);
}

function isOrder(request: Frame): boolean {
  const { function: code, di } = exchangeOf(request);
  return (
    code === FunctionCode.write ||
    code === FunctionCode.control ||
    (code === FunctionCode.security && di?.startsWith("0701") === true)
  );
}

/** What the meter does and says under this fault; undefined: nothing comes back. */
export function answerOf(request: Frame, meter: VirtualMeter, fault: StandingFault | undefined): Answer | undefined {
  if (!meter.isPowered) return undefined;
  switch (fault?.kind) {
    case "lost-request":
    case "silence":
    case "dead-line":
      return undefined;
    case "refusal": {
      const size = request.control === FunctionCode.security ? 2 : 1;
      return no(request, ...reversed(fromHex((fault.error ?? "01").padStart(size * 2, "0"))).slice(0, size));
    }
    case "empty-acknowledgement": {
      const { di } = exchangeOf(request);
      return request.control === FunctionCode.security ? yes(request, dataItemBytes(di ?? "")) : yes(request);
    }
    default:
      return meter.hear(request);
  }
}

/** The bytes that reach the wire, or none. */
export function spoil(
  answer: Pick<Frame, "control" | "data">,
  meter: VirtualMeter,
  fault: StandingFault | undefined,
  { wakeUps, chance }: { wakeUps: number; chance: Chance },
): Uint8Array | undefined {
  const address = fault?.kind === "wrong-address" ? nextAddress(meter.address) : meter.address;
  const bytes = writeFrame({ address, ...answer }, wakeUps);
  switch (fault?.kind) {
    case "lost-reply":
    case "dropped-connection":
      return undefined;
    case "bad-checksum":
      bytes[bytes.length - 2]! ^= 0x55;
      return bytes;
    case "duplicate-reply":
      return joined(bytes, bytes);
    case "torn-reply":
      return bytes.slice(0, wakeUps + Math.floor((bytes.length - wakeUps) / 2));
    case "noise":
      return joined(chance.bytes(fault.bytes ?? NOISE_BYTES), bytes);
    default:
      return bytes;
  }
}

export const lateMsOf = (fault: StandingFault | undefined): number =>
  fault?.kind === "late-reply" ? (fault.delayMs ?? LATE_MS) : 0;

const nextAddress = (address: string): string => ((BigInt(address) + 1n) % 1_000_000_000_000n).toString().padStart(12, "0");

/** Two talk at once: the driven level wins, bit by bit, and nothing that can be read is left. */
export function superposed(a: Uint8Array, b: Uint8Array): Uint8Array {
  return Uint8Array.from({ length: Math.max(a.length, b.length) }, (_, i) => (a[i] ?? 0xff) & (b[i] ?? 0xff));
}
