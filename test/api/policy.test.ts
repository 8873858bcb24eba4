/** "Why was I cut?", "why was I not?", and exemptions: at the door, and at a terminal. */
import { afterAll, beforeAll, expect, test } from "vitest";
import { iso, later, minutes, systemClock } from "../../src/kernel/clock.ts";
import { silentLog } from "../../src/kernel/log.ts";
import { Database } from "../../src/stores/database.ts";
import { meterctl } from "../cli/terminal.ts";
import { accountOf, raiseTestHouse, type TestHouse } from "../support/test-house.ts";
import { aMoment, ask, aUuid, ended, expectProblem, itemsOf, thing, things, untilTrue, type Thing } from "./door.ts";

const METER = "202611220451";
const WALLET = "202611220452";
const ACCOUNT = accountOf(METER);

let house: TestHouse;
beforeAll(async () => {
  house = await raiseTestHouse({
    meters: [
      { address: METER, model: "remote-ledger", mode: "remote", loadKw: 6, energyKwh: "10.00" },
      { address: WALLET, balance: "50.00", loadKw: 0 },
    ],
    site: {
      policy: { mode: "live", restoreBy: "reconnect", noCut: { hours: "", weekends: false } },
      classes: { residential: { policy: { warn1: "33.00" } } },
      accounts: [{ account: ACCOUNT, name: "Flat 1", contact: "13800000000", policy: { forecastDays: 5 } }],
    },
  });
  house.street.pauseHouseholds();
  await house.gateway.pollAll();
});
afterAll(() => house.close());

const door = (method: string, path: string, body?: unknown) =>
  ask(house.gateway.url, method, path, body === undefined ? {} : { body });
const why = async (account = ACCOUNT): Promise<Thing> => (await door("GET", `/v1/accounts/${account}/why`)).json;
const codes = (of: Thing, name: string): readonly unknown[] => things(of[name]).map(({ code }) => code);
const exempt = (body: Thing) => door("POST", `/v1/accounts/${ACCOUNT}/exemptions`, body);
const inAYear = (): string => iso(later(systemClock.now(), minutes(60 * 24 * 300)));

test("an account in the ledger is told why it was not cut: who is exempt, by which rules, whose word each is", async () => {
  const made = await exempt({ kind: "important", until: inAYear(), reason: "a clinic" });
  expect(made.status).toBe(201);
  expect(made.json).toMatchObject({
    id: aUuid,
    kind: "important",
    holds: true,
    madeBy: "loopback",
    until: aMoment,
    endedAt: null,
  });
  house.street.resumeHouseholds();
  house.street.advance(minutes(20));
  house.street.pauseHouseholds();
  await house.gateway.pollAll();
  await untilTrue("the debt to be seen", async () => {
    const [newest] = things((await why())["decisions"]);
    return newest !== undefined && thing(newest["because"])["code"] === "exempt-important";
  });
  const told = await why();
  expect(told).toMatchObject({
    ...{ account: ACCOUNT, class: "residential", mode: "remote", meter: METER, at: aMoment },
    balance: { available: expect.stringMatching(/^-\d+\.\d\d$/) as string, held: "0.00", cutBelow: "0.00" },
    decision: { want: "as-is", because: { code: "exempt-important" }, nextAt: aMoment },
    reading: { item: "importedEnergy", takenAt: aMoment, source: "poll", validated: true, charged: true },
    relay: { reported: "connected", cutBy: null },
    notices: [],
    approvals: [],
    commands: [],
  });
  expect(codes(told, "blocks")).toEqual(["exempt-important"]);
  expect(thing(told["answer"])["en"]).toBe(
    "The balance is very low or used up. Not cut now, because exempt for a time: important customer.",
  );
  expect(thing(told["answer"])["zh"]).toContain("限期豁免:重要客户");
  const strategy = thing(told["strategy"]);
  const texts = things(strategy["rules"]).map(({ text }) => text);
  expect(texts).toEqual(
    expect.arrayContaining([
      "warn1 = 33.00 from class residential",
      `forecastDays = 5 from account ${ACCOUNT}`,
      "mode = live from site",
    ]),
  );
  expect(things(told["decisions"])[0]).toMatchObject({
    ...{ at: aMoment, want: "as-is", strategy: strategy["version"], shadow: false, command: null },
    facts: { relay: "connected", readAt: aMoment, exemptions: [{ kind: "important", until: aMoment }] },
  });
});

