/** The names of things, parsed once at the door. Inside the house nobody checks them again. */
import type { Brand } from "./brand.ts";
import { Fault } from "./faults.ts";

/** Twelve decimal digits, most significant first, exactly as printed on the meter's nameplate. */
export type MeterAddress = Brand<string, "MeterAddress">;
/** The customer's account number (户号): what a person pays to. */
export type AccountId = Brand<string, "AccountId">;
/** One line on which one request may travel at a time. */
export type BusId = Brand<string, "BusId">;
export type CommandId = Brand<string, "CommandId">;
export type PaymentId = Brand<string, "PaymentId">;

export function MeterAddress(text: string, field = "address"): MeterAddress {
  if (/^\d{12}$/.test(text)) return text as MeterAddress;
  throw new Fault("address-malformed", { field, given: text });
}

export function AccountId(text: string, field = "account"): AccountId {
  if (/^[0-9A-Za-z._-]{1,40}$/.test(text)) return text as AccountId;
  throw new Fault("account-malformed", { field, given: text });
}

export function BusId(text: string, field = "bus"): BusId {
  if (/^[0-9A-Za-z._-]{1,60}$/.test(text)) return text as BusId;
  throw new Fault("invalid-request", { field, given: text, allowed: "1 to 60 letters, digits, dots, dashes" });
}

export const CommandId = (text: string): CommandId => text as CommandId;

/**
 * This id (a UUID), or one directly behind `newest` where that is not older. Ids sort by the clock that made them, and clocks are set back, or
 * differ between gateways: of two orders to one meter the later has to be the greater all the same.
 */
export function commandIdAfter(newest: CommandId | null, id: CommandId): CommandId {
  if (newest === null || id > newest) return id;
  const next = (BigInt(`0x${newest.replaceAll("-", "")}`) + 1n).toString(16).padStart(32, "0");
  return CommandId(next.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, "$1-$2-$3-$4-$5"));
}
export const PaymentId = (text: string): PaymentId => text as PaymentId;
