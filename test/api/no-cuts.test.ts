/** Bad weather and outages said at the door and at a terminal, on a real street: a cut that waits for its line does not leave any more. */
import { afterAll, beforeAll, expect, test } from "vitest";
import { hours, iso, later, minutes, systemClock } from "../../src/kernel/clock.ts";
import { meterctl, type Said } from "../cli/terminal.ts";
import { accountOf, raiseTestHouse, type TestHouse } from "../support/test-house.ts";
import { aMoment, ask, aUuid, expectProblem, itemsOf, thing, things, until, untilTrue, type Answer, type Thing } from "./door.ts";

const METER = "202611220481";
const ACCOUNT = accountOf(METER);
const KEYS = { chief: undefined, front: ["restore"], cutter: ["cut"], second: ["approve"], till: ["money"] } as const;
type Who = keyof typeof KEYS;

let house: TestHouse;
beforeAll(async () => {
  house = await raiseTestHouse({
    meters: [{ address: METER, model: "remote-ledger", mode: "remote", loadKw: 6, energyKwh: "10.00" }],
    site: {
      policy: { mode: "live", restoreBy: "reconnect", noCut: { hours: "", weekends: false } },
      apiKeys: Object.entries(KEYS).map(([name, may]) => ({
        ...{ name, secret: `env:KEY_OF_${name}` },
        ...(may === undefined ? {} : { may: [...may] }),
      })),
    },
    env: Object.fromEntries(Object.keys(KEYS).map((name) => [`KEY_OF_${name}`, `secret of ${name}`])),
  });
  house.street.pauseHouseholds();
  await house.gateway.pollAll();
});
afterAll(() => house.close());

const door = (who: Who, method: string, path: string, body?: unknown): Promise<Answer> =>
  ask(house.gateway.url, method, path, {
    ...(body === undefined ? {} : { body }),
    headers: { authorization: `Bearer secret of ${who}` },
  });
const call = (who: Who, ...args: string[]): Promise<Said> =>
  meterctl(args, { GATEWAY_URL: house.gateway.url, GATEWAY_KEY: `secret of ${who}` });
const inHours = (n: number): string => iso(later(systemClock.now(), hours(n)));
const why = async (): Promise<Thing> => (await door("chief", "GET", `/v1/accounts/${ACCOUNT}/why`)).json;
const cutsAsked = async (): Promise<readonly Thing[]> => itemsOf(await door("chief", "GET", "/v1/commands?kind=disconnect"));

test("whoever may repair, cut or approve says it; who may only take money does not, and only who may cut ends it", async () => {
  const body = { kind: "bad-weather", until: inHours(6), reason: "typhoon" };
  expectProblem(await door("till", "POST", "/v1/no-cuts", body), 403, "not-permitted");
  for (const who of ["front", "cutter", "second"] as const) {
    const said = await door(who, "POST", "/v1/no-cuts", body);
    expect(said.json).toMatchObject({
      ...{ id: aUuid, kind: "bad-weather", scope: "site", state: "standing", saidBy: who, reason: "typhoon" },
      ...{ from: aMoment, until: aMoment, saidAt: aMoment, endedAt: null, endedBy: null, endReason: null },
    });
    const end = `/v1/no-cuts/${String(said.json["id"])}/end`;
    for (const other of ["front", "second", "till"] as const)
      expectProblem(await door(other, "POST", end, { reason: "clear" }), 403, "not-permitted");
    expect(await door("cutter", "POST", end, { reason: "clear" })).toMatchObject({
      status: 200,
      json: { state: "past", endedAt: aMoment, endedBy: "cutter", endReason: "clear" },
    });
    expectProblem(await door("cutter", "POST", end, { reason: "clear" }), 409, "no-cut-over");
  }
});

test("what cannot be so is refused, and named: no end, one too far away, a place that nobody has, blanks for a reason", async () => {
  const said = (body: Thing): Promise<Answer> =>
    door("chief", "POST", "/v1/no-cuts", { kind: "bad-weather", reason: "x", ...body });
  expectProblem(await said({}), 400, "no-cut-span");
  expectProblem(await said({ until: 7 }), 400, "no-cut-span");
  expectProblem(await said({ until: inHours(24 * 7 + 1) }), 400, "no-cut-span");
  expectProblem(await said({ until: inHours(6), from: "tomorrow" }), 400, "no-cut-span");
  expectProblem(await said({ until: inHours(6), bus: "tcp-9" }), 404, "unknown-no-cut-scope");
  expectProblem(await said({ until: inHours(6), kind: "mood" }), 400, "invalid-request");
  expectProblem(await said({ until: inHours(6), reason: "   " }), 400, "invalid-request");
  expect(itemsOf(await door("chief", "GET", "/v1/no-cuts?state=standing"))).toEqual([]);
});