test("taken back, the account is cut; and the answer names the command with its frames, and is the one at a terminal", async () => {
  const [{ id } = {}] = itemsOf(await door("GET", `/v1/accounts/${ACCOUNT}/exemptions`));
  const ended_ = await door("DELETE", `/v1/accounts/${ACCOUNT}/exemptions/${String(id)}`);
  expect(ended_).toMatchObject({ status: 200, json: { holds: false, endedAt: aMoment, endedBy: "loopback" } });
  expectProblem(await door("DELETE", `/v1/accounts/${ACCOUNT}/exemptions/${String(id)}`), 409, "exemption-ended");
  await untilTrue("the supply to be cut", () => house.street.snapshot(METER).relay === "disconnected");
  await untilTrue("the cut to be known", async () => thing((await why())["relay"])["reported"] === "disconnected");
  const told = await why();
  expect(thing(told["answer"])).toEqual({
    en: "The supply is cut, because the credit is used up.",
    zh: "已跳闸:余额已用尽。",
  });
  const [cut] = things(told["commands"]);
  expect(cut).toMatchObject({ kind: "disconnect", reason: "credit-exhausted", frames: `/v1/commands/${String(cut!["id"])}` });
  await ended(house.gateway.url, cut!["id"]);
  const frames = await door("GET", String(cut!["frames"]));
  expect(things(things(frames.json["attempts"])[0]!["frames"]).length).toBeGreaterThan(0);
  const byDecision = things((await why())["decisions"]).find(({ command }) => command !== null);
  expect(byDecision).toMatchObject({ command: cut!["id"], stage: { code: "cut-due" }, blocks: [] });

  const said = await meterctl(["why", ACCOUNT], { GATEWAY_URL: house.gateway.url });
  expect(said.code).toBe(0);
  expect(said.out).toMatch(/^The supply is cut, because the credit is used up\.\n已跳闸:余额已用尽。/);
  expect(said.out).toContain("warn1 = 33.00 from class residential");
  expect(said.out).toContain(String(cut!["frames"]));
});

test("a guarantee given at a terminal brings the light back at once, whatever is owed", async () => {
  const run = (...args: string[]) => meterctl(["exempt", ACCOUNT, ...args], { GATEWAY_URL: house.gateway.url });
  const made = await run("--kind", "guarantee", "--until", inAYear(), "--reason", "examination week");
  expect(made).toMatchObject({ code: 0 });
  await untilTrue("the supply to be back", () => house.street.snapshot(METER).relay === "connected");
  expect((await run()).out).toMatch(/holds {2}guarantee[\s\S]*over {2}important/);
  const id = made.out.split(" ")[0]!;
  expect((await run("--end", id)).out).toMatch(/over {2}guarantee/);
  expect(await run("--kind", "medical")).toMatchObject({ code: 2 });
});

test("what is no exemption is refused: no end, one of yesterday, a kind that nobody knows, an account that nobody knows", async () => {
  expectProblem(await exempt({ kind: "medical", reason: "x" }), 400, "exemption-end");
  expectProblem(await exempt({ kind: "medical", reason: "x", until: "2020-01-01" }), 400, "exemption-end");
  expectProblem(await exempt({ kind: "friend", reason: "x", until: inAYear() }), 400, "invalid-request");
  expectProblem(await exempt({ kind: "medical", reason: " \t", until: inAYear() }), 400, "invalid-request");
  expectProblem(await door("GET", "/v1/accounts/nobody/why"), 404, "unknown-account");
  expectProblem(await door("GET", "/v1/accounts/nobody/exemptions"), 404, "unknown-account");
});

test("blanks are no reason: not for an exemption, an entry, an order, a correction or a look at a dispute", async () => {
  const reason = "          ";
  for (const [path, body] of [
    [`/v1/meters/${METER}/entries`, { kind: "accept", reason }],
    [`/v1/meters/${METER}/relay`, { order: "warn", reason }],
    [`/v1/accounts/${ACCOUNT}/corrections`, { amount: "1.00", against: "adjustments", reason }],
    [`/v1/commands/01890000-0000-7000-8000-000000000000/resolve`, { verdict: "done", note: reason }],
    [`/v1/exceptions/01890000-0000-7000-8000-000000000000/close`, { note: reason }],
  ] as const)
    expectProblem(await door("POST", path, body), 400, "invalid-request");
});

test("a wallet in a meter is cut by itself, and the answer says so", async () => {
  const told = await why(accountOf(WALLET));
  expect(told).toMatchObject({ mode: "local", decision: null, blocks: [], relay: null });
  expect(thing(told["answer"])["en"]).toContain("wallet in the meter");
  expect(told).toMatchObject({ reading: { item: "importedEnergy", validated: true, charged: null }, doubted: null });
  const said = await meterctl(["why", accountOf(WALLET)], { GATEWAY_URL: house.gateway.url });
  expect(said.out).toMatch(/^reading +\S+ kWh/m);
  expect(said.out).not.toContain("charged");
});

test("the strategies in force are kept, with who brought them", async () => {
  const db = await Database.open({ connectionString: house.database.connectionString, log: silentLog, connectionsMax: 1 });
  try {
    const rows = await db.rows<{ scope: string }>(null, "SELECT scope FROM strategies ORDER BY id");
    expect(rows.map(({ scope }) => scope)).toEqual(["site", "class residential", `account ${ACCOUNT}`]);
    const audited = await db.rows(null, "SELECT who FROM audit_rows WHERE what = 'strategy.added'");
    expect(audited).toHaveLength(3);
  } finally {
    await db.close();
  }
});
