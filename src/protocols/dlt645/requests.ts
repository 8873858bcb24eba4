/**
 * Builds every request the gateway sends. What is handed in reads as a person or a key server writes it: identifiers,
 * addresses and operator codes as text, numbers as numbers, ciphers and MACs with the highest byte first. The forms turn them round
 * for the wire and refuse, with the name of the field, what the standard forbids.
 *
 * Nothing is decided here: who may ask, whether a password belongs to a meter, and whether an answer comes is not known.
 */
import type { Fen } from "../../kernel/money.ts";
import { Secret } from "../../kernel/secret.ts";
import { STANDARD, choicesWith, levelsOf } from "./choices.ts";
import type { Choices } from "./choices.ts";
import { checkAudience } from "./addressing.ts";
import { turned } from "./formats/format.ts";
import { digitsOfBcd } from "./formats/numbers.ts";
import { ANY_METER, EVERY_METER, hexByte, identifierBytesOf } from "./frame.ts";
import type { Frame } from "./frame.ts";
import type { Signal } from "./forms/setting.ts";
import { joined } from "./item.ts";
import { refuse } from "./refusal.ts";
import type { RelayOrderName } from "./relay-orders.ts";
import { SECURITY } from "./security-identifiers.ts";
import { deadlineFor } from "./forms/slot-moments.ts";
import { isPassword } from "./forms/slots.ts";
import { writeRequest } from "./speaking.ts";
import type { Named } from "./speaking.ts";

export type { Named } from "./speaking.ts";

/** Four bytes the meter keeps in its event records, as eight hex digits. */
export interface Operator {
  readonly operator: string;
}
export interface ToMeter {
  readonly address: string;
}
export interface Password {
  readonly level: "00" | "01" | "02" | "03" | "04" | "05" | "06" | "07" | "08" | "09";
  /** Six decimal digits. */
  readonly password: Secret<string>;
}
/** Which password, and where it stands in a change: 04000C0n. */
export interface Identified {
  readonly di: string;
}
/** Cipher and MAC of a key server, highest byte first. */
export interface Secured {
  readonly cipher: Uint8Array;
  readonly mac: Uint8Array;
  readonly level?: "98" | "96";
}

// ---- reading (clauses 5.1 to 5.3 of the reference) ----

const READ_1997 = 0x01;
const READ = 0x11;

/** For load profiles: how many blocks, from when on (YYMMDDhhmm, oldest first). */
export interface Profile {
  readonly blocks: number;
  readonly from?: string;
}

/** `di` of four hex digits asks by the 1997 edition. Asked more often than everything else together, so without the detour of a form. */
export function read(address: string, di: string, profile?: Profile): Frame {
  if (profile !== undefined) {
    const { blocks, from } = profile;
    if (from === undefined) return writeRequest({ is: "read-profile", address, di, blocks });
    return writeRequest({ is: "read-profile-from", address, di, blocks, from });
  }
  if (address.includes("A")) checkAudience("any", address);
  const data = identifierBytesOf(di);
  if (data[data.length - 1] === 0xff) refuse("di", "FF on top would ask for everything", di);
  return { address, control: data.length === 2 ? READ_1997 : READ, data };
}

/** The rest of a reply whose D5 was set; the first sequence number is 1. The 1997 edition has none. */
export function readOn(address: string, di: string, sequence: number, profile?: Profile, choices: Choices = STANDARD): Frame {
  if (di.length === 4) return writeRequest({ is: "read-on-1997", address, di });
  if (profile === undefined || choices.readOnProfile === "short") return writeRequest({ is: "read-on", address, di, sequence });
  const { blocks, from } = profile;
  if (from === undefined) return writeRequest({ is: "read-on-profile", address, di, blocks, sequence });
  return writeRequest({ is: "read-on-profile-from", address, di, blocks, from, sequence });
}

/** Shows an item on the meter's display, or lights all of it (FFFFFFFF, FF). May be said to all. */
export const showDisplay = (address: string, displayed: string, screen = "00"): Frame =>
  writeRequest({ is: "show-display", address, displayed, screen });

/** Only on a line with one meter. */
export const readAddress = (): Frame => writeRequest({ is: "read-address", address: ANY_METER });

// ---- setting (clauses 5.4 to 5.10 and 5.12) ----

/** Heard by everyone, answered by nobody. `time`: YYMMDDhhmmss. */
export const broadcastTime = (time: string, address: string = EVERY_METER, choices: Choices = STANDARD): Frame =>
  writeRequest({ is: "broadcast-time", address, time }, choices);

/**
 * `data`: the value as its Format encodes it, in wire order; held against the item where the dictionary has it. `named`: identifiers
 * that a model writes though they are only read elsewhere.
 */
