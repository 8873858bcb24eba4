/**
 * What somebody would write who needs one item of one meter and nothing else: no tables, every offset a number. It checks what
 * has to be checked (starts, length, checksum, address, identifier, digits) and returns the same objects as the codec.
 */
import { Fen } from "../../src/kernel/money.ts";
import { CentiKwh } from "../../src/kernel/energy.ts";
import type { Field, Member } from "../../src/protocols/dlt645/index.ts";

const pair = (text: string, at: number): number => {
  const high = text.charCodeAt(at);
  const low = text.charCodeAt(at + 1);
  return (high > 0x40 ? high - 0x37 : high - 0x30) * 16 + (low > 0x40 ? low - 0x37 : low - 0x30);
};

function requestByHand(address: string, di: string): Uint8Array {
  const bytes = new Uint8Array(16);
  bytes[0] = 0x68;
  for (let i = 0; i < 6; i += 1) bytes[6 - i] = pair(address, i * 2);
  bytes[7] = 0x68;
  bytes[8] = 0x11;
  bytes[9] = 4;
  for (let i = 0; i < 4; i += 1) bytes[13 - i] = pair(di, i * 2) + 0x33;
  let sum = 0;
  for (let i = 0; i < 14; i += 1) sum += bytes[i]!;
  bytes[14] = sum;
  bytes[15] = 0x16;
  return bytes;
}

/** Throws unless this is the answer of this meter to this question; then the values begin at 14. */
function check(address: string, di: string, reply: Uint8Array): number {
  const length = reply[9]!;
  if (reply[0] !== 0x68 || reply[7] !== 0x68 || reply.length !== length + 12 || reply[length + 11] !== 0x16)
    throw new Error("no frame");
  let sum = 0;
  for (let i = 0; i < length + 10; i += 1) sum += reply[i]!;
  if ((sum & 0xff) !== reply[length + 10]) throw new Error("checksum");
  if (reply[8] !== 0x91) throw new Error("no answer to a read");
  for (let i = 0; i < 6; i += 1) if (reply[6 - i] !== pair(address, i * 2)) throw new Error("another meter");
  for (let i = 0; i < 4; i += 1) if (((reply[13 - i]! - 0x33) & 0xff) !== pair(di, i * 2)) throw new Error("another item");
  return length - 4;
}

function unitsAt(reply: Uint8Array, at: number): bigint {
  let number = 0;
  for (let i = at + 3; i >= at; i -= 1) {
    const byte = (reply[i]! - 0x33) & 0xff;
    if (byte >> 4 > 9 || (byte & 15) > 9) throw new Error("no digit");
    number = number * 100 + (byte >> 4) * 10 + (byte & 15);
  }
  return BigInt(number);
}

export function valueByHand(address: string, di: string, reply: Uint8Array, { name, format }: Field): Member[] {
  if (check(address, di, reply) !== 4) throw new Error("another length");
  return [{ name, value: Fen(unitsAt(reply, 14)), unit: "yuan", fault: null, format }];
}

export function exchangeByHand(address: string, di: string, reply: Uint8Array, field: Field): Member[] {
  const request = requestByHand(address, di);
  if (request.length !== 16) throw new Error("no request");
  return valueByHand(address, di, reply, field);
}

export function blockByHand(
  address: string,
  di: string,
  reply: Uint8Array,
  names: readonly string[],
  { format }: Field,
): Member[] {
  const bytes = check(address, di, reply);
  const members: Member[] = [];
  for (let at = 0; at < bytes; at += 4) {
    members.push({ name: names[at / 4]!, value: CentiKwh(unitsAt(reply, 14 + at)), unit: "kWh", fault: null, format });
  }
  return members;
}
