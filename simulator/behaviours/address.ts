/** Which frames are for this meter, 13H: the meter says its own name, and 15H: it gets another. */
import { bcdDigits, fromHex, reversed } from "../bytes.ts";
import { NOBODY } from "../records.ts";
import type { VirtualMeter } from "../virtual-meter.ts";
import type { Frame } from "../wire.ts";
import { dataItemOf, FunctionCode, yes } from "../wire.ts";
import type { Answer, Behaviour } from "./behaviour.ts";
import { programmed } from "./programming.ts";

export const BROADCAST = "999999999999";
const ANYBODY = "AAAAAAAAAAAA";

/**
 * Leading AA bytes are wildcards; once a digit pair matched exactly, no further AA is allowed. Wildcards and broadcasts only
 * carry what harms nobody, or, with 15H, what a person beside the meter allows. Orders to everybody are not heard.
 */
export function isFor(request: Frame, address: string): boolean {
  if ((request.control & 0x80) !== 0) return false;
  if (request.control === FunctionCode.writeAddress) return request.address === ANYBODY;
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

/** Whether a frame to this address means one name: neither wildcards nor everybody. */
export const isOneName = (address: string): boolean => address !== BROADCAST && !address.startsWith("AA");

/** The clock, a freeze, the output, and what every display shall show; the last is not answered either. */
const isForEverybody = ({ control, data }: Frame): boolean =>
  control === FunctionCode.broadcastTime ||
  control === FunctionCode.freeze ||
  control === FunctionCode.output ||
  (control === FunctionCode.read && dataItemOf(data) === "04040300");

/** 15H: a new address, while the programming key is pressed. The answer comes from the new one; a refusal is silence. */
function rename(request: Frame, meter: VirtualMeter): Answer {
  const given = request.data.length === 6 ? bcdDigits(request.data) : undefined;
  if (given === undefined || given === BROADCAST || !meter.programmingEnabled) return "silent";
  programmed(meter, "04000401", NOBODY, () => (meter.address = given));
  return { ...yes(request), address: given };
}

export const address: Behaviour = {
  name: "address",
  hear(request, meter) {
    if (request.control === FunctionCode.writeAddress) return rename(request, meter);
    if (request.control !== FunctionCode.readAddress) return undefined;
    return request.data.length === 0 ? yes(request, reversed(fromHex(meter.address))) : "silent";
  },
};
