/**
 * 19H, 1AH, 1BH: maximum demand, the whole meter, events. What is cleared leaves a record, and the records of 1AH and 1BH are
 * never cleared themselves.
 *
 *     PA P0 P1 P2 · operator 4 (· DI 4 with 1BH)       a password: 04 for demand; 02 and the programming key for the others
 *     98 P0 P1 P2 · operator 4 · block 20              1AH and 1BH under production keys: 1A or 1B, 00, deadline (, DI)
 *
 * A meter with a wallet of its own refuses 1AH: its purse is initialised instead (070103FF).
 */
import { bcd, hex, reversed } from "../bytes.ts";
import type { Kind } from "../energies.ts";
import { KINDS, placeOf, placeOfPhase } from "../energies.ts";
import type { VirtualMeter } from "../virtual-meter.ts";
import type { Frame } from "../wire.ts";
import { dataItemBytes, FunctionCode, no, yes } from "../wire.ts";
import { passwordAllows } from "./access.ts";
import type { Answer, Behaviour } from "./behaviour.ts";
import { Err } from "./behaviour.ts";
import { objectionToDeadline, openedOrder } from "./control-block.ts";
import { signed } from "./programming.ts";

const HEAD_BYTES = 8;
const DI_BYTES = 4;
const DEMANDS = 24;

/** ERR bits, or undefined when it is done. */
type Outcome = number | undefined;

function clearDemand(meter: VirtualMeter, { data }: Frame): Outcome {
  if (data.length !== HEAD_BYTES || !passwordAllows(meter, data.slice(0, 4), "04")) return Err.unauthorised;
  const before = meter.demand?.values() ?? Array.from({ length: DEMANDS }, () => new Uint8Array(8));
  meter.logbook.add("033002", [...signed(meter, data.slice(4, 8)), ...before]);
  meter.demand?.clear();
  return undefined;
}

function clearMeter(meter: VirtualMeter, operator: Uint8Array): Outcome {
  if (meter.hasWallet) return Err.unauthorised;
  const { registers, supply } = meter.life;
  const energies = (place: (kind: Kind) => number): Uint8Array[] => KINDS.map((kind) => bcd(registers.steps(place(kind)), 4));
  const total = energies((kind) => placeOf(kind, 0));
  const none = KINDS.map(() => new Uint8Array(4));
  const phases = supply.phases === 3 ? [0, 1, 2].map((n) => energies((kind) => placeOfPhase(kind, n))) : [total, none, none];
  const record = [...signed(meter, operator), ...total, ...phases.flat()];
  meter.clearRegisters();
  meter.logbook.clear("FFFFFFFF");
  meter.logbook.add("033001", record);
  return undefined;
}

function clearEvents(meter: VirtualMeter, operator: Uint8Array, di: string): Outcome {
  if (!meter.logbook.clear(di)) return Err.unauthorised;
  meter.logbook.add("033003", [...signed(meter, operator), dataItemBytes(di)]);
  return undefined;
}

/** Function code, 00, deadline and, for events, what: the data identifier in the order in which people write it. */
function secured(meter: VirtualMeter, request: Frame, size: number): Uint8Array | undefined {
  const text = openedOrder(meter, request, size);
  if ("why" in text || text[0] !== request.control || text[1] !== 0) return undefined;
  return objectionToDeadline(meter, hex(text.slice(2, 8))) === undefined ? text : undefined;
}

/** Under production keys no password clears anything but demand. */
const passwordClears = (meter: VirtualMeter, data: Uint8Array): boolean =>
  meter.keyState === "test" && meter.programmingEnabled && passwordAllows(meter, data.slice(0, 4), "02");

/** What is to be cleared, "" for everything; undefined: nobody may. */
function allowed(request: Frame, meter: VirtualMeter): string | undefined {
  const { data } = request;
  const size = HEAD_BYTES + (request.control === FunctionCode.clearEvents ? DI_BYTES : 0);
  if (data[0] === 0x98) {
    const text = secured(meter, request, size);
    return text && hex(text.slice(HEAD_BYTES));
  }
  return data.length === size && passwordClears(meter, data) ? hex(reversed(data.slice(HEAD_BYTES))) : undefined;
}

function outcome(request: Frame, meter: VirtualMeter): Outcome {
  if (request.control === FunctionCode.clearDemand) return clearDemand(meter, request);
  const item = allowed(request, meter);
  if (item === undefined) return Err.unauthorised;
  const operator = request.data.slice(4, 8);
  return request.control === FunctionCode.clearEvents ? clearEvents(meter, operator, item) : clearMeter(meter, operator);
}

const functions: readonly number[] = [FunctionCode.clearDemand, FunctionCode.clearMeter, FunctionCode.clearEvents];

export const clearing: Behaviour = {
  name: "clearing",
  hear(request, meter): Answer | undefined {
    if (!functions.includes(request.control)) return undefined;
    const err = outcome(request, meter);
    return err === undefined ? yes(request) : no(request, err);
  },
};
