/**
 * The security module for demonstrations, tests and the simulator: scheme `DL645-TEST-1`, computed with keys that are
 * published. It protects nothing and speaks to no utility's meter; it says so at start and refuses production.
 *
 * Layouts are those of the trade, computations are this project's own:
 *
 *     KEY(p)   = SM4-ECB(ROOT, p ‖ 7 × 00 ‖ F)            F = 00 00 ‖ meter number
 *     cipher 1 = first 8 bytes of SM4-ECB(KEY(01), R1 ‖ F)
 *     MAC      = first 4 bytes of the last block of SM4-CBC(K, IV, PAD(c ‖ DI ‖ tag ‖ n ‖ data))     IV = R2 ‖ 12 × 00
 *
 * Everything is high byte first here; the codec turns fields round at the border.
 */
import { createCipheriv, getCiphers, timingSafeEqual } from "node:crypto";
import type { Chance } from "../kernel/chance.ts";
import { Fault } from "../kernel/faults.ts";
import type { Logger } from "../kernel/log.ts";
import type { CipherAndMac, IdentityRequest, MeterKeyId, SecurityModule, SessionSeed, TopUpProof } from "./security-module.ts";
import { bytesToProtect, itemToProtect } from "./write-fields.ts";

const ROOT = Buffer.from("DLT645-TEST-ROOT", "ascii");
const KEY = { identity: 0x01, control: 0x02, parameters: 0x03, purse: 0x04 } as const;
/** Control byte of the frame that carries a MAC. */
const SECURITY = 0x03;
const SECURITY_REPLY = 0x83;
const WRITE = 0x14;
const RELAY = 0x1c;
const REFUND = "04001006";
const NO_DATA_ITEM = "00000000";
const MAC_BYTES = 4;
/** Balance 4 and count 4. */
const PURSE_BYTES = 8;
const UINT32_MAX = 0xffff_ffffn;

export interface SoftwareModuleParts {
  readonly chance: Chance;
  readonly log: Logger;
  /** NODE_ENV of the process. */
  readonly mode: string | undefined;
  /** What the crypto library offers; handed in by tests. */
  readonly ciphers?: readonly string[];
}

export function softwareModule(parts: SoftwareModuleParts): SecurityModule {
  if (parts.mode === "production") throw new Fault("test-keys-in-production");
  const ciphers = parts.ciphers ?? getCiphers();
  const missing = ["sm4-ecb", "sm4-cbc"].filter((name) => !ciphers.includes(name));
  if (missing.length > 0) {
    throw new Fault("security-unavailable", {
      module: "DL645-TEST-1",
      why: `node's crypto library lacks ${missing.join(" and ")}`,
    });
  }
  parts.log.warn(
    { scheme: "DL645-TEST-1" },
    "SECURITY USES PUBLISHED TEST KEYS: for demonstrations and tests only, it protects nothing",
  );
  const given = new Set<string>();

  return {
    name: "software-test-keys (DL645-TEST-1)",

    async beginIdentity(meter): Promise<IdentityRequest> {
      const factor = factorOf(meter);
      let random1 = parts.chance.bytes(8);
      // A challenge is never given twice, however little chance the Chance has.
      while (given.has(hex(random1))) random1 = parts.chance.bytes(8);
      given.add(hex(random1));
      if (given.size > CHALLENGES_REMEMBERED_MAX) given.delete(given.values().next().value ?? "");
      const cipher1 = ecb(keyOf(meter, KEY.identity), Buffer.concat([random1, factor])).subarray(0, 8);
      return Promise.resolve({ cipher1, random1, factor });
    },

    async protectTopUp(meter, session, purchase): Promise<TopUpProof> {
      const money = Buffer.concat([uint32(purchase.amountFen, "amountFen"), uint32(BigInt(purchase.count), "count")]);
      const customer = digits12(purchase.customerNumber, "customerNumber");
      const frame = { control: SECURITY, dataItem: purchase.dataItem };
      return Promise.resolve({
        mac1: mac(keyOf(meter, KEY.purse), session, { ...frame, tag: 1, data: money }),
        mac2: mac(keyOf(meter, KEY.parameters), session, { ...frame, tag: 2, data: customer }),
      });
    },

    async protectControl(meter, session, plain): Promise<Uint8Array> {
      if (plain.length !== 8) throw new Error(`a relay order has eight plain bytes, not ${plain.length}`);
      const key = keyOf(meter, KEY.control);
      const cipher = ecb(key, padded(plain));
      const proof = mac(key, session, { control: RELAY, dataItem: NO_DATA_ITEM, tag: 1, data: cipher });
      return Promise.resolve(bytes(Buffer.concat([cipher, proof])));
    },

    async protectWrite(meter, session, { dataItem, plain }): Promise<CipherAndMac> {
      return Promise.resolve(ciphered(meter, session, itemToProtect(dataItem), bytesToProtect(plain, "plain")));
    },

    async sealWrite(meter, session, { dataItem, data }): Promise<Uint8Array> {
      const covered = { control: WRITE, dataItem: itemToProtect(dataItem), tag: 1, data: bytesToProtect(data, "data") } as const;
      return Promise.resolve(mac(keyOf(meter, KEY.parameters), session, covered));
    },

    async protectRefund(meter, session, { amountFen }): Promise<CipherAndMac> {
      const amount = uint32(amountFen, "amountFen");
      const inner = mac(keyOf(meter, KEY.purse), session, { control: WRITE, dataItem: REFUND, tag: 2, data: amount });
      return Promise.resolve(ciphered(meter, session, REFUND, Buffer.concat([amount, inner])));
    },

    async protectPurseReset(meter, session, { amountFen }): Promise<TopUpProof> {
      const key = keyOf(meter, KEY.purse);
      const frame = { control: SECURITY, dataItem: "070103FF" };
      return Promise.resolve({
        mac1: mac(key, session, { ...frame, tag: 1, data: uint32(amountFen, "amountFen") }),
        mac2: mac(key, session, { ...frame, tag: 2, data: uint32(0n, "count") }),
      });
    },

    // The published scheme has no row for it; these two are this project's own, made like those of a top-up.
    async protectModeSwitch(meter, session, { mode, purse }): Promise<TopUpProof> {
      if (purse.length !== PURSE_BYTES) throw new Error(`a purse has ${PURSE_BYTES} bytes, not ${purse.length}`);
      const frame = { control: SECURITY, dataItem: "07A006FF" };
      const number = Buffer.concat([Buffer.alloc(2), digits12(meter.meterNumber, "meterNumber")]);
      const data = Buffer.concat([number, Buffer.from([mode === "remote" ? 1 : 0])]);
      return Promise.resolve({
        mac1: mac(keyOf(meter, KEY.parameters), session, { ...frame, tag: 1, data }),
        mac2: mac(keyOf(meter, KEY.purse), session, { ...frame, tag: 2, data: purse }),
      });
    },

    async checkWallet(meter, session, reply): Promise<boolean> {
      const key = keyOf(meter, KEY.purse);
      const frame = { control: SECURITY_REPLY, dataItem: "078102FF" };
      const balance = mac(key, session, { ...frame, tag: 1, data: uint32(reply.balanceFen, "balanceFen") });
      const count = mac(key, session, { ...frame, tag: 2, data: uint32(BigInt(reply.count), "count") });
      return Promise.resolve(same(balance, reply.balanceMac) && same(count, reply.countMac));
    },
  };
}

