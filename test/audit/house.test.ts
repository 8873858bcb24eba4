/** The audit and the receipts in a whole house: a real top-up over real TCP, asked for through the door with a key. */
import { existsSync, readFileSync, statSync, writeFileSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { main } from "../../src/cli/meterctl.ts";
import { publicKeysOf } from "../../src/receipts/keys.ts";
import { verified } from "../../src/receipts/sign.ts";
import { ask, itemsOf, thing, things, until, type Answer, type Thing } from "../api/door.ts";
import { accountOf, raiseTestHouse, type TestHouse } from "../support/test-house.ts";

const METER = "202611220001";
const KEY = "a key of the till that nobody guesses";

let house: TestHouse;
let folder: string;
let data: string;
let command: string;
let payment: string;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "audit-house-"));
  data = join(folder, "data");
  writeFileSync(join(folder, "till"), KEY, { mode: 0o600 });
  house = await raiseTestHouse({
    meters: [{ address: METER }],
    site: { apiKeys: [{ name: "till-3", secret: `file:${join(folder, "till")}` }] },
    data,
  });
  const paid = await call("POST", "/v1/payments", {
    account: accountOf(METER),
    amount: "100.00",
    channel: "bank",
    orderId: "41",
  });
  expect(paid.status).toBe(202);
  payment = String(thing(paid.json["payment"])["id"]);
  command = String(thing(paid.json["command"])["id"]);
  await until("the top-up is confirmed", async () =>
    (await call("GET", `/v1/commands/${command}`)).json["state"] === "confirmed" ? true : null,
  );
});
afterAll(async () => {
  await house.close();
  rmSync(folder, { recursive: true, force: true });
});

const call = (method: string, path: string, body?: unknown): Promise<Answer> =>
  ask(house.gateway.url, method, path, { ...(body === undefined ? {} : { body }), headers: { authorization: `Bearer ${KEY}` } });
const subject = async (name: string): Promise<readonly Thing[]> =>
  itemsOf(await call("GET", `/v1/audit?subject=${encodeURIComponent(name)}`)).toReversed();

async function verify(): Promise<{ code: number; out: string }> {
  let out = "";
  const terminal = {
    out: (text: string) => void (out += text),
    error: (text: string) => void (out += text),
    env: { GATEWAY_DATA: data },
  };
  return { code: await main(["audit", "verify", "--database", house.database.connectionString], terminal), out };
}

test("every step of a top-up stands in the audit, under the name of the key that asked for it", async () => {
  const steps = (await subject(`command/${command}`)).map(({ what, who }) => [what, String(who).split(" ")[0]]);
  expect(steps[0]).toEqual(["command.accepted", "till-3"]);
  expect(steps.at(-1)).toEqual(["command.ended", "gateway"]);
  expect(steps.map(([what]) => what)).toContain("command.sent");
  expect((await subject(`payment/${payment}`))[0]).toMatchObject({ what: "payment.taken", who: "till-3", before: null });
  const entries = itemsOf(await call("GET", "/v1/audit?what=ledger.entry"));
  expect(entries).toHaveLength(3); // payment, hold, settle
  expect(thing(entries[0]!["after"])).toMatchObject({ kind: "settle", positions: { [`held/${accountOf(METER)}`]: 0 } });
});

test("the receipt of a top-up tells the whole story, and is verified with the public key alone", async () => {
  const answer = await call("GET", `/v1/commands/${command}/receipt`);
  expect(answer.status).toBe(200);
  const key = await call("GET", "/v1/receipts/key");
  const verdict = verified(answer.text, publicKeysOf(JSON.stringify(key.json)));
  expect(verdict).toMatchObject({ valid: true, key: key.json["id"] });
  const receipt = answer.json;
  expect(thing(receipt["payment"])).toMatchObject({ id: payment, amount: "100.00", channel: "bank", orderId: "41" });
  expect(thing(receipt["meter"])).toMatchObject({ before: { count: 0 }, after: { count: 1 } });
  expect(things(receipt["entries"]).map(({ kind }) => kind)).toEqual(["payment", "hold", "settle"]);
  const [attempt] = things(receipt["attempts"]);
  const meanings = things(attempt!["frames"]).map(({ meaning }) => String(meaning));
  expect(meanings.length).toBeGreaterThan(3);
  for (const meaning of meanings) expect(meaning).toMatch(/^[→←] \d{12} \w/);
  const rows = things(thing(receipt["audit"])["rows"]);
  expect(rows.length).toBeGreaterThan(8);
  for (const { sequence } of rows) expect(Number(sequence)).toBeGreaterThan(0);
  const ofPayment = await call("GET", `/v1/payments/${payment}/receipt`);
  expect(thing(ofPayment.json["command"])["id"]).toBe(command);
  expect((await call("GET", `/v1/commands/${payment}/receipt`)).json["code"]).toBe("unknown-command");
});

