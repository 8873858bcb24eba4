/** What holds cuts back, at the door and at a terminal: a list of a real street before two persons, an emergency stop, what /readyz and figures say. */
import { afterAll, beforeAll, expect, test } from "vitest";
import { minutes } from "../../src/kernel/clock.ts";
import { meterctl, type Said } from "../cli/terminal.ts";
import { accountOf, raiseTestHouse, type TestHouse } from "../support/test-house.ts";
import { ask, aMoment, aUuid, expectProblem, itemsOf, thing, things, until, untilTrue, type Answer, type Thing } from "./door.ts";

const METERS = Array.from({ length: 4 }, (_, n) => String(202611220471 + n));
const [FIRST, SECOND, , KEY] = METERS as [string, string, string, string];

let house: TestHouse;
beforeAll(async () => {
  house = await raiseTestHouse({
    meters: METERS.map((address) => ({ address, model: "remote-ledger", mode: "remote", loadKw: 6, energyKwh: "10.00" })),
    site: {
      apiKeys: ["anna", "bo"].map((name) => ({ name, secret: `env:KEY_OF_${name}` })),
      accounts: [{ account: accountOf(KEY), class: "key" }],
      classes: { key: { policy: { protected: true } } },
      policy: {
        ...{ mode: "live", restoreBy: "reconnect", noCut: { hours: "", weekends: false } },
        guardRails: { approval: { above: 2, floor: 2 }, canary: 1 },
      },
    },
    env: { KEY_OF_anna: "secret of anna", KEY_OF_bo: "secret of bo" },
  });
  house.street.pauseHouseholds();
  await house.gateway.pollAll();
});
afterAll(() => house.close());

const door = (who: "anna" | "bo", method: string, path: string, body?: unknown): Promise<Answer> =>
  ask(house.gateway.url, method, path, {
    ...(body === undefined ? {} : { body }),
    headers: { authorization: `Bearer secret of ${who}` },
  });
const call = (who: "anna" | "bo", ...args: string[]): Promise<Said> =>
  meterctl(args, { GATEWAY_URL: house.gateway.url, GATEWAY_KEY: `secret of ${who}` });
const cutsAsked = async (): Promise<readonly Thing[]> => itemsOf(await door("anna", "GET", "/v1/commands?kind=disconnect"));
const dark = (): readonly string[] => METERS.filter((meter) => house.street.snapshot(meter).relay === "disconnected");

test("three debtors of four are one too many: a list for two persons, told at /readyz, as an item and by a dry run", async () => {
  house.street.resumeHouseholds();
  house.street.advance(minutes(20));
  house.street.pauseHouseholds();
  await house.gateway.pollAll();
  const list = await until("the list", async () => itemsOf(await door("anna", "GET", "/v1/cuts/batches"))[0] ?? null);
  expect(list).toMatchObject({
    id: aUuid,
    state: "proposed",
    proposedBy: "rules",
    first: null,
    second: null,
    proposedAt: aMoment,
  });
  expect(await cutsAsked()).toEqual([]);
  const state = (await door("anna", "GET", "/v1/cuts")).json;
  expect(state).toMatchObject({ stop: null, brake: null, rails: { meters: 4, approvalAbove: 2, brakeAbove: 10 } });
  const ready = await door("anna", "GET", "/readyz");
  expect(things(ready.json["parts"]).find(({ name }) => name === "cuts")).toMatchObject({
    ...{ ready: true, degraded: true, nameZh: "跳闸保护", next: expect.stringContaining("two persons") as string },
  });
  expect((await door("anna", "GET", "/metrics")).text).toMatch(/^fee_control_cut_batches_waiting 1$/m);
  const [item] = itemsOf(await door("anna", "GET", "/v1/exceptions?kind=cut-batch"));
  expect(item).toMatchObject({ state: "open", because: "approval", nextStep: { zh: expect.stringContaining("两人") as string } });
  const words = await door("anna", "POST", `/v1/exceptions/${String(item!["id"])}/close`, { note: "somebody will look" });
  expectProblem(words, 409, "exception-stands");
  const preview = (await door("anna", "GET", "/v1/cuts/preview?sort=meter&order=asc")).json;
  expect(preview).toMatchObject({ meters: 4, due: 3, held: 1, sharePercent: 75, needsApproval: true });
  expect(things(preview["items"]).map(({ meter, due, held }) => [meter, due, held])).toEqual([
    ...METERS.slice(0, 3).map((meter) => [meter, true, ["approval"]]),
    [KEY, false, ["class-protected"]],
  ]);
  const csv = await door("anna", "GET", "/v1/cuts/preview?format=csv&due=true");
  expect(csv.type).toMatch(/^text\/csv/);
  expect(csv.text.trimEnd().split("\r\n")).toHaveLength(4);
  const why = (await door("anna", "GET", `/v1/accounts/${accountOf(FIRST)}/why`)).json;
  expect(thing(why["answer"])["zh"]).toContain("须双人审批");
  const said = await call("anna", "cuts", "--dry-run");
  expect(said.out).toMatch(/3 of 4 would be cut \(75 %\).*\n.*two persons needed: yes/);
});

