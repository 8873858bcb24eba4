/**
 * Function 03H by identifier (supplements of 2009 and 2013, clause 5.13 of the reference): what stands behind the operator code, and
 * what comes back behind the identifier. Amounts and counts are binary here, never BCD; customer numbers and minutes are BCD. What export
 * vendors make of the same identifiers stands in `vendors.ts` and is looked for first.
 */
import type { Choices } from "../choices.ts";
import { count, digits } from "../formats/formats.ts";
import type { Slots } from "./layout.ts";
import { refuse } from "../refusal.ts";
import { SECURITY } from "../security-identifiers.ts";
import { keyRows } from "./slot-blocks.ts";
import { Unreadable } from "../formats/format.ts";
import { binaryNumber, bytes, code, echo, exactIdentifier, identifier, of, operator, rest, slot } from "./slots.ts";
import { DATA_BYTES_MAX_STANDARD, form } from "./form.ts";
import { purseSlots } from "./purse.ts";

const security = { refusal: "SERR" } as const;

const asked = <const S extends Slots, const R extends Slots>(
  di: string,
  request: S,
  reply: R,
  heardIf?: (c: Choices) => boolean,
) =>
  form(0x03, {
    ...security,
    ...(heardIf === undefined ? {} : { heardIf }),
    request: { di: exactIdentifier(di, ""), operator, ...request },
    reply: { di: echo, ...reply },
  });

const oneOf = (...dis: readonly string[]) => identifier(4, dis.join(" or "), (di) => dis.includes(di));
const mac = bytes(4);
const customerNumber = of(digits(6));
const keyInfo = bytes(4);

/** 0000 is refused by meters. */
const minutes = {
  ...of(count(2, "min")),
  pattern: "minutes",
  read: (wire: Uint8Array) => {
    const read = of(count(2, "min")).read(wire);
    return read === 0 ? new Unreadable("0 minutes") : read;
  },
  write: (given: number, field: string) =>
    Number.isInteger(given) && given >= 1 && given <= 9999
      ? of(count(2)).write(given, field)
      : refuse(field, "not 1 to 9999; 0 is refused by meters", given),
};
const MODES = ["local", "remote"] as const;
const mode = slot<(typeof MODES)[number]>({
  pattern: "mode",
  bytes: 1,
  read: ([byte]) => MODES[byte ?? 2] ?? new Unreadable("neither 00 nor 01"),
  write: (given, field) =>
    MODES.includes(given) ? Uint8Array.of(MODES.indexOf(given)) : refuse(field, `not one of ${MODES.join(", ")}`, given),
});

/** Descriptor 8 before and MAC 4 behind what is read back, and the identifier. */
const READ_BACK_OVERHEAD = 4 + 8 + 4;
const descriptor = (file: ReturnType<typeof code>) => ({
  length: binaryNumber(2, 1, DATA_BYTES_MAX_STANDARD - READ_BACK_OVERHEAD),
  start: binaryNumber(2, 0, 0xffff),
  file,
  directory: code(2),
});
const descriptorEcho = { length: echo, start: echo, file: echo, directory: echo };

export const securityForms = (choices: Choices) => {
  const { amount, purchaseCount } = purseSlots(choices);
  const balance = amount;
  /** Only 0 is taken; others are heard, for a meter to refuse. */
  const noCount = {
    ...purchaseCount,
    pattern: "count 0",
    write: (given: number, field: string) =>
      given === 0 ? purchaseCount.write(given, field) : refuse(field, "a purse begins with count 0", given),
  };
  const purchase = { amount, purchaseCount, mac1: mac, customerNumber, mac2: mac };
  const purse = { balance, balanceMac: mac, purchaseCount, countMac: mac };
  const keys = oneOf(
    SECURITY.updateControlKey,
    SECURITY.updateParameterKey,
    SECURITY.updateAuthenticationKey,
    SECURITY.updateMasterKey,
  );
  const standard = (c: Choices) => c.purchase === "1E";
  const key = bytes(32);
  return {
    /** `factor`: 00 00 and the meter number, which may differ from the address. */
    authenticate: asked(
      SECURITY.authenticate,
      { cipher1: bytes(8), random1: bytes(8), factor: bytes(8) },
      { random2: bytes(4), serial: bytes(8) },
    ),
    "set-validity": asked(SECURITY.setValidity, { minutes, mac }, {}),
    "end-session": asked(SECURITY.endSession, {}, { customerNumber, balance, purchaseCount, keyInfo }),
    "infrared-authenticate": asked(SECURITY.infraredAuthenticate, { cipher2: bytes(8) }, {}),
    "infrared-request": asked(
      SECURITY.infraredRequest,
      { random1: bytes(8) },
      { meterNumber: of(digits(6)), serial: bytes(8), cipher1: bytes(8), random2: bytes(8) },
    ),

    "open-account": asked(SECURITY.openAccount, purchase, {}, standard),
    "top-up": asked(SECURITY.topUp, purchase, {}, standard),
    "initialise-purse": asked(
      SECURITY.initialisePurse,
      { amount, mac1: mac, purchaseCount: noCount, mac2: mac },
      {},
      (c) => c.refund !== SECURITY.initialisePurse,
    ),

    "update-key": form(0x03, {
      ...security,
      request: {
        di: keys,
        operator,
        ...(choices.keyUpdate === "info-mac-key" ? { info: keyInfo, mac, key } : { mac, info: keyInfo, key }),
      },
      reply: { di: echo },
    }),
    "update-keys": asked(SECURITY.updateKeys, { keys: keyRows, mac }, {}),

    "read-back-purse": asked(SECURITY.readBack, descriptor(code(2, choices.purseFile, (file) => file === choices.purseFile)), {
      ...descriptorEcho,
      ...purse,
    }),
    "read-back": asked(
      SECURITY.readBack,
      descriptor(code(2, `file, not ${choices.purseFile}`, (file) => file !== choices.purseFile)),
      { ...descriptorEcho, data: rest(1), mac },
    ),
    "compare-software": asked(
      SECURITY.compareSoftware,
      { cpu: code(1), keyIndex: code(1), factorAddress: code(4), dataAddress: code(4) },
      { compared: bytes(64) },
    ),
    "status-query": asked(SECURITY.statusQuery, {}, { ...purse, customerNumber, keyInfo }),
    /** Southern Grid, one firmware. */
    "switch-mode": asked(
      SECURITY.switchMode,
      { meterNumber: code(8), mode, mac1: mac, purse: bytes(8), mac2: mac },
      { mode: echo },
    ),

    /** What vendors add, and what their lengths make of the known: bytes behind identifier and operator code. */
    security: form(0x03, {
      ...security,
      fallback: true,
      request: { di: identifier(4, "07 on top, DI1 below 90", (di) => /^07..[0-8]/.test(di)), operator, data: rest() },
      reply: { di: echo, data: rest() },
    }),
  };
};
