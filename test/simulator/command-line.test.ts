/** The program as people start it: the ready line, the control door, and a clean end. */
import { spawn } from "node:child_process";
import { lstatSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, onTestFinished, test } from "vitest";
import { planFrom } from "../../simulator/options.ts";
import { broker, readRequest, tcpClient, until } from "./support/street.ts";

const A = "202611220001";

interface Program {
  readonly out: () => string;
  readonly err: () => string;
  readonly ended: Promise<number | null>;
  readonly signal: (name: NodeJS.Signals) => void;
  readonly ready: () => Promise<Record<string, number | string>>;
}

function start(...argv: string[]): Program {
  const child = spawn(process.execPath, ["simulator/main.ts", ...argv], { stdio: ["ignore", "pipe", "pipe"] });
  let [out, err] = ["", ""];
  child.stdout.on("data", (chunk: Buffer) => (out += chunk.toString()));
  child.stderr.on("data", (chunk: Buffer) => (err += chunk.toString()));
  const ended = new Promise<number | null>((resolve) => child.once("close", resolve));
  onTestFinished(async () => {
    child.kill("SIGKILL");
    await ended;
  });
  return {
    out: () => out,
    err: () => err,
    ended,
    signal: (name) => void child.kill(name),
    ready: async () => {
      await until("the ready line", () => out.includes("\n") || child.exitCode !== null, 15_000);
      if (!out.startsWith("ready ")) throw new Error(`no ready line: ${err}`);
      return JSON.parse(out.slice("ready ".length)) as Record<string, number | string>;
    },
  };
}

const folder = (): string => {
  const path = mkdtempSync(join(tmpdir(), "street-"));
  onTestFinished(() => rmSync(path, { recursive: true, force: true }));
  return path;
};

test("raises every endpoint, says so once, answers at the control door, and ends on SIGTERM", async () => {
  const url = await broker();
  const link = join(folder(), "tty-street");
  const endpoints = ["--tcp", "0", "--serial-link", link, "--mqtt", url, "--control", "0"];
  const program = start(
    "--meters",
    "7",
    ...endpoints,
    "--start",
    "2026-11-22T10:00:00+08:00",
    "--speed",
    "0",
    "--balance",
    "12.34",
  );
  const ready = await program.ready();
  expect(ready).toEqual({
    ...{ tcp: expect.any(Number) as number, serial: link, mqtt: url, control: expect.any(Number) as number },
    buses: { "tcp-1": ready["tcp"], "serial-1": link, "mqtt-1": url },
  });
  const door = `http://127.0.0.1:${ready["control"]!}`;
  const ask = async (path: string, method = "GET", body?: object): Promise<{ status: number; body: unknown }> => {
    const response = await fetch(`${door}${path}`, { method, ...(body === undefined ? {} : { body: JSON.stringify(body) }) });
    return { status: response.status, body: await response.json() };
  };

  const meters = (await ask("/meters")).body as { address: string; bus: string }[];
  expect(meters.map(({ address }) => address.slice(-1)).join("")).toBe("1234567");
  const perBus = ["tcp-1", "serial-1", "mqtt-1"].map((bus) => meters.filter((meter) => meter.bus === bus).length);
  expect(perBus).toEqual([3, 2, 2]);
  expect((await ask(`/meters/${A}`)).body).toMatchObject({
    address: A,
    meterNumber: A,
    customerNumber: "002611220001",
    bus: "tcp-1",
    model: "standard-wallet",
    mode: "local",
    keyState: "production",
    balance: "12.34",
    overdraft: "0.00",
    purchaseCount: 0,
    relay: "connected",
    relayOrder: "connect",
    energyKwh: expect.stringMatching(/^\d+\.\d\d$/) as string,
    consumed: "0.00",
    clock: "2026-11-22T10:00:00+08:00",
    obeyed: { topUps: 0, refunds: 0, disconnects: 0, reconnects: 0 },
    heard: 0,
    faults: [],
  });

  expect(await ask(`/meters/${A}`, "PATCH", { loadKw: 2, customerNumber: "000000000042" })).toMatchObject({
    status: 200,
    body: { customerNumber: "000000000042" },
  });
  expect(await ask(`/meters/${A}`, "PATCH", { blance: "1.00" })).toMatchObject({ status: 400, body: { field: "blance" } });
  expect(await ask(`/meters/${A}`, "PATCH", { loadKw: -1 })).toMatchObject({ status: 400, body: { field: "loadKw" } });
  expect(await ask("/meters/000000000000")).toMatchObject({ status: 404 });
  expect(await ask("/clock", "POST", { advanceMs: 3_600_000 })).toMatchObject({
    status: 200,
    body: { now: "2026-11-22T11:00:00.000+08:00", speed: 0 },
  });
  expect((await ask(`/meters/${A}`)).body).toMatchObject({ consumed: "1.05", clock: "2026-11-22T11:00:00+08:00" });
  expect(await ask("/clock", "POST", { speed: -1 })).toMatchObject({ status: 400, body: { field: "speed" } });

  const fault = await ask(`/meters/${A}/faults`, "POST", { kind: "lost-reply", function: "11" });
  expect(fault).toMatchObject({ status: 200, body: { id: expect.any(String) as string } });
  expect(await ask(`/meters/${A}/faults`, "POST", { kind: "lost-reply", function: "reading" })).toMatchObject({
    status: 400,
    body: { field: "function" },
  });
  expect(await ask(`/meters/${A}/faults`, "POST", { kind: "flood" })).toMatchObject({ status: 400, body: { field: "kind" } });
  expect(await ask(`/meters/${A}/faults/${(fault.body as { id: string }).id}`, "DELETE")).toMatchObject({ status: 200 });
  expect(await ask(`/meters/${A}/faults/fault-9`, "DELETE")).toMatchObject({ status: 404 });
  expect(await ask(`/meters/${A}/faults`, "DELETE")).toMatchObject({ status: 200 });
  expect(await ask("/buses/tcp-1/faults", "POST", { kind: "noise" })).toMatchObject({ status: 200 });
  expect((await ask("/buses")).body).toMatchObject([
    { id: "tcp-1", faults: [{ kind: "noise" }] },
    { id: "serial-1", baud: 2_400 },
    { id: "mqtt-1" },
  ]);
  const menu = (await ask("/faults")).body as { kind: string; on: string; meaning: string; parameters: object }[];
  expect(menu.map(({ kind }) => kind)).toEqual(
    expect.arrayContaining(["lost-reply", "lost-request", "silence", "bad-checksum", "late-reply", "stuck-relay"]),
  );

  const client = await tcpClient(Number(ready["tcp"]));
  client.socket.write(readRequest(A, "04000401"));
  expect(await client.reply()).toBe(`${A} 91 01040004010022112620`);
  const frames = (await ask(`/frames?meter=${A}&since=2026-11-22T11:00:00%2B08:00`)).body as object[];
  expect(frames).toMatchObject([{ direction: "request", meter: A, bus: "tcp-1" }, { direction: "reply" }]);
  expect((await ask("/frames?since=2026-11-22T12:00:00%2B08:00")).body).toEqual([]);
  expect(await ask(`/meters/${A}/press-button`, "POST")).toMatchObject({ status: 200, body: { relay: "connected" } });

  const askedAt = performance.now();
  program.signal("SIGTERM");
  expect(await program.ended).toBe(0);
  expect(performance.now() - askedAt).toBeLessThan(2_000);
  expect(program.out().trim().split("\n")).toHaveLength(1);
  expect(lstatSync(link, { throwIfNoEntry: false })).toBeUndefined();
});

