/**
 * A machine that cannot be believed: another secret, another version, test keys in production, lines that are no answers. Nothing it says
 * reaches a meter, and where a person is needed the sentence says what for.
 */
import { describe, expect, test } from "vitest";
import { isFault } from "../../src/kernel/faults.ts";
import { Secret } from "../../src/kernel/secret.ts";
import type { HsmModule } from "../../src/security/hsm.ts";
import { untilTrue } from "../api/door.ts";
import {
  A,
  back,
  cipherServer,
  bytes,
  examples,
  expectUnavailable,
  hex,
  listener,
  orderOf,
  session,
  startedHsm,
  type hsmAt,
  wallet,
  wireTo,
  writeOf,
} from "../support/hsm.ts";
import { freePort } from "../support/servers.ts";

describe("a machine that cannot be believed", () => {
  const refused = async (port: number, why: RegExp, options: Parameters<typeof hsmAt>[1] = {}): Promise<HsmModule> => {
    const module = await startedHsm(port, options);
    expect(module.trouble).toEqual({ lasting: true, why: expect.stringMatching(why) as string });
    await expectUnavailable(orderOf(module), why);
    return module;
  };

  test("and does not believe us: another secret is refused by the machine, once a pause, and a person is told what to do", async () => {
    const server = await cipherServer({ secret: new Secret("quite another secret") });
    await refused(server.port, /refuses our secret; give gateway \(security\.secret in the site file\) and server the same one/, {
      refusedPauseMs: 60_000,
    });
    expect(server.heard).toEqual({ hello: 1, authenticate: 1 });
  });

  test("speaks another version", async () => {
    const server = await cipherServer({ mode: "other-version" });
    const module = await refused(server.port, /speaks version 2 of the HSM port and this gateway speaks 1/);
    expect(server.heard["authenticate"]).toBeUndefined();
    server.mode = "honest";
    await back(module);
  });

  test("does not know the secret itself and says yes to everything", async () => {
    const port = await listener((socket) => {
      socket.on("data", (chunk: Buffer) => {
        for (const line of chunk.toString().trim().split("\n")) {
          const { id, verb } = JSON.parse(line) as { id: number; verb: string };
          const said =
            verb === "hello"
              ? { version: 1, name: "a liar", testKeys: false, challenge: "00".repeat(16) }
              : { proof: "00".repeat(32), genuine: true };
          socket.write(`${JSON.stringify({ id, ok: true, ...said })}\n`);
        }
      });
    });
    const module = await refused(port, /cannot prove that it knows our secret/);
    await expectUnavailable(module.checkWallet(A, session, wallet), /cannot prove/);
  });

  test("sends our own proof back to us", async () => {
    const port = await listener((socket) => {
      socket.on("data", (chunk: Buffer) => {
        const { id, verb, challenge, proof } = JSON.parse(chunk.toString()) as Record<string, unknown>;
        const said = verb === "hello" ? { version: 1, name: "mirror", testKeys: false, challenge } : { proof };
        socket.write(`${JSON.stringify({ id, ok: true, ...said })}\n`);
      });
    });
    await refused(port, /cannot prove that it knows our secret/);
  });

  test("is made to say on the way that its keys are no test keys", async () => {
    const server = await cipherServer();
    const port = await wireTo(server.port, (line) => [`${line.replace('"testKeys":true', '"testKeys":false')}\n`]);
    await refused(port, /refuses our secret/, { production: true });
  });

  test("holds test keys, in production: the start ends by name, and with keys of its own it goes on", async () => {
    const { port } = await cipherServer();
    await expect(startedHsm(port, { production: true })).rejects.toThrow(
      /test-keys-in-production.*refused with NODE_ENV=production/,
    );
    const real = await cipherServer({ saysTestKeys: false });
    const module = await startedHsm(real.port, { production: true });
    expect(module.machine).toEqual({ name: "DL645-TEST-1 cipher server", testKeys: false });
    expect(hex(await orderOf(module))).toMatch(/^D869/);
  });

  test("that comes up with test keys after the start, in production, is refused as long as it holds them", async () => {
    const port = await freePort();
    const module = await startedHsm(port, { production: true });
    await cipherServer({ port });
    await untilTrue("the refusal", () => module.trouble?.lasting === true);
    await expectUnavailable(orderOf(module), /test keys, and those are refused with NODE_ENV=production/);
  });

  test.each<[string, (line: string) => readonly string[], RegExp]>([
    ["no JSON", () => ["\u0000 what?\n"], /a line of 7 letters that is no JSON/],
    ["JSON that is no object", () => ["[1]\n"], /no JSON object/],
    ["no id", () => ['{"ok":true}\n'], /without a whole number as its id/],
    ["no ok", (line) => [line.replace('"ok":true', '"ok":1') + "\n"], /ok is neither true nor false/],
    ["an answer nobody asked for", () => ['{"id":4711,"ok":true}\n'], /answered a request that nobody made/],
    ["a line that does not end", () => ["0".repeat(5_000)], /a line longer than 4096 bytes/],
    ["a block that is too short", (line) => [line.replace(/"block":"../, '"block":"') + "\n"], /block is not 20 bytes in hex/],
    ["a block that is no hex", (line) => [line.replace(/"block":"../, '"block":"ZZ') + "\n"], /block is not 20 bytes in hex/],
    ["no block", (line) => [line.replace("block", "lock") + "\n"], /block is not 20 bytes in hex/],
  ])("answers with %s: the request fails, the connection is dropped and made anew", async (_title, change, why) => {
    const server = await cipherServer();
    let lies = true;
    const port = await wireTo(server.port, (line) =>
      lies && server.heard["protect-control"] === 1 ? change(line) : [`${line}\n`],
    );
    const module = await startedHsm(port);
    await expectUnavailable(orderOf(module), why);
    lies = false;
    await back(module);
    expect(hex(await orderOf(module))).toMatch(/^D869/);
    expect(server.heard["hello"]).toBeGreaterThan(1);
  });

  test.each<[string, (line: string) => string, RegExp]>([
    [
      "a cipher that is too short",
      (line) => line.replace(/"cipher":"[0-9A-F]{32}/, '"cipher":"'),
      /cipher is not 1 blocks? of 16/,
    ],
    ["a cipher that is too long", (line) => line.replace('"cipher":"', `"cipher":"${"00".repeat(16)}`), /cipher is not 1 block/],
    ["half a block more", (line) => line.replace('"cipher":"', `"cipher":"${"00".repeat(8)}`), /cipher is not 1 block/],
    [
      "a cipher that is no hex",
      (line) => line.replace(/"cipher":".{32}/, `"cipher":"${"Z".repeat(32)}`),
      /cipher is not 16 bytes/,
    ],
    ["no cipher", (line) => line.replace('"cipher":', '"sypher":'), /cipher is not 1 block/],
    ["no MAC", (line) => line.replace("mac", "mark"), /mac is not 4 bytes in hex/],
  ])("answers a write with %s: it fails, and the connection is made anew", async (_title, change, why) => {
    const server = await cipherServer();
    const port = await wireTo(server.port, (line) => [`${server.heard["protect-write"] === 1 ? change(line) : line}\n`]);
    const module = await startedHsm(port);
    await expectUnavailable(writeOf(module), why);
    await back(module);
    expect(await writeOf(module)).toMatchObject({ mac: bytes("7358F00E") });
    expect(server.heard["hello"]).toBeGreaterThan(1);
  });

  test("answers twice: the second is nobody's", async () => {
    const server = await cipherServer();
    const module = await startedHsm(await wireTo(server.port, (line) => [`${line}\n`, `${line}\n`]));
    expect(hex(await orderOf(module))).toMatch(/^D869/);
    expect(hex(await orderOf(module))).toMatch(/^D869/);
    expect(server.heard["hello"]).toBe(1);
  });

  test("mixes meters up, or plays a recorded challenge again: neither reaches a meter", async () => {
    const server = await cipherServer();
    const mixed = await startedHsm(
      await wireTo(server.port, (line) => [`${line.replace('"factor":"0000202611220001"', '"factor":"0000202611220002"')}\n`]),
    );
    await expectUnavailable(mixed.beginIdentity(A), /a factor of another meter/);
    const again = await cipherServer({ chance: examples("0102030405060708", "0102030405060708") });
    const module = await startedHsm(again.port);
    await module.beginIdentity(A);
    await expectUnavailable(module.beginIdentity(A), /a challenge that it gave before/);
  });

  test("does not know one meter: that one is told, and the machine is not in trouble for it", async () => {
    const server = await cipherServer();
    const module = await startedHsm(
      await wireTo(server.port, (line) => {
        const { id, block } = JSON.parse(line) as { id: number; block?: string };
        return [block === undefined ? `${line}\n` : `{"id":${id},"ok":false,"code":"unknown-meter","why":"not in the books"}\n`];
      }),
    );
    await expectUnavailable(
      orderOf(module),
      /holds no key for this meter \(unknown-meter: not in the books\); bring the meter number/,
    );
    expect(module.trouble).toBeNull();
  });

  test("was built for the first gateways: what it does not know is said by name, and it is well for all the rest", async () => {
    const server = await cipherServer();
    const module = await startedHsm(
      await wireTo(server.port, (line) => {
        const { id, cipher, mac, password } = JSON.parse(line) as Record<string, unknown>;
        const isAdded = cipher !== undefined || mac !== undefined || password !== undefined;
        return [isAdded ? `{"id":${String(id)},"ok":false,"code":"unknown-verb","why":"no such verb"}\n` : `${line}\n`];
      }),
    );
    const added: readonly (readonly [string, () => Promise<unknown>])[] = [
      ["protect-write", () => writeOf(module)],
      ["seal-write", () => module.sealWrite(A, session, { dataItem: "04001001", data: bytes("00003000") })],
      ["protect-refund", () => module.protectRefund(A, session, { amountFen: 1_000n })],
    ];
    for (const [verb, ask] of added) {
      const error: unknown = await ask().catch((reason: unknown) => reason);
      expect(isFault(error, "not-supported") ? error.context["why"] : error).toMatch(
        new RegExp(
          `^it does not know ${verb} \\(unknown-verb: no such verb\\); bring the machine, or the adapter before it, forward`,
        ),
      );
    }
    expect(module.trouble).toBeNull();
    expect(hex(await orderOf(module))).toMatch(/^D869/);
  });
});
