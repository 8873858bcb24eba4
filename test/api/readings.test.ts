/** Readings on demand: at once when the line is free, as a command that can be watched when it is not, and an honest no when nobody answers. */
import { afterAll, beforeAll, expect, test } from "vitest";
import { raiseTestHouse, type TestHouse } from "../support/test-house.ts";
import { aMoment, ask, aUuid, ended, expectProblem, itemsOf, thing, type Answer } from "./door.ts";

const METER = "202611220021";
const DEAD = "202611220022";
const STRANGER = "202611220023";

let house: TestHouse;
beforeAll(async () => {
  house = await raiseTestHouse({
    meters: [
      { address: METER, balance: "50.00", energyKwh: "123.45" },
      { address: DEAD, model: "remote-ledger", mode: "remote" },
      { address: STRANGER, balance: "50.00", customerNumber: "009999999999" },
    ],
    replyDeadlineMs: 60,
  });
  house.street.pauseHouseholds();
});
afterAll(() => house.close());

const read = (meter: string, body: unknown): Promise<Answer> =>
  ask(house.gateway.url, "POST", `/v1/meters/${meter}/readings`, { body });

test("items are read by name and answered with value, unit, moment and source, in the order asked", async () => {
  const items = [
    "importedEnergy",
    "balance",
    "overdraft",
    "purchaseCount",
    "relay",
    "voltage",
    "current",
    "power",
    "clock",
    "00900200",
  ];
  const answer = await read(METER, { items });
  expect(answer.status).toBe(200);
  const read0 = itemsOf(answer);
  for (const reading of read0)
    expect(reading).toEqual({
      item: expect.stringMatching(/^\w+$/) as string,
      value: expect.stringMatching(/\S/) as string,
      unit: reading["unit"],
      takenAt: aMoment,
      source: "person",
    });
  const valueOf = new Map(read0.map(({ item, value, unit }) => [item, [value, unit]]));
  expect(valueOf.get("importedEnergy")).toEqual(["123.45", "kWh"]);
  expect(valueOf.get("balance")).toEqual(["50.00", "yuan"]);
  expect(valueOf.get("purchaseCount")).toEqual(["0", null]);
  expect(valueOf.get("relay")).toEqual(["connected", null]);
  expect(valueOf.get("clock")![0]).toEqual(aMoment);
  for (const name of ["overdraft", "voltage", "current", "power"]) expect([...valueOf.keys()].join(" ")).toContain(name);
});

test("what a person read is what the meter's page shows from then on", async () => {
  house.street.patch(METER, { balance: "77.70" });
  await read(METER, { items: ["balance"] });
  const meter = await ask(house.gateway.url, "GET", `/v1/meters/${METER}`);
  expect(thing(thing(meter.json["readings"])["balance"])).toEqual({
    value: "77.70",
    unit: "yuan",
    takenAt: aMoment,
    source: "person",
  });
});

test("what cannot be asked is refused before a byte leaves", async () => {
  // The lines are held, so that no poll speaks meanwhile and whatever wanted to would wait for ever.
  const release = await house.gateway.street.hold();
  const exchanges = (): unknown => house.street.frames(METER).length;
  const before = exchanges();
  expectProblem(await read(METER, { items: ["moonlight"] }), 400, "unknown-item");
  expectProblem(await read(METER, { items: ["balance", "0090020"] }), 400, "unknown-item");
  expectProblem(await read(METER, { items: ["balance", "070102FF"] }), 400, "item-not-readable");
  for (const body of [{ items: [] }, {}, { items: "balance" }, { items: [1] }, { items: ["balance"], fast: true }])
    expectProblem(await read(METER, body), 400, "invalid-request");
  expect(exchanges()).toBe(before);
  release();
  expectProblem(await read("202611229999", { items: ["balance"] }), 404, "unknown-meter");
  expectProblem(await read("12", { items: ["balance"] }), 400, "address-malformed");
});

