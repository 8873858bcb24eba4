/**
 * The gateway as a process of its own, from a site file in a folder of its own: what cannot be is told with the next step and ends
 * with 1 or 2, what is only missing on a line degrades, and nothing is left running either way.
 */
import { spawn, type ChildProcess } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer, type AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, describe, expect, inject, test } from "vitest";
import { systemClock } from "../../src/kernel/clock.ts";
import { ask, things, until, untilTrue, type Thing } from "../api/door.ts";
import { emptyDatabase } from "../support/database.ts";
import { freePort, startMosquitto, suiteNeeding } from "../support/servers.ts";

const MAIN = join(import.meta.dirname, "../../src/main.ts");

let folder: string;
let database: { connectionString: string; drop(): Promise<void> };
let sites = 0;
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "start-up-"));
  database = await emptyDatabase(inject("postgres"));
});
afterAll(async () => {
  await database.drop();
  rmSync(folder, { recursive: true });
});

interface Started {
  readonly child: ChildProcess;
  readonly ended: Promise<number>;
  text(): string;
  lines(): readonly Thing[];
  url(): Promise<string>;
  /** As an operator stops it: answers the exit code. */
  stop(): Promise<number>;
}
const running = new Set<ChildProcess>();
afterEach(() => {
  for (const child of running) child.kill("SIGKILL");
});

function start(site: string, env: Readonly<Record<string, string | undefined>> = {}): Started {
  const path = join(folder, `site-${++sites}.yaml`);
  writeFileSync(path, site);
  const child = spawn(process.execPath, [MAIN], {
    cwd: folder,
    env: {
      PATH: process.env["PATH"],
      GATEWAY_CONFIG: path,
      GATEWAY_DATA: join(folder, "data"),
      DATABASE_URL: database.connectionString,
      HTTP_PORT: "0",
      ...env,
    },
  });
  running.add(child);
  let text = "";
  for (const stream of [child.stdout, child.stderr]) stream.on("data", (chunk: Buffer) => (text += chunk.toString()));
  const ended = new Promise<number>((resolve) =>
    child.on("close", (code) => {
      running.delete(child);
      resolve(code ?? -1);
    }),
  );
  const lines = (): readonly Thing[] =>
    text.split("\n").flatMap((line) => (line.startsWith("{") && line.endsWith("}") ? [JSON.parse(line) as Thing] : []));
  return {
    child,
    ended,
    text: () => text,
    lines,
    url: () =>
      until("the gateway to be ready", () => {
        if (child.exitCode !== null) throw new Error(`it ended with ${child.exitCode}: ${text}`);
        return (lines().find(({ msg }) => msg === "the gateway is ready")?.["url"] as string | undefined) ?? null;
      }),
    stop: async () => {
      child.kill("SIGTERM");
      return ended;
    },
  };
}

const plain = "buses: []\nmeters: []\n";
const listening = async (): Promise<{ port: number; close(): void }> => {
  const server = createServer().listen(0, "127.0.0.1");
  await new Promise((resolve) => server.once("listening", resolve));
  return { port: (server.address() as AddressInfo).port, close: () => void server.close() };
};

/** What cannot be is said in one last line: the fault's code, and what to do next. */
async function expectEnd(started: Started, code: number, said: RegExp): Promise<void> {
  const from = systemClock.now();
  expect({ code: await started.ended, text: started.text() }).toEqual({ code, text: expect.stringMatching(said) as string });
  expect(systemClock.now() - from).toBeLessThan(20_000);
}

describe("it does not start, and says why and what to do", () => {
  test("with a site file that is not valid: every mistake with its path, and 2", async () => {
    const started = start(
      'buses: [ { id: a, transport: { kind: pigeon } } ]\nmeters: [ { address: "12", bus: b, model: gold } ]\n',
    );
    await expectEnd(started, 2, /site file .*site-\d+\.yaml is not valid/);
    for (const path of ["buses[0].transport", "meters[0].address", "meters[0].model"]) expect(started.text()).toContain(path);
  });

  test("with no site file at all: 2, and where to name one", () =>
    expectEnd(start(plain, { GATEWAY_CONFIG: join(folder, "nowhere.yaml") }), 2, /nowhere\.yaml[^]*GATEWAY_CONFIG/));

  test("with an environment that is not valid: 2, and the variable", () =>
    expectEnd(start(plain, { DATABASE_URL: "mysql://here" }), 2, /DATABASE_URL: embedded, or postgres/));

  test("with published test keys in production", () =>
    expectEnd(start(plain, { NODE_ENV: "production" }), 1, /test-keys-in-production.*Configure security: hsm/));

  test("when its port is taken, naming port and variable", async () => {
    const other = await listening();
    try {
      await expectEnd(start(plain, { HTTP_PORT: String(other.port) }), 1, new RegExp(`port-busy.*${other.port}.*HTTP_PORT`));
    } finally {
      other.close();
    }
  });

  test("when the database is not there, naming host and port and never the password", async () => {
    const nobody = await freePort();
    const started = start(plain, { DATABASE_URL: `postgres://gateway:swordfish@127.0.0.1:${nobody}/books` });
    await expectEnd(started, 1, new RegExp(`database-unreachable.*${nobody}.*DATABASE_URL`));
    expect(started.text()).not.toContain("swordfish");
  });

  test("when the data folder cannot be made", async () => {
    writeFileSync(join(folder, "a-file"), "");
    await expectEnd(
      start(plain, { GATEWAY_DATA: join(folder, "a-file/data") }),
      1,
      /data-folder-unreachable.*a-file.*right to write.*GATEWAY_DATA/,
    );
  });

  test("when Redis is named and not there, naming host and port and never the password", async () => {
    const nobody = await freePort();
    const started = start(plain, { REDIS_URL: `redis://:swordfish@127.0.0.1:${nobody}` });
    await expectEnd(started, 1, new RegExp(`queue-unreachable.*${nobody}.*REDIS_URL`));
    expect(started.text()).not.toContain("swordfish");
  });

  test("when another gateway works on the same data folder", async () => {
    const own = { DATABASE_URL: undefined, GATEWAY_DATA: join(folder, "shared") };
    const first = start(plain, own);
    await first.url();
    await expectEnd(start(plain, own), 1, /another-gateway.*Stop it first/);
    expect(await first.stop()).toBe(0);
  });
});