export function write(
  to: ToMeter & Password & Operator & Identified & { readonly data: Uint8Array },
  choices: Choices = STANDARD,
  named?: Named,
): Frame {
  if (to.di.length === 4) return writeRequest({ is: "write-1997", ...to }, choices, named);
  return isPassword(to.di)
    ? writeRequest({ is: "write-password", ...to, ...passwordIn(to.data) })
    : writeRequest({ is: "write", ...to }, choices, named);
}
function passwordIn(data: Uint8Array): { readonly newLevel: string; readonly newPassword: Secret<string> } {
  const digits = data.length === 4 ? digitsOfBcd(data, 1, 3) : undefined;
  // The bytes are not shown: this is a password.
  if (digits === undefined) refuse("data", "a password is its level and six digits");
  return { newLevel: hexByte(data[0]!), newPassword: new Secret(digits) };
}

/** Level 99 (97 in the south): fields in the clear, each high byte first, in the order in which they travel; then the MAC. */
export const writeWithMac = (
  to: ToMeter &
    Operator &
    Identified & { readonly fields: readonly Uint8Array[]; readonly mac: Uint8Array; readonly level?: "99" | "97" },
  choices: Choices = STANDARD,
  named?: Named,
): Frame =>
  writeRequest(
    { is: "write-with-mac", level: levelsOf(choices).clear, ...to, data: joined(to.fields.map(turned)) },
    choices,
    named,
  );

/** Level 98 (96): cipher turned round, then MAC turned round — other than in a relay order, where both turn as one. */
export const writeCiphered = (to: ToMeter & Operator & Identified & Secured, choices: Choices = STANDARD): Frame =>
  writeRequest({ is: "write-ciphered", level: levelsOf(choices).cipher, ...to });

/** Only on a line with one meter; the reply comes from the new address. */
export function writeAddress(newAddress: string): Frame {
  checkAudience("one", newAddress);
  return writeRequest({ is: "write-address", address: ANY_METER, newAddress });
}

/** `when`: MMDDhhmm, 99 for "each"; 99999999 freezes now. */
export const freeze = (address: string, when: string, choices: Choices = STANDARD): Frame =>
  writeRequest({ is: "freeze", address, freezeAt: when }, choices);

/** The meter answers at the old rate, then both sides change. */
export const changeBaud = (address: string, baud: number, choices: Choices = STANDARD): Frame =>
  writeRequest({ is: "change-baud", address, baud }, choices);

export const changePassword = (to: ToMeter & Identified & { readonly old: Password; readonly fresh: Password }): Frame =>
  writeRequest({ is: "change-password", address: to.address, di: to.di, ...bothPasswords(to) });
const bothPasswords = ({ old, fresh }: { readonly old: Password; readonly fresh: Password }) => ({
  oldLevel: old.level,
  oldPassword: old.password,
  newLevel: fresh.level,
  newPassword: fresh.password,
});

/** `di`: only for the library whose meters want one, see `clearHead` of the choices. */
export const clearDemand = (to: ToMeter & Password & Operator & Partial<Identified>, choices: Choices = STANDARD): Frame =>
  choices.clearHead === "password"
    ? writeRequest({ is: "clear-demand", ...to })
    : writeRequest({ is: "clear-demand-item", ...to, di: identified(to) });
export const clearMeter = (to: ToMeter & Password & Operator & Partial<Identified>, choices: Choices = STANDARD): Frame =>
  choices.clearHead === "password"
    ? writeRequest({ is: "clear-meter", ...to })
    : writeRequest({ is: "clear-meter-item", ...to, di: identified(to) });
const identified = ({ di }: Partial<Identified>): string => di ?? refuse("di", "these meters want one");

/** `di`: FFFFFFFF for all, otherwise the class with FF in DI0. */
export const clearEvents = (to: ToMeter & Password & Operator & Identified): Frame =>
  writeRequest({ is: "clear-events", ...to, cleared: to.di });

/** Under production keys: what `clearMeterPlainText` says, under cipher and MAC. */
export const clearMeterSecured = (to: ToMeter & Operator & Secured, choices: Choices = STANDARD): Frame =>
  writeRequest({ is: "clear-meter-secured", level: levelsOf(choices).cipher, ...to }, choices);
export const clearEventsSecured = (to: ToMeter & Operator & Secured, choices: Choices = STANDARD): Frame =>
  writeRequest({ is: "clear-events-secured", level: levelsOf(choices).cipher, ...to }, choices);

export const setOutput = (address: string, signal: Signal): Frame => writeRequest({ is: "set-output", address, output: signal });

// ---- relay orders (function 1CH of the supplement) ----

export interface RelayOrder extends ToMeter, Operator {
  readonly order: RelayOrderName;
  /** YYMMDDhhmmss, the last moment at which the meter may obey, by its own clock; one without a clock is told what it wants. */
  readonly deadline: string;
  /** Only for the two orders that restore by themselves: minutes, in steps of five. */
  readonly restoreAfterMinutes?: number;
}

