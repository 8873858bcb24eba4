/**
 * Function 03H as export vendors have it: purchases and refunds under an order number, under a seal, as a token, and a block of
 * parameters. Their identifiers are those of the standard, or look like it, so each is heard only where a choice says so.
 */
import type { Choices } from "../choices.ts";
import { digits } from "../formats/formats.ts";
import { Unreadable } from "../formats/format.ts";
import { ascii } from "../formats/letters.ts";
import type { Slots } from "./layout.ts";
import { refuse } from "../refusal.ts";
import { SECURITY } from "../security-identifiers.ts";
import { bytes, code, echo, exactIdentifier, identifier, of, operator, rest, slot } from "./slots.ts";
import { form } from "./form.ts";
import { purseSlots } from "./purse.ts";

const reply = { di: echo };
const mac = bytes(4);
const purchases = identifier(4, `${SECURITY.openAccount} or ${SECURITY.topUp}`, (di) =>
  [SECURITY.openAccount, SECURITY.topUp].some((each) => each === di),
);
const heard = <const S extends Slots>(heardIf: (choices: Choices) => boolean, request: S) =>
  form(0x03, { refusal: "SERR", heardIf, request, reply });
const exactly = <const S extends Slots>(di: string, heardIf: (choices: Choices) => boolean, request: S) =>
  heard(heardIf, { di: exactIdentifier(di, ""), operator, ...request });

/** Eight bytes under DES, and their key beside them: what it says is `sealedPurchasePlainText`. */
const sealed = { sealed: bytes(8), key: bytes(8) };

const TOKEN_DIGITS = 20;
const letters = ascii(TOKEN_DIGITS);
/** What a token is worth is its own secret. */
const token = slot<string>({
  pattern: `${TOKEN_DIGITS} digits as letters`,
  bytes: TOKEN_DIGITS,
  read(wire) {
    const text = letters.decodeAt(wire, 0);
    return typeof text === "string" && text.length === TOKEN_DIGITS && /^\d+$/.test(text)
      ? text
      : new Unreadable(`not ${TOKEN_DIGITS} digits as letters`);
  },
  write: (text, field) =>
    /^\d{20}$/.test(text) ? letters.encode(text, field) : refuse(field, `not ${TOKEN_DIGITS} digits`, text),
});

/** Prices, limits and credit, of which nobody has told the places. */
export const PARAMETER_BYTES = 143;

export const vendorForms = (choices: Choices) => {
  const { amount } = purseSlots(choices);
  const ordered = { amount, orderNumber: code(8), mac1: mac, meterAddress: of(digits(6)) };
  const short = { ...ordered, mac2: mac };
  /** Of the six further bytes nobody has told what they are (vector S016). */
  const long = { ...ordered, further: code(6), mac2: mac };
  return {
    "vendor-purchase": heard((c) => c.purchase === "22", { di: purchases, operator, ...short }),
    "vendor-purchase-long": heard((c) => c.purchase === "28", { di: purchases, operator, ...long }),
    "vendor-refund": exactly(SECURITY.vendorRefund, (c) => c.refund === "070108FF", short),
    "vendor-refund-long": exactly(SECURITY.vendorRefund, (c) => c.refund === "070108FF", long),
    "sealed-purchase": exactly(SECURITY.topUp, (c) => c.purchase === "18 sealed", sealed),
    /** By the identifier that wipes the purse of all others. */
    "sealed-refund": exactly(SECURITY.initialisePurse, (c) => c.refund === "070103FF", sealed),
    "token-purchase": exactly(SECURITY.topUp, (c) => c.purchase === "1C", { token }),
    "vendor-parameters": exactly(SECURITY.vendorParameters, (c) => c.vendorBlocks !== "unknown", {
      parameters: rest(PARAMETER_BYTES, PARAMETER_BYTES),
    }),
  };
};