test("is not begun by one person saying yes twice, and is by the second: the canary first, then the others", async () => {
  const [{ id }] = itemsOf(await door("anna", "GET", "/v1/cuts/batches")) as [Thing];
  const path = `/v1/cuts/batches/${String(id)}`;
  expectProblem(await door("anna", "POST", `${path}/approve`, { note: "seen", members: 9 }), 409, "cut-batch-changed");
  expect((await door("anna", "POST", `${path}/approve`, { note: "seen", members: 3 })).status).toBe(200);
  expectProblem(await door("anna", "POST", `${path}/approve`, { note: "seen" }), 403, "two-persons-needed");
  const begun = await call("bo", "cut-batch", String(id), "--approve", "--note", "compared with the bank");
  expect(begun).toMatchObject({ code: 0, out: expect.stringMatching(/first anna, second bo/) as string });
  const whole = await until(
    "the end of the list",
    async () => {
      const { json } = await door("anna", "GET", path);
      return json["state"] === "done" ? json : null;
    },
    60_000,
  );
  expect(whole["counts"]).toEqual({ cut: 3 });
  expect(things(whole["members"]).filter(({ canary }) => canary === true)).toHaveLength(1);
  expect(dark()).toEqual(METERS.slice(0, 3));
  expect(itemsOf(await door("anna", "GET", "/v1/exceptions?kind=cut-batch&state=open"))).toEqual([]);
  expectProblem(await door("bo", "POST", `${path}/decline`, { note: "late" }), 409, "cut-batch-over");
  const why = (await door("anna", "GET", `/v1/accounts/${accountOf(FIRST)}/why`)).json;
  expect(why["approvals"], "who was asked, and who said yes").toMatchObject([
    { batch: id, kind: "disconnect", askedBy: "anna", by: "bo", at: aMoment, note: "compared with the bank" },
  ]);
}, 90_000);

test("an emergency stop at a terminal holds back whoever orders a cut; a payment restores in the middle of it; two persons release it", async () => {
  const stopped = await call("bo", "emergency-stop", "--reason", "smoke in the station");
  expect(stopped.out).toMatch(/^stop {2}stands {2}person: smoke in the station {2}since .* by bo$/);
  expectProblem(
    await door("anna", "POST", `/v1/meters/${KEY}/relay`, { order: "disconnect", reason: "works" }),
    409,
    "emergency-stop",
  );
  await door("anna", "POST", "/v1/payments", { account: accountOf(SECOND), amount: "100.00", channel: "bank", orderId: "g-1" });
  await untilTrue("the light", () => house.street.snapshot(SECOND).relay === "connected");
  expect((await door("anna", "GET", "/metrics")).text).toMatch(/^fee_control_cuts_stopped 1$/m);
  expect((await call("anna", "release", "stop", "--reason", "it was steam")).out).toMatch(
    /anna would release it, a second person is needed/,
  );
  expectProblem(await door("anna", "POST", "/v1/cuts/stop/release", { reason: "it was steam" }), 403, "two-persons-needed");
  expect((await call("bo", "release", "stop", "--reason", "it was steam")).out).toMatch(/released by anna and bo/);
  expectProblem(await door("bo", "POST", "/v1/cuts/stop/release", { reason: "again" }), 409, "nothing-halted");
  const ordered = await door("anna", "POST", `/v1/meters/${KEY}/relay`, { order: "disconnect", reason: "works" });
  expect(thing(ordered.json["command"]), "an important customer").toMatchObject({ waitingFor: "approval" });
  expect((await call("anna", "imported", "bank")).code).toBe(0);
  const { db } = house.database;
  const audited = await door("anna", "GET", "/v1/audit?limit=200");
  const subjects = itemsOf(audited).map(({ what }) => what);
  expect(db).toBeDefined();
  for (const what of ["cuthalt.added", "cuthalt.changed", "import.added"]) expect(subjects).toContain(what);
});