test("said while a cut waits in its line, that does not leave; why names by whom and until when, in both languages", async () => {
  house.street.resumeHouseholds();
  house.street.advance(minutes(20));
  house.street.pauseHouseholds();
  const said = await call("front", "no-cut", "weather", "--until", inHours(6), "--reason", "typhoon");
  expect(said).toMatchObject({ code: 0, out: expect.stringMatching(/standing {2}bad-weather {2}site/) as string });
  await house.gateway.pollAll();
  const isHeld = (decision: Thing): boolean => thing(decision["because"])["code"] === "bad-weather";
  await untilTrue("the debt to be seen", async () => things((await why())["decisions"]).some(isHeld));
  expect(await cutsAsked()).toEqual([]);

  const busy = await house.gateway.street.hold();
  const [id] = said.out.split(" ");
  expect(await call("cutter", "no-cut", "end", id!, "--reason", "the sky is clear")).toMatchObject({ code: 0 });
  const waiting = await until("the cut to wait", async () => (await cutsAsked())[0] ?? null);
  await untilTrue("it to stand at the line", () => house.gateway.street.buses()[0]!.waiting > 0);
  const again = await door("front", "POST", "/v1/no-cuts", {
    kind: "bad-weather",
    until: inHours(3),
    reason: "it is back",
    bus: "tcp-1",
  });
  expect(again).toMatchObject({ status: 201, json: { scope: "bus tcp-1" } });
  busy();
  const cut = await until("the cut to end", async () => {
    const { json } = await door("chief", "GET", `/v1/commands/${String(waiting["id"])}`);
    return json["state"] === "cancelled" ? json : null;
  });
  expect(cut).toMatchObject({ because: "bad-weather", attempts: [], proof: { sent: null } });
  expect(house.street.snapshot(METER)).toMatchObject({ relay: "connected", obeyed: { disconnects: 0 } });

  const told = await why();
  expect(thing(told["answer"])["en"]).toMatch(
    /Not cut now, because the weather is bad: said by front, until \d{4}-\d\d-\d\d \d\d:\d\d \(it is back\)\.$/,
  );
  expect(thing(told["answer"])["zh"]).toMatch(/恶劣天气:由 front 登记,至 .*\(it is back\)。$/);
  expect(told["noCuts"]).toMatchObject([{ id: again.json["id"], state: "standing", saidBy: "front" }]);
  const decision = await until("the rules to look again", async () => {
    const [newest] = things((await why())["decisions"]);
    return newest !== undefined && isHeld(newest) ? newest : null;
  });
  expect(decision).toMatchObject({
    because: { code: "bad-weather" },
    facts: { noCuts: [{ kind: "bad-weather", scope: "bus tcp-1", saidBy: "front", from: aMoment, until: aMoment }] },
  });
});

test("who pays in bad weather is not held up, and an outage of next month is only coming", async () => {
  const said = await call(
    ...(["second", "no-cut", "maintenance", "--from", inHours(24 * 30), "--until", inHours(24 * 30 + 6)] as const),
    ...["--reason", "cable of street 4", "--feeder", "tcp-1", "--json"],
  );
  expect(JSON.parse(said.out)).toMatchObject({ kind: "maintenance", state: "coming", scope: "feeder tcp-1" });
  expect(await call("chief", "relay", METER, "disconnect", "--reason", "by hand")).toMatchObject({ code: 0 });
  await untilTrue("a person's cut", () => house.street.snapshot(METER).relay === "disconnected");
  expect(await call("chief", "relay", METER, "reconnect", "--reason", "by hand")).toMatchObject({ code: 0 });
  await untilTrue("the light", () => house.street.snapshot(METER).relay === "connected");
  expect((await call("till", "no-cut")).out).toMatch(
    /coming {2}maintenance[\s\S]*standing {2}bad-weather {2}bus tcp-1[\s\S]*past/,
  );
  expect(await call("till", "no-cut", "list", "--state", "soon")).toMatchObject({ code: 2 });
  expect(await call("till", "no-cut", "weather", "--reason", "x")).toMatchObject({ code: 2 });
  const page = await door("till", "GET", "/v1/no-cuts?limit=2");
  expect(page.json["now"]).toEqual(aMoment);
  expect([itemsOf(page).length, page.json["next"]]).toEqual([2, aUuid]);
});

test("both ends of it stand in the audit, by the names of their keys", async () => {
  const rows = itemsOf(await door("chief", "GET", "/v1/audit?limit=1000")).filter(({ subject }) =>
    String(subject).startsWith("nocut"),
  );
  const told = rows.map(({ who, what }) => `${String(who)} ${String(what)}`);
  expect(told).toContain("front nocut.added");
  expect(told).toContain("cutter nocut.changed");
});
