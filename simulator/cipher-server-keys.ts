/**
 * The key server's half of the published test scheme DL645-TEST-1: what a cipher machine (密码机) answers to each verb of the HSM port.
 * It protects nothing: its root key is printed below, and real machines compute something else.
 *
 * Written apart from the meter's half in `virtual-esam.ts` and from the gateway, with an SM4 call of its own: three programs that
 * agree on the worked examples have each read them right.
 */
import { createCipheriv } from "node:crypto";
import type { Chance } from "../src/kernel/chance.ts";
import type { Secret } from "../src/kernel/secret.ts";
import { equalBytes, fromHex, hex, joined } from "./bytes.ts";

const ROOT = fromHex("444C543634352D544553542D524F4F54");
const AUTHENTICATION = 1;
const CONTROL = 2;
const PARAMETERS = 3;
const PURSE = 4;

export type Fields = Readonly<Record<string, unknown>>;
type Said = Readonly<Record<string, string | boolean>>;

/** A field is missing or has another shape than the port says; the message names it. */
export class MalformedField extends Error {}

interface Sealed {
  readonly key: number;
  readonly control: number;
  readonly di: string;
  readonly tag: 1 | 2;
  readonly data: Uint8Array;
}

/** The machine keeps no password of this name. */
export class UnknownPassword extends Error {}

export interface Machine {
  readonly chance: Chance;
  /** Six digits each, by the name under which the gateway asks for them. */
  readonly passwords: ReadonlyMap<string, Secret<string>>;
}

/** What the machine can do, by the verb's name. Every field is high byte first. */
export const verbs: Readonly<Record<string, (fields: Fields, machine: Machine) => Said>> = {
  "begin-identity": (fields, { chance }) => {
    const meter = field(fields, "meterNumber", 6);
    const [random1, factor] = [chance.bytes(8), factorOf(meter)];
    const cipher1 = sm4(keyOf(AUTHENTICATION, meter), joined(random1, factor)).subarray(0, 8);
    return { cipher1: hex(cipher1), random1: hex(random1), factor: hex(factor) };
  },

  "protect-top-up": (fields) => {
    const di = oneOf(fields, "dataItem", ["070101FF", "070102FF"]);
    const money = joined(field(fields, "amount", 4), field(fields, "count", 4));
    const customer = field(fields, "customerNumber", 6);
    return {
      mac1: hex(mac(fields, { key: PURSE, control: 0x03, di, tag: 1, data: money })),
      mac2: hex(mac(fields, { key: PARAMETERS, control: 0x03, di, tag: 2, data: customer })),
    };
  },

  "protect-control": (fields) => {
    const cipher = sm4(keyOf(CONTROL, field(fields, "meterNumber", 6)), filled(field(fields, "plain", 8)));
    return { block: hex(joined(cipher, mac(fields, { key: CONTROL, control: 0x1c, di: "00000000", tag: 1, data: cipher }))) };
  },

  "protect-write": (fields) => {
    const di = hex(field(fields, "dataItem", 4));
    const plain = someBytes(fields, "plain", 6, 256);
    // Real machines leave that to the chip; a gateway that counts wrongly should learn so here.
    if (plain[0] !== plain.length - 1) throw new MalformedField("plain begins with the number of bytes behind its first");
    if (hex(plain.slice(1, 5)) !== di) throw new MalformedField("plain names the dataItem behind its length");
    return ciphered(fields, di, plain);
  },

  "seal-write": (fields) => {
    const di = hex(field(fields, "dataItem", 4));
    const data = someBytes(fields, "data", 1, 251);
    return { mac: hex(mac(fields, { key: PARAMETERS, control: 0x14, di, tag: 1, data })) };
  },

  "protect-refund": (fields) => {
    const amount = field(fields, "amount", 4);
    const inner = mac(fields, { key: PURSE, control: 0x14, di: "04001006", tag: 2, data: amount });
    return ciphered(fields, "04001006", joined(amount, inner));
  },

  "protect-purse-reset": (fields) => {
    const sealed = { key: PURSE, control: 0x03, di: "070103FF" } as const;
    return {
      mac1: hex(mac(fields, { ...sealed, tag: 1, data: field(fields, "amount", 4) })),
      mac2: hex(mac(fields, { ...sealed, tag: 2, data: new Uint8Array(4) })),
    };
  },

  // the published scheme has no row for it: made like those of a top-up
  "protect-mode-switch": (fields) => {
    const sealed = { control: 0x03, di: "07A006FF" } as const;
    const mode = Uint8Array.of(Number(oneOf(fields, "mode", ["00", "01"])));
    const number = factorOf(field(fields, "meterNumber", 6));
    return {
      mac1: hex(mac(fields, { ...sealed, key: PARAMETERS, tag: 1, data: joined(number, mode) })),
      mac2: hex(mac(fields, { ...sealed, key: PURSE, tag: 2, data: field(fields, "purse", 8) })),
    };
  },

  password: ({ name }, { passwords }) => {
    if (typeof name !== "string" || !/^[\w/.-]{1,60}$/.test(name))
      throw new MalformedField("name is 1 to 60 letters, digits, / . _ or -");
    const kept = passwords.get(name);
    if (kept === undefined) throw new UnknownPassword("no password of this name is kept here");
    return { password: kept.open() };
  },

  "check-wallet": (fields) => {
    const genuine = (value: string, proof: string, tag: 1 | 2): boolean =>
      equalBytes(
        mac(fields, { key: PURSE, control: 0x83, di: "078102FF", tag, data: field(fields, value, 4) }),
        field(fields, proof, 4),
      );
    return { genuine: genuine("balance", "balanceMac", 1) && genuine("count", "countMac", 2) };
  },
};

