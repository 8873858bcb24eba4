/**
 * The functions of the 1997 edition: 01, 02, 03, 04, 0A, 0C, 0F and 10 (08 is the same in both). Identifiers have two bytes, parts no
 * number, writes no operator code. 03 reads the last data again and carries nothing, where 2007 puts security.
 */
import type { Choices } from "../choices.ts";
import { baudBits } from "./slot-bauds.ts";
import { echo, identifier, itemData, level, newAddress, partData, password } from "./slots.ts";
import { form } from "./form.ts";

const edition = { version: "1997" } as const;
const reading = { ...edition, to: "any", parts: true } as const;
const di = identifier(2);

export const forms1997 = ({ baudBits1997 }: Choices) => ({
  "read-1997": form(0x01, { ...reading, request: { di }, reply: { di: echo, data: itemData() } }),
  "read-on-1997": form(0x02, { ...reading, request: { di }, reply: { di: echo, data: partData } }),
  "read-again": form(0x03, { ...reading, request: {}, reply: { di, data: itemData() } }),
  "write-1997": form(0x04, { ...edition, request: { di, level, password, data: itemData(1) }, reply: {} }),
  "write-address-1997": form(0x0a, {
    ...edition,
    to: "alone",
    refusal: "none",
    request: { newAddress },
    reply: {},
  }),
  "change-baud-1997": form(0x0c, {
    ...edition,
    request: { baud: baudBits(baudBits1997 === "300" ? 300 : 600) },
    reply: { baud: echo },
  }),
  "change-password-1997": form(0x0f, {
    ...edition,
    request: { oldLevel: level, oldPassword: password, newLevel: level, newPassword: password },
    reply: { newLevel: echo, newPassword: echo },
  }),
  "clear-demand-1997": form(0x10, { ...edition, request: { level, password }, reply: {} }),
});
