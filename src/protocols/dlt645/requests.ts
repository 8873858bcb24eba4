/**
 * Builds every request the gateway sends. What is handed in reads as a person or a key server writes it: identifiers,
 * addresses and operator codes as text, numbers as numbers, ciphers and MACs with the highest byte first. Here, and only
 * here, they are turned round for the wire.
 *
 * Nothing is decided here: who may ask, whether a password belongs to a meter, and whether an answer comes is not known.
 */
import type { Secret } from "../../kernel/secret.ts";
import type { Fen } from "../../kernel/money.ts";
import { FUNCTIONS } from "./control-codes.ts";
import { SECURITY } from "./fee-control.ts";
import { bcdOfDigits, binaryCount, binaryFen, hex, moment, turned } from "./formats.ts";
import { ANY_METER, EVERY_METER, identifierBytesOf } from "./frame.ts";
import type { Frame } from "./frame.ts";
import { joined } from "./item.ts";
import { relayOrders } from "./relay-orders.ts";
import type { RelayOrderName } from "./relay-orders.ts";

/** Four bytes the meter keeps in its event records, as eight hex digits. */
export interface Operator {
  readonly operator: string;
}
export interface ToMeter {
  readonly address: string;
}
export interface Password {
  readonly level: "00" | "01" | "02" | "03" | "04";
  /** Six decimal digits. */
  readonly password: Secret<string>;
}

const frame = (address: string, control: number, ...parts: readonly Uint8Array[]): Frame => {
  if (!FUNCTIONS.has(control)) throw new Error(`no function ${control}`);
  return { address, control, data: parts.length === 1 ? parts[0]! : joined(parts) };
};

/** Writes and orders go to one meter by name: an AA or 99 address would let a stranger obey (reference, section 3). */
const oneMeter = (address: string): string => {
  if (!/^\d{12}$/.test(address) || address === EVERY_METER) throw new Error(`this goes to one meter, not to ${address}`);
  return address;
};

const hexText = (text: string, bytes: number): Uint8Array => {
  if (text.length !== bytes * 2 || !/^[0-9A-Fa-f]*$/.test(text)) throw new Error(`not ${bytes * 2} hex digits: ${text}`);
  return hex(bytes).encode(text);
};
const identifier = identifierBytesOf;
const operatorCode = (code: string): Uint8Array => hexText(code, 4);
const exactly = (bytes: Uint8Array, length: number): Uint8Array => {
  if (bytes.length !== length) throw new Error(`${bytes.length} bytes where ${length} are wanted`);
  return turned(bytes);
};
const sixDigits = (password: Secret<string>): Uint8Array => {
  const text = password.open();
  // The text is not shown: this is a password.
  if (!/^\d{6}$/.test(text)) throw new Error("a password has six digits");
  return bcdOfDigits(text, 3);
};
const clear = (who: Password & Operator): Uint8Array[] => [
  hexText(who.level, 1),
  sixDigits(who.password),
  operatorCode(who.operator),
];
const deadlineBytes = (deadline: string): Uint8Array => moment("YYMMDDhhmmss").encode(deadline);

// ---- reading (clauses 7.1 to 7.3) ----

/** `di` of four hex digits asks by the 1997 edition. `blocks` and `from` are for load profiles: YYMMDDhhmm, oldest first. */
export function read(address: string, di: string, profile?: { readonly blocks: number; readonly from?: string }): Frame {
  // The way of nearly every request, so without a detour.
  if (profile === undefined) return { address, control: di.length === 4 ? 0x01 : 0x11, data: identifierBytesOf(di) };
  const extra = [bcdOfDigits(String(profile.blocks), 1)];
  if (profile.from !== undefined) extra.push(moment("YYMMDDhhmm").encode(profile.from));
  return frame(address, di.length === 4 ? 0x01 : 0x11, identifier(di), ...extra);
}

/** The rest of a reply whose D5 was set; the first sequence number is 1. The 1997 edition has none. */
export function readOn(address: string, di: string, sequence: number): Frame {
  if (!Number.isInteger(sequence) || sequence < 1 || sequence > 255) throw new Error(`sequence ${sequence} is not 1 to 255`);
  return di.length === 4 ? frame(address, 0x02, identifier(di)) : frame(address, 0x12, identifier(di), Uint8Array.of(sequence));
}

/** Only on a line with one meter. */
export const readAddress = (): Frame => frame(ANY_METER, 0x13);

