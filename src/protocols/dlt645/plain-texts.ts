/**
 * What goes under a cipher, highest byte first, as a key server takes it: so moments stand the other way round than on the wire. The
 * padding is the key server's business.
 */
import { STANDARD } from "./choices.ts";
import type { Choices } from "./choices.ts";
import { turned } from "./formats/format.ts";
import { identifierBytesOf } from "./frame.ts";
import { joined } from "./item.ts";
import { refuse } from "./refusal.ts";
import type { RelayOrder } from "./requests.ts";
import { orderBytes } from "./forms/slot-blocks.ts";
import { deadline as deadlineSlot, deadlineFor } from "./forms/slot-moments.ts";

const deadlineText = (deadline: string, choices: Choices): Uint8Array =>
  turned(deadlineSlot(choices.deadline).write(deadlineFor(choices.deadline, deadline), "deadline"));

/** 1CH: N1 N2 YY MM DD hh mm ss. */
export const relayOrderPlainText = (
  order: Pick<RelayOrder, "order" | "deadline" | "restoreAfterMinutes">,
  choices: Choices = STANDARD,
): Uint8Array => Uint8Array.of(...orderBytes(order, choices.secondByte), ...deadlineText(order.deadline, choices));

/** 1AH: 1A 00 YY MM DD hh mm ss. */
export const clearMeterPlainText = (deadline: string, choices: Choices = STANDARD): Uint8Array =>
  Uint8Array.of(0x1a, 0, ...deadlineText(deadline, choices));

/** 1BH: 1B 00 YY MM DD hh mm ss DI3 DI2 DI1 DI0. */
export const clearEventsPlainText = (deadline: string, di: string, choices: Choices = STANDARD): Uint8Array =>
  Uint8Array.of(0x1b, 0, ...deadlineText(deadline, choices), ...turned(identifierBytesOf(di)));

const IDENTIFIER_BYTES = 4;

/** 14H at level 98: length, identifier, and the data of the plain form turned round as one string. */
export function cipheredWritePlainText(di: string, data: Uint8Array): Uint8Array {
  const length = IDENTIFIER_BYTES + data.length;
  if (length > 255) refuse("data", `${data.length} bytes do not fit a length of one byte`);
  return joined([Uint8Array.of(length), turned(identifierBytesOf(di)), turned(data)]);
}
