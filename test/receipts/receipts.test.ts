/** Receipts: any character that changes is noticed, old keys stay good, and a page can be printed for people. No gateway, no database. */
import { chmodSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { generateKeyPairSync } from "node:crypto";
import fc from "fast-check";
import { afterAll, beforeAll, expect, test } from "vitest";
import { NO_HASH } from "../../src/audit/audit-row.ts";
import { main } from "../../src/cli/meterctl.ts";
import type { Command } from "../../src/commands/command.ts";
import { Instant } from "../../src/kernel/clock.ts";
import { AccountId, CommandId, MeterAddress, PaymentId } from "../../src/kernel/ids.ts";
import { Fen } from "../../src/kernel/money.ts";
import { Secret } from "../../src/kernel/secret.ts";
import { openReceiptKeys, publicKeysOf, type ReceiptKeys } from "../../src/receipts/keys.ts";
import { receiptOf, type ReceiptFacts } from "../../src/receipts/receipt.ts";
import { signed, verified } from "../../src/receipts/sign.ts";

const NOW = Instant(1_764_000_000_000);
const command: Command = {
  ...{
    id: CommandId("019ab000-0000-7000-8000-000000000001"),
    kind: "top-up",
    effect: "adds",
    meter: MeterAddress("202611220001"),
  },
  ...{
    account: AccountId("1000000001"),
    payment: PaymentId("019ab000-0000-7000-8000-000000000002"),
    params: { amount: "10000" },
  },
  ...{ askedBy: "payment", reason: 'bank "41" 缴费', state: "confirmed", waitingFor: null, because: null, fence: 1, looks: 0 },
  ...{ createdAt: NOW, notAfter: NOW, sentAt: NOW, acknowledgedAt: NOW, verifiedAt: NOW, endedAt: NOW },
  receipt: {
    before: { count: 0, net: "500", takenAt: NOW, opening: false },
    after: { count: 1, net: "10500", takenAt: NOW },
    attempts: 1,
  },
};
const facts: ReceiptFacts = {
  site: { name: "demo-street", timeZone: "Asia/Shanghai" },
  issuedAt: NOW,
  payment: {
    id: command.payment!,
    account: command.account!,
    amount: Fen(10_000n),
    channel: "bank",
    orderId: "41",
    state: "allocated",
    command: command.id,
    refund: null,
    createdAt: NOW,
  },
  command,
  attempts: [
    {
      ...{ number: 1, fence: 1, at: NOW, before: { count: 0, net: "500", takenAt: NOW }, outcome: "acknowledged: done" },
      frames: [
        { at: NOW, direction: "sent", hex: "68010022112620681104333 5C333BD16".replaceAll(" ", "") },
        {
          at: NOW,
          direction: "sent",
          hex: "6802002211262068 1C10 35 •••••• 33333333 4D33 66554433221133 •• 16".replaceAll(" ", ""),
        },
      ],
    },
  ],
  entries: [
    {
      id: "1",
      kind: "payment",
      reference: command.payment!,
      at: NOW,
      note: null,
      legs: { "channel/bank": -10_000n, "available/1000000001": 10_000n },
    },
  ],
  audit: [
    {
      sequence: 1,
      id: "1",
      at: "2025-11-24T16:00:00.000000Z",
      who: "till",
      what: "payment.taken",
      subject: "payment/x",
      before: null,
      after: "{}",
      because: null,
    },
  ],
  head: { sequence: 1, hash: NO_HASH },
};

let folder: string;
let keys: ReceiptKeys;
let text: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "receipts-"));
  keys = openReceiptKeys(folder, null);
  text = signed(receiptOf(facts), keys.current);
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const meterctl = async (...args: string[]): Promise<{ code: number; out: string; error: string }> => {
  const said = { out: "", error: "" };
  const code = await main(args, {
    out: (line) => void (said.out += `${line}\n`),
    error: (line) => void (said.error += `${line}\n`),
    env: {},
  });
  return { code, ...said };
};
const file = (name: string, content: string): string => {
  const path = join(folder, name);
  writeFileSync(path, content);
  return path;
};

test("a receipt is valid as it was given out, and the key is kept for its owner alone", () => {
  expect(verified(text, [keys.current])).toMatchObject({ valid: true, key: keys.current.id });
  expect(statSync(join(folder, "receipt-key.pem")).mode & 0o777).toBe(0o600);
  expect(openReceiptKeys(folder, null).current.id).toBe(keys.current.id); // the next start signs with the same one
});