test("a scenario file places the meters", async () => {
  const file = join(folder(), "two-kinds.yaml");
  const scenario = `
start: "2026-11-22T10:00:00"
buses: [{ id: tower, endpoint: { kind: tcp } }]
meters:
  - { address: "000000000007", bus: tower, model: remote-ledger }
  - { address: "000000000008", bus: tower, opened: false, balance: "0.00" }
`;
  writeFileSync(file, scenario);
  const program = start("--scenario", file, "--control", "0");
  const ready = await program.ready();
  const meters: unknown = await (await fetch(`http://127.0.0.1:${ready["control"]!}/meters`)).json();
  expect(meters).toMatchObject([
    { address: "000000000007", mode: "remote", consumed: null },
    { address: "000000000008", opened: false, relay: "disconnected" },
  ]);
  program.signal("SIGINT");
  expect(await program.ended).toBe(0);
});

test("the scenario that comes with the street can be raised", () => {
  const plan = planFrom(["--scenario", "simulator/scenarios/a-bad-week.yaml"], {});
  expect(plan).toMatchObject({ buses: [{ id: "tower" }, { id: "cellar" }], meters: { length: 6 } });
});

test("started through a shell, as npm does, it goes when the shell has gone", async () => {
  const shell = spawn("sh", ["-c", `"${process.execPath}" simulator/main.ts --meters 1 --tcp 0; true`], {
    stdio: ["ignore", "pipe", "ignore"],
    env: { ...process.env, npm_lifecycle_event: "simulator" },
  });
  let out = "";
  shell.stdout.on("data", (chunk: Buffer) => (out += chunk.toString()));
  onTestFinished(() => void shell.kill("SIGKILL"));
  await until("the ready line", () => out.includes("\n"), 15_000);
  const { tcp } = JSON.parse(out.slice("ready ".length)) as { tcp: number };
  const client = await tcpClient(tcp);
  shell.kill("SIGTERM");
  await until("the street hung up", () => client.socket.destroyed || client.socket.readableEnded);
});

describe("wrong use ends with 2 and names the argument", () => {
  test.each([
    [["--meters", "3"], /--tcp, --serial-link, --mqtt/],
    [["--tcp", "70000"], /--tcp 70000/],
    [["--tcp", "0", "--meters", "many"], /--meters many/],
    [["--tcp", "0", "--speed", "-1"], /speed/],
    [["--tcp", "0", "--balance", "1.234"], /--balance 1\.234/],
    [["--tcp", "0", "--first-address", "12"], /--first-address 12/],
    [["--tcp", "0", "--model", "deluxe"], /--model deluxe/],
    [["--tcp", "0", "--start", "soon"], /--start soon/],
    [["--mqtt", "localhost"], /--mqtt/],
    [["--tcp", "0", "--turbo"], /turbo/],
    [["--tcp", "0", "--scenario", "/nowhere.yaml"], /--scenario \/nowhere\.yaml/],
  ])("%j", async (argv, message) => {
    const program = start(...argv);
    expect(await program.ended).toBe(2);
    expect(program.err()).toMatch(message);
    expect(program.out()).toBe("");
  });

  test("a broker that is not there is no wrong use, and SIGTERM ends the waiting", async () => {
    const program = start("--mqtt", "mqtt://127.0.0.1:1");
    await until("it complains", () => program.err().includes("broker"));
    program.signal("SIGTERM");
    expect(await program.ended).toBe(0);
  });
});
