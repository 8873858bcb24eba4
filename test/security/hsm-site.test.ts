/** `npm start` and `meterctl doctor` with a site file of `security: { kind: hsm }`: processes of their own, and a machine on a socket. */
import { afterAll, beforeAll, expect, inject, onTestFinished, test } from "vitest";
import { examine } from "../../src/cli/doctor.ts";
import { ask, things, untilTrue } from "../api/door.ts";
import { emptyDatabase } from "../support/database.ts";
import { cipherServer, SHARED } from "../support/hsm.ts";
import { folder, startGatewayProcess, type GatewayProcess } from "../support/processes.ts";
import { freePort } from "../support/servers.ts";

const place = folder();
let database: { connectionString: string; drop(): Promise<void> };
beforeAll(async () => {
  database = await emptyDatabase(inject("postgres"));
});
afterAll(async () => {
  await database.drop();
  place.remove();
});

const siteOf = (port: number): string =>
  place.file(
    `site-${port}.yaml`,
    `buses: []\nmeters: []\nsecurity: { kind: hsm, url: "hsm://127.0.0.1:${port}", secret: env:HSM_SECRET, deadlineMs: 500 }\n`,
  );
const environment = (port: number): Record<string, string> => ({
  GATEWAY_CONFIG: siteOf(port),
  GATEWAY_DATA: `${place.path}/data`,
  DATABASE_URL: database.connectionString,
  HSM_SECRET: SHARED,
  LOG_LEVEL: "debug",
});

async function start(port: number, env: Record<string, string> = {}): Promise<GatewayProcess> {
  const gateway = await startGatewayProcess(siteOf(port), { ...environment(port), ...env });
  onTestFinished(async () => {
    gateway.kill("SIGKILL");
    await gateway.ended;
  });
  return gateway;
}
const securityIn = async (url: string): Promise<object> =>
  things((await ask(url, "GET", "/readyz")).json["parts"]).find(({ name }) => /^security/.test(String(name)))!;

test("it starts, introduces itself, serves, follows a restart of the machine, and stops in order", async () => {
  const first = await cipherServer();
  const gateway = await start(first.port);
  expect(await ask(gateway.url, "GET", "/readyz")).toMatchObject({ status: 200, json: { status: "ready" } });
  expect(await securityIn(gateway.url)).toMatchObject({ name: `security (hsm 127.0.0.1:${first.port})`, ready: true, why: null });
  expect(gateway.said()).toMatch(/"name":"DL645-TEST-1 cipher server","testKeys":true/);
  expect(gateway.said()).toMatch(/THE HSM HOLDS TEST KEYS/);
  await first.close();
  await untilTrue("readiness to show it", async () => (await ask(gateway.url, "GET", "/readyz")).json["status"] === "degraded");
  const second = await cipherServer({ port: first.port });
  await untilTrue("the gateway to be back", async () => (await ask(gateway.url, "GET", "/readyz")).json["status"] === "ready");
  gateway.kill("SIGTERM");
  expect(await gateway.ended).toBe(0);
  await untilTrue("the connection to be gone", () => second.connections === 0);
  expect(gateway.said()).not.toContain(SHARED);
});

test("it starts without the machine, and says what is missing", async () => {
  const port = await freePort();
  const gateway = await start(port);
  expect(await ask(gateway.url, "GET", "/readyz")).toMatchObject({ status: 200, json: { status: "degraded" } });
  expect(await securityIn(gateway.url)).toMatchObject({ degraded: true, why: expect.stringMatching(/ECONNREFUSED/) as string });
  gateway.kill("SIGTERM");
  expect(await gateway.ended).toBe(0);
});

test("in production it does not start with a machine that holds test keys", async () => {
  const { port } = await cipherServer();
  await expect(start(port, { NODE_ENV: "production" })).rejects.toThrow(
    /ended with 1 [^]*test-keys-in-production[^]*with a machine that holds the utility's keys/,
  );
});

test("in production it starts with a machine that holds keys of its own", async () => {
  const { port } = await cipherServer({ saysTestKeys: false });
  const gateway = await start(port, { NODE_ENV: "production" });
  expect(await securityIn(gateway.url)).toMatchObject({ ready: true, degraded: false });
  gateway.kill("SIGTERM");
  expect(await gateway.ended).toBe(0);
});

test("the doctor dials the machine, and says what is wrong with it and what to do", async () => {
  const server = await cipherServer();
  const look = async (env: Record<string, string> = {}): Promise<unknown> =>
    (await examine({ ...environment(server.port), HTTP_PORT: "0", ...env })).find(({ what }) => what === "security");
  expect(await look()).toEqual({
    what: "security",
    ok: true,
    found: `hsm 127.0.0.1:${server.port}: DL645-TEST-1 cipher server, TEST KEYS`,
    next: null,
  });
  expect(await look({ HSM_SECRET: "another secret of the tests" })).toMatchObject({
    ok: false,
    found: expect.stringMatching(/refuses our secret/) as string,
  });
  expect(await look({ NODE_ENV: "production" })).toMatchObject({
    ok: false,
    found: expect.stringMatching(/test keys/) as string,
  });
  await untilTrue("the doctor to have hung up", () => server.connections === 0);
  await server.close();
  expect(await look()).toMatchObject({
    ok: false,
    found: expect.stringMatching(/ECONNREFUSED/) as string,
    next: "Check security in the site file, and whether the machine runs.",
  });
});
