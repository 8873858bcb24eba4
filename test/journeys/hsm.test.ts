/**
 * Stories of a site whose keys are in a cipher machine: the whole gateway, its street and the machine, each over real sockets. A machine
 * that is away delays money and never loses, doubles or refuses it.
 */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import type { Thing } from "../../src/demo/desk.ts";
import { silentLog } from "../../src/kernel/log.ts";
import { Database } from "../../src/stores/database.ts";
import { ask, things, until, untilTrue } from "../api/door.ts";
import { cipherServer, SHARED, wireTo } from "../support/hsm.ts";
import { accountOf, raiseTestHouse, type TestHouse } from "../support/test-house.ts";

const METER = "202611220101";
const LIMIT_MS = 20_000;

async function raise(port: number, secret = SHARED): Promise<TestHouse> {
  const folder = mkdtempSync(join(tmpdir(), "hsm-site-"));
  writeFileSync(join(folder, "secret"), secret);
  const house = await raiseTestHouse({
    meters: [{ address: METER, balance: "10.00", loadKw: 0 }],
    site: {
      security: { kind: "hsm", url: `hsm://127.0.0.1:${port}`, secret: `file:${join(folder, "secret")}`, deadlineMs: 500 },
    },
  });
  onTestFinished(async () => {
    await house.close();
    rmSync(folder, { recursive: true });
  });
  return house;
}

const readiness = async (
  house: TestHouse,
): Promise<{ readonly status: number; readonly said: unknown; readonly part: Thing }> => {
  const { status, json } = await ask(house.gateway.url, "GET", "/readyz");
  return { status, said: json["status"], part: things(json["parts"]).find(({ name }) => /^security/.test(String(name)))! };
};
const pay = async (house: TestHouse, amount: string): Promise<string> =>
  (await house.desk.pay(accountOf(METER), amount)).command!;
const command = (house: TestHouse, id: string): Promise<Thing> => house.desk.get(`/v1/commands/${id}`);

test("money and orders pass through the machine, and readiness names it", async () => {
  const server = await cipherServer();
  const house = await raise(server.port);
  expect(await readiness(house)).toMatchObject({
    status: 200,
    said: "ready",
    part: { name: `security (hsm 127.0.0.1:${server.port})`, ready: true, degraded: false, why: null },
  });
  await house.desk.commandIn(await pay(house, "100.00"), "confirmed", LIMIT_MS);
  const cut = await house.desk.post(`/v1/meters/${METER}/relay`, { order: "disconnect", reason: "a test" });
  await house.desk.commandIn(String((cut["command"] as Thing)["id"]), "confirmed", LIMIT_MS);
  expect(house.street.snapshot(METER)).toMatchObject({ balance: "110.00", purchaseCount: 1, relay: "disconnected" });
  expect(server.heard).toMatchObject({ "protect-top-up": 1, "protect-control": 1 });
});

test("a top-up that finds the machine gone waits for it, and is credited once as soon as it is back", async () => {
  const server = await cipherServer();
  const house = await raise(server.port);
  await server.close();
  const id = await pay(house, "25.00");
  const waiting = await until("the command to wait", async () => {
    const found = await command(house, id);
    return found["waitingFor"] === "cipher-machine" ? found : null;
  });
  expect(waiting).toMatchObject({ state: "queued", proof: { sent: null }, attempts: [] });
  expect(await readiness(house)).toMatchObject({
    status: 200,
    said: "degraded",
    part: { ready: true, degraded: true, why: expect.stringMatching(/closed the connection|ECONNREFUSED/) as string },
  });
  expect(await house.desk.get(`/v1/accounts/${accountOf(METER)}`)).toMatchObject({ held: "25.00" });
  // However far away its next look is by now: the machine's return wakes it.
  const books = await Database.open({ connectionString: house.database.connectionString, log: silentLog, connectionsMax: 1 });
  await books.run(null, "UPDATE commands SET look_at = now() + interval '1 hour' WHERE id = $1", [id]);
  await books.close();
  await cipherServer({ port: server.port });
  await house.desk.commandIn(id, "confirmed", LIMIT_MS);
  expect(house.street.snapshot(METER)).toMatchObject({ balance: "35.00", purchaseCount: 1, obeyed: { topUps: 1 } });
  expect(await readiness(house)).toMatchObject({ status: 200, said: "ready" });
});

test("a machine that goes away between the order and the look leaves the command to be looked at, and nothing is sent twice", async () => {
  const server = await cipherServer();
  const port = await wireTo(server.port, (line) => {
    if (line.includes("mac2")) server.mode = "refusing"; // from now on no wallet can be checked
    return [`${line}\n`];
  });
  const house = await raise(port);
  const id = await pay(house, "25.00");
  await untilTrue("the meter to have obeyed", () => house.street.snapshot(METER).obeyed["topUps"] === 1);
  await untilTrue("a look in vain", async () => {
    const { state, proof, waitingFor } = await command(house, id);
    return (
      state === "verifying" &&
      waitingFor === "cipher-machine" &&
      (proof as Thing)["acknowledged"] !== null &&
      (server.heard["check-wallet"] ?? 0) > 1
    );
  });
  server.mode = "honest";
  await house.desk.commandIn(id, "confirmed", LIMIT_MS);
  expect(house.street.snapshot(METER)).toMatchObject({ balance: "35.00", purchaseCount: 1, obeyed: { topUps: 1 } });
  expect(server.heard["protect-top-up"]).toBe(1);
});

test("a machine with another secret: the house is not ready and says what a person has to do", async () => {
  const { port } = await cipherServer();
  const house = await raise(port, "not the secret of the machine");
  expect(await readiness(house)).toMatchObject({
    status: 503,
    said: "not-ready",
    part: { ready: false, why: expect.stringMatching(/refuses our secret; give gateway \(security\.secret/) as string },
  });
});
