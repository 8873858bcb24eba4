/** The meter's terminals: 17H, the rate of the port that is asked, and 1DH, what the multi-function output carries. */
import { baudOf } from "../parameter-forms.ts";
import type { VirtualMeter } from "../virtual-meter.ts";
import type { Frame } from "../wire.ts";
import { FunctionCode, no, yes } from "../wire.ts";
import { BROADCAST } from "./address.ts";
import type { Answer, Behaviour } from "./behaviour.ts";
import { Err } from "./behaviour.ts";

/** Port 1, the RS-485 terminals. */
const BAUD_BYTE = "04000703";
/** 00 second pulses, 01 demand period, 02 slot switching. */
const OUTPUTS = 3;

/** A bit map with exactly one of bits 1 to 6. The answer is given at the old rate. */
function changeBaud(request: Frame, meter: VirtualMeter): Answer {
  const { data } = request;
  const baud = data.length === 1 ? baudOf(data[0]!) : undefined;
  if (baud === undefined) return no(request, Err.baud);
  const before = meter.parameters.value(BAUD_BYTE) ?? data;
  meter.parameters.set(BAUD_BYTE, data);
  meter.line?.change(meter, baud, () => meter.parameters.set(BAUD_BYTE, before), { di: BAUD_BYTE, field: before });
  return yes(request, data);
}

function setOutput(request: Frame, meter: VirtualMeter): Answer {
  const { data, address } = request;
  const isKnown = data.length === 1 && data[0]! < OUTPUTS;
  if (isKnown) meter.output = data[0]!;
  if (address === BROADCAST) return "silent";
  return isKnown ? yes(request, data) : no(request, Err.other);
}

export const port: Behaviour = {
  name: "port",
  hear(request, meter) {
    if (request.control === FunctionCode.changeBaud) return changeBaud(request, meter);
    return request.control === FunctionCode.output ? setOutput(request, meter) : undefined;
  },
};
