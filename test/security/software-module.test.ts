/** What is the software module's own: its chance, its warnings, its refusals. Its answers: `test/conformance/security-module.test.ts`. */
import { expect, test } from "vitest";
import type { Chance } from "../../src/kernel/chance.ts";
import { seededChance } from "../../src/kernel/chance.ts";
import type { Logger } from "../../src/kernel/log.ts";
import { silentLog } from "../../src/kernel/log.ts";
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
const built = (chance: Chance) => softwareModule({ chance, log: silentLog, mode: "test" });

test("there is no verb for the validity time (example 2): five minutes are enough for one command", () => {
  expect(Object.keys(built(fixed())).sort()).toEqual([
    "beginIdentity",
    "checkWallet",
    "name",
    "protectControl",
    "protectModeSwitch",
    "protectPurseReset",
    "protectRefund",
    "protectTopUp",
    "protectWrite",
    "sealWrite",
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

test("a model whose test keys come of one factor has the same keys in every meter, and others keep their own", async () => {
  const one = await built(fixed("0102030405060708")).beginIdentity({ ...A, testFactor: "fixed" });
  const other = await built(fixed("0102030405060708")).beginIdentity({ ...B, testFactor: "fixed" });
  expect(hex(one.factor)).toBe("0000000000000001");
  expect(hex(one.cipher1)).toBe(hex(other.cipher1));
  const own = await built(fixed("0102030405060708")).beginIdentity({ ...A, testFactor: "meter-number" });
  expect([hex(own.factor), hex(own.cipher1)]).toEqual(["0000202611220001", "18FB8A707FB28FE9"]);
});
