/** Arguments as people type them. A value that cannot be: commander names the argument and ends with "wrong use". */
import { InvalidArgumentError } from "commander";
import { MeterAddress } from "../kernel/ids.ts";

export function argument<T>(read: (text: string) => T): (text: string) => T {
  return (text) => {
    try {
      return read(text);
    } catch (error) {
      throw new InvalidArgumentError(error instanceof Error ? error.message : String(error));
    }
  };
}

export const addressArgument = argument((text) => MeterAddress(text));
export const countArgument = argument((text) => {
  if (!/^\d{1,2}$/.test(text)) throw new Error("A whole number up to 99.");
  return Number(text);
});
export const msArgument = argument((text) => {
  if (!/^\d{1,6}$/.test(text) || Number(text) === 0) throw new Error("Milliseconds, like 700.");
  return Number(text);
});
export const durationArgument = argument((text) => {
  if (!/^\d{1,6}(\.\d{1,3})?$/.test(text) || Number(text) === 0) throw new Error("A number above 0.");
  return Number(text);
});
/** Speeds to try one after the other. */
export const baudsArgument = argument((text): readonly number[] => {
  const bauds = text.split(",").map((one) => one.trim());
  const wrong = bauds.find((one) => !/^\d{3,6}$/.test(one));
  if (wrong !== undefined) throw new Error(`"${wrong}" is no speed; write them like 1200,2400,9600.`);
  return bauds.map(Number);
});
/** An IANA zone that this machine knows. */
export const zoneArgument = argument((text) => new Intl.DateTimeFormat("en", { timeZone: text }).resolvedOptions().timeZone);
