/**
 * The gateway's half of the HSM port against the cipher server, over real sockets: the worked examples byte for byte, and every way
 * in which a machine can be away. What comes out of it is always `security-unavailable` with a reason, never a guess.
 */
import { connect } from "node:net";
import { describe, expect, test } from "vitest";
import { openCipherServer } from "../../simulator/cipher-server.ts";
import type { Chance } from "../../src/kernel/chance.ts";
import { seededChance } from "../../src/kernel/chance.ts";
import { systemClock } from "../../src/kernel/clock.ts";
import { isFault, reasonOf } from "../../src/kernel/faults.ts";
import { silentLog } from "../../src/kernel/log.ts";
import { Secret } from "../../src/kernel/secret.ts";
import { PENDING_MAX } from "../../src/security/hsm-connection.ts";
import { softwareModule } from "../../src/security/software-module.ts";
import { untilTrue } from "../api/door.ts";
import { selfSigned } from "../support/certificate.ts";
import {
  A,
  back,
  bytes,
  cipherServer,
  expectUnavailable,
  hex,
  hsmAt,
  listener,
  listeningLog,
  orderOf,
  purchase,
  session,
  SHARED,
  startedHsm,
  wallet,
  wireTo,
} from "../support/hsm.ts";
import { freePort } from "../support/servers.ts";

test("many at once, each with its own answer", async () => {
  const { port } = await cipherServer();
  const module = await startedHsm(port);
  const software = softwareModule({ chance: seededChance(1), log: silentLog, mode: "test" });
  const counts = Array.from({ length: 100 }, (_, n) => ({ ...purchase, count: n }));
  const answers = await Promise.all(counts.map((one) => module.protectTopUp(A, session, one)));
  expect(answers).toEqual(await Promise.all(counts.map((one) => software.protectTopUp(A, session, one))));
  expect(new Set(answers.map(({ mac1 }) => hex(mac1))).size).toBe(100);
});

test("over TLS it answers where the certificate is trusted, and where it is not no word is said", async () => {
  const { cert, key } = selfSigned("hsm");
  const server = await cipherServer({ tls: { cert, key } });
  const place = { host: "127.0.0.1", port: server.port };
  const trusting = await startedHsm(server.port, { place: { ...place, tls: { ca: cert } } });
  expect(hex(await orderOf(trusting))).toMatch(/^D869/);
  const said = server.heard["hello"];
  for (const ca of [null, selfSigned("another").cert])
    await expectUnavailable(orderOf(await startedHsm(server.port, { place: { ...place, tls: { ca } } })), /certificate/);
  await expectUnavailable(orderOf(await startedHsm(server.port, { deadlineMs: 200 })), /closed the connection|no answer|hello/);
  expect(server.heard["hello"]).toBe(said);
});

describe("a machine that is away", () => {
  test("refuses: each verb says so, and the next honest answer ends the trouble and wakes whoever waits", async () => {
    const server = await cipherServer({ mode: "refusing" });
    const module = await startedHsm(server.port);
    let times = 0;
    module.onUsable(() => (times += 1));
    expect(module.trouble).toBeNull();
    await expectUnavailable(
      module.beginIdentity(A),
      /declined begin-identity \(refused: this cipher server was told to refuse\)/,
    );
    await expectUnavailable(module.checkWallet(A, session, wallet), /declined check-wallet/);
    expect(module.trouble).toMatchObject({ lasting: false, why: expect.stringMatching(/declined check-wallet/) as string });
    server.mode = "honest";
    expect(hex(await orderOf(module))).toMatch(/^D869/);
    expect(hex(await orderOf(module))).toMatch(/^D869/);
    expect(module.trouble).toBeNull();
    expect(times).toBe(1);
    expect(server.connections).toBe(1);
  });

  test("is slow: the deadline ends the request, and the answer that comes later belongs to no one", async () => {
    const server = await cipherServer({ slowMs: 150 });
    const { log, text } = listeningLog();
    const module = await startedHsm(server.port, { deadlineMs: 100, log });
    server.mode = "slow";
    await expectUnavailable(module.protectTopUp(A, session, purchase), /did not answer protect-top-up within 100 ms/);
    server.mode = "honest";
    await untilTrue("the late answer to have come", () => text().includes("belongs to no one"));
    expect(hex(await orderOf(module))).toMatch(/^D869/);
    expect(server.connections).toBe(1);
  });

  test("hears and says nothing: after three requests without an answer it is dialled anew", async () => {
    const server = await cipherServer();
    const module = await startedHsm(server.port, { deadlineMs: 60 });
    server.mode = "mute";
    const lost = [orderOf(module), orderOf(module), orderOf(module)].map((one) =>
      expectUnavailable(one, /did not answer|in a row/),
    );
    await Promise.all(lost);
    await expectUnavailable(orderOf(module), /in a row without an answer|did not answer hello/);
    server.mode = "honest";
    await back(module);
    expect(hex(await orderOf(module))).toMatch(/^D869/);
    expect(server.heard["hello"]).toBeGreaterThan(1);
  });

  test("hangs up: whoever waited is told at once, and it is dialled again", async () => {
    const server = await cipherServer();
    const module = await startedHsm(server.port);
    server.mode = "gone";
    await expectUnavailable(orderOf(module), /closed the connection/);
    await expectUnavailable(orderOf(module), /closed the connection/);
    server.mode = "honest";
    await back(module);
    expect(hex(await orderOf(module))).toMatch(/^D869/);
  });

  test("is restarted: the gateway comes back by itself, and says so to whoever waits", async () => {
    const first = await cipherServer();
    const module = await startedHsm(first.port);
    let times = 0;
    module.onUsable(() => (times += 1));
    await first.close();
    await untilTrue("the end to be noticed", () => module.trouble !== null);
    await expectUnavailable(orderOf(module), /closed the connection|ECONNREFUSED/);
    await cipherServer({ port: first.port });
    await back(module);
    expect(times).toBe(1);
    expect(hex(await orderOf(module))).toMatch(/^D869/);
  });

  test("was never there: the start goes on without it, and waits for it", async () => {
    const port = await freePort();
    const module = await startedHsm(port);
    expect(module.trouble).toMatchObject({ lasting: false, why: expect.stringMatching(/ECONNREFUSED/) as string });
    await expectUnavailable(module.beginIdentity(A), /ECONNREFUSED/);
    await cipherServer({ port });
    await back(module);
    expect((await module.beginIdentity(A)).cipher1).toHaveLength(8);
  });

  test("pauses grow with each failure, are drawn by chance, and stay below their limit", async () => {
    const waits: number[] = [];
    const clock = {
      ...systemClock,
      wait: (ms: number, signal?: AbortSignal) => (waits.push(ms), systemClock.wait(Math.min(ms, 1), signal)),
    };
    const chance: Chance = { ...seededChance(5), next: () => 0.5 };
    const deadlineMs = 7_777;
    const module = await startedHsm(await freePort(), { clock, chance, deadlineMs, pauseFirstMs: 100, pauseMsMax: 1_000 });
    await untilTrue("eight tries", () => waits.filter((ms) => ms === deadlineMs).length >= 8);
    await module.close();
    expect(waits.filter((ms) => ms !== deadlineMs).slice(0, 6)).toEqual([50, 100, 200, 400, 500, 500]);
  });

  test("has too much to do: more than a bounded number of requests never wait for it", async () => {
    const server = await cipherServer();
    const module = await startedHsm(server.port);
    server.mode = "mute";
    const waiting = Array.from({ length: PENDING_MAX }, () => orderOf(module).catch((error: unknown) => error));
    await expectUnavailable(orderOf(module), /256 requests wait for it already/);
    await untilTrue("the machine to have heard all of them", () => server.heard["protect-control"] === PENDING_MAX);
    await module.close();
    for (const error of await Promise.all(waiting)) expect(isFault(error, "security-unavailable")).toBe(true);
  });
});