const CHALLENGES_REMEMBERED_MAX = 4_096;

/** 14H at level 98: the MAC lies over the cipher. */
function ciphered(meter: MeterKeyId, session: SessionSeed, dataItem: string, plain: Uint8Array): CipherAndMac {
  const key = keyOf(meter, KEY.parameters);
  const cipher = bytes(ecb(key, padded(plain)));
  return { cipher, mac: mac(key, session, { control: WRITE, dataItem, tag: 1, data: cipher }) };
}

/** Its keys are test keys always, so what a model does on those holds. */
const factorOf = ({ meterNumber, testFactor }: MeterKeyId): Uint8Array =>
  testFactor === "fixed"
    ? Uint8Array.of(0, 0, 0, 0, 0, 0, 0, 1)
    : bytes(Buffer.concat([Buffer.alloc(2), digits12(meterNumber, "meterNumber")]));

function keyOf(meter: MeterKeyId, purpose: (typeof KEY)[keyof typeof KEY]): Buffer {
  return ecb(ROOT, Buffer.concat([Buffer.from([purpose]), Buffer.alloc(7), factorOf(meter)]));
}

interface Covered {
  readonly control: number;
  readonly dataItem: string;
  readonly tag: 1 | 2;
  readonly data: Uint8Array;
}

function mac(key: Uint8Array, session: SessionSeed, { control, dataItem, tag, data }: Covered): Uint8Array {
  if (session.random2.length !== 4) throw new Error(`random 2 has four bytes, not ${session.random2.length}`);
  const iv = Buffer.concat([session.random2, Buffer.alloc(12)]);
  const head = Buffer.concat([
    Buffer.from([control]),
    Buffer.from(dataItem, "hex"),
    Buffer.from([tag, data.length >> 8, data.length & 0xff]),
  ]);
  const cipher = createCipheriv("sm4-cbc", key, iv).setAutoPadding(false);
  const blocks = Buffer.concat([cipher.update(padded(Buffer.concat([head, data]))), cipher.final()]);
  return bytes(blocks.subarray(blocks.length - 16, blocks.length - 16 + MAC_BYTES));
}

function ecb(key: Uint8Array, plain: Uint8Array): Buffer {
  const cipher = createCipheriv("sm4-ecb", key, null).setAutoPadding(false);
  return Buffer.concat([cipher.update(plain), cipher.final()]);
}

/** x ‖ 80 ‖ zeros up to the next multiple of 16; the 80 is always there. */
function padded(plain: Uint8Array): Buffer {
  const out = Buffer.alloc((Math.floor(plain.length / 16) + 1) * 16);
  out.set(plain);
  out[plain.length] = 0x80;
  return out;
}

function uint32(value: bigint, field: string): Buffer {
  if (value < 0n || value > UINT32_MAX) throw new Error(`${field} does not fit in 32 bits: ${value}`);
  const out = Buffer.alloc(4);
  out.writeUInt32BE(Number(value));
  return out;
}

function digits12(text: string, field: string): Buffer {
  if (!/^\d{12}$/.test(text)) throw new Error(`${field} has twelve digits`);
  return Buffer.from(text, "hex");
}

const same = (ours: Uint8Array, theirs: Uint8Array): boolean => ours.length === theirs.length && timingSafeEqual(ours, theirs);
const bytes = (buffer: Buffer): Uint8Array => Uint8Array.from(buffer);
const hex = (value: Uint8Array): string => Buffer.from(value).toString("hex");
