/** Which frames are for this meter, and 13H: the meter says its own name. */
import { fromHex, reversed } from "../bytes.ts";
import type { Frame } from "../wire.ts";
import { dataItemOf, FunctionCode, yes } from "../wire.ts";
import type { Behaviour } from "./behaviour.ts";

export const BROADCAST = "999999999999";

/**
 * Leading AA bytes are wildcards; once a digit pair matched exactly, no further AA is allowed. Wildcards and broadcasts only
 * carry what harms nobody: reading, the own address, the broadcast clock. Orders to everybody are not heard.
 */
export function isFor(request: Frame, address: string): boolean {
  if ((request.control & 0x80) !== 0) return false;
  if (request.address === address) return true;
  if (request.address === BROADCAST) return isForEverybody(request);
  if (
    request.control !== FunctionCode.read &&
    request.control !== FunctionCode.readOn &&
    request.control !== FunctionCode.readAddress
  )
    return false;
  const given = request.address.replace(/^(?:AA)*/, "");
  return given.length < 12 && !given.includes("A") && address.endsWith(given);
}

/** The clock, a freeze, the output, and what every display shall show; the last is not answered either. */
const isForEverybody = ({ control, data }: Frame): boolean =>
  control === FunctionCode.broadcastTime ||
  control === FunctionCode.freeze ||
  control === FunctionCode.output ||
  (control === FunctionCode.read && dataItemOf(data) === "04040300");

export const address: Behaviour = {
  name: "address",
  hear(request, meter) {
    if (request.control !== FunctionCode.readAddress) return undefined;
    return request.data.length === 0 ? yes(request, reversed(fromHex(meter.address))) : "silent";
  },
};