describe("it starts, and says what is missing,", () => {
  const linesOf = async (url: string): Promise<Thing> => {
    const { status, json } = await ask(url, "GET", "/readyz");
    expect({ status, said: json["status"] }).toEqual({ status: 200, said: "degraded" });
    return things(json["parts"]).find(({ name }) => name === "lines")!;
  };
  const meter = (bus: string): string =>
    `meters: [ { address: "202611220091", account: "1", bus: ${bus}, model: standard-wallet } ]\n`;

  test("with a serial device that is not there: the line is down, says so, and payments wait", async () => {
    const started = start(`buses: [ { id: rs485, transport: { kind: serial, path: /dev/ttyNOWHERE } } ]\n${meter("rs485")}`);
    const url = await started.url();
    const line = await until("the line to say why", async () => {
      const found = await linesOf(url);
      return /ttyNOWHERE/.test(String(found["why"])) ? found : null;
    });
    expect(line).toMatchObject({ ready: true, degraded: true, why: expect.stringMatching(/^rs485: .*ttyNOWHERE/) as string });
    const paid = await ask(url, "POST", "/v1/payments", {
      body: { account: "1", amount: "1.00", channel: "bank", orderId: "1" },
    });
    expect(paid.status).toBe(202);
    expect(await started.stop()).toBe(0);
  });

  const withoutBroker = async (env: Record<string, string>, why: RegExp): Promise<void> => {
    const started = start(`buses: [ { id: cell, transport: { kind: mqtt } } ]\n${meter("cell")}`, env);
    const url = await started.url();
    await until("the line to say why", async () => (why.test(String((await linesOf(url))["why"])) ? true : null));
    expect(await started.stop()).toBe(0);
    expect(started.text()).not.toContain("swordfish");
  };
  test("without the broker that is named", async () => {
    const nobody = await freePort();
    await withoutBroker({ MQTT_URL: `mqtt://127.0.0.1:${nobody}` }, /cell.*/);
  });

  suiteNeeding(["mosquitto"], "a broker with passwords", () => {
    test("that refuses us", async () => {
      const mosquitto = await startMosquitto({ gateway: "correct" });
      try {
        await withoutBroker({ MQTT_URL: mosquitto.url.replace("mqtt://", "mqtt://gateway:swordfish@") }, /refused/);
      } finally {
        await mosquitto.stop();
      }
    });
  });

  test("a broker that no bus uses never holds up readiness", async () => {
    const started = start(plain, { MQTT_URL: `mqtt://127.0.0.1:${await freePort()}` });
    const { status, json } = await ask(await started.url(), "GET", "/readyz");
    expect({ status, said: json["status"] }).toEqual({ status: 200, said: "ready" });
    expect(await started.stop()).toBe(0);
  });
});

test("it says that it is open on loopback, stops in order when told, and is gone then", async () => {
  const started = start(plain);
  const url = await started.url();
  expect(started.lines().some(({ level, msg }) => level === "warn" && /open on loopback/.test(String(msg)))).toBe(true);
  expect((await ask(url, "GET", "/healthz")).status).toBe(200);
  const before = systemClock.now();
  expect(await started.stop()).toBe(0);
  expect(systemClock.now() - before).toBeLessThan(10_000);
  await expect(ask(url, "GET", "/healthz")).rejects.toThrow(/ECONNREFUSED/);
});

test("killed in the middle, it starts again at once on the same books", async () => {
  const first = start(plain);
  await first.url();
  first.child.kill("SIGKILL");
  await first.ended;
  const second = start(plain);
  await untilTrue("the second to be ready", async () => (await second.url()) !== "");
  expect(await second.stop()).toBe(0);
});
