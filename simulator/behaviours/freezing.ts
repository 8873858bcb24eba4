/**
 * 16H: freeze now (99999999) or from now on at these times. To one meter it is answered, to everybody it is not. Who keeps the
 * values is said in `sinks.ts`; a meter that keeps none refuses.
 */
import { bcdDigits } from "../bytes.ts";
import { freezePattern } from "../parameter-forms.ts";
import type { VirtualMeter } from "../virtual-meter.ts";
import { FunctionCode, no, yes } from "../wire.ts";
import { BROADCAST } from "./address.ts";
import type { Behaviour } from "./behaviour.ts";
import { Err } from "./behaviour.ts";
import { FREEZE_NOW, FREEZE_TIME } from "./writables.ts";

function order({ freezes, parameters }: VirtualMeter, pattern: string, field: Uint8Array): boolean {
  if (freezes === undefined) return false;
  if (pattern === FREEZE_NOW) freezes.freezeNow();
  else if (freezes.appoint(pattern)) parameters.set(FREEZE_TIME, field);
  else return false;
  return true;
}

export const freezing: Behaviour = {
  name: "freezing",
  hear(request, meter) {
    const { control, data, address } = request;
    if (control !== FunctionCode.freeze) return undefined;
    const toAll = address === BROADCAST;
    const pattern = data.length === 4 && freezePattern([data], 0) === undefined ? bcdDigits(data) : undefined;
    const isTaken = pattern !== undefined && order(meter, pattern, data);
    if (toAll) return "silent";
    return isTaken ? yes(request) : no(request, Err.other);
  },
};
