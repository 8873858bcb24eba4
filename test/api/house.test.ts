/** The house as seen from outside: meters, accounts and their entries, health, metrics, documentation, and one shape for every refusal. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, inject, test } from "vitest";
import { silentLog } from "../../src/kernel/log.ts";
import { Database } from "../../src/stores/database.ts";
import { accountOf, raiseTestHouse, type TestHouse } from "../support/test-house.ts";
import { aMoment, ask, ended, expectProblem, itemsOf, thing, things, untilTrue, YUAN, type Answer, type Thing } from "./door.ts";

const WALLET = "202611220031";
const REMOTE = "202611220032";
const SPARE = "202611220033";

let house: TestHouse;
beforeAll(async () => {
  house = await raiseTestHouse({
    meters: [
      { address: WALLET, balance: "50.00", energyKwh: "100.00" },
      { address: REMOTE, model: "remote-ledger", mode: "remote", energyKwh: "10.00", loadKw: 3 },
      { address: SPARE },
    ],
  });
  house.street.pauseHouseholds();
  await house.gateway.pollAll();
});
afterAll(() => house.close());

const get = (path: string, headers: Record<string, string> = {}): Promise<Answer> =>
  ask(house.gateway.url, "GET", path, { headers });

describe("meters", () => {
  test("are told with numbers, line, health, identity, relay and readings", async () => {
    const { status, json } = await get(`/v1/meters/${WALLET}`);
    expect(status).toBe(200);
    expect(json).toMatchObject({
      address: WALLET,
      meterNumber: WALLET,
      customerNumber: `00${WALLET.slice(2)}`,
      account: accountOf(WALLET),
      bus: "tcp-1",
      model: "standard-wallet",
      health: { state: "answering", failures: 0, lastHeardAt: aMoment, askAgainAt: null },
      identity: "confirmed",
      relay: { desired: null, reported: "connected", proof: { item: "04000503" }, at: aMoment },
      readings: {
        importedEnergy: { value: "100.00", unit: "kWh", takenAt: aMoment, source: "poll" },
        balance: { value: "50.00", unit: "yuan", takenAt: aMoment, source: "poll" },
        overdraft: { value: "0.00", unit: "yuan", takenAt: aMoment, source: "poll" },
      },
    });
    expectProblem(await get("/v1/meters/202611229999"), 404, "unknown-meter");
    expectProblem(await get("/v1/meters/2026"), 400, "address-malformed");
  });

  test("are listed whole, page by page", async () => {
    const all = await get("/v1/meters");
    expect(itemsOf(all).map(({ address }) => address)).toEqual([WALLET, REMOTE, SPARE]);
    expect(itemsOf(all)[0]).toEqual((await get(`/v1/meters/${WALLET}`)).json);
    const first = await get("/v1/meters?limit=2");
    const rest = await get(`/v1/meters?limit=2&cursor=${String(first.json["next"])}`);
    expect([...itemsOf(first), ...itemsOf(rest)]).toEqual(itemsOf(all));
    expect(rest.json["next"]).toBe(null);
    expectProblem(await get("/v1/meters?limit=many"), 400, "invalid-request");
  });

  test("stand on lines that say whether they are open", async () => {
    expect(itemsOf(await get("/v1/buses"))).toMatchObject([
      { id: "tcp-1", open: true, why: null, heldByUs: true, holder: expect.stringMatching(/\/\d+\/[0-9a-f]{8}$/) as string },
    ]);
  });
});

describe("accounts", () => {
  test("say what is available and held, in yuan with two decimals", async () => {
    const { json } = await get(`/v1/accounts/${accountOf(WALLET)}`);
    expect(json).toMatchObject({
      account: accountOf(WALLET),
      class: "residential",
      mode: "local",
      available: "0.00",
      held: "0.00",
      meters: [WALLET],
    });
    expectProblem(await get("/v1/accounts/nobody"), 404, "unknown-account");
    expectProblem(await get("/v1/accounts/no%20body"), 400, "account-malformed");
    expect(itemsOf(await get("/v1/accounts")).map(({ account }) => account)).toEqual([WALLET, REMOTE, SPARE].map(accountOf));
  });

  test("entries tell every movement, newest first, page by page, and add up to the account", async () => {
    const account = accountOf(SPARE);
    for (const [orderId, amount] of [
      ["entries-1", "10.00"],
      ["entries-2", "20.25"],
    ]) {
      const paid = await ask(house.gateway.url, "POST", "/v1/payments", { body: { account, amount, channel: "bank", orderId } });
      await ended(house.gateway.url, thing(paid.json["command"])["id"]);
    }
    const all = itemsOf(await get(`/v1/accounts/${account}/entries`));
    expect(all.map(({ kind }) => kind)).toEqual(["settle", "hold", "payment", "settle", "hold", "payment"]);
    for (const entry of all) {
      expect(entry).toMatchObject({ at: aMoment });
      for (const side of ["available", "held"]) expect(entry[side]).toMatch(YUAN);
    }
    expect(all.reduce((sum, entry) => sum + Number(entry["available"]), 0)).toBe(0);
    const first = await get(`/v1/accounts/${account}/entries?limit=4`);
    const rest = await get(`/v1/accounts/${account}/entries?limit=4&cursor=${String(first.json["next"])}`);
    expect([...itemsOf(first), ...itemsOf(rest)]).toEqual(all);
    for (const cursor of ["last", "-1", "9".repeat(19)])
      expectProblem(await get(`/v1/accounts/${account}/entries?cursor=${cursor}`), 400, "invalid-request");
    expectProblem(await get("/v1/accounts/nobody/entries"), 404, "unknown-account");
  });

  test("a remote account pays for what its meter shows, and each day says energy and cost", async () => {
    const account = accountOf(REMOTE);
    expect(house.street.snapshot(REMOTE).energyKwh).toBe("10.00"); // billed from here on
    house.street.resumeHouseholds();
    house.street.advance(20 * 60_000); // 3 kW for 20 minutes
    house.street.pauseHouseholds();
    await house.gateway.pollAll();
    const used = Number(house.street.snapshot(REMOTE).energyKwh) - 10;
    expect(used).toBeGreaterThan(0.9);
    const days = itemsOf(await get(`/v1/accounts/${account}/daily`));
    expect(days).toMatchObject([
      {
        day: expect.stringMatching(/^\d{4}-\d\d-\d\d$/) as string,
        energy: used.toFixed(2),
        unit: "kWh",
        cost: expect.stringMatching(YUAN) as string,
        source: "charges",
        ...{ state: "provisional", settledBy: null, estimated: false, exported: null, feedIn: "0.00" },
        rates: [{ number: 1, energy: used.toFixed(2), price: "0.5283" }],
        ...{ steps: [], tariff: "flat" },
      },
    ]);
    const { json: bill } = await get(`/v1/accounts/${account}/bill`);
    expect(bill).toMatchObject({
      days,
      totals: { energy: used.toFixed(2), cost: days[0]!["cost"], amount: days[0]!["cost"], provisionalDays: 1 },
    });
    const csv = await get(`/v1/accounts/${account}/bill?format=csv`);
    expect(csv.type).toMatch(/^text\/csv/);
    expectProblem(await get(`/v1/accounts/${account}/bill?from=2026-11-31`), 400, "invalid-request");
    expectProblem(await get(`/v1/accounts/${account}/bill?from=2026-11-02&to=2026-11-01`), 400, "period-malformed");
    expectProblem(await get("/v1/accounts/nobody/bill"), 404, "unknown-account");
    expect(Number(days[0]!["cost"])).toBeCloseTo(used * 0.5283, 1);
    const entries = itemsOf(await get(`/v1/accounts/${account}/entries`));
    expect(entries[0]).toMatchObject({ kind: "charge", available: `-${String(days[0]!["cost"])}` });
    expect((await get(`/v1/accounts/${account}`)).json).toMatchObject({
      available: `-${String(days[0]!["cost"])}`,
      mode: "remote",
    });
  });

  test("a wallet's days tell the energy; what it deducted only the meter knows", async () => {
    const days = itemsOf(await get(`/v1/accounts/${accountOf(WALLET)}/daily`));
    expect(days).toMatchObject([{ unit: "kWh", cost: null, source: "readings" }]);
    expect(days[0]!["energy"]).toMatch(/^\d+\.\d\d$/);
    expectProblem(await get("/v1/accounts/nobody/daily"), 404, "unknown-account");
  });
});

describe("every refusal has one shape", () => {
  const post = (raw: string, headers: Record<string, string> = {}): Promise<Answer> =>
    ask(house.gateway.url, "POST", "/v1/payments", { raw, headers });
  test("JSON that is none", async () => expectProblem(await post('{"account": '), 400, "invalid-request"));
  test("no body at all", async () => expectProblem(await post(""), 400, "invalid-request"));
  test("a body that is no object", async () => expectProblem(await post("[1]"), 400, "invalid-request"));
  test("JSON that tries to poison prototypes", async () =>
    expectProblem(await post('{"__proto__": {"account": "1"}}'), 400, "invalid-request"));
  test("a form instead of JSON", async () =>
    expectProblem(await post("account=1", { "content-type": "application/x-www-form-urlencoded" }), 400, "invalid-request"));
  test("text, as a foreign page can send it", async () =>
    expectProblem(await post('{"account":"1"}', { "content-type": "text/plain" }), 400, "invalid-request"));
  test("far too much", async () =>
    expectProblem(await post(JSON.stringify({ account: "1".repeat(70_000) })), 400, "invalid-request"));
  test("an address that is nowhere", async () => expectProblem(await get("/v1/nowhere"), 404, "not-found"));
  test("a method that nobody serves", async () =>
    expectProblem(await ask(house.gateway.url, "DELETE", "/v1/meters"), 404, "not-found"));
  test("an address that cannot be read", async () => expectProblem(await get("/v1/meters/%zz"), 400, "invalid-request"));
});

describe("health", () => {
  test("says that the process lives, and part by part whether money may be taken", async () => {
    expect((await get("/healthz")).status).toBe(200);
    const { status, json } = await get("/readyz");
    expect(status).toBe(200);
    expect(json["status"]).toBe("ready");
    const parts = things(json["parts"]);
    for (const part of parts) expect(part).toMatchObject({ name: expect.any(String) as string, ready: true, why: null });
    expect(parts.map(({ name }) => String(name).split(" ")[0])).toEqual([
      "database",
      "queue",
      "security",
      "lines",
      "audit",
      "leases",
      "work",
    ]);
  });
});

test("a bus shows what the poll plan needs of its time, and what was used", async () => {
  const [bus] = itemsOf(await get("/v1/buses"));
  expect(bus).toMatchObject({ id: "tcp-1", plan: null, planned: expect.any(Number) as number });
  expect(bus!["planned"]).toBeGreaterThan(0);
  expect(bus!["planned"]).toBeLessThan(1);
});

test("metrics keep their names", async () => {
  const answer = await get("/metrics");
  expect(answer.status).toBe(200);
  expect(answer.type).toMatch(/^text\/plain/);
  const own = [...answer.text.matchAll(/^# TYPE (fee_control_\S+) (\S+)$/gm)].map(([, name, type]) => `${name} ${type}`).sort();
  expect(own).toEqual([
    "fee_control_announcements_total counter",
    "fee_control_audit_waiting_seconds gauge",
    "fee_control_bus_busy_seconds_total gauge",
    "fee_control_bus_exchanges_total gauge",
    "fee_control_bus_held gauge",
    "fee_control_bus_measured_share gauge",
    "fee_control_bus_messages_ignored_total gauge",
    "fee_control_bus_open gauge",
    "fee_control_bus_planned_share gauge",
    "fee_control_bus_silences_total gauge",
    "fee_control_bus_waiting gauge",
    "fee_control_collection_gaps gauge",
    "fee_control_collection_rate gauge",
    "fee_control_commands gauge",
    "fee_control_commands_running gauge",
    "fee_control_cut_batches_waiting gauge",
    "fee_control_cut_failures_in_a_row gauge",
    "fee_control_cuts_braked gauge",
    "fee_control_cuts_left gauge",
    "fee_control_cuts_stopped gauge",
    "fee_control_exceptions_open gauge",
    "fee_control_exceptions_overdue gauge",
    "fee_control_incidents_open gauge",
    "fee_control_indicator gauge",
    "fee_control_meters gauge",
    "fee_control_notice_tries_total gauge",
    "fee_control_notices_open gauge",
    "fee_control_part_state gauge",
    "fee_control_readings_beside gauge",
    "fee_control_retention_longest_batch_seconds gauge",
    "fee_control_retention_thinned_total gauge",
    "fee_control_retention_waiting gauge",
    "fee_control_retention_worked_seconds_total gauge",
    "fee_control_work_stands_still_seconds gauge",
  ]);
  expect(answer.text).toMatch(/^fee_control_bus_open\{bus="tcp-1"\} 1$/m);
  expect(answer.text).toMatch(/^fee_control_commands\{state="confirmed"\} \d+$/m);
  expect(answer.text).toMatch(/^process_cpu_seconds_total /m);
  // each says what to do when its number is wrong
  for (const [, help] of answer.text.matchAll(/^# HELP fee_control_\S+ (.+)$/gm)) expect(help).toMatch(/\S/);
});

describe("documentation", () => {
  test("is OpenAPI 3.1 and knows every call", async () => {
    const { status, json } = await get("/openapi.json");
    expect(status).toBe(200);
    expect(json["openapi"]).toMatch(/^3\.1\./);
    const paths = json["paths"] as Record<string, Record<string, Thing>>;
    for (const [method, path] of [
      ["post", "/v1/payments"],
      ["get", "/v1/payments/{id}"],
      ["post", "/v1/meters/{address}/relay"],
      ["post", "/v1/meters/{address}/readings"],
      ["post", "/v1/meters/{address}/clock-set"],
      ["post", "/v1/meters/{address}/freeze"],
      ["post", "/v1/buses/{bus}/clock-set"],
      ["get", "/v1/commands/{id}"],
      ["get", "/v1/commands"],
      ["post", "/v1/commands/{id}/cancel"],
      ["get", "/v1/meters"],
      ["get", "/v1/meters/{address}"],
      ["get", "/v1/accounts/{account}"],
      ["get", "/v1/accounts/{account}/entries"],
      ["get", "/v1/accounts/{account}/daily"],
      ["get", "/v1/events"],
      ["get", "/healthz"],
      ["get", "/readyz"],
      ["get", "/metrics"],
    ] as const)
      expect(paths[path]?.[method], `${method} ${path}`).toBeDefined();
    const body = JSON.stringify(paths["/v1/payments"]!["post"]!["requestBody"]);
    for (const field of ["account", "amount", "channel", "orderId"]) expect(body).toContain(`"${field}"`);
    const since = things(paths["/v1/commands"]!["get"]!["parameters"]).find(({ name }) => name === "since");
    expect(since).toMatchObject({ in: "query", schema: { type: "string" } });
  });

  test("can be read as pages", async () => {
    const page = await get("/docs/");
    expect(page.status).toBe(200);
    expect(page.type).toMatch(/^text\/html/);
  });
});

describe("access", () => {
  test("without keys only loopback names are served: a foreign page cannot borrow a browser", async () => {
    const { port } = new URL(house.gateway.url);
    for (const host of ["localhost", `localhost:${port}`, `127.0.0.1:${port}`, "[::1]:80"])
      expect((await get("/v1/meters", { host })).status).toBe(200);
    for (const host of ["evil.example", `evil.example:${port}`, "localhost.evil.example", "127.0.0.1.evil.example", "10.0.0.1"])
      expectProblem(await get("/v1/meters", { host }), 401, "unauthorized");
    expect((await get("/healthz", { host: "monitor.example" })).status).toBe(200);
    expect((await get("/readyz", { host: "monitor.example" })).status).toBe(200);
  });

  test("as soon as one key exists it is needed everywhere but health", async () => {
    const folder = mkdtempSync(join(tmpdir(), "fee-control-key-"));
    writeFileSync(join(folder, "till"), "correct-horse\n");
    const locked = await raiseTestHouse({
      meters: [{ address: WALLET }],
      site: { apiKeys: [{ name: "till", secret: `file:${join(folder, "till")}` }] },
    }).finally(() => rmSync(folder, { recursive: true }));
    try {
      const { url } = locked.gateway;
      for (const path of ["/healthz", "/readyz"]) expect((await ask(url, "GET", path)).status).toBe(200);
      for (const path of ["/v1/meters", "/v1/commands", "/v1/events", "/metrics", "/openapi.json", "/docs/", "/nowhere"])
        expectProblem(await ask(url, "GET", path), 401, "unauthorized");
      for (const authorization of ["Bearer wrong", "Bearer ", "Bearer correct-hors", "correct-horse", "Basic correct-horse"])
        expectProblem(await ask(url, "GET", "/v1/meters", { headers: { authorization } }), 401, "unauthorized");
      const body = { order: "disconnect", reason: "a stranger" };
      expectProblem(await ask(url, "POST", `/v1/meters/${WALLET}/relay`, { body }), 401, "unauthorized");
      for (const authorization of ["Bearer correct-horse", "bearer correct-horse"])
        expect((await ask(url, "GET", "/v1/meters", { headers: { authorization, host: "gateway.example" } })).status).toBe(200);
      const commands = await ask(url, "GET", "/v1/commands", { headers: { authorization: "Bearer correct-horse" } });
      expect(itemsOf(commands)).toEqual([]);
    } finally {
      await locked.close();
    }
  });
});

test("when the database is gone, readiness names it, payments are refused, and both come back with it", async () => {
  const name = new URL(house.database.connectionString).pathname.slice(1);
  const admin = await Database.open({ connectionString: inject("postgres"), log: silentLog, connectionsMax: 1 });
  try {
    await admin.run(null, `ALTER DATABASE ${name} WITH ALLOW_CONNECTIONS false`);
    await admin.run(null, "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = $1", [name]);
    await admin.run(null, `ALTER DATABASE ${name} RENAME TO ${name}_away`);
    await untilTrue("readiness to notice", async () => (await get("/readyz")).status === 503);
    const { json } = await get("/readyz");
    expect(json["status"]).toBe("not-ready");
    const database = things(json["parts"]).find((part) => part["name"] === "database");
    expect(database).toMatchObject({ ready: false, why: expect.stringMatching(/\S/) as string });
    expect((await get("/healthz")).status).toBe(200);
    const body = { account: accountOf(WALLET), amount: "1.00", channel: "bank", orderId: "in-the-dark" };
    expectProblem(await ask(house.gateway.url, "POST", "/v1/payments", { body }), 503, "database-unreachable");
    await admin.run(null, `ALTER DATABASE ${name}_away RENAME TO ${name}`);
    await admin.run(null, `ALTER DATABASE ${name} WITH ALLOW_CONNECTIONS true`);
    await untilTrue("readiness to come back", async () => (await get("/readyz")).status === 200);
    expect((await ask(house.gateway.url, "POST", "/v1/payments", { body })).status).toBe(202);
  } finally {
    await admin.close();
  }
});