test("what does not fit in the frame is our own mistake, is loud, and never leaves", async () => {
  const server = await cipherServer();
  const module = await startedHsm(server.port);
  await expect(module.protectTopUp(A, session, { ...purchase, amountFen: 1n << 32n })).rejects.toThrow(
    /^amountFen does not fit in 32 bits/,
  );
  await expect(module.protectTopUp(A, session, { ...purchase, customerNumber: "1" })).rejects.toThrow(
    /^customerNumber has twelve digits/,
  );
  await expect(module.protectControl(A, session, bytes("1A00"))).rejects.toThrow(/^a relay order has eight plain bytes/);
  await expect(module.beginIdentity({ meterNumber: "1" })).rejects.toThrow(/^meterNumber has twelve digits/);
  expect(server.heard).toEqual({ hello: 1, authenticate: 1 });
});

test("neither the secret nor a proof reaches a log, a fault or the printed module, and the secret never the wire", async () => {
  const { log, text } = listeningLog();
  const server = await cipherServer();
  const wire: string[] = [];
  const spoken = await wireTo(server.port, (line) => {
    wire.push(line);
    const { id } = JSON.parse(line) as { id: number };
    // The fourth answer declines, and repeats a proof as its reason.
    return [
      wire.length === 4 ? `{"id":${id},"ok":false,"code":"refused","why":"not ${line.replaceAll('"', "")}"}\n` : `${line}\n`,
    ];
  });
  const heard: string[] = [];
  const port = await listener((socket) => {
    const far = connect({ host: "127.0.0.1", port: spoken });
    socket.on("data", (chunk) => {
      heard.push(chunk.toString());
      far.write(chunk);
    });
    far.on("data", (chunk) => socket.write(chunk));
    far.on("error", () => undefined);
    socket.on("close", () => far.destroy());
  });
  const module = await startedHsm(port, { log });
  const { mac1 } = await module.protectTopUp(A, session, purchase);
  const fault: unknown = await orderOf(module).catch((error: unknown) => error);
  await server.close();
  await untilTrue("the end to be noticed", () => module.trouble !== null && module.trouble.why !== "");
  const told = [text(), reasonOf(fault), JSON.stringify(fault), JSON.stringify(module), module.trouble?.why].join("\n");
  expect(told).toMatch(/declined protect-control \(refused: not/);
  for (const hidden of [SHARED, hex(mac1), "D869BD53", "CCD911"]) expect(told.toUpperCase()).not.toContain(hidden.toUpperCase());
  expect([...heard, ...wire].join("\n")).not.toContain(SHARED);
  const proofs = [...heard, ...wire].join("\n").match(/"proof":"[0-9A-F]{64}"/g);
  expect(proofs).toHaveLength(2);
  for (const proof of proofs!) expect(told).not.toContain(proof.slice(9, -1));
});

test("a closed module leaves nothing behind, also when it is closed while it dials", async () => {
  const server = await openCipherServer({
    secret: new Secret(SHARED),
    clock: systemClock,
    chance: seededChance(1),
    log: silentLog,
    mode: "mute",
  });
  const module = hsmAt(server.port);
  const started = module.start();
  await untilTrue("the machine to have heard hello", () => server.heard["hello"] === 1);
  await module.close();
  await started;
  await untilTrue("the connection to be gone", () => server.connections === 0);
  await server.close();
});