export const relayOrder = (to: RelayOrder & Password, choices: Choices = STANDARD): Frame =>
  writeRequest(
    { is: "relay-order", restoreAfterMinutes: 0, ...to, deadline: deadlineFor(choices.deadline, to.deadline) },
    choices,
  );

export interface SecuredRelayOrder extends ToMeter, Operator, Secured {
  /** P2 = 01: the reply says in two bytes what was done (supplement of 2014). */
  readonly extendedReply: boolean;
  /** `whole`: cipher and MAC turned round as one 20-byte block, so the MAC travels first. `fields`: each for itself, cipher first. */
  readonly controlBlock?: Choices["controlBlock"];
}

const BY_BLOCK = { whole: choicesWith({ controlBlock: "whole" }), fields: choicesWith({ controlBlock: "fields" }) };

export const relayOrderSecured = (to: SecuredRelayOrder, choices: Choices = STANDARD): Frame =>
  writeRequest(
    { is: "relay-order-secured", level: levelsOf(choices).cipher, ...to },
    to.controlBlock === undefined ? choices : BY_BLOCK[to.controlBlock],
  );

// ---- function 03 of the supplement ----

/** `factor`: 00 00 and the meter number, which may differ from the address. */
export const authenticate = (
  to: ToMeter & Operator & { readonly cipher1: Uint8Array; readonly random1: Uint8Array; readonly factor: Uint8Array },
): Frame => writeRequest({ is: "authenticate", ...to });

export const setValidity = (to: ToMeter & Operator & { readonly minutes: number; readonly mac: Uint8Array }): Frame =>
  writeRequest({ is: "set-validity", ...to });

export const endSession = (to: ToMeter & Operator): Frame => writeRequest({ is: "end-session", ...to });
export const statusQuery = (to: ToMeter & Operator): Frame => writeRequest({ is: "status-query", ...to });

export interface Purchase extends ToMeter, Operator {
  readonly amount: Fen;
  /** The meter's count after this purchase. */
  readonly count: number;
  readonly mac1: Uint8Array;
  /** Twelve digits. */
  readonly customerNumber: string;
  readonly mac2: Uint8Array;
}
/** The two by a purchase count, the standard's way; `purchase` knows those of vendors. */
export const openAccount = (to: Purchase, choices: Choices = STANDARD): Frame =>
  writeRequest({ is: "open-account", ...counted(to, choices) }, choices);
export const topUp = (to: Purchase, choices: Choices = STANDARD): Frame =>
  writeRequest({ is: "top-up", ...counted(to, choices) }, choices);
function counted(to: Purchase, { purchase }: Choices) {
  if (purchase !== "1E") refuse("count", `this meter takes purchases by ${purchase}, without a count`, to.count);
  return { ...to, purchaseCount: to.count };
}

/** Only meters on public keys take it; the count becomes 0. As long as the refund of a vendor, and by the same identifier. */
export function initialisePurse(
  to: ToMeter & Operator & { readonly amount: Fen; readonly mac1: Uint8Array; readonly mac2: Uint8Array },
  choices: Choices = STANDARD,
): Frame {
  if (choices.refund === SECURITY.initialisePurse) refuse("di", "this meter refunds by it", SECURITY.initialisePurse);
  return writeRequest({ is: "initialise-purse", ...to, purchaseCount: 0 }, choices);
}

/** Southern Grid, one firmware: `meterNumber` with its two leading zero bytes, `purse` eight bytes in wire order. */
export const switchMode = (
  to: ToMeter &
    Operator & {
      readonly meterNumber: string;
      readonly mode: "local" | "remote";
      readonly mac1: Uint8Array;
      readonly purse: Uint8Array;
      readonly mac2: Uint8Array;
    },
  choices: Choices = STANDARD,
): Frame => writeRequest({ is: "switch-mode", ...to }, choices);

/** The purse as the security chip keeps it: balance and count, each with a MAC. */
export const readBackPurse = (to: ToMeter & Operator & { readonly directory?: string }, choices: Choices = STANDARD): Frame =>
  writeRequest(
    { is: "read-back-purse", directory: ESAM_DIRECTORY, length: PURSE_BYTES, start: 0, file: choices.purseFile, ...to },
    choices,
  );
/** On the wire 01 DF. */
const ESAM_DIRECTORY = "DF01";
/** Amount and count. */
const PURSE_BYTES = 8;

export { changeBaud1997, changePassword1997, clearDemand1997, readAgain, writeAddress1997 } from "./requests-1997.ts";
export { purchase, refund, sealedPurchasePlainText } from "./requests-vendors.ts";
export type { Credit, Refund } from "./requests-vendors.ts";
export { baudOfByte } from "./formats/bauds.ts";
export { cipheredWritePlainText, clearEventsPlainText, clearMeterPlainText, relayOrderPlainText } from "./plain-texts.ts";
