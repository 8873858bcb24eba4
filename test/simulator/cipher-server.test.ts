/**
 * The cipher server as an adapter's author would meet it: lines over a socket, nothing of the gateway's own code between. The worked
 * examples of DL645-TEST-1 byte for byte, the introduction by hand, and the program with its side door.
 */
import { spawn } from "node:child_process";
import { createHmac } from "node:crypto";
import { connect, type Socket } from "node:net";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, onTestFinished, test } from "vitest";
import { cipherServerPlan } from "../../simulator/cipher-server-options.ts";
import { cipherServer, SHARED } from "../support/hsm.ts";
import { selfSigned } from "../support/certificate.ts";
import { verbs } from "../../simulator/cipher-server-keys.ts";
import { fromHex } from "../../simulator/bytes.ts";
import { seededChance } from "../../src/kernel/chance.ts";
import { Secret } from "../../src/kernel/secret.ts";
import { until } from "./support/street.ts";

type Said = Readonly<Record<string, unknown>>;

interface Client {
  readonly socket: Socket;
  readonly lines: string[];
  readonly isGone: () => boolean;
  write(text: string): void;
  ask(verb: string, fields?: Said): Promise<Said>;
}

async function client(port: number): Promise<Client> {
  const socket = connect({ port, host: "127.0.0.1", noDelay: true });
  const lines: string[] = [];
  let [rest, gone, id] = ["", false, 0];
  socket.on("data", (bytes: Buffer) => {
    const cut = (rest + bytes.toString()).split("\n");
    rest = cut.pop()!;
    lines.push(...cut);
  });
  socket.on("error", () => undefined);
  socket.on("close", () => (gone = true));
  onTestFinished(() => void socket.destroy());
  await new Promise((resolve) => socket.once("connect", resolve));
  return {
    socket,
    lines,
    isGone: () => gone,
    write: (text) => void socket.write(text),
    ask: async (verb, fields = {}) => {
      id += 1;
      const mine = id;
      socket.write(`${JSON.stringify({ id, verb, ...fields })}\n`);
      const find = (): Said | undefined => lines.map((line) => JSON.parse(line) as Said).find((answer) => answer["id"] === mine);
      await until(`the answer to ${verb}`, () => find() !== undefined || gone);
      const { id: _id, ...said } = find() ?? {};
      return said;
    },
  };
}

const CHALLENGE = "000102030405060708090A0B0C0D0E0F";
const proof = (side: string, server: unknown, secret = SHARED): string =>
  createHmac("sha256", secret)
    .update(`hsm/1\n${side}\n${CHALLENGE}\n${String(server)}\nDL645-TEST-1 cipher server\ntest-keys`)
    .digest("hex")
    .toUpperCase();

/** Introduced, by hand. */
async function introduced(port: number): Promise<Client> {
  const one = await client(port);
  const hello = await one.ask("hello", { version: 1, challenge: CHALLENGE });
  expect(hello).toMatchObject({ ok: true, version: 1, name: "DL645-TEST-1 cipher server", testKeys: true });
  const back = await one.ask("authenticate", { proof: proof("gateway", hello["challenge"]) });
  expect(back).toEqual({ ok: true, proof: proof("server", hello["challenge"]) });
  return one;
}

const meter = { meterNumber: "202611220001" };
const session = { ...meter, random2: "A1B2C3D4", esamSerial: "5445202611220001" };
const topUp = { ...session, dataItem: "070102FF", amount: "00002710", count: "00000008", customerNumber: "000000123456" };
const trip = { ...session, plain: "1A00261122103000" };
const wallet = { ...session, balance: "00003039", balanceMac: "5ED027B9", count: "00000008", countMac: "23AFFAEB" };
const write = { ...session, dataItem: "0400010C", plain: "0B0400010C26112200100500" };
const alarm = { ...session, dataItem: "04001001", data: "00003000" };
const refund = { ...session, amount: "000003E8" };
const password = { name: "relay/202611220001" };
const passwords = new Map([[password.name, new Secret("748295")]]);

