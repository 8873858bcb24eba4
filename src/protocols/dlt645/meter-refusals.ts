/**
 * With which bits a meter declines (section 5.13 and 5.14 of the reference): by reason, where `error-word.ts` reads the bits back. For
 * whoever plays the meter; the gateway reads them and never writes them.
 */
import { STANDARD } from "./choices.ts";
import type { Choices } from "./choices.ts";
import { EXCEPTION, REPLY } from "./control-codes.ts";
import type { Frame } from "./frame.ts";
import type { Heard } from "./speaking.ts";

/** ERR of every function but 03. */
export const errFor = ({ unknownWrite }: Choices = STANDARD) =>
  ({
    other: 0x01,
    "no-such-item": 0x02,
    "no-such-item-to-write": unknownWrite === "02" ? 0x02 : 0x04,
    "password-wrong": 0x04,
    "baud-rate": 0x08,
    "too-many-zones": 0x10,
    "too-many-slots": 0x20,
    "too-many-tariffs": 0x40,
  }) as const;

/** SERR of function 03. */
export const serrFor = ({ wrongMac2 }: Choices = STANDARD) =>
  ({
    other: 0x0001,
    "repeated-purchase": 0x0002,
    "mac-wrong": 0x0004,
    "mac2-wrong": wrongMac2 === "0001" ? 0x0001 : 0x0004,
    "identity-expired": 0x0008,
    "customer-number": 0x0010,
    "purchase-count": 0x0020,
    "hoarding-limit": 0x0040,
    suspended: 0x0100,
  }) as const;

/** What a meter says to a function it does not have: nothing, in all firmware seen. */
export const answerUnknown = (
  heard: Extract<Heard, { is: "unknown-function" }>,
  { unknownFunction }: Choices = STANDARD,
): Frame | null =>
  unknownFunction === "silence"
    ? null
    : { address: heard.address, control: heard.code | REPLY | EXCEPTION, data: Uint8Array.of(Number(unknownFunction)) };