// ---- setting (clauses 7.4 to 7.11) ----

/** Heard by everyone, answered by nobody. `time`: YYMMDDhhmmss. */
export const broadcastTime = (time: string, address: string = EVERY_METER): Frame => frame(address, 0x08, deadlineBytes(time));

/** `data`: the value as its Format encodes it, in wire order. */
export const write = (to: ToMeter & Password & Operator & { readonly di: string; readonly data: Uint8Array }): Frame =>
  to.di.length === 4
    ? frame(oneMeter(to.address), 0x04, identifier(to.di), hexText(to.level, 1), sixDigits(to.password), to.data)
    : frame(oneMeter(to.address), 0x14, identifier(to.di), ...clear(to), to.data);

/** Level 99 (97 in the south): fields in the clear, each high byte first, in the order in which they travel; then the MAC. */
export const writeWithMac = (
  to: ToMeter &
    Operator & {
      readonly di: string;
      readonly fields: readonly Uint8Array[];
      readonly mac: Uint8Array;
      readonly level?: "99" | "97";
    },
): Frame => {
  const head = [identifier(to.di), hexText(to.level ?? "99", 1), new Uint8Array(3), operatorCode(to.operator)];
  return frame(oneMeter(to.address), 0x14, ...head, ...to.fields.map(turned), exactly(to.mac, 4));
};

/** Level 98 (96): cipher turned round, then MAC turned round — other than in a relay order, where both turn as one. */
export const writeCiphered = (
  to: ToMeter &
    Operator & { readonly di: string; readonly cipher: Uint8Array; readonly mac: Uint8Array; readonly level?: "98" | "96" },
): Frame => {
  if (to.cipher.length === 0 || to.cipher.length % 16 !== 0)
    throw new Error(`a cipher comes in blocks of 16, not ${to.cipher.length}`);
  const head = [identifier(to.di), hexText(to.level ?? "98", 1), new Uint8Array(3), operatorCode(to.operator)];
  return frame(oneMeter(to.address), 0x14, ...head, turned(to.cipher), exactly(to.mac, 4));
};

/** Only on a line with one meter; the reply comes from the new address. */
export const writeAddress = (newAddress: string): Frame => frame(ANY_METER, 0x15, bcdOfDigits(oneMeter(newAddress), 6));

/** `when`: MMDDhhmm, 99 for "each"; 99999999 freezes now. */
export const freeze = (address: string, when: string): Frame => frame(address, 0x16, moment("MMDDhhmm").encode(when));

const BAUD_BITS: ReadonlyMap<number, number> = new Map([600, 1200, 2400, 4800, 9600, 19200].map((baud, i) => [baud, 2 << i]));
export const baudOfByte = (byte: number): number | undefined => [...BAUD_BITS].find(([, bit]) => bit === byte)?.[0];

/** A bit map, exactly one bit set. The meter answers at the old rate, then both sides change. */
export const changeBaud = (address: string, baud: number): Frame => {
  const byte = BAUD_BITS.get(baud);
  if (byte === undefined) throw new Error(`${baud} baud is not in the standard`);
  return frame(oneMeter(address), 0x17, Uint8Array.of(byte));
};

export const changePassword = (
  to: ToMeter & { readonly di: string; readonly old: Password; readonly fresh: Password },
): Frame => {
  const pair = (p: Password) => [hexText(p.level, 1), sixDigits(p.password)];
  return frame(oneMeter(to.address), 0x18, identifier(to.di), ...pair(to.old), ...pair(to.fresh));
};

export const clearDemand = (to: ToMeter & Password & Operator): Frame => frame(oneMeter(to.address), 0x19, ...clear(to));
export const clearMeter = (to: ToMeter & Password & Operator): Frame => frame(oneMeter(to.address), 0x1a, ...clear(to));
/** `di`: FFFFFFFF for all, otherwise the class with FF in DI0. */
export const clearEvents = (to: ToMeter & Password & Operator & { readonly di: string }): Frame =>
  frame(oneMeter(to.address), 0x1b, ...clear(to), identifier(to.di));

export const setOutput = (address: string, signal: "clock-second" | "demand-period" | "slot-switch"): Frame =>
  frame(address, 0x1d, Uint8Array.of({ "clock-second": 0, "demand-period": 1, "slot-switch": 2 }[signal]));

// ---- relay orders (function 1CH of the supplement) ----

