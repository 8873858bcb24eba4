/** `meterctl pay`, `relay`, `command` and `doctor`: through the gateway's own door, with exit codes that scripts can rely on. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { ApiClient } from "../../src/cli/api-client.ts";
import { Failed, NoConnection } from "../../src/cli/exits.ts";
import { watch } from "../../src/cli/watch.ts";
import { accountOf, raiseTestHouse, type TestHouse } from "../support/test-house.ts";
import { freePort } from "../support/servers.ts";
import { ask, itemsOf, thing, type Thing } from "../api/door.ts";
import { asProcess, meterctl, type Said } from "./terminal.ts";

const METER = "202611220081";
const TEST_KEYS = "202611220082"; // carries test keys: it may not take money

let house: TestHouse;
beforeAll(async () => {
  house = await raiseTestHouse({
    meters: [
      { address: METER, balance: "50.00" },
      { address: TEST_KEYS, keyState: "test" },
    ],
  });
  house.street.pauseHouseholds();
});
afterAll(() => house.close());

const call = (...args: string[]): Promise<Said> => meterctl(args, { GATEWAY_URL: house.gateway.url });

describe("pay", () => {
  test("answers payment and command, and with --watch follows it to its end: 0", async () => {
    const said = await call("pay", accountOf(METER), "100.00", "--order", "o-1", "--watch");
    expect({ code: said.code, error: said.error }).toEqual({ code: 0, error: "" });
    expect(said.out).toMatch(/^payment .* 100\.00 yuan .* order o-1$/m);
    expect(said.out.split("\n").at(-1)).toMatch(/top-up.*confirmed/);
    expect(house.street.snapshot(METER).balance).toBe("150.00");
  });

  test("the same order again is the same payment", async () => {
    const said = await call("pay", accountOf(METER), "100.00", "--order", "o-1", "--json");
    expect(said.code).toBe(0);
    const answer = JSON.parse(said.out) as Thing;
    expect(thing(answer["payment"])).toMatchObject({ orderId: "o-1", channel: "meterctl", amount: "100.00" });
    expect(house.street.snapshot(METER).purchaseCount).toBe(1);
  });

  test("ends with 1 when it is refused, at the door or by the meter, and says why", async () => {
    const stranger = await call("pay", "4711", "10.00");
    expect(stranger.code).toBe(1);
    expect(stranger.error).toMatch(/unknown-account/);
    const conflict = await call("pay", accountOf(METER), "99.00", "--order", "o-1");
    expect(conflict.code).toBe(1);
    expect(conflict.error).toMatch(/order-conflict/);
    const refused = await call("pay", accountOf(TEST_KEYS), "10.00", "--watch");
    expect(refused.code).toBe(1);
    expect(refused.out).toMatch(/refused.*key-state/);
  });

  test("a gateway that is away for a moment while a command is followed is waited for", async () => {
    const answers = [new NoConnection("restarting"), new Failed("busy", { mayPass: true }), { id: "c", state: "confirmed" }];
    const api = {
      get: () => {
        const next = answers.shift()!;
        return next instanceof Error ? Promise.reject(next) : Promise.resolve(next);
      },
    } as unknown as ApiClient;
    expect(await watch(api, "c", () => undefined)).toMatchObject({ code: 0 });
    answers.push(new Failed("unknown-command"));
    await expect(watch(api, "c", () => undefined)).rejects.toThrow("unknown-command");
  });

  test("ends with 2 for an amount that is none", async () => {
    for (const amount of ["1.005", "0", "ten"]) {
      const said = await call("pay", accountOf(METER), amount);
      expect(said.code).toBe(2);
      expect(said.error).toMatch(/amount/i);
    }
  });
});

describe("refund", () => {
  test("gives a payment back, followed to the moment the meter shows it, and a second time ends with 1", async () => {
    const [payment] = itemsOf(await ask(house.gateway.url, "GET", `/v1/payments?account=${accountOf(METER)}`));
    const id = String(payment!["id"]);
    const back = await call("refund", id, "--reason", "paid twice", "--watch");
    expect({ code: back.code, error: back.error }).toEqual({ code: 0, error: "" });
    expect(back.out).toMatch(/^payment .* 100\.00 yuan .* allocated$/m);
    expect(back.out.split("\n").at(-1)).toMatch(/refund.*confirmed/);
    expect(house.street.snapshot(METER)).toMatchObject({ balance: "50.00", obeyed: { refunds: 1 } });
    const again = await call("refund", id, "--reason", "paid twice");
    expect(again.code).toBe(1);
    expect(again.error).toMatch(/already-refunded/);
  });

  test("wants a reason, and a token of twenty digits where one is given: 2", async () => {
    expect((await call("refund", "019ab000-0000-7000-8000-000000000000")).code).toBe(2);
    expect((await call("pay", accountOf(METER), "1.00", "--token", "123")).code).toBe(2);
  });
});

describe("relay and command", () => {
  test("an order is followed to the moment the meter shows it; --json is JSON alone", async () => {
    const cut = await call("relay", METER, "disconnect", "--reason", "works on the line", "--watch");
    expect(cut.code).toBe(0);
    expect(cut.out.split("\n").at(-1)).toMatch(/disconnect.*confirmed/);
    expect(house.street.snapshot(METER).relay).toBe("disconnected");
    const restore = await call("relay", METER, "reconnect", "--reason", "works are done", "--watch", "--json");
    expect(restore.code).toBe(0);
    expect(thing((JSON.parse(restore.out) as Thing)["command"])).toMatchObject({ kind: "reconnect", reason: "works are done" });
    expect(house.street.snapshot(METER).relay).toBe("connected");
  });

  test("a command is shown with its proofs and the bytes that passed, or as JSON", async () => {
    const [cut] = itemsOf(await ask(house.gateway.url, "GET", `/v1/commands?meter=${METER}&kind=disconnect`));
    const id = String(cut!["id"]);
    const shown = await call("command", id);
    expect(shown.code).toBe(0);
    for (const word of ["sent", "acknowledged", "verified", "works on the line", "→", "←"]) expect(shown.out).toContain(word);
    expect(shown.out).not.toMatch(/undefined|\[object/);
    const watched = await call("command", id, "--watch", "--json");
    expect(watched.code).toBe(0);
    expect(JSON.parse(watched.out)).toMatchObject({ id, state: "confirmed" });
  });

  test("wrong use ends with 2, what is not there with 1", async () => {
    expect((await call("relay", METER, "explode", "--reason", "test")).code).toBe(2);
    expect((await call("relay", METER, "warn")).code).toBe(0); // a reason stands in the books all the same
    expect((await call("relay", "12", "warn", "--reason", "test")).code).toBe(2);
    const nobody = await call("relay", "202611229999", "warn", "--reason", "test");
    expect({ code: nobody.code, said: /unknown-meter/.test(nobody.error) }).toEqual({ code: 1, said: true });
    expect((await call("command", "01890000-0000-7000-8000-000000000000")).code).toBe(1);
  });
});

describe("clocks, freezes and cuts for a time", () => {
  test("are followed to the moment the meter shows them", async () => {
    house.street.patch(METER, { clockOffsetMs: 3_600_000 });
    const clock = await call("clock-set", METER, "--watch");
    expect({ code: clock.code, last: clock.out.split("\n").at(-1) }).toMatchObject({
      code: 0,
      last: expect.stringMatching(/clock-set.*confirmed/) as string,
    });
    const freeze = await call("freeze", METER, "99990000", "--watch");
    expect({ code: freeze.code, error: freeze.error }).toEqual({ code: 0, error: "" });
    const cut = await call("relay", METER, "disconnect-for", "--minutes", "5", "--watch");
    expect(cut.code).toBe(0);
    expect(house.street.snapshot(METER)).toMatchObject({ relay: "disconnected", obeyed: { clockSets: 1 } });
    await call("relay", METER, "reconnect", "--watch");
  });

  test("a whole bus answers with a command for each of its meters", async () => {
    const said = await call("clock-set", "--bus", "tcp-1", "--json");
    expect(said.code).toBe(0);
    expect((JSON.parse(said.out) as { commands: Thing[] }).commands.map(({ meter }) => meter)).toEqual([METER, TEST_KEYS]);
  });

  test("wrong use ends with 2, also where only the door sees it", async () => {
    expect((await call("clock-set")).code).toBe(2);
    expect((await call("clock-set", METER, "--bus", "tcp-1")).code).toBe(2);
    expect((await call("relay", METER, "disconnect-for", "--minutes", "soon")).code).toBe(2);
    const none = await call("relay", METER, "disconnect-for");
    expect({ code: none.code, said: /minutes/.test(none.error) }).toEqual({ code: 2, said: true });
    expect((await call("freeze", METER, "13990000")).code).toBe(2);
  });
});

test("without a gateway every call ends with 3 and says how to start or name one", async () => {
  const url = `http://127.0.0.1:${await freePort()}`;
  for (const args of [
    ["pay", "1", "1.00"],
    ["relay", METER, "warn", "--reason", "test"],
    ["command", "01890000-0000-7000-8000-000000000000", "--watch"],
  ]) {
    const said = await meterctl([...args, "--api", url]);
    expect(said.code).toBe(3);
    expect(said.error).toMatch(/npm start.*--api or GATEWAY_URL/);
  }
  expect((await meterctl(["pay", "1", "1.00", "--api", "nonsense"])).code).toBe(2);
});

test("as a process it pays, watches and ends", async () => {
  const said = await asProcess(["pay", accountOf(METER), "1.00", "--order", "as-process", "--watch"], {
    env: { GATEWAY_URL: house.gateway.url },
  });
  expect({ code: said.code, error: said.error }).toEqual({ code: 0, error: "" });
  expect(said.out).toMatch(/confirmed/);
});

describe("doctor", () => {
  interface Finding {
    readonly what: string;
    readonly ok: boolean;
    readonly found: string;
    readonly next: string | null;
  }
  const examine = async (
    site: string,
    env: Record<string, string> = {},
  ): Promise<{ code: number; findings: readonly Finding[] }> => {
    const folder = mkdtempSync(join(tmpdir(), "meterctl-doctor-"));
    try {
      writeFileSync(join(folder, "site.yaml"), site);
      const { code, out } = await meterctl(["doctor", "--json"], {
        GATEWAY_CONFIG: join(folder, "site.yaml"),
        GATEWAY_DATA: join(folder, "data"),
        ...env,
      });
      return { code, findings: JSON.parse(out) as Finding[] };
    } finally {
      rmSync(folder, { recursive: true });
    }
  };

  test("finds nothing wrong where nothing is", async () => {
    const { code, findings } = await examine("buses: []\nmeters: []\n", { HTTP_PORT: String(await freePort()) });
    expect(findings.filter(({ ok }) => !ok)).toEqual([]);
    expect(code).toBe(0);
    expect(findings.map(({ what }) => what)).toEqual(
      expect.arrayContaining(["node", "ciphers", "clock", "site file", "data folder", "database", "queue", "http port"]),
    );
  });

  test("names each thing that is wrong and what to do about it, and ends with 1", async () => {
    const busy = createServer().listen(0, "127.0.0.1");
    await new Promise((resolve) => busy.once("listening", resolve));
    const taken = String((busy.address() as { port: number }).port);
    const nobody = await freePort();
    const site = `
mqtt: { url: "mqtt://127.0.0.1:${nobody}" }
buses:
  - { id: rs485, transport: { kind: serial, path: /dev/ttyNOWHERE } }
  - { id: cell, transport: { kind: mqtt } }
  - { id: serial-server, transport: { kind: tcp, host: 127.0.0.1, port: ${nobody} } }
  - { id: hill, transport: { kind: tcp-server, port: ${taken} } }
meters: []
`;
    const { code, findings } = await examine(site, {
      HTTP_PORT: taken,
      DATABASE_URL: `postgres://gateway:swordfish@127.0.0.1:${nobody}/books`,
      REDIS_URL: `redis://:swordfish@127.0.0.1:${nobody}`,
      GATEWAY_DATA: "/dev/null/data",
    });
    busy.close();
    expect(code).toBe(1);
    const bad = findings.filter(({ ok }) => !ok);
    expect(bad.map(({ what }) => what).sort()).toEqual(
      ["broker", "bus hill", "bus rs485", "bus serial-server", "data folder", "database", "http port", "queue"].sort(),
    );
    for (const { next } of bad) expect(next).toMatch(/\w{3}/);
    const next = new Map(bad.map((finding) => [finding.what, `${finding.found} ${String(finding.next)}`]));
    expect(next.get("database")).toMatch(/DATABASE_URL/);
    expect(next.get("queue")).toMatch(/REDIS_URL/);
    expect(next.get("broker")).toMatch(/MQTT_URL/);
    expect(next.get("http port")).toMatch(/HTTP_PORT/);
    expect(next.get("bus rs485")).toMatch(/ttyNOWHERE.*dialout.*Serial ports here: /);
    expect(next.get("bus hill")).toMatch(/EADDRINUSE.*another port/);
    expect(JSON.stringify(findings)).not.toContain("swordfish");
  });

  test("names the path in a site file that is not valid", async () => {
    const { code, findings } = await examine("buses: []\nmeters: [ { address: 12, bus: x, model: standard-wallet } ]\n");
    expect(code).toBe(1);
    expect(findings.find(({ what }) => what === "site file")).toMatchObject({
      ok: false,
      found: expect.stringMatching(/meters\[0\]\.address/) as string,
    });
  });
});

test("pay says the order id before it asks: whoever gets no answer asks again with it", async () => {
  const nobody = `http://127.0.0.1:${await freePort()}`;
  const silent = await meterctl(["pay", accountOf(METER), "10.00"], { GATEWAY_URL: nobody });
  expect(silent.code).toBe(3);
  const id = /^order ([0-9a-f-]{36}) .*--order \1 is taken once/.exec(silent.error)?.[1];
  expect(id).toBeDefined();
  const said = await call("pay", accountOf(METER), "10.00", "--order", id!, "--watch");
  expect({ code: said.code, error: said.error }).toEqual({ code: 0, error: "" });
});
