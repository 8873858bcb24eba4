/**
 * Whose frame it is (section 3 of the reference). An address is twelve digits; AA stands for any two of them, but only from the top
 * down: "AAAAAAAA0001" asks every meter that ends in 0001 and "12AAAAAAAAAA" nobody. Twelve nines speak to all, and nobody answers.
 */
import { FUNCTION_MASK, isReply } from "./control-codes.ts";
import type { Audience } from "./forms/form.ts";
import { ANY_METER, EVERY_METER } from "./frame.ts";
import type { Frame } from "./frame.ts";
import { refuse } from "./refusal.ts";

/** The meters whose address ends so: two, four … ten digits. */
export function shortened(ending: string): string {
  if (!/^(?:\d{2}){1,6}$/.test(ending))
    refuse("address", "two, four, six, eight or ten last digits; two stand in one byte", ending);
  return ending.padStart(12, "A");
}

const isOneMeter = (address: string): boolean => /^\d{12}$/.test(address) && address !== EVERY_METER;
const isWildcard = (address: string): boolean => /^(?:AA)+(?:\d\d)*$/.test(address) && address.length === 12;

/** Whether a meter is meant by an address with or without wildcards. */
export function addressFits(asked: string, own: string): boolean {
  if (asked === own) return true;
  let named = false;
  for (let at = 0; at < 12; at += 2) {
    const any = asked.charCodeAt(at) === 0x41 && asked.charCodeAt(at + 1) === 0x41;
    if (any && named) return false;
    if (!any && (asked.charCodeAt(at) !== own.charCodeAt(at) || asked.charCodeAt(at + 1) !== own.charCodeAt(at + 1)))
      return false;
    named ||= !any;
  }
  return asked.length === 12 && own.length === 12;
}

/** Refuses an address that may not be asked this: a write or an order by wildcard would let a stranger obey. */
export function checkAudience(to: Audience, address: string): void {
  switch (to) {
    case "any":
      if (!isOneMeter(address) && !isWildcard(address) && address !== EVERY_METER)
        refuse("address", "an address is twelve digits; AA for any two, from the top down", address);
      return;
    case "alone":
      if (!isOneMeter(address) && address !== ANY_METER)
        refuse("address", "this goes to the only meter on a line, or to one by name", address);
      return;
    case "one":
      if (!isOneMeter(address)) refuse("address", "this goes to one meter, by name", address);
      return;
    case "one-or-every":
      if (!isOneMeter(address) && address !== EVERY_METER) refuse("address", "this goes to one meter, or to all", address);
      return;
  }
}

/** `answer`: it is ours · `obey`: to all, so do it and say nothing · `ignore`: another's, a reply, or nothing to ask of a stranger. */
export type Attention = "answer" | "obey" | "ignore";

/** Functions that an AA address may ask; everything else changes something, and is not done for it. */
const WILDCARD_MAY = new Set([0x01, 0x02, 0x03, 0x0a, 0x11, 0x12, 0x13, 0x15]);
/** Time, freeze and output are for all at once; 11H for the display view alone, which is told apart by its data. */
const BROADCAST_MAY = new Set([0x08, 0x16, 0x1d]);
const DISPLAY_VIEW = [0x00, 0x03, 0x04, 0x04] as const;

export function attentionOf(frame: Frame, own: string): Attention {
  const { address, control, data } = frame;
  if (isReply(control)) return "ignore";
  const code = control & FUNCTION_MASK;
  if (address === EVERY_METER) {
    const display = code === 0x11 && data.length === 9 && DISPLAY_VIEW.every((byte, i) => data[i] === byte);
    return display || BROADCAST_MAY.has(code) ? "obey" : "ignore";
  }
  if (address === own) return "answer";
  // Read-backs may be asked by AA, keys may not: one firmware answers both differently, and silence is understood by all.
  const security = code === 0x03 && data.length > 0;
  return !security && WILDCARD_MAY.has(code) && addressFits(address, own) ? "answer" : "ignore";
}