test("the worked examples, verb by verb", async () => {
  const seeded = seededChance(1);
  const randoms = ["0102030405060708", "1112131415161718"];
  const chance = { ...seeded, bytes: (count: number) => (count === 8 ? fromHex(randoms.shift()!) : seeded.bytes(count)) };
  const one = await introduced((await cipherServer({ chance })).port);
  expect(await one.ask("begin-identity", meter)).toEqual({
    ok: true,
    random1: "0102030405060708",
    cipher1: "18FB8A707FB28FE9",
    factor: "0000202611220001",
  });
  expect(await one.ask("begin-identity", { meterNumber: "000000345678" })).toEqual({
    ok: true,
    random1: "1112131415161718",
    cipher1: "DD9DBA95CACAF806",
    factor: "0000000000345678",
  });
  expect(await one.ask("protect-top-up", topUp)).toEqual({ ok: true, mac1: "774E9BED", mac2: "D28AEC92" });
  expect(await one.ask("protect-control", trip)).toEqual({ ok: true, block: "D869BD5370A0D4F3A9A2059DDA7EE0BBACCCD911" });
  expect(await one.ask("protect-write", write)).toEqual({
    ok: true,
    cipher: "9274F6BB9B8A566A493322D5E34EFB8A",
    mac: "7358F00E",
  });
  expect(await one.ask("seal-write", alarm)).toEqual({ ok: true, mac: "C2071AE8" });
  expect(await one.ask("protect-refund", refund)).toEqual({
    ok: true,
    cipher: "34C378074A40475CFC3761712D37636C",
    mac: "AF59C77B",
  });
  expect(await one.ask("check-wallet", wallet)).toEqual({ ok: true, genuine: true });
  expect(await one.ask("check-wallet", { ...wallet, balance: "0000303A" })).toEqual({ ok: true, genuine: false });
  expect(await one.ask("check-wallet", { ...wallet, countMac: "23AFFAEA" })).toEqual({ ok: true, genuine: false });
});

describe("nothing is done for somebody who has not introduced himself", () => {
  test("each verb is declined before, by name, and after hello alone", async () => {
    const server = await cipherServer({ passwords });
    const one = await client(server.port);
    const notYet = { ok: false, code: "not-authenticated", why: "say hello and authenticate first" };
    for (const verb of Object.keys(verbs))
      expect(await one.ask(verb, { ...topUp, ...trip, ...wallet, ...write, ...alarm, ...password })).toEqual(notYet);
    await one.ask("hello", { version: 1, challenge: CHALLENGE });
    expect(await one.ask("password", password)).toEqual(notYet);
    expect(await one.ask("begin-identity", meter)).toEqual(notYet);
  });

  test.each<[string, (server: unknown) => string]>([
    ["another secret", (server) => proof("gateway", server, "another secret of tests")],
    ["the server's own side", (server) => proof("server", server)],
    ["a proof of another challenge", () => proof("gateway", "00".repeat(16))],
    ["no proof", () => ""],
  ])("%s is refused, without a proof in return, and the server hangs up", async (_title, wrong) => {
    const one = await client((await cipherServer()).port);
    const { challenge } = await one.ask("hello", { version: 1, challenge: CHALLENGE });
    expect(await one.ask("authenticate", { proof: wrong(challenge) })).toEqual({
      ok: false,
      code: "wrong-secret",
      why: "the proof does not fit the secret of this server",
    });
    await until("the end", one.isGone);
  });

  test("a challenge is new for each connection and good for one proof", async () => {
    const server = await cipherServer();
    const one = await client(server.port);
    const { challenge } = await one.ask("hello", { version: 1, challenge: CHALLENGE });
    const other = await (await client(server.port)).ask("hello", { version: 1, challenge: CHALLENGE });
    expect(other["challenge"]).not.toBe(challenge);
    expect(await one.ask("authenticate", { proof: proof("gateway", challenge) })).toMatchObject({ ok: true });
    expect(await one.ask("authenticate", { proof: proof("gateway", challenge) })).toMatchObject({ code: "not-authenticated" });
  });

  test("another version is declined", async () => {
    const one = await client((await cipherServer()).port);
    expect(await one.ask("hello", { version: 2, challenge: CHALLENGE })).toMatchObject({ ok: false, code: "version" });
  });
});

