/** `meterctl read`: a meter over TCP, a pseudo-terminal and a broker, without a gateway; and each way in which that can fail told apart. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { buildStreet, type Street } from "../../simulator/street.ts";
import { systemClock } from "../../src/kernel/clock.ts";
import { startEmbeddedBroker } from "../../src/transports/embedded-broker.ts";
import { freePort } from "../support/servers.ts";
import { asProcess, meterctl, type Said } from "./terminal.ts";

const [TCP, SERIAL, MQTT, REMOTE] = ["202611220071", "202611220072", "202611220073", "202611220074"] as const;

let broker: Awaited<ReturnType<typeof startEmbeddedBroker>>;
let street: Street;
let folder: string;
let links: { readonly tcp: string; readonly serial: string; readonly mqtt: string };

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "meterctl-read-"));
  broker = await startEmbeddedBroker({ port: 0 });
  const link = join(folder, "tty");
  street = await buildStreet({
    clock: systemClock,
    seed: 7,
    buses: [
      { id: "tcp-1", endpoint: { kind: "tcp", port: 0 } },
      { id: "serial-1", endpoint: { kind: "serial", link }, baud: 9_600 },
      { id: "mqtt-1", endpoint: { kind: "mqtt", url: broker.url } },
    ],
    meters: [
      { address: TCP, bus: "tcp-1", balance: "50.00", energyKwh: "123.45" },
      { address: REMOTE, bus: "tcp-1", model: "remote-ledger", mode: "remote" },
      { address: SERIAL, bus: "serial-1", balance: "60.00" },
      { address: MQTT, bus: "mqtt-1", balance: "70.00" },
    ],
  });
  street.pauseHouseholds();
  links = {
    tcp: `tcp://127.0.0.1:${String(street.endpoints.find(({ kind }) => kind === "tcp")!.at)}`,
    serial: `serial://${link}?baud=9600`,
    mqtt: broker.url,
  };
});
afterAll(async () => {
  await street.close();
  await broker.close();
  rmSync(folder, { recursive: true });
});

const read = (address: string, items: readonly string[], link: string): Promise<Said> =>
  meterctl(["read", address, ...items, "--link", link, "--json"]);

for (const [carrier, address, balance] of [
  ["tcp", TCP, "50.00"],
  ["serial", SERIAL, "60.00"],
  ["mqtt", MQTT, "70.00"],
] as const)
  test(`over ${carrier} it ends with 0 and JSON alone`, async () => {
    const said = await read(address, ["balance", "relay"], links[carrier]);
    expect({ code: said.code, error: said.error }).toEqual({ code: 0, error: "" });
    expect(JSON.parse(said.out)).toEqual({
      address,
      readings: [
        { item: "balance", value: balance, unit: "yuan", takenAt: expect.stringMatching(/^\d{4}-.*[+-]\d\d:\d\d$/) as string },
        { item: "relay", value: "connected", unit: null, takenAt: expect.any(String) as string },
      ],
    });
  });

test("for people it is one line per item, and an identifier is as good as a name", async () => {
  const said = await meterctl(["read", TCP, "00010000", "balance", "clock", "--link", links.tcp]);
  expect(said.code).toBe(0);
  const lines = said.out.split("\n");
  expect(lines).toHaveLength(3);
  expect(lines[0]).toMatch(/importedEnergy +123\.45 kWh/);
  expect(lines[1]).toMatch(/balance +50\.00 yuan/);
});

describe("it ends with 1", () => {
  test("when somebody listens and the meter is silent", async () => {
    const silence = street.setFault(TCP, { kind: "silence" });
    const said = await read(TCP, ["balance"], links.tcp);
    street.clearFaults(TCP, silence);
    expect(said.code).toBe(1);
    expect(said.error).toMatch(/meter-silent/);
    expect(said.out).toBe("");
  });

  test("when the meter has no such data, and says so", async () => {
    const said = await read(REMOTE, ["balance"], links.tcp);
    expect(said.code).toBe(1);
    expect(said.error).toMatch(/no data.*balance/);
    expect(JSON.parse(said.out)).toMatchObject({ readings: [{ item: "balance", value: null }] });
  });
});

describe("it ends with 2, naming what is wrong,", () => {
  for (const [what, args, named] of [
    ["for an address that is none", ["read", "2026", "balance", "--link", "tcp://127.0.0.1:1"], /twelve digits/],
    ["for an item that is none", ["read", TCP, "moonlight", "--link", "tcp://127.0.0.1:1"], /moonlight/],
    ["for a link that is none", ["read", TCP, "balance", "--link", "carrier pigeon"], /link/],
    ["for a link without a port", ["read", TCP, "balance", "--link", "tcp://127.0.0.1"], /port/],
    ["without a link", ["read", TCP, "balance"], /--link/],
    ["without an item", ["read", TCP, "--link", "tcp://127.0.0.1:1"], /items/],
  ] as const)
    test(what, async () => {
      const said = await meterctl(args);
      expect({ code: said.code, out: said.out }).toEqual({ code: 2, out: "" });
      expect(said.error).toMatch(named);
    });
});

describe("it ends with 3 when nobody listens", () => {
  test("at the port", async () => {
    const said = await read(TCP, ["balance"], `tcp://127.0.0.1:${await freePort()}`);
    expect(said.code).toBe(3);
    expect(said.error).toMatch(/127\.0\.0\.1/);
  });
  test("at the broker's", async () => {
    expect((await read(TCP, ["balance"], `mqtt://127.0.0.1:${await freePort()}`)).code).toBe(3);
  });
  test("behind the serial device, because there is none", async () => {
    const said = await read(TCP, ["balance"], "serial:///dev/ttyNOWHERE");
    expect(said.code).toBe(3);
    expect(said.error).toMatch(/ttyNOWHERE/);
  });
});

test("as a process it ends by itself as soon as it has read", async () => {
  const before = systemClock.now();
  const said = await asProcess(["read", TCP, "balance", "--link", links.tcp, "--json"]);
  expect(said.code).toBe(0);
  expect(JSON.parse(said.out)).toMatchObject({ address: TCP, readings: [{ value: "50.00" }] });
  expect(systemClock.now() - before).toBeLessThan(10_000);
});