test("a meter that has no such data says so with an empty value, not with an error", async () => {
  const answer = await read(DEAD, { items: ["balance"] });
  expect(answer.status).toBe(200);
  expect(itemsOf(answer)).toMatchObject([{ item: "balance", value: null }]);
});

test("a meter that is not the one of the books is refused by name with what was found, and nothing of it is kept", async () => {
  const answer = await read(STRANGER, { items: ["balance"] });
  expectProblem(answer, 409, "identity-mismatch");
  expect(answer.json["why"]).toBe(
    `the meter says number ${STRANGER}, customer 009999999999; the books say ${STRANGER}, 00${STRANGER.slice(2)}`,
  );
  const { json } = await ask(house.gateway.url, "GET", `/v1/meters/${STRANGER}`);
  expect(json).toMatchObject({ identity: "quarantined", identityNote: answer.json["why"], readings: {} });
});

test("a meter that answers nothing is named silent", async () => {
  const silence = house.street.setFault(DEAD, { kind: "silence" });
  const answer = await read(DEAD, { items: ["importedEnergy"] });
  expectProblem(answer, 504, "meter-silent");
  const { json } = await ask(house.gateway.url, "GET", `/v1/meters/${DEAD}`);
  expect(json["health"]).toMatchObject({ state: "silent", askAgainAt: aMoment });
  house.street.clearFaults(DEAD, silence);
});

test("a line that is busy for long makes a command of it, which ends with the items in its receipt", async () => {
  const release = await house.gateway.hold();
  const answer = await read(METER, { items: ["balance", "importedEnergy"] });
  expect(answer.status).toBe(202);
  const command = thing(answer.json["command"]);
  expect(command).toMatchObject({ id: aUuid, kind: "read-now", meter: METER, payment: null, proof: { sent: null } });
  release();
  const end = await ended(house.gateway.url, command["id"]);
  expect(end).toMatchObject({
    state: "confirmed",
    proof: { sent: null, verified: aMoment },
    receipt: {
      proof: {
        items: [
          { item: "balance", value: "77.70", unit: "yuan", takenAt: aMoment, source: "command" },
          { item: "importedEnergy", value: "123.45", unit: "kWh", takenAt: aMoment, source: "command" },
        ],
      },
    },
  });
});

test("what was kept is told page by page, newest first, also of a meter that says nothing now", async () => {
  house.street.patch(METER, { balance: "11.10" });
  await read(METER, { items: ["balance"] });
  house.street.patch(METER, { balance: "22.20" });
  await read(METER, { items: ["balance"] });
  const list = (query: string, meter = METER): Promise<Answer> =>
    ask(house.gateway.url, "GET", `/v1/meters/${meter}/readings?${query}`);
  const first = await list("item=balance&limit=1");
  expect(itemsOf(first)).toMatchObject([{ item: "balance", value: "22.20", unit: "yuan", takenAt: aMoment, suspect: null }]);
  const next = encodeURIComponent(String(first.json["next"]));
  const balances = itemsOf(await list("item=balance&limit=1000")); // a poll may have read it as well
  expect([...new Set(balances.map(({ value }) => value))].slice(0, 2)).toEqual(["22.20", "11.10"]);
  expect(itemsOf(await list(`item=balance&limit=1&cursor=${next}`))).toEqual([balances[1]]);
  const whole = itemsOf(await list("limit=1000"));
  expect(new Set(whole.map(({ item }) => item)).size).toBeGreaterThan(3);
  expect((await list("item=balance&from=2020-01-01&to=2020-01-31")).json).toEqual({ items: [], next: null });
  expect((await list("limit=1000", DEAD)).status).toBe(200);
  expectProblem(await list("from=yesterday"), 400, "period-malformed");
  expectProblem(await list("cursor=x"), 400, "invalid-request");
  expectProblem(await list("", "202611229999"), 404, "unknown-meter");
});
