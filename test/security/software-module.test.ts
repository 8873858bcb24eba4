/**
 * The gateway's half of the worked examples of scheme DL645-TEST-1, byte for byte. The frames beside them were computed by two
 * unrelated programs; here stand the values before they are turned round for the wire.
 */
import { expect, test } from "vitest";
import type { Chance } from "../../src/kernel/chance.ts";
import { seededChance } from "../../src/kernel/chance.ts";
import type { Logger } from "../../src/kernel/log.ts";
import { silentLog } from "../../src/kernel/log.ts";
import type { SessionSeed } from "../../src/security/security-module.ts";
import { softwareModule } from "../../src/security/software-module.ts";

const bytes = (text: string): Uint8Array => Uint8Array.from(Buffer.from(text, "hex"));
const hex = (value: Uint8Array): string => Buffer.from(value).toString("hex").toUpperCase();

/** Gives the bytes of the example, then runs dry. */
const fixed = (...values: string[]): Chance => ({
  next: () => 0.5,
  bytes: () => bytes(values.shift() ?? "FFFFFFFFFFFFFFFF"),
  child: () => fixed(),
});

const A = { meterNumber: "202611220001" };
const B = { meterNumber: "000000345678" };
const session: SessionSeed = { random2: bytes("A1B2C3D4"), esamSerial: bytes("5445202611220001") };
const built = (chance: Chance) => softwareModule({ chance, log: silentLog, mode: "test" });

test("example 1: cipher 1 of meter A", async () => {
  const request = await built(fixed("0102030405060708")).beginIdentity(A);
  expect(hex(request.cipher1)).toBe("18FB8A707FB28FE9");
  expect(hex(request.random1)).toBe("0102030405060708");
  expect(hex(request.factor)).toBe("0000202611220001");
});

test("example 3: both MACs of a top-up of 100.00 yuan, count 8", async () => {
  const proof = await built(fixed()).protectTopUp(A, session, {
    dataItem: "070102FF",
    amountFen: 10_000n,
    count: 8,
    customerNumber: "000000123456",
  });
  expect(hex(proof.mac1)).toBe("774E9BED");
  expect(hex(proof.mac2)).toBe("D28AEC92");
});

test("example 4: the MACs of a wallet reply are genuine, and one changed fen is noticed", async () => {
  const module = built(fixed());
  const reply = { balanceFen: 12_345n, balanceMac: bytes("5ED027B9"), count: 8, countMac: bytes("23AFFAEB") };
  expect(await module.checkWallet(A, session, reply)).toBe(true);
  expect(await module.checkWallet(A, session, { ...reply, balanceFen: 12_346n })).toBe(false);
  expect(await module.checkWallet(A, session, { ...reply, count: 9 })).toBe(false);
  expect(await module.checkWallet(A, session, { ...reply, countMac: bytes("23AFFA") })).toBe(false);
  expect(await module.checkWallet(B, session, reply)).toBe(false);
});

test("example 5: the block of a secured trip, cipher then MAC", async () => {
  const block = await built(fixed()).protectControl(A, session, bytes("1A00261122103000"));
  expect(hex(block)).toBe("D869BD5370A0D4F3A9A2059DDA7EE0BBACCCD911");
});

test("example 8: cipher and MAC of a refund of 10.00 yuan, the inner MAC under the cipher", async () => {
  const { cipher, mac } = await built(fixed()).protectRefund!(A, session, { amountFen: 1_000n });
  expect(hex(cipher)).toBe("34C378074A40475CFC3761712D37636C");
  expect(hex(mac)).toBe("AF59C77B");
});

test("example 9: the meter number is what counts, not the address", async () => {
  const request = await built(fixed("1112131415161718")).beginIdentity(B);
  expect(hex(request.cipher1)).toBe("DD9DBA95CACAF806");
  expect(hex(request.factor)).toBe("0000000000345678");
});

test("there is no verb for the validity time (example 2): five minutes are enough for one command", () => {
  expect(Object.keys(built(fixed())).sort()).toEqual([
    "beginIdentity",
    "checkWallet",
    "name",
    "protectControl",
    "protectRefund",
    "protectTopUp",
    "protectWrite",
  ]);
});

test("a challenge is never given twice", async () => {
  const module = built(fixed("0102030405060708", "0102030405060708", "1112131415161718"));
  const first = await module.beginIdentity(A);
  const second = await module.beginIdentity(A);
  expect(hex(first.random1)).toBe("0102030405060708");
  expect(hex(second.random1)).toBe("1112131415161718");
});

test("with the same seed the same challenges are drawn", async () => {
  const draw = async () => hex((await built(seededChance(7)).beginIdentity(A)).random1);
  expect(await draw()).toBe(await draw());
});

test("production refuses the published keys by name", () => {
  expect(() => softwareModule({ chance: seededChance(1), log: silentLog, mode: "production" })).toThrow(
    /test-keys-in-production/,
  );
});

test("it announces itself at every start", () => {
  const warnings: string[] = [];
  const log: Logger = { ...silentLog, warn: (_fields, message) => warnings.push(message) };
  softwareModule({ chance: seededChance(1), log, mode: undefined });
  expect(warnings).toEqual([expect.stringContaining("PUBLISHED TEST KEYS")]);
});

test("a crypto library without SM4 is named, not met later", () => {
  const without = { chance: seededChance(1), log: silentLog, mode: "test", ciphers: ["aes-128-cbc", "sm4-cbc"] };
  expect(() => softwareModule(without)).toThrow(/security-unavailable.*sm4-ecb/);
});

test("what does not fit in the frame is our own mistake, and loud", async () => {
  const module = built(fixed());
  const purchase = { dataItem: "070102FF", amountFen: 1n << 32n, count: 1, customerNumber: "000000123456" } as const;
  await expect(module.protectTopUp(A, session, purchase)).rejects.toThrow(/32 bits/);
  await expect(module.protectControl(A, session, bytes("1A00"))).rejects.toThrow(/eight plain bytes/);
});

test("a model whose test keys come of one factor has the same keys in every meter, and others keep their own", async () => {
  const one = await built(fixed("0102030405060708")).beginIdentity({ ...A, testFactor: "fixed" });
  const other = await built(fixed("0102030405060708")).beginIdentity({ ...B, testFactor: "fixed" });
  expect(hex(one.factor)).toBe("0000000000000001");
  expect(hex(one.cipher1)).toBe(hex(other.cipher1));
  const own = await built(fixed("0102030405060708")).beginIdentity({ ...A, testFactor: "meter-number" });
  expect([hex(own.factor), hex(own.cipher1)]).toEqual(["0000202611220001", "18FB8A707FB28FE9"]);
});
