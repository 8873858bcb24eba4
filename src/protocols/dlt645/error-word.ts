/**
 * What a meter says when it declines: ERR, one byte, for every function but 03; SERR, two bytes, for function 03; and the
 * two extended words of a secured relay order (supplement of 2014). Each bit has a name, and the bits a fault.
 *
 * Error replies carry no data identifier: whoever reads them must know what was asked.
 */
import type { FaultCode } from "../../kernel/faults.ts";

interface Bit {
  readonly bit: number;
  readonly name: string;
  readonly fault: FaultCode;
}
const bit = (at: number, name: string, fault: FaultCode): Bit => ({ bit: at, name, fault });

/** Where several bits are set, the first row that matches gives the fault: the most telling stand first. */
const ERR: readonly Bit[] = [
  bit(2, "password wrong or unauthorised", "password-refused"),
  bit(1, "no requested data", "meter-no-data"),
  bit(3, "baud rate cannot be changed", "meter-other-error"),
  bit(4, "year time-zone count exceeded", "meter-other-error"),
  bit(5, "daily slot count exceeded", "meter-other-error"),
  bit(6, "tariff count exceeded", "meter-other-error"),
  bit(7, "reserved bit 7", "meter-other-error"),
  bit(0, "other error", "meter-other-error"),
];

const SERR: readonly Bit[] = [
  bit(8, "remote security suspended", "security-suspended"),
  bit(1, "repeated top-up", "repeated-top-up"),
  bit(2, "ESAM verification failed", "mac-refused"),
  bit(3, "identity authentication failed or expired", "identity-expired"),
  bit(4, "customer number mismatch", "customer-mismatch"),
  bit(5, "top-up count error", "purchase-count-gap"),
  bit(6, "purchase above the hoarding limit", "hoard-limit"),
  bit(7, "address or comparison error", "meter-other-error"),
  bit(9, "closing of an interactive terminal failed", "meter-other-error"),
  bit(15, "setting a password failed", "meter-other-error"),
  bit(0, "other error", "meter-other-error"),
];

/** DC with two bytes, asked for with P2 = 01 at level 98. */
const RELAY_REFUSED: readonly Bit[] = [
  bit(0, "remote security suspended", "security-suspended"),
  bit(1, "MAC error", "mac-refused"),
  bit(2, "password wrong, unauthorised, unknown order or deadline no date", "password-refused"),
  bit(3, "identity authentication expired", "identity-expired"),
  bit(4, "deadline passed on the meter's clock", "meter-refused"),
  bit(5, "disconnect refused: supply is protected", "meter-refused"),
  bit(6, "disconnect with restore refused: supply is protected", "meter-refused"),
  bit(7, "time until restore invalid", "meter-refused"),
  bit(8, "disconnect with restore refused: already disconnected", "meter-refused"),
];

/** 9C with two bytes: what the meter did about it. All zero: nothing, such as closing an overdrawn meter. */
const RELAY_RESULT: readonly Omit<Bit, "fault">[] = [
  { bit: 0, name: "reconnected directly" },
  { bit: 1, name: "armed" },
  { bit: 2, name: "disconnected directly" },
  { bit: 3, name: "disconnects after the trip delay" },
  { bit: 4, name: "disconnected until it restores itself" },
  { bit: 5, name: "disconnect postponed: current too high" },
  { bit: 8, name: "protected" },
  { bit: 9, name: "unprotected" },
  { bit: 10, name: "alarm on" },
  { bit: 11, name: "alarm off" },
];

function namesOf(table: readonly Omit<Bit, "fault">[], word: number, width: number): string[] {
  const names: string[] = [];
  for (let at = 0; at < width; at += 1) {
    if (((word >> at) & 1) === 1) names.push(table.find((row) => row.bit === at)?.name ?? `reserved bit ${at}`);
  }
  return names;
}
const faultOf = (table: readonly Bit[], word: number): FaultCode =>
  table.find((row) => ((word >> row.bit) & 1) === 1)?.fault ?? "meter-other-error";

export const namesOfErr = (code: number): string[] => namesOf(ERR, code, 8);
export const namesOfSerr = (word: number): string[] => namesOf(SERR, word, 16);
export const namesOfRelayRefusal = (word: number): string[] => namesOf(RELAY_REFUSED, word, 16);
export const namesOfRelayResult = (word: number): string[] => namesOf(RELAY_RESULT, word, 16);

export const faultOfErr = (code: number): FaultCode => faultOf(ERR, code);
/** Bit 3 is one for two stories: the answer to an authentication refuses it, any other says that it has lapsed. */
export function faultOfSerr(word: number, asked: { readonly authenticating: boolean } = { authenticating: false }): FaultCode {
  const fault = faultOf(SERR, word);
  return fault === "identity-expired" && asked.authenticating ? "identity-refused" : fault;
}
export const faultOfRelayRefusal = (word: number): FaultCode => faultOf(RELAY_REFUSED, word);