test("a relay order has a receipt of the same form", async () => {
  const ordered = await call("POST", `/v1/meters/${METER}/relay`, { order: "warn", reason: "low credit" });
  const id = String(thing(ordered.json["command"])["id"]);
  await until("the order has ended", async () =>
    (await call("GET", `/v1/commands/${id}`)).json["endedAt"] === null ? null : true,
  );
  const receipt = (await call("GET", `/v1/commands/${id}/receipt`)).json;
  expect(thing(receipt["command"])).toMatchObject({ kind: "warn", reason: "low credit", amount: null });
  expect(receipt).toMatchObject({ payment: null, entries: [] });
});

test("meterctl fetches the very bytes that were signed", async () => {
  const file = join(folder, "receipt.json");
  const terminal = { out: () => undefined, error: () => undefined, env: { GATEWAY_URL: house.gateway.url, GATEWAY_KEY: KEY } };
  expect(await main(["receipt", command, "--out", file], terminal)).toBe(0);
  const key = await call("GET", "/v1/receipts/key");
  expect(verified(readFileSync(file, "utf8"), publicKeysOf(JSON.stringify(key.json))).valid).toBe(true);
});

test("permissions and the site's settings stand in the audit, secrets as digests, and the same site starts without a word", async () => {
  const prefix = String((await call("GET", "/v1/audit?what=permission.changed")).text.match(/config\/[0-9a-f]{8}\//)?.[0]);
  const [permission] = await subject(`${prefix}apiKeys/till-3`);
  expect(permission).toMatchObject({
    what: "permission.changed",
    before: null,
    because: "as read from the site file at the start",
  });
  expect(JSON.stringify(permission)).not.toContain(KEY);
  expect(thing(thing(permission!["after"])["secret"])).toEqual({ secret: expect.stringMatching(/^[0-9a-f]{64}$/) as string });
  const before = itemsOf(await call("GET", "/v1/audit?what=config.changed&limit=1000")).length;
  expect(before).toBeGreaterThan(10);
  await house.restart();
  expect(itemsOf(await call("GET", "/v1/audit?what=config.changed&limit=1000"))).toHaveLength(before);
  expect(await subject(`meter/${METER}`).then((rows) => rows.filter(({ what }) => what === "meter.book").length)).toBe(1);
});

test("the house's own books are found sound, with the heads that it noted, while it runs", async () => {
  const file = join(data, "audit-heads.jsonl");
  expect(existsSync(file)).toBe(true);
  expect(statSync(file).mode & 0o777).toBe(0o600);
  const { code, out } = await verify();
  expect(out).toMatch(/^OK {2}\d+ links/);
  expect(code).toBe(0);
  await until("everything is sealed", async () =>
    thing((await call("GET", "/v1/audit/head")).json["waiting"])["rows"] === 0 ? true : null,
  );
  expect((await call("GET", "/v1/audit/head")).json).toMatchObject({
    hash: expect.stringMatching(/^[0-9a-f]{64}$/) as string,
    trouble: null,
  });
});

test("the audit is asked page by page, newest first, and never without a key", async () => {
  const first = await call("GET", "/v1/audit?limit=3");
  const second = await call("GET", `/v1/audit?limit=3&cursor=${String(first.json["next"])}`);
  const ids = [...itemsOf(first), ...itemsOf(second)].map(({ id }) => Number(id));
  expect(ids).toEqual(ids.toSorted((a, b) => b - a));
  expect(new Set(ids).size).toBe(6);
  expect(itemsOf(await call("GET", "/v1/audit?since=2099-01-01T00:00:00Z"))).toEqual([]);
  for (const path of ["/v1/audit", "/v1/audit/head", `/v1/commands/${command}/receipt`, "/v1/receipts/key"])
    expect((await ask(house.gateway.url, "GET", path)).status, path).toBe(401);
});
