/** `meterctl import payments`: checked whole, sent once, followed to the end, and safe to repeat. Against a real house. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parse } from "csv-parse/sync";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { accountOf, raiseTestHouse, type TestHouse } from "../../support/test-house.ts";
import { ask, expectProblem, itemsOf, thing, things, type Thing } from "../../api/door.ts";
import { main } from "../../../src/cli/meterctl.ts";
import { meterctl, type Said } from "../terminal.ts";

const METERS = Array.from({ length: 12 }, (_, n) => `2026112205${String(n).padStart(2, "0")}`);
const REMOTE = "202611220590";
const TEST_KEYS = "202611220591"; // carries test keys: it may not take money
const LATE = "202611220592"; // silent until it is told to speak

let house: TestHouse;
let folder: string;
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "fee-control-import-"));
  house = await raiseTestHouse({
    meters: [
      ...METERS.map((address) => ({ address, balance: "10.00" })),
      { address: REMOTE, model: "remote-ledger", mode: "remote" as const },
      { address: TEST_KEYS, keyState: "test" as const },
      { address: LATE, balance: "10.00" },
    ],
    site: { channels: [{ name: "counter" }, { name: "bank" }] },
  });
  house.street.pauseHouseholds();
});
afterAll(async () => {
  await house.close();
  rmSync(folder, { recursive: true, force: true });
});

const call = (...args: string[]): Promise<Said> => meterctl(["import", "payments", ...args], { GATEWAY_URL: house.gateway.url });
const fileOf = (name: string, lines: readonly string[]): string => {
  const path = join(folder, name);
  writeFileSync(path, ["account,amount,channel,orderId", ...lines, ""].join("\n"));
  return path;
};
const resultOf = (path: string): readonly Record<string, string>[] =>
  parse(readFileSync(path.replace(".csv", ".result.csv")), { bom: true, columns: true });
const post = (path: string, body: unknown, headers = {}) => ask(house.gateway.url, "POST", path, { body, headers });

describe("an import", () => {
  test("whose result file cannot be written sends nothing, and says so", async () => {
    const path = fileOf("no-place.csv", [`${accountOf(METERS[0]!)},20.00,counter,nowhere-1`]);
    const said = await call(path, "--result", join(folder, "no-such-folder", "r.csv"));
    expect({ code: said.code, error: said.error }).toEqual({
      code: 2,
      error: expect.stringMatching(
        /The result file cannot be written: .*Nothing was sent\. Name another place with --result/,
      ) as string,
    });
    const { json } = await ask(house.gateway.url, "POST", "/v1/payments/lookup", {
      body: { orders: [{ channel: "counter", orderId: "nowhere-1" }] },
    });
    expect(things(json["items"])[0]).toMatchObject({ payment: null });
  });

  test("takes every line once, follows it to the meter, and writes outcome and proof; the same file again pays nothing", async () => {
    const lines = METERS.map((address, n) => `${accountOf(address)},${20 + n}.00,counter,day-1-${n}`);
    const path = fileOf("day-1.csv", [...lines, `${accountOf(REMOTE)},5.00,bank,day-1-r`]);
    const first = await call(path);
    expect({ code: first.code, out: first.out }).toEqual({
      code: 0,
      out: expect.stringMatching(/13 {2}confirmed 已到账/) as string,
    });
    expect(first.error).toMatch(/sending.*100 %.*13 of 13/);
    const rows = resultOf(path);
    expect(rows).toHaveLength(13);
    expect(rows[0]).toMatchObject({
      line: "2",
      outcome: "allocated",
      state: "confirmed",
      countBefore: "0",
      countAfter: "1",
      balanceBefore: "10.00",
      balanceAfter: "30.00",
      verified: expect.stringMatching(/^20/) as string,
    });
    expect(rows[12]).toMatchObject({ outcome: "allocated", command: "" });

    const again = await call(path);
    expect(again.code).toBe(0);
    expect(resultOf(path)).toEqual(rows);
    for (const [n, address] of METERS.entries())
      expect(house.street.snapshot(address)).toMatchObject({ purchaseCount: 1, balance: `${30 + n}.00` });
  });

  test("sends nothing while a line is in doubt, and names each by line and column: 2", async () => {
    const path = fileOf("doubt.csv", [
      `${accountOf(METERS[0]!)},1.00,counter,doubt-1`,
      `4711,1.00,counter,doubt-2`,
      `${accountOf(METERS[1]!)},1.005,counter,doubt-3`,
      `${accountOf(METERS[1]!)},1.00,shop,doubt-4`,
      `${accountOf(METERS[1]!)},60000.00,counter,doubt-5`,
      `${accountOf(METERS[1]!)},77.00,counter,day-1-1`,
    ]);
    const said = await call(path);
    expect(said.code).toBe(2);
    for (const place of [
      /line 3, column account: unknown-account/,
      /line 4, column amount: amount-malformed/,
      /line 5, column channel: unknown-channel/,
      /line 6, column amount: amount-above-cap/,
      /line 7, column orderId: order-conflict/,
    ])
      expect(said.error).toMatch(place);
    expect(said.error).toMatch(/Nothing was sent.*--skip-faulty/);
    expect(resultOf(path).map(({ outcome }) => outcome)).toEqual(["not-sent", "faulty", "faulty", "faulty", "faulty", "faulty"]);
    expect(itemsOf(await post("/v1/payments/lookup", { orders: [{ channel: "counter", orderId: "doubt-1" }] }))).toEqual([
      { payment: null, command: null, problem: null },
    ]);

    const rest = await call(path, "--skip-faulty");
    expect(rest.code).toBe(1);
    expect(resultOf(path).map(({ outcome }) => outcome)).toEqual(["allocated", "faulty", "faulty", "faulty", "faulty", "faulty"]);
  });

  test("a meter that says no, and one that is silent: told apart, 1, and finished by the next run", async () => {
    house.street.setFault(LATE, { kind: "silence" });
    const path = fileOf("mixed.csv", [
      `${accountOf(TEST_KEYS)},5.00,counter,mixed-1`,
      `${accountOf(LATE)},5.00,counter,mixed-2`,
      `${accountOf(METERS[2]!)},5.00,counter,mixed-3`,
    ]);
    const handed = await call(path, "--follow-minutes", "0");
    expect(handed.code).toBe(0);
    const stop = new AbortController();
    const errors: string[] = [];
    const following = main(["import", "payments", path], {
      out: () => undefined,
      error: (text) => {
        errors.push(text);
        if (/waiting for: meter-online 1/.test(text) && /2 of 3/.test(text)) stop.abort();
      },
      env: { GATEWAY_URL: house.gateway.url },
      stop: stop.signal,
    });
    expect(await following).toBe(1);
    expect(errors.join("\n")).toMatch(/What was taken goes on by itself/);
    expect(resultOf(path).map(({ outcome, why }) => `${outcome} ${why}`)).toEqual([
      "unallocated key-state",
      "open meter-online",
      "allocated ",
    ]);
    house.street.clearFaults(LATE);
    const last = await call(path);
    expect(last.code).toBe(1); // one line was refused by its meter for good
    expect(resultOf(path).map(({ outcome }) => outcome)).toEqual(["unallocated", "allocated", "allocated"]);
    expect(house.street.snapshot(LATE)).toMatchObject({ purchaseCount: 1, balance: "15.00" });
  });

  test("--json prints one object; a file that is not there: 2", async () => {
    const said = await call(fileOf("json.csv", [`${accountOf(METERS[3]!)},1.00,counter,json-1`]), "--json");
    expect(JSON.parse(said.out)).toMatchObject({ lines: 1, outcomes: { allocated: 1 }, complaints: [], stopped: false });
    expect((await call(join(folder, "nowhere.csv"))).code).toBe(2);
  });
});

describe("the batch behind it", () => {
  const good = (orderId: string, changes: Thing = {}): Thing => ({
    account: accountOf(METERS[4]!),
    amount: "1.00",
    channel: "counter",
    orderId,
    ...changes,
  });

  test("answers each item by itself, in order, and a repeat with what it is now", async () => {
    const items = [good("b-1"), good("b-2", { account: "4711" }), { amount: "x" }, good("b-3"), good("b-1")];
    const answer = await post("/v1/payments/batch", { items });
    expect(answer.status).toBe(200);
    const got = itemsOf(answer).map(({ payment, problem }) =>
      problem === null ? thing(payment)["orderId"] : thing(problem)["code"],
    );
    expect(got).toEqual(["b-1", "unknown-account", "invalid-request", "b-3", "b-1"]);
    const [first, , , , twin] = itemsOf(answer);
    expect(thing(twin!["payment"])["id"]).toBe(thing(first!["payment"])["id"]);
  });

  test("check writes nothing, and says what is taken already", async () => {
    const answer = await post("/v1/payments/batch", { items: [good("c-1"), good("b-1")], check: true });
    expect(itemsOf(answer).map(({ payment }) => payment !== null)).toEqual([false, true]);
    const looked = await post("/v1/payments/lookup", { orders: [{ channel: "counter", orderId: "c-1" }] });
    expect(things(looked.json["items"])).toEqual([{ payment: null, command: null, problem: null }]);
  });

  test("no items, too many, and a key that means nothing here are refused", async () => {
    expectProblem(await post("/v1/payments/batch", { items: [] }), 400, "invalid-request");
    expectProblem(await post("/v1/payments/batch", { items: Array.from({ length: 1_001 }, () => ({})) }), 400, "invalid-request");
    expectProblem(await post("/v1/payments/batch", { items: [good("d-1")] }, { "idempotency-key": "k" }), 400, "invalid-request");
  });
});