/** 14H at level 98: the MAC lies over the cipher. */
function ciphered(fields: Fields, di: string, plain: Uint8Array): Said {
  const cipher = sm4(keyOf(PARAMETERS, field(fields, "meterNumber", 6)), filled(plain));
  return { cipher: hex(cipher), mac: hex(mac(fields, { key: PARAMETERS, control: 0x14, di, tag: 1, data: cipher })) };
}

function mac(fields: Fields, { key, control, di, tag, data }: Sealed): Uint8Array {
  const iv = joined(field(fields, "random2", 4), new Uint8Array(12));
  field(fields, "esamSerial", 8); // real machines need it, this scheme does not; a gateway that forgets it should learn so here
  const head = joined(Uint8Array.of(control), fromHex(di), Uint8Array.of(tag, data.length >> 8, data.length & 0xff));
  const chain = createCipheriv("sm4-cbc", keyOf(key, field(fields, "meterNumber", 6)), iv).setAutoPadding(false);
  return joined(chain.update(filled(joined(head, data))), chain.final()).slice(-16, -12);
}

const factorOf = (meter: Uint8Array): Uint8Array => joined(new Uint8Array(2), meter);
const keyOf = (purpose: number, meter: Uint8Array): Uint8Array =>
  sm4(ROOT, joined(Uint8Array.of(purpose), new Uint8Array(7), factorOf(meter)));

function sm4(key: Uint8Array, blocks: Uint8Array): Uint8Array {
  const cipher = createCipheriv("sm4-ecb", key, null).setAutoPadding(false);
  return joined(cipher.update(blocks), cipher.final());
}

/** 80 and zeros up to whole blocks; the 80 is always there. */
const filled = (bytes: Uint8Array): Uint8Array => joined(bytes, Uint8Array.of(0x80), new Uint8Array(15 - (bytes.length % 16)));

function field(fields: Fields, name: string, count: number): Uint8Array {
  const text = fields[name];
  if (typeof text === "string" && text.length === count * 2 && /^[0-9A-F]+$/i.test(text)) return fromHex(text);
  throw new MalformedField(`${name} is ${count} bytes in hex`);
}

function someBytes(fields: Fields, name: string, least: number, most: number): Uint8Array {
  const text = fields[name];
  const bytes = typeof text === "string" && /^(?:[0-9A-F]{2})*$/i.test(text) ? fromHex(text) : undefined;
  if (bytes !== undefined && bytes.length >= least && bytes.length <= most) return bytes;
  throw new MalformedField(`${name} is ${least} to ${most} bytes in hex`);
}

function oneOf(fields: Fields, name: string, allowed: readonly string[]): string {
  const text = fields[name];
  if (typeof text === "string" && allowed.includes(text)) return text;
  throw new MalformedField(`${name} is one of ${allowed.join(", ")}`);
}