test("whatever character is changed, wherever, the receipt is valid no more", () => {
  fc.assert(
    fc.property(fc.integer({ min: 0, max: text.trimEnd().length - 1 }), fc.integer({ min: 32, max: 126 }), (at, code) => {
      const letter = String.fromCharCode(code);
      fc.pre(text[at] !== letter);
      expect(verified(text.slice(0, at) + letter + text.slice(at + 1), [keys.current]).valid).toBe(false);
    }),
    { numRuns: 1_500 },
  );
  fc.assert(
    fc.property(fc.integer({ min: 0, max: text.trimEnd().length - 1 }), fc.string({ minLength: 0, maxLength: 3 }), (at, put) => {
      fc.pre(put !== text[at]);
      expect(verified(text.slice(0, at) + put + text.slice(at + 1), [keys.current]).valid).toBe(false);
    }),
    { numRuns: 500 },
  );
});

test("the signature itself has one writing only, and a second field of one name hides nowhere", () => {
  expect(
    verified(
      text.replace(/"value":"([0-9a-f]+)"/, (_all, hex: string) => `"value":"${hex.toUpperCase()}"`),
      [keys.current],
    ),
  ).toMatchObject({ why: "signature" });
  expect(verified(text.replace("{", '{"issuedAt":"1999-01-01T00:00:00+08:00",'), [keys.current])).toMatchObject({
    why: "rewritten",
  });
  expect(verified(JSON.stringify(JSON.parse(text), null, 2), [keys.current])).toMatchObject({ why: "rewritten" });
});

test("a receipt of another key is not believed, and one of a key of before still is", () => {
  const other = generateKeyPairSync("ed25519").privateKey.export({ type: "pkcs8", format: "pem" }).toString();
  const after = openReceiptKeys(folder, new Secret(other));
  expect(after.current.id).not.toBe(keys.current.id);
  expect(after.older.map(({ id }) => id)).toEqual([keys.current.id]);
  expect(verified(text, [after.current])).toMatchObject({ valid: false, why: "unknown-key" });
  expect(verified(text, [after.current, ...after.older]).valid).toBe(true);
  const answer = JSON.stringify({ algorithm: "Ed25519", id: after.current.id, pem: after.current.pem, older: after.older });
  expect(publicKeysOf(answer).map(({ id }) => id)).toEqual([after.current.id, keys.current.id]);
});

test("a key that others may read, or of another kind, is refused by name", () => {
  const elsewhere = mkdtempSync(join(tmpdir(), "receipts-"));
  openReceiptKeys(elsewhere, null);
  chmodSync(join(elsewhere, "receipt-key.pem"), 0o644);
  expect(() => openReceiptKeys(elsewhere, null)).toThrow(/receipt-key-unusable.*chmod 600/);
  rmSync(elsewhere, { recursive: true, force: true });
  const rsa = generateKeyPairSync("rsa", { modulusLength: 1024 }).privateKey.export({ type: "pkcs8", format: "pem" }).toString();
  expect(() => openReceiptKeys(folder, new Secret(rsa))).toThrow(/receipt-key-unusable.*Ed25519.*rsa/);
  expect(() => openReceiptKeys(folder, new Secret("no key"))).toThrow(/receipt-key-unusable/);
});

test("meterctl verifies offline: 0 for a whole one, 1 for a changed one, 2 for wrong use", async () => {
  const key = file("key.json", JSON.stringify({ pem: keys.current.pem }));
  expect(await meterctl("receipt", "verify", file("r.json", text), "--key", key)).toMatchObject({
    code: 0,
    out: `OK  signed with key ${keys.current.id}\n`,
  });
  const changed = await meterctl("receipt", "verify", file("c.json", text.replace("100.00", "900.00")), "--key", key);
  expect(changed).toMatchObject({ code: 1, out: "NOT VALID  something in it was changed after it was signed\n" });
  expect((await meterctl("receipt", "verify", file("r.json", text), "--key", file("none", ""))).code).toBe(2);
  expect((await meterctl("receipt", "verify", join(folder, "nowhere"), "--key", key)).code).toBe(2);
});

test("a page for people tells amount, proof, counts, frames with their meaning, and dots where a secret was", async () => {
  const path = file("r.json", text);
  const en = await meterctl("receipt", "show", path, "--lang", "en");
  for (const part of [
    "100.00",
    "bank",
    "count 0",
    "count 1",
    "balance 105.00",
    "read data",
    "••",
    "available/1000000001",
    keys.current.id,
  ])
    expect(en.out).toContain(part);
  const zh = await meterctl("receipt", "show", path, "--lang", "zh");
  for (const part of ["凭证", "缴费", "操作前", "审计链"]) expect(zh.out).toContain(part);
  expect((await meterctl("receipt", "show", file("x.json", "{}"))).code).toBe(1);
  expect(readFileSync(path, "utf8")).not.toMatch(/"meaning":""/);
});