test.each<[string, string, Said, RegExp]>([
  ["a field is missing", "protect-control", session, /plain is 8 bytes in hex/],
  ["a field is too short", "protect-top-up", { ...topUp, amount: "2710" }, /amount is 4 bytes in hex/],
  ["a field is a number", "protect-top-up", { ...topUp, count: 8 }, /count is 4 bytes in hex/],
  ["a field is no hex", "check-wallet", { ...wallet, balanceMac: "5ED027BX" }, /balanceMac is 4 bytes in hex/],
  ["the serial is forgotten", "protect-top-up", { ...topUp, esamSerial: undefined }, /esamSerial is 8 bytes in hex/],
  ["the frame is none that carries money", "protect-top-up", { ...topUp, dataItem: "070103FF" }, /070101FF, 070102FF/],
  ["a write without a value", "protect-write", { ...write, plain: "040400010C" }, /plain is 6 to 256 bytes in hex/],
  [
    "a write whose length is wrong",
    "protect-write",
    { ...write, plain: "0A0400010C26112200100500" },
    /plain begins with the number/,
  ],
  ["a write that names another item", "protect-write", { ...write, dataItem: "0400010B" }, /plain names the dataItem/],
  ["a write of half a byte", "seal-write", { ...alarm, data: "0" }, /data is 1 to 251 bytes in hex/],
  ["a refund without an amount", "protect-refund", session, /amount is 4 bytes in hex/],
  ["a password without a name", "password", {}, /name is 1 to 60 letters/],
])("it says which field is wrong: %s", async (_title, verb, fields, why) => {
  const one = await introduced((await cipherServer()).port);
  expect(await one.ask(verb, fields)).toEqual({ ok: false, code: "malformed", why: expect.stringMatching(why) as string });
  expect(await one.ask("protect-control", trip)).toMatchObject({ ok: true });
});

test("a password is handed out by its name, and one that is not kept is declined by name", async () => {
  const one = await introduced((await cipherServer({ passwords })).port);
  expect(await one.ask("password", password)).toEqual({ ok: true, password: "748295" });
  for (const name of ["relay/202611220002", "constructor"])
    expect(await one.ask("password", { name })).toMatchObject({ ok: false, code: "unknown-password" });
});

test("a verb nobody knows is declined, also one that every object has", async () => {
  const one = await introduced((await cipherServer()).port);
  for (const verb of ["sing", "constructor", "__proto__"])
    expect(await one.ask(verb)).toMatchObject({ ok: false, code: "unknown-verb" });
});

test.each([
  ["no JSON", "what?\n"],
  ["no object", "null\n"],
  ["no id", '{"verb":"hello"}\n'],
  ["a line that does not end", "0".repeat(4_096)],
])("%s ends the connection and no other", async (_title, text) => {
  const server = await cipherServer();
  const [good, bad] = [await introduced(server.port), await client(server.port)];
  bad.write(text);
  await until("the end", bad.isGone);
  expect(await good.ask("protect-control", trip)).toMatchObject({ ok: true });
});

test("lines may come in pieces and several at once", async () => {
  const one = await introduced((await cipherServer()).port);
  const two = [7, 8].map((id) => `${JSON.stringify({ id, verb: "protect-control", ...trip })}\n`).join("");
  for (const letter of two.slice(0, 300)) one.write(letter);
  one.write(two.slice(300));
  await until("both answers", () => one.lines.filter((line) => line.includes("D869BD53")).length === 2);
});

