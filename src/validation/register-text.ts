/** A register as text, or why it is none. Digits A to F arrive here as the line's own words, since no number can say them. */
const REGISTER = /^(-?)(\d{1,12})(?:\.(\d{1,2}))?$/;

export function registerIn(text: string): bigint | "not-a-number" | "negative" {
  const match = REGISTER.exec(text);
  if (match === null) return "not-a-number";
  const steps = BigInt(match[2]! + (match[3] ?? "").padEnd(2, "0"));
  return match[1] === "-" && steps > 0n ? "negative" : steps;
}