export interface RelayOrder extends ToMeter, Operator {
  readonly order: RelayOrderName;
  /** YYMMDDhhmmss, the last moment at which the meter may obey, by its own clock. */
  readonly deadline: string;
  /** Only for the two orders that restore by themselves: minutes, in steps of five. */
  readonly restoreAfterMinutes?: number;
}

export const relayOrder = (to: RelayOrder & Password): Frame =>
  frame(oneMeter(to.address), 0x1c, ...clear(to), Uint8Array.of(...orderBytes(to)), deadlineBytes(to.deadline));

/** What goes under the cipher of a secured order: N1 N2 YY MM DD hh mm ss, high byte first — the deadline the other way round. */
export const relayOrderPlainText = (order: Omit<RelayOrder, keyof Operator | keyof ToMeter>): Uint8Array =>
  Uint8Array.of(...orderBytes(order), ...turned(deadlineBytes(order.deadline)));

function orderBytes(order: Pick<RelayOrder, "order" | "restoreAfterMinutes">): [number, number] {
  const row = relayOrders[order.order];
  const steps = (order.restoreAfterMinutes ?? 0) / 5;
  if (row.timed ? !Number.isInteger(steps) || steps < 1 || steps > 255 : steps !== 0) {
    throw new Error(`${order.order} cannot restore after ${order.restoreAfterMinutes ?? 0} minutes`);
  }
  return [row.byte, steps];
}

export interface SecuredRelayOrder extends ToMeter, Operator {
  readonly cipher: Uint8Array;
  readonly mac: Uint8Array;
  readonly level?: "98" | "96";
  /** P2 = 01: the reply says in two bytes what was done (supplement of 2014). */
  readonly extendedReply: boolean;
  /** `whole`: cipher and MAC turned round as one 20-byte block, so the MAC travels first. `fields`: each for itself, cipher first. */
  readonly controlBlock: "whole" | "fields";
}

export const relayOrderSecured = (to: SecuredRelayOrder): Frame => {
  const head = [hexText(to.level ?? "98", 1), Uint8Array.of(0, 0, to.extendedReply ? 1 : 0), operatorCode(to.operator)];
  const cipher = exactly(to.cipher, 16);
  const mac = exactly(to.mac, 4);
  return frame(oneMeter(to.address), 0x1c, ...head, ...(to.controlBlock === "whole" ? [mac, cipher] : [cipher, mac]));
};

// ---- function 03 of the supplement ----

const secured = (to: ToMeter & Operator, di: string, ...parts: readonly Uint8Array[]): Frame =>
  frame(oneMeter(to.address), 0x03, identifier(di), operatorCode(to.operator), ...parts);

/** `factor`: 00 00 and the meter number, which may differ from the address. */
export const authenticate = (
  to: ToMeter & Operator & { readonly cipher1: Uint8Array; readonly random1: Uint8Array; readonly factor: Uint8Array },
): Frame => secured(to, SECURITY.authenticate, exactly(to.cipher1, 8), exactly(to.random1, 8), exactly(to.factor, 8));

export const setValidity = (to: ToMeter & Operator & { readonly minutes: number; readonly mac: Uint8Array }): Frame => {
  if (!Number.isInteger(to.minutes) || to.minutes < 1 || to.minutes > 9999)
    throw new Error(`${to.minutes} minutes are refused by meters`);
  return secured(to, SECURITY.setValidity, bcdOfDigits(String(to.minutes), 2), exactly(to.mac, 4));
};

export const endSession = (to: ToMeter & Operator): Frame => secured(to, SECURITY.endSession);
export const statusQuery = (to: ToMeter & Operator): Frame => secured(to, SECURITY.statusQuery);

export interface Purchase extends ToMeter, Operator {
  readonly amount: Fen;
  /** The meter's count after this purchase. */
  readonly count: number;
  readonly mac1: Uint8Array;
  /** Twelve digits. */
  readonly customerNumber: string;
  readonly mac2: Uint8Array;
}

const purchase =
  (di: string) =>
  (to: Purchase): Frame => {
    if (!/^\d{12}$/.test(to.customerNumber)) throw new Error(`a customer number has twelve digits: ${to.customerNumber}`);
    const money = [binaryFen.encode(to.amount), binaryCount.encode(to.count), exactly(to.mac1, 4)];
    return secured(to, di, ...money, bcdOfDigits(to.customerNumber, 6), exactly(to.mac2, 4));
  };
export const openAccount = purchase(SECURITY.openAccount);
export const topUp = purchase(SECURITY.topUp);