describe("what it can do wrong", () => {
  test("wrong MACs: one bit each, the cipher and the challenge as they should be", async () => {
    const one = await introduced((await cipherServer({ mode: "wrong-macs" })).port);
    expect(await one.ask("protect-top-up", topUp)).toEqual({ ok: true, mac1: "774E9BEC", mac2: "D28AEC93" });
    expect(await one.ask("protect-control", trip)).toEqual({ ok: true, block: "D869BD5370A0D4F3A9A2059DDA7EE0BBACCCD910" });
    expect(await one.ask("seal-write", alarm)).toEqual({ ok: true, mac: "C2071AE9" });
    expect(await one.ask("protect-refund", refund)).toMatchObject({
      cipher: "34C378074A40475CFC3761712D37636C",
      mac: "AF59C77A",
    });
    expect(await one.ask("check-wallet", wallet)).toEqual({ ok: true, genuine: true });
    expect(await one.ask("begin-identity", meter)).toMatchObject({ ok: true, factor: "0000202611220001" });
  });

  test("refusing, slow, garbage, gone", async () => {
    const server = await cipherServer({ slowMs: 80 });
    const one = await introduced(server.port);
    server.mode = "refusing";
    expect(await one.ask("protect-control", trip)).toMatchObject({ ok: false, code: "refused" });
    server.mode = "slow";
    const from = performance.now();
    expect(await one.ask("protect-control", trip)).toMatchObject({ ok: true });
    expect(performance.now() - from).toBeGreaterThanOrEqual(75);
    server.mode = "garbage";
    one.write(`${JSON.stringify({ id: 99, verb: "protect-control", ...trip })}\n`);
    await until("the garbage", () => one.lines.some((line) => line.includes("this is no answer")));
    server.mode = "gone";
    one.write(`${JSON.stringify({ id: 100, verb: "protect-control", ...trip })}\n`);
    await until("the end", one.isGone);
  });
});

