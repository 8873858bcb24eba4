/** Reading: 11H, 12H and 13H (clauses 5.1 to 5.3 of the reference). */
import type { Choices } from "../choices.ts";
import { count, digits } from "../formats/formats.ts";
import { binaryNumber, code, echo, exactIdentifier, identifier, itemData, of, partData } from "./slots.ts";
import { realMoment } from "./slot-moments.ts";
import { refuse } from "../refusal.ts";
import { form } from "./form.ts";
import type { Form } from "./form.ts";

const reading = { to: "any", parts: true } as const;
const reply = { di: echo, data: itemData() };
/** 06: load records, and the curves of 2013. */
const profile = identifier(4, "06 on top", (di) => di.startsWith("06"));
const number = of(count(1));
const blocks = {
  ...number,
  pattern: "XX from 1",
  write: (given: number, field: string) =>
    given === 0 ? refuse(field, "nothing would be asked for", given) : number.write(given, field),
};
/**
 * Whether a moment belongs to what is asked is told by DI0 of a load record (00 earliest, 01 from a moment, 02 latest); a curve of 2013
 * always begins at one. Of other identifiers nobody has said it (section 9).
 */
const begins = (di: string): "at a moment" | "by itself" | undefined => {
  if (/^0610/.test(di) || /^060[0-6]0001$/.test(di)) return "at a moment";
  return /^060[0-6]000[02]$/.test(di) ? "by itself" : undefined;
};
const alone: Form["check"] = ({ di }) => {
  if (begins(di as string) === "at a moment") refuse("from", "this profile begins at a moment, which is missing");
};
const since: Form["check"] = ({ di, from }) => {
  if (begins(di as string) === "by itself") refuse("from", "this profile begins by itself: DI0 is 01 for a moment", from);
};
/** From 1; the first part has none. */
export const SEQUENCE = binaryNumber(1, 1, 255);
const numbered = { di: echo, data: partData, sequence: echo };

export const readingForms = ({ partNumber }: Choices) => {
  const part: typeof numbered | { di: typeof echo; data: typeof partData } =
    partNumber === "behind" ? numbered : { di: echo, data: partData };
  return {
    /** What the display shows, or all of it lit (FFFFFFFF, FF). */
    "show-display": form(0x11, {
      to: "any",
      request: { di: exactIdentifier("04040300"), displayed: code(4), screen: code(1) },
      reply: { di: echo, displayed: echo, screen: echo },
    }),
    "read-profile": form(0x11, { ...reading, check: alone, request: { di: profile, blocks }, reply }),
    "read-profile-from": form(0x11, {
      ...reading,
      check: since,
      request: { di: profile, blocks, from: realMoment("YYMMDDhhmm") },
      reply,
    }),
    read: form(0x11, { ...reading, request: { di: identifier(4) }, reply }),
    "read-on": form(0x12, { ...reading, request: { di: identifier(4), sequence: SEQUENCE }, reply: part }),
    /** One firmware wants the fields of the first request again. */
    "read-on-profile": form(0x12, {
      ...reading,
      check: alone,
      request: { di: profile, blocks, sequence: SEQUENCE },
      reply: part,
    }),
    "read-on-profile-from": form(0x12, {
      ...reading,
      check: since,
      request: { di: profile, blocks, from: realMoment("YYMMDDhhmm"), sequence: SEQUENCE },
      reply: part,
    }),
    "read-address": form(0x13, { to: "any", refusal: "none", request: {}, reply: { communicationAddress: of(digits(6)) } }),
  };
};
