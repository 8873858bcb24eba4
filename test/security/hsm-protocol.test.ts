/** The lines of the HSM port: cut anywhere, never too long; what a machine says is fit for a log before it reaches one. */
import fc from "fast-check";
import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { Secret } from "../../src/kernel/secret.ts";
import { answerIn, declinedBecause, LINE_BYTES_MAX, LineCutter, proofOf } from "../../src/security/hsm-protocol.ts";

test("any cut of the stream gives the same lines", () => {
  const line = fc.string({ unit: fc.constantFrom("a", "é", "中", '"', "{", "0"), maxLength: 40 });
  fc.assert(
    fc.property(fc.array(line), fc.array(fc.nat()), (lines, cuts) => {
      const stream = Buffer.from(lines.map((text) => `${text}\n`).join(""));
      const cutter = new LineCutter();
      const places = [0, ...cuts.map((cut) => cut % (stream.length + 1)).sort((a, b) => a - b), stream.length];
      const heard = places.slice(1).flatMap((to, n) => cutter.push(stream.subarray(places[n], to)));
      expect(heard).toEqual(lines);
    }),
  );
});

test("the longest line passes and one byte more does not, in one piece or in many, ended or not", () => {
  const longest = "x".repeat(LINE_BYTES_MAX - 1);
  expect(new LineCutter().push(Buffer.from(`${longest}\n`))).toEqual([longest]);
  expect(() => new LineCutter().push(Buffer.from(`${longest}x\n`))).toThrow(/a line longer than 4096 bytes/);
  const cutter = new LineCutter();
  expect(cutter.push(Buffer.from(longest))).toEqual([]);
  expect(() => cutter.push(Buffer.from("x"))).toThrow(/a line longer than 4096 bytes/);
});

test("no line of any kind breaks the reader otherwise than by name", () => {
  fc.assert(
    fc.property(fc.oneof(fc.string(), fc.json()), (line) => {
      try {
        expect(Number.isSafeInteger(answerIn(line).id)).toBe(true);
      } catch (error) {
        expect((error as Error).message).toMatch(/^(a line|an answer) /);
        if (line.length > 8) expect((error as Error).message).not.toContain(line);
      }
    }),
  );
});

test("a machine's reason is short, printable, and keeps no bytes in hex, however they are written", () => {
  const hex = fc.uint8Array({ minLength: 4, maxLength: 40 }).map((bytes) => Buffer.from(bytes));
  fc.assert(
    fc.property(hex, fc.constantFrom("", " ", ":", "-"), fc.boolean(), fc.string(), (bytes, between, upper, words) => {
      const pairs = [...bytes].map((byte) => byte.toString(16).padStart(2, "0"));
      const proof = upper ? pairs.join(between).toUpperCase() : pairs.join(between);
      const { message } = declinedBecause({ code: "refused", why: `${words} ${proof} ${words}` });
      expect(message).not.toContain(proof);
      expect(message.length).toBeLessThan(350);
      expect(message).toMatch(/^[\x20-\x7e\u4e00-\u9fff•]*$/);
    }),
  );
});

test("the proofs that the page of this room works out are those the gateway computes", () => {
  const page = readFileSync("src/security/README.md", "utf8");
  const challenges = { gateway: "000102030405060708090A0B0C0D0E0F", server: "F0F1F2F3F4F5F6F7F8F9FAFBFCFDFEFF" };
  const hello = { name: "example HSM", testKeys: true };
  const secret = new Secret("correct horse battery staple");
  for (const said of [challenges.gateway, challenges.server, hello.name, secret.open()]) expect(page).toContain(said);
  for (const side of ["gateway", "server"] as const) expect(page).toContain(proofOf(side, secret, challenges, hello));
  expect(proofOf("server", secret, challenges, { ...hello, testKeys: false })).not.toBe(
    proofOf("server", secret, challenges, hello),
  );
});