describe("the program", () => {
  async function start(
    argv: readonly string[],
    env: Record<string, string> = {},
  ): Promise<{ out: () => string; err: () => string; ended: Promise<number | null>; stop: () => void }> {
    const child = spawn(process.execPath, ["simulator/main.ts", "cipher-server", ...argv], {
      stdio: ["ignore", "pipe", "pipe"],
      env: { PATH: process.env["PATH"], ...env },
    });
    let [out, err] = ["", ""];
    child.stdout.on("data", (chunk: Buffer) => (out += chunk.toString()));
    child.stderr.on("data", (chunk: Buffer) => (err += chunk.toString()));
    const ended = new Promise<number | null>((resolve) => child.once("close", resolve));
    onTestFinished(async () => {
      child.kill("SIGKILL");
      await ended;
    });
    await until("it to be ready or over", () => out.includes("\n") || child.exitCode !== null, 15_000);
    return { out: () => out, err: () => err, ended, stop: () => void child.kill("SIGTERM") };
  }

  test("says where it listens, warns of its keys, changes its mode at the side door, and ends on SIGTERM", async () => {
    const program = await start(["--port", "0", "--control", "0"], { HSM_SECRET: SHARED });
    expect(program.out()).toMatch(/^ready \{"cipherServer":\d+,"control":\d+\}\n$/);
    const ready = JSON.parse(program.out().slice(6)) as { cipherServer: number; control: number };
    const door = `http://127.0.0.1:${ready.control}`;
    const one = await introduced(ready.cipherServer);
    expect(await one.ask("protect-control", trip)).toMatchObject({ ok: true });
    const put = async (body: string): Promise<[number, unknown]> => {
      const response = await fetch(`${door}/mode`, { method: "PUT", body });
      return [response.status, await response.json()];
    };
    expect(await put('{"mode":"refusing"}')).toMatchObject([
      200,
      { mode: "refusing", connections: 1, heard: { "protect-control": 1 } },
    ]);
    expect(await one.ask("protect-control", trip)).toMatchObject({ code: "refused" });
    expect(await put('{"mode":"sulking"}')).toEqual([
      400,
      { error: expect.stringMatching(/mode: one of honest, refusing/) as string },
    ]);
    expect(await put('{"slowMs":-1}')).toMatchObject([400, {}]);
    expect(await put("what?")).toMatchObject([400, {}]);
    expect(await (await fetch(door)).json()).toMatchObject({ mode: "refusing", port: ready.cipherServer });
    expect(program.err()).toMatch(/PUBLISHED TEST KEYS/);
    expect(program.out() + program.err()).not.toContain(SHARED);
    program.stop();
    expect(await program.ended).toBe(0);
  });

  test("without a secret it does not start, and says where to name one", async () => {
    const program = await start(["--port", "0"]);
    expect(await program.ended).toBe(2);
    expect(program.err()).toMatch(/--secret-file.*HSM_SECRET/);
    expect(program.out()).toBe("");
  });

  test("a port that is taken ends with 1", async () => {
    const { port } = await cipherServer();
    const program = await start(["--port", String(port)], { HSM_SECRET: SHARED });
    expect(await program.ended).toBe(1);
    expect(program.err()).toMatch(/EADDRINUSE/);
  });

  test("arguments: files for the secret and for TLS, and what is wrong is named", () => {
    const folder = mkdtempSync(join(tmpdir(), "cipher-server-"));
    onTestFinished(() => rmSync(folder, { recursive: true }));
    const { cert, key } = selfSigned("hsm");
    for (const [name, text] of Object.entries({ secret: `${SHARED}\n`, cert, key })) writeFileSync(join(folder, name), text);
    const file = (name: string): string => join(folder, name);
    const plan = cipherServerPlan(
      [
        "--secret-file",
        file("secret"),
        "--cert",
        file("cert"),
        "--key",
        file("key"),
        "--mode",
        "slow",
        "--slow-ms",
        "5",
        "--seed",
        "7",
      ],
      {},
    );
    if (plan === "help") throw new Error("help was not asked for");
    expect(plan).toMatchObject({ mode: "slow", slowMs: 5, seed: "7", tls: { cert, key } });
    expect(plan.secret.open()).toBe(SHARED);
    expect(cipherServerPlan(["--help"], {})).toBe("help");
    const wrong =
      (argv: readonly string[]): (() => unknown) =>
      () =>
        cipherServerPlan(argv, { HSM_SECRET: SHARED });
    expect(wrong(["--mode", "sulking"])).toThrow(/--mode sulking: allowed are honest, refusing, slow/);
    expect(wrong(["--port", "65536"])).toThrow(/--port 65536: a whole number from 0 to 65535/);
    expect(wrong(["--cert", file("cert")])).toThrow(/--cert and --key go together/);
    expect(wrong(["--secret-file", file("nowhere")])).toThrow(/--secret-file: .*nowhere/);
    writeFileSync(file("passwords"), 'relay/1: "012345"\n');
    const keeping = cipherServerPlan(["--passwords", file("passwords")], { HSM_SECRET: SHARED });
    expect(keeping === "help" ? undefined : keeping.passwords?.get("relay/1")?.open()).toBe("012345");
    expect(JSON.stringify(keeping)).not.toContain("012345");
    for (const [text, why] of [
      ["relay/1: 748295", /"relay\/1" is not six digits in quotes/],
      ["- 748295", /this is no map/],
      ['relay/1: "748295', /this is no YAML/],
    ] as const) {
      writeFileSync(file("passwords"), text);
      expect(wrong(["--passwords", file("passwords")])).toThrow(why);
      expect(wrong(["--passwords", file("passwords")])).not.toThrow(/748295/);
    }
    expect(wrong(["--meters", "4"])).toThrow(/--meters/);
  });
});
