/** Reading: 11H, 12H and 13H (clauses 5.1 to 5.3 of the reference). */
import type { Choices } from "../choices.ts";
import { count, digits } from "../formats/formats.ts";
import { binaryNumber, code, echo, exactIdentifier, identifier, itemData, of, partData } from "./slots.ts";
import { realMoment } from "./slot-moments.ts";
import { form } from "./form.ts";

const reading = { to: "any", parts: true } as const;
const reply = { di: echo, data: itemData() };
/** 06: load records, and the curves of 2013. */
const profile = identifier(4, "06 on top", (di) => di.startsWith("06"));
const blocks = of(count(1));
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
    "read-profile": form(0x11, { ...reading, request: { di: profile, blocks }, reply }),
    "read-profile-from": form(0x11, { ...reading, request: { di: profile, blocks, from: realMoment("YYMMDDhhmm") }, reply }),
    read: form(0x11, { ...reading, request: { di: identifier(4) }, reply }),
    "read-on": form(0x12, { ...reading, request: { di: identifier(4), sequence: SEQUENCE }, reply: part }),
    /** One firmware wants the fields of the first request again. */
    "read-on-profile": form(0x12, { ...reading, request: { di: profile, blocks, sequence: SEQUENCE }, reply: part }),
    "read-on-profile-from": form(0x12, {
      ...reading,
      request: { di: profile, blocks, from: realMoment("YYMMDDhhmm"), sequence: SEQUENCE },
      reply: part,
    }),
    "read-address": form(0x13, { to: "any", refusal: "none", request: {}, reply: { communicationAddress: of(digits(6)) } }),
  };
};
