/** `meterctl tariff`: what people read of a meter's tariff, with and without a gateway, and a push that needs a second person. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { accountOf, raiseTestHouse, type TestHouse } from "../support/test-house.ts";
import { environmentOf, keysOf, Person } from "../support/persons.ts";
import { meterctl } from "../cli/terminal.ts";

const RIGHT = "202611220411";
const WRONG = "202611220412";
const tariffs = [
  { id: "home", price: "0.5283" },
  { id: "dear", versions: [{ from: "2026-01-01", price: "0.6000" }] },
];
let house: TestHouse;
let folder: string;
let link: string;
const lin = new Person(() => house.gateway.url, "lin");
const zhao = new Person(() => house.gateway.url, "zhao");

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "tariff-show-"));
  house = await raiseTestHouse({
    replyDeadlineMs: 5_000, // a busy machine is no silent meter
    meters: [RIGHT, WRONG].map((address) => ({ address, balance: "50.00", loadKw: 0 })),
    site: {
      apiKeys: keysOf("lin", "zhao"),
      tariffPush: { approval: "two-persons" },
      tariffs,
      accounts: [{ account: accountOf(WRONG), tariff: "dear" }],
    },
    env: environmentOf("lin", "zhao"),
  });
  link = `tcp://127.0.0.1:${String(house.street.endpoints[0]!.at)}`;
}, 120_000);
afterAll(async () => {
  await house.close();
  rmSync(folder, { recursive: true });
});

const throughGateway = (...args: string[]) =>
  meterctl(["tariff", ...args, "--api", house.gateway.url], {
    GATEWAY_KEY: environmentOf("lin")["TEST_KEY_LIN"]!,
    LANG: "en_US",
  });

describe("what a meter has beside what the site file says", { timeout: 120_000 }, () => {
  test("ends with 0 where they agree", async () => {
    const said = await throughGateway("show", RIGHT);
    expect(said).toMatchObject({ code: 0, error: "" });
    expect(said.out).toMatch(/^site file: home from 2000-01-01 {2}agrees$/m);
    expect(said.out).not.toMatch(/≠/);
  });

  test("marks what differs, says what it should be, and ends with 1", async () => {
    const said = await throughGateway("show", WRONG);
    expect(said.code).toBe(1);
    expect(said.out).toMatch(
      /^≠ 040501FF {2}.*: 0\.5283 0\.5283 0\.5283 0\.5283\n {12}should be: 0\.6000 0\.6000 0\.6000 0\.6000$/m,
    );
  });

  test("speaks Chinese", async () => {
    const said = await throughGateway("show", WRONG, "--lang", "zh");
    expect(said.out).toMatch(/^执行套$/m);
    expect(said.out).toMatch(/应为: 0\.6000/);
  });

  test("is asked of the meter itself with --link, and held against a site file with --site", async () => {
    const alone = await meterctl(["tariff", "show", WRONG, "--link", link, "--json"]);
    expect(alone).toMatchObject({ code: 0, error: "" });
    expect(JSON.parse(alone.out)).toMatchObject({ tariff: null, agrees: null, running: { zones: 1, slots: 1 } });
    const site = join(folder, "site.json");
    const meters = [{ address: WRONG, bus: "tcp-1", model: "standard-wallet", account: accountOf(WRONG) }];
    const buses = [{ id: "tcp-1", transport: { kind: "tcp", host: "127.0.0.1", port: 1 } }];
    writeFileSync(site, JSON.stringify({ buses, meters, accounts: [{ account: accountOf(WRONG), tariff: "dear" }], tariffs }));
    const held = await meterctl(["tariff", "show", WRONG, "--link", link, "--site", site, "--json"]);
    expect(held.code).toBe(1);
    expect(JSON.parse(held.out)).toMatchObject({ tariff: "dear", agrees: false });
    expect((await meterctl(["tariff", "show", RIGHT, "--link", link, "--site", site])).code).toBe(2);
    expect((await meterctl(["tariff", "show", RIGHT, "--link", link, "--model", "none"])).code).toBe(2);
  });
});

describe("a push", { timeout: 120_000 }, () => {
  test("waits for a second person where the site wants two, and writes nothing until then", async () => {
    const said = await throughGateway("push", "dear", "2026-01-01", "--meter", WRONG, "--reason", "a new price", "--json");
    expect(said.code).toBe(0);
    const { command } = JSON.parse(said.out) as { command: { id: string; state: string; waitingFor: string } };
    expect(command).toMatchObject({ state: "accepted", waitingFor: "approval" });
    expect((await lin.post(`/v1/commands/${command.id}/approve`, { note: "it is mine" })).status).toBe(403);
    expect(house.street.frames(WRONG).some(({ hex }) => / 68 14 /.test(hex))).toBe(false);
    expect((await zhao.post(`/v1/commands/${command.id}/approve`, { note: "seen" })).status).toBe(200);
    const ended = await lin.until("its end", 60_000, async () => {
      const { body } = await lin.get(`/v1/commands/${command.id}`);
      return body["endedAt"] === null ? null : body;
    });
    expect(ended).toMatchObject({ state: "confirmed" });
  });

  test("of a tariff nobody knows, or of a day on which none begins, is refused with what there is", async () => {
    const said = await throughGateway("push", "dear", "2026-02-01", "--reason", "a new price");
    expect(said.code).toBe(1);
    expect(said.error).toMatch(/No such tariff/);
    expect((await throughGateway("push", "cheap", "2026-01-01")).code).toBe(1);
  });

  test("of a whole tariff tells how many meters and how far", async () => {
    const said = await throughGateway("push", "home", "2000-01-01", "--reason", "a new price");
    expect(said.out).toMatch(/^push home\.2000-01-01\..* {2}0 of 1 ended {2}1 accepted$/m);
  });
});
