/** Exact decimals. A meter counts in digits, so there is no float anywhere in this room. */
import { refuse } from "../refusal.ts";

/** units × 10^-scale. */
export interface Decimal {
  readonly units: bigint;
  readonly scale: number;
}

export function printDecimal({ units, scale }: Decimal): string {
  const digits = (units < 0n ? -units : units).toString().padStart(scale + 1, "0");
  const whole = digits.slice(0, digits.length - scale);
  return `${units < 0n ? "-" : ""}${whole}${scale === 0 ? "" : `.${digits.slice(-scale)}`}`;
}

/** "12.5" with scale 4 → 125000 units. More decimals than the item has are refused: a rounded number is a wrong one. */
export function parseDecimal(text: string, scale: number, field = "value"): Decimal {
  const match = /^(-?)(\d+)(?:\.(\d+))?$/.exec(text);
  const fraction = match?.[3] ?? "";
  if (match === null || fraction.length > scale) refuse(field, `not a decimal with at most ${scale} places`, text);
  const units = BigInt(match[2]! + fraction.padEnd(scale, "0"));
  return { units: match[1] === "-" ? -units : units, scale };
}
