/** Places for moments in requests. A meter is told of real ones only; what comes is shown as it came. */
import type { Choices } from "../choices.ts";
import { Unreadable, turned } from "../formats/format.ts";
import { moment } from "../formats/formats.ts";
import type { MomentPattern } from "../formats/formats.ts";
import { OFFSET } from "../frame.ts";
import type { Slot } from "./layout.ts";
import { refuse } from "../refusal.ts";
import { of } from "./slots.ts";

/** A moment whose digits must also pass `wrong`, read or written. */
function checked(pattern: MomentPattern, title: string, wrong: (digits: string) => string | undefined): Slot<string, "value"> {
  const plain = of(moment(pattern));
  return {
    ...plain,
    pattern: title,
    read(wire) {
      const digits = plain.read(wire);
      if (digits instanceof Unreadable) return digits;
      // Read as strictly as it is written: a month 34 is no moment at which a meter could act.
      const why = wrong(digits) ?? outOfRange(pattern, digits);
      return why === undefined ? digits : new Unreadable(`${digits}: ${why}`);
    },
    write(digits, field) {
      const wire = plain.write(digits, field);
      const why = wrong(digits);
      return why === undefined ? wire : refuse(field, why, digits);
    },
  };
}

function outOfRange(pattern: MomentPattern, digits: string): string | undefined {
  try {
    moment(pattern).encode(digits);
    return undefined;
  } catch {
    return `no ${pattern}`;
  }
}

const parts = (pattern: string, digits: string): (readonly [what: string, digits: string])[] =>
  Array.from(
    { length: pattern.length / 2 },
    (_, i) => [pattern.slice(2 * i, 2 * i + 2), digits.slice(2 * i, 2 * i + 2)] as const,
  );

const notReal = (pattern: MomentPattern) => (digits: string) =>
  parts(pattern, digits).some(([what, two]) => (what !== "YY" && two === "99") || (/MM|DD/.test(what) && two === "00"))
    ? "a real moment is wanted"
    : undefined;

/** A moment of the calendar: neither "never" nor "each". */
export const realMoment = (pattern: "YYMMDDhhmm" | "YYMMDDhhmmss"): Slot<string, "value"> =>
  checked(pattern, pattern, notReal(pattern));

/** The last moment at which an order may be obeyed; how much of a date it must be is a choice. */
export function deadline(choice: Choices["deadline"]): Slot<string, "value"> {
  const pattern = "YYMMDDhhmmss";
  const strict = notReal(pattern);
  if (choice === "ignored") return of(moment(pattern));
  return choice === "nines"
    ? checked(pattern, "deadline", (digits) => (/^9+$/.test(digits) ? undefined : strict(digits)))
    : { ...realMoment(pattern), pattern: "deadline" };
}

/** What a meter is told instead of a deadline where it has no clock to compare with. */
export const deadlineFor = (choice: Choices["deadline"], real: string): string =>
  ({ strict: real, far: "991231235959", nines: "999999999999", ignored: real })[choice];

/** When to freeze: 99 says "each" and may not stand below a field that names one. All 99: now. */
export function freezeMoment(order: Choices["freezeOrder"]): Slot<string, "value"> {
  const slot = checked("MMDDhhmm", "MMDDhhmm, 99 from above", (digits) => {
    const named = parts("MMDDhhmm", digits).map(([, two]) => two !== "99");
    if (named.some((one, i) => one && named.slice(i + 1).includes(false))) return "99 may not stand below a field that names one";
    return /^00|^..00/.test(digits) ? "there is no month or day 00" : undefined;
  });
  return order === "mm-first" ? slot : onWire(slot, turned, turned);
}

/** The time that everybody hears: what two libraries do to it can be undone. */
export function clockMoment({ clockOrder, clockOffset }: Choices): Slot<string, "value"> {
  let slot = realMoment("YYMMDDhhmmss");
  if (clockOrder === "YY-first") slot = onWire(slot, turned, turned);
  // The frame adds 33H to all data; taken off before, it is missing on the wire.
  if (clockOffset === "missing") slot = onWire(slot, less(OFFSET), less(-OFFSET));
  return slot;
}
const less = (offset: number) => (wire: Uint8Array) => wire.map((byte) => byte - offset);

function onWire<T>(
  slot: Slot<T, "value">,
  out: (wire: Uint8Array) => Uint8Array,
  back: (wire: Uint8Array) => Uint8Array,
): Slot<T, "value"> {
  return {
    ...slot,
    read: (wire) => slot.read(back(wire)),
    write: (value, field) => out(slot.write(value, field)),
    show: (wire, field, about) => slot.show(back(wire), field, about),
  };
}
