/** `meterctl import meters`: a street from a table; checked whole, safe to repeat, alive at once and after a restart. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parse } from "csv-parse/sync";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { accountOf, raiseTestHouse, type TestHouse } from "../../support/test-house.ts";
import { ask, expectProblem, thing, things, untilTrue, type Answer, type Thing } from "../../api/door.ts";
import { startEmbeddedBroker } from "../../../src/transports/embedded-broker.ts";
import type { ApiClient } from "../../../src/cli/api-client.ts";
import { Failed } from "../../../src/cli/exits.ts";
import { importMeters, type MeterResult } from "../../../src/cli/import/import-meters.ts";
import { readMeters } from "../../../src/cli/import/meters-file.ts";
import { Pacer } from "../../../src/cli/import/pacer.ts";
import { systemClock } from "../../../src/kernel/clock.ts";
import { meterctl, type Said } from "../terminal.ts";

const FIRST = "202611220700";
const NEW = Array.from({ length: 6 }, (_, n) => `20261122071${n}`);
const REMOTE = "202611220720";

const nowhere = { out: () => undefined, error: () => undefined, env: {} };

let house: TestHouse;
let folder: string;
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "fee-control-import-"));
  house = await raiseTestHouse({
    meters: [
      { address: FIRST, balance: "10.00" },
      ...NEW.map((address) => ({ address, balance: "10.00" })),
      { address: REMOTE, model: "remote-ledger", mode: "remote" as const },
    ],
    // the gateway is told of the first one alone
    site: { meters: [{ address: FIRST, bus: "tcp-1", model: "standard-wallet", account: accountOf(FIRST) }] },
  });
  house.street.pauseHouseholds();
});
afterAll(async () => {
  await house.close();
  rmSync(folder, { recursive: true, force: true });
});

const call = (...args: string[]): Promise<Said> => meterctl(["import", "meters", ...args], { GATEWAY_URL: house.gateway.url });
const post = (path: string, body: unknown): Promise<Answer> => ask(house.gateway.url, "POST", path, { body });
const get = (path: string): Promise<Answer> => ask(house.gateway.url, "GET", path);
const fileOf = (name: string, text: string): string => {
  const path = join(folder, name);
  writeFileSync(path, text);
  return path;
};
const resultOf = (path: string): readonly Record<string, string>[] =>
  parse(readFileSync(path.replace(".csv", ".result.csv")), { bom: true, columns: true });
const pay = async (address: string, amount: string, orderId: string): Promise<Thing> => {
  const answer = await post("/v1/payments", { account: accountOf(address), amount, channel: "bank", orderId });
  const id = String(thing(answer.json["command"])["id"]);
  await untilTrue("its end", async () => (await get(`/v1/commands/${id}`)).json["endedAt"] !== null, 30_000);
  return (await get(`/v1/commands/${id}`)).json;
};

describe("a table of meters", () => {
  const table = (): string =>
    [
      "通信地址,线路,表型,户号,户名",
      ...NEW.map((address, n) => `${address},tcp-1,standard-wallet,${accountOf(address)},Flat ${n}`),
      "",
    ].join("\n");

  test("is added whole, and each takes money at once; said again, nothing is changed", async () => {
    const path = fileOf("street.csv", table());
    const said = await call(path);
    expect({ code: said.code, out: said.out }).toEqual({ code: 0, out: expect.stringMatching(/6 {2}added 已建档/) as string });
    expect((await get(`/v1/accounts/${accountOf(NEW[0]!)}`)).json).toMatchObject({
      name: "Flat 0",
      mode: "local",
      meters: [NEW[0]],
    });
    expect((await pay(NEW[0]!, "20.00", "a-1"))["state"]).toBe("confirmed");
    expect(house.street.snapshot(NEW[0]!)).toMatchObject({ balance: "30.00", purchaseCount: 1 });
    await untilTrue("it is polled", async () => {
      const { json } = await get(`/v1/meters/${NEW[1]!}`);
      return thing(json["readings"])["importedEnergy"] !== undefined;
    });
    const again = await call(path);
    expect({ code: again.code, out: again.out }).toEqual({ code: 0, out: expect.stringMatching(/6 {2}there already/) as string });
    expect(resultOf(path).map(({ outcome }) => outcome)).toEqual(Array.from({ length: 6 }, () => "known"));
  });

  test("is alive after a restart, though the site file does not know it", async () => {
    await house.restart();
    expect((await get(`/v1/meters/${NEW[2]!}`)).json).toMatchObject({ account: accountOf(NEW[2]!), bus: "tcp-1" });
    expect((await pay(NEW[2]!, "5.00", "a-2"))["state"]).toBe("confirmed");
    expect(house.street.snapshot(NEW[2]!)).toMatchObject({ balance: "15.00", purchaseCount: 1 });
  });

  test("with one line in doubt adds nothing, and names each by line and column: 2", async () => {
    const path = fileOf(
      "doubt.csv",
      [
        "address,bus,model,account,mode",
        `${REMOTE},tcp-1,remote-ledger,${accountOf(REMOTE)},remote`,
        `${NEW[0]!},tcp-1,standard-wallet,4711,`,
        `202611220731,tcp-9,standard-wallet,,`,
        `202611220732,tcp-1,no-such-model,,`,
        `202611220733,tcp-1,standard-wallet,${accountOf(FIRST)},`,
        "",
      ].join("\n"),
    );
    const said = await call(path);
    expect(said.code).toBe(2);
    for (const place of [
      /line 3, column account: meter-differs/,
      /line 4, column bus: unknown-bus/,
      /line 5, column model: invalid-request/,
      /line 6, column account: account-has-meter/,
    ])
      expect(said.error).toMatch(place);
    expectProblem(await get(`/v1/meters/${REMOTE}`), 404, "unknown-meter");
    const rest = await call(path, "--skip-faulty");
    expect(rest.code).toBe(1);
    expect(resultOf(path).map(({ outcome }) => outcome)).toEqual(["added", "faulty", "faulty", "faulty", "faulty"]);
    expect((await get(`/v1/accounts/${accountOf(REMOTE)}`)).json).toMatchObject({ mode: "remote", meters: [REMOTE] });
  });

  test("what is wrong in itself is told by line and column", () => {
    const places = (text: string): string[] =>
      readMeters(new TextEncoder().encode(text)).complaints.map(({ line, column, say }) => `${line}/${column ?? "-"}: ${say}`);
    expect(places("address,bus\n1,2\n").join()).toMatch(/1\/model: The column is missing/);
    expect(places("address,bus,model\n12,tcp-1,standard-wallet\n").join()).toMatch(/2\/address: address-malformed/);
    expect(places("address,bus,model,meterNumber\n202611220700,tcp-1,m,7\n").join()).toMatch(
      /2\/meterNumber: "7": twelve digits/,
    );
    expect(places("address,bus,model\n2.02611E+11,tcp-1,m\n").join()).toMatch(/2\/address: .*spreadsheet/);
    expect(places("address,bus,model\n202611220700,a,m\n202611220700,a,m\n").join()).toMatch(
      /3\/address: It stands in line 2 already/,
    );
  });
});

test("one meter is added by the door, answers 201, and is known when it is said again", async () => {
  const body = { address: "202611220741", bus: "tcp-1", model: "standard-wallet" };
  expect(await post("/v1/meters", body)).toMatchObject({
    status: 201,
    json: { what: "added", meter: { address: body.address, account: null } },
  });
  expect(await post("/v1/meters", body)).toMatchObject({ status: 201, json: { what: "known" } });
  expectProblem(await post("/v1/meters", { ...body, bus: "tcp-9" }), 404, "unknown-bus");
  expectProblem(await post("/v1/meters", { ...body, model: "x" }), 400, "invalid-request");
});

test("two of one batch that name one meter or one account are told apart: the first is added, the other refused by itself", async () => {
  const item = { bus: "tcp-1", model: "standard-wallet" };
  const items = [
    { ...item, address: "202611220750", account: "1000000750" },
    { ...item, address: "202611220751", account: "1000000750" },
    { ...item, address: "202611220752", account: "1000000752" },
    { ...item, address: "202611220752", account: "1000000753" },
  ];
  const { status, json } = await post("/v1/meters/batch", { items });
  expect(status).toBe(200);
  const said = (json["items"] as readonly Thing[]).map(({ what, problem }) => what ?? thing(problem)["code"]);
  expect([said.slice(0, 2).sort(), said.slice(2).sort()]).toEqual([
    ["account-has-meter", "added"],
    ["added", "meter-differs"],
  ]);
});

test("of a run that breaks off the result file tells what was added", async () => {
  const file = readMeters(
    new TextEncoder().encode(
      ["address,bus,model", ...Array.from({ length: 300 }, (_, n) => `${202611230000 + n},a,m`), ""].join("\n"),
    ),
  );
  const kept: (readonly MeterResult[])[] = [];
  const answers = (_path: string, { items, check }: Thing): Promise<Thing> => {
    if (check !== true && kept.length > 0 && things(items).length < 200) throw new Failed("The gateway answered 500");
    return Promise.resolve({ items: things(items).map(() => ({ what: "added", problem: null })) });
  };
  const parts = { api: { post: answers } as unknown as ApiClient, clock: systemClock, pacer: new Pacer(nowhere, systemClock) };
  await expect(importMeters(file, false, { ...parts, keep: (results) => void kept.push(results) })).rejects.toThrow("500");
  const counts = kept.map((results) => results.filter(({ outcome }) => outcome === "added").length);
  expect(counts, "before anything is sent, and when it broke off").toEqual([0, 200]);
});

test("meters that are added to a bus over MQTT hear and are heard at once", async () => {
  const broker = await startEmbeddedBroker({ port: 0 });
  const { url } = broker;
  const [named, ...fresh] = ["202611220760", "202611220761", "202611220762"] as const;
  const cell = await raiseTestHouse({
    buses: [{ id: "cell", endpoint: { kind: "mqtt", url } }],
    meters: [named, ...fresh].map((address) => ({ address, balance: "10.00", loadKw: 0 })),
    site: {
      mqtt: { url },
      buses: [{ id: "cell", transport: { kind: "mqtt" }, replyDeadlineMs: 2_000, turnaroundMs: 1, quietMs: 50 }],
      meters: [{ address: named, bus: "cell", model: "standard-wallet", account: accountOf(named) }],
    },
  });
  try {
    const at = (method: string, path: string, body?: unknown) =>
      ask(cell.gateway.url, method, path, body === undefined ? {} : { body });
    const items = fresh.map((address) => ({ address, bus: "cell", model: "standard-wallet", account: accountOf(address) }));
    expect((await at("POST", "/v1/meters/batch", { items })).json["items"]).toMatchObject([{ what: "added" }, { what: "added" }]);
    for (const address of fresh) {
      const paid = await at("POST", "/v1/payments", {
        account: accountOf(address),
        amount: "5.00",
        channel: "bank",
        orderId: address,
      });
      const id = String(thing(paid.json["command"])["id"]);
      await untilTrue("its end", async () => (await at("GET", `/v1/commands/${id}`)).json["state"] === "confirmed", 30_000);
      expect(cell.street.snapshot(address)).toMatchObject({ balance: "15.00", purchaseCount: 1 });
    }
  } finally {
    await cell.close();
    await broker.close();
  }
});
