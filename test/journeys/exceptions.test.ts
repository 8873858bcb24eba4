/** What ends badly is one item for a person, with evidence and a next step; and where ledger and meter differ by a fen, somebody is told. */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { silentLog } from "../../src/kernel/log.ts";
import { hours, Instant, minutes, ShiftableClock } from "../../src/kernel/clock.ts";
import { Database } from "../../src/stores/database.ts";
import { ask, aMoment, expectProblem, itemsOf, thing, things, type Answer, type Thing } from "../api/door.ts";
import { accountOf, raiseTestHouse, type TestHouse } from "../support/test-house.ts";

const clock = new ShiftableClock(Instant(Date.UTC(2026, 10, 23, 1, 0)));
const LIMIT_MS = 30_000;
const LOST = "202611220301"; // answers nothing any more once it was sent money
const FULL = "202611220302"; // takes no more money
const SILENT = "202611220303";
const ODD = "202611220304"; // shows a fen that nobody paid
const FOREIGN = "202611220305"; // is somebody else's
const STUCK = "202611220306";
const REMOTE = "202611220307";
const EVEN = "202611220308";
const TAKEN_BACK = "202611220309";

let house: TestHouse;
let rows: Database;

beforeAll(async () => {
  house = await raiseTestHouse({
    clock,
    start: clock.now(),
    meters: [
      ...[LOST, SILENT, ODD, STUCK, EVEN, TAKEN_BACK].map((address) => ({ address, balance: "10.00", loadKw: 0 })),
      { address: FULL, balance: "10.00", loadKw: 0, hoardingLimit: "50.00" },
      { address: FOREIGN, loadKw: 0, meterNumber: "000000000099" },
      { address: REMOTE, model: "remote-ledger", mode: "remote", loadKw: 1 },
    ],
    site: { reconciliation: { at: "12:00" }, channels: [{ name: "demo" }, { name: "bank" }] },
  });
  rows = await Database.open({ connectionString: house.database.connectionString, log: silentLog, connectionsMax: 2 });
});
afterAll(async () => {
  await rows.close();
  await house.close();
});

const get = (path: string): Promise<Answer> => ask(house.gateway.url, "GET", path);
const post = (path: string, body: unknown = {}): Promise<Answer> => ask(house.gateway.url, "POST", path, { body });
const until = <T>(what: string, look: () => Promise<T | null>): Promise<T> => house.desk.until(what, LIMIT_MS, look);
const pay = async (meter: string, amount: string): Promise<string> => (await house.desk.pay(accountOf(meter), amount)).command!;
const ended = (command: string): Promise<Thing> =>
  until(`command ${command} to end`, async () => {
    const found = await house.desk.get(`/v1/commands/${command}`);
    return found["endedAt"] === null ? null : found;
  });
const itemsAbout = async (meter: string, query = ""): Promise<readonly Thing[]> =>
  itemsOf(await get(`/v1/exceptions?meter=${meter}${query}`));
const oneAbout = (meter: string, query = "&state=open"): Promise<Thing> =>
  until(`one exception about ${meter}`, async () => (await itemsAbout(meter, query))[0] ?? null);
const jump = async (ms: number): Promise<void> => {
  const release = await house.gateway.hold();
  await clock.jump(ms);
  release();
};
const compare = async (...meters: string[]): Promise<Thing> => {
  const asked = await post("/v1/reconciliations", { meters });
  return until("the comparison", async () => {
    const { json } = await get(`/v1/reconciliations/${String(asked.json["id"])}`);
    return json["state"] === "done" ? thing(json["report"]) : null;
  });
};
const polled = (meter: string): Promise<unknown> =>
  until(`the first reading of ${meter}`, async () => {
    const readings = thing((await get(`/v1/meters/${meter}`)).json["readings"]);
    return readings["importedEnergy"] === undefined ? null : true;
  });

describe("a top-up whose replies are lost for ever", () => {
  test("is one item with frames and a next step; a person decides with a note, the item is closed with it, and the books are right", async () => {
    await polled(LOST);
    house.street.setFault(LOST, { kind: "lost-reply", function: "03", di: "070102FF" });
    const command = await pay(LOST, "30.00");
    await until("it to be sent", async () => {
      const { state } = await house.desk.get(`/v1/commands/${command}`);
      return state === "sending" || state === "verifying" ? true : null;
    });
    house.street.setFault(LOST, { kind: "silence", times: 1_000_000 });
    // an item of its lateness first, which then becomes that of its end
    await jump(minutes(16));
    expect(await oneAbout(LOST)).toMatchObject({ kind: "command-late", command, owner: "operations", overdue: false });
    await jump(hours(72));
    expect(await ended(command)).toMatchObject({ state: "disputed", because: "no-proof" });

    const all = await itemsAbout(LOST);
    expect(all).toHaveLength(1);
    const [item] = all as [Thing];
    expect(item).toMatchObject({ kind: "command-disputed", command, because: "no-proof", owner: "money-desk", state: "open" });
    const whole = (await get(`/v1/exceptions/${String(item["id"])}`)).json;
    expect(thing(whole["nextStep"])["zh"]).toMatch(/购电次数/);
    const [attempt] = things(whole["attempts"]) as [Thing];
    expect(things(attempt["frames"]).length).toBeGreaterThan(0);
    const evidence = thing(whole["evidence"]);
    expect(evidence["command"]).toMatchObject({ state: "disputed", amount: "30.00", sentAt: aMoment });
    expect(things(evidence["readings"]).map(({ item: name }) => name)).toContain("balance");
    expect(things(whole["steps"]).map(({ what }) => what)).toEqual(expect.arrayContaining(["opened", "became"]));

    expectProblem(await post(`/v1/exceptions/${String(item["id"])}/close`, { note: "surely nothing" }), 409, "exception-stands");
    const note = "the purchase record at the site names it";
    await house.desk.post(`/v1/commands/${command}/resolve`, { verdict: "done", note });
    expect((await get(`/v1/exceptions/${String(item["id"])}`)).json).toMatchObject({
      state: "closed",
      closingNote: note,
      closedBy: "loopback",
    });
    expect(await itemsAbout(LOST, "&state=open")).toEqual([]);
    expect((await get(`/v1/accounts/${accountOf(LOST)}`)).json).toMatchObject({ available: "0.00", held: "0.00" });
    expect(house.street.snapshot(LOST).balance).toBe("40.00");
  }, 90_000);
});

describe("every end that is no success", () => {
  test("makes one item: a refused top-up and its unallocated payment are the same", async () => {
    house.street.patch(FULL, { balance: "45.00" }); // more than we know of: at the counter there was room
    const command = await pay(FULL, "30.00");
    await ended(command);
    const all = await itemsAbout(FULL);
    expect(all).toHaveLength(1);
    expect(all[0]).toMatchObject({
      kind: "command-refused",
      because: "hoard-limit",
      owner: "money-desk",
      payment: expect.any(String) as string,
    });
    await clock.jump(minutes(1)); // the watch finds nothing that was not said
    expect(await itemsAbout(FULL)).toHaveLength(1);
  });

  test("is handed over with a note, and closed with one, once; every step is kept", async () => {
    const { id } = await oneAbout(FULL);
    const path = `/v1/exceptions/${String(id)}`;
    expect((await post(`${path}/assign`, { owner: "Li", note: "knows the customer" })).json).toMatchObject({ owner: "Li" });
    expectProblem(await post(`${path}/close`, { note: "ok" }), 400, "invalid-request");
    expectProblem(await post(`${path}/close`, {}), 400, "invalid-request");
    expectProblem(await post(`${path}/apply`, { note: "apply what there is" }), 409, "nothing-to-apply");
    const closed = await post(`${path}/close`, { note: "given back in cash", class: "not-told" });
    expect(closed.json).toMatchObject({
      state: "closed",
      closedBy: "loopback",
      class: "not-told",
      closingNote: "given back in cash",
    });
    expectProblem(await post(`${path}/close`, { note: "given back in cash" }), 409, "exception-closed");
    const steps = things((await get(path)).json["steps"]);
    expect(steps.map(({ what, from, to }) => [what, from, to])).toEqual([
      ["opened", null, "money-desk"],
      ["assigned", "money-desk", "Li"],
      ["closed", "Li", null],
    ]);
    await expect(rows.run(null, "DELETE FROM exception_steps")).rejects.toThrow(/never changed or deleted/);
    expectProblem(await get("/v1/exceptions/0198a000-0000-7000-8000-000000000001"), 404, "unknown-exception");
  });

  test("of an order that waits for a silent meter is told after a quarter of an hour, said aloud when nobody came, and closes itself at a good end", async () => {
    await polled(SILENT);
    const fault = house.street.setFault(SILENT, { kind: "silence", times: 1_000_000 });
    const command = await pay(SILENT, "5.00");
    await jump(minutes(16));
    const item = await oneAbout(SILENT);
    expect(item).toMatchObject({ kind: "command-late", command, overdue: false });
    expectProblem(await post(`/v1/exceptions/${String(item["id"])}/close`, { note: "it will come" }), 409, "exception-stands");
    await jump(minutes(16));
    await until("it to be overdue", async () => {
      const { json } = await get(`/v1/exceptions/${String(item["id"])}`);
      return things(json["steps"]).some(({ what }) => what === "overdue") ? true : null;
    });
    expect(itemsOf(await get(`/v1/exceptions?overdue=true&kind=command-late&meter=${SILENT}`))).toHaveLength(1);
    expect((await get("/metrics")).text).toMatch(/^fee_control_exceptions_overdue\{kind="command-late"\} [1-9]/m);
    house.street.clearFaults(SILENT, fault);
    await jump(minutes(6));
    expect(await ended(command)).toMatchObject({ state: "confirmed" });
    expect((await get(`/v1/exceptions/${String(item["id"])}`)).json).toMatchObject({ state: "closed", closedBy: "gateway" });
  }, 60_000);

  test("of an order to a relay is closed by the next one that gets through, with the proof as its note", async () => {
    await polled(STUCK);
    const fault = house.street.setFault(STUCK, { kind: "stuck-relay", times: 1_000 });
    const cut = thing((await post(`/v1/meters/${STUCK}/relay`, { order: "disconnect", reason: "moved out" })).json["command"]);
    const end = await until("the cut to end", async () => {
      const found = await house.desk.get(`/v1/commands/${String(cut["id"])}`);
      if (found["endedAt"] !== null) return found;
      await jump(minutes(2));
      return null;
    });
    expect(end).toMatchObject({ state: "unanswered" });
    expect(await oneAbout(STUCK)).toMatchObject({ kind: "command-unanswered", class: "device", owner: "field-desk" });
    house.street.clearFaults(STUCK, fault);
    const again = thing((await post(`/v1/meters/${STUCK}/relay`, { order: "disconnect", reason: "moved out" })).json["command"]);
    expect(await ended(String(again["id"]))).toMatchObject({ state: "confirmed" });
    const [item] = await itemsAbout(STUCK, "&kind=command-unanswered");
    expect(item).toMatchObject({ state: "closed", closedBy: "gateway" });
    expect(item!["closingNote"]).toContain(String(again["id"]));
  }, 60_000);

  test("of a top-up that a person took back is the payment's: the command itself makes none", async () => {
    await polled(TAKEN_BACK);
    const fault = house.street.setFault(TAKEN_BACK, { kind: "silence", times: 1_000_000 });
    const command = await pay(TAKEN_BACK, "5.00");
    await until("it to wait", async () =>
      (await house.desk.get(`/v1/commands/${command}`))["waitingFor"] === null ? null : true,
    );
    await house.desk.post(`/v1/commands/${command}/cancel`, {});
    house.street.clearFaults(TAKEN_BACK, fault);
    expect(await itemsAbout(TAKEN_BACK)).toMatchObject([{ kind: "payment-unallocated", because: "person" }]);
    const order = thing((await post(`/v1/meters/${EVEN}/relay`, { order: "protect", reason: "a test" })).json["command"]);
    await post(`/v1/commands/${String(order["id"])}/cancel`);
    await ended(String(order["id"]));
    expect(await itemsAbout(EVEN)).toEqual([]);
  });

  test("of a meter that is not the one of the books is an item that ends with its quarantine", async () => {
    await until("its quarantine", async () =>
      (await get(`/v1/meters/${FOREIGN}`)).json["identity"] === "quarantined" ? true : null,
    );
    await clock.jump(minutes(1));
    const item = await oneAbout(FOREIGN);
    expect(item).toMatchObject({ kind: "meter-quarantined", class: "wrong-action" });
    expectProblem(await post(`/v1/exceptions/${String(item["id"])}/close`, { note: "looks fine" }), 409, "exception-stands");
    await rows.run(null, "UPDATE meters SET identity = 'confirmed' WHERE address = $1", [FOREIGN]);
    await clock.jump(minutes(1));
    await until("it to be closed", async () =>
      (await get(`/v1/exceptions/${String(item["id"])}`)).json["state"] === "closed" ? true : null,
    );
  });
});

test("a month's exceptions are summed by class, kind, cause, model and bus", async () => {
  const { json } = await get("/v1/exceptions/summary?from=2026-11-01&to=2026-12-31");
  const rowsOf = things(json["rows"]);
  expect(rowsOf).toContainEqual({
    ...{ class: "not-told", kind: "command-refused", because: "hoard-limit", model: "standard-wallet", bus: "tcp-1" },
    ...{ items: 1, times: 1, stillOpen: 0 },
  });
  const all = itemsOf(await get("/v1/exceptions?limit=1000"));
  expect(rowsOf.reduce((sum, { items }) => sum + Number(items), 0)).toBe(all.length);
});

describe("ledger and meter", () => {
  test("agree where nothing was planted, and a fen too much on a meter is found, suggested, applied and not found again", async () => {
    await Promise.all([polled(ODD), polled(EVEN), polled(REMOTE)]);
    await ended(await pay(ODD, "20.00"));
    expect(await compare(ODD, EVEN, REMOTE)).toMatchObject({ meters: 3, differences: [], skipped: [] });
    house.street.patch(ODD, { balance: "30.01" });
    const report = await compare(ODD, EVEN);
    expect(report).toMatchObject({
      agree: 1,
      differences: [{ meter: ODD, findings: [{ what: "balance", difference: "0.01" }] }],
    });
    await compare(ODD); // a second look counts, and opens no second item
    const item = await oneAbout(ODD);
    expect(item).toMatchObject({
      kind: "ledger-difference",
      count: 2,
      suggestion: {
        legs: [
          { book: "adjustments", amount: "-0.01" },
          { book: `meter/${ODD}`, amount: "0.01" },
        ],
      },
    });
    const applied = await post(`/v1/exceptions/${String(item["id"])}/apply`, { note: "seen at the display" });
    expect(applied.json).toMatchObject({ state: "closed", closedBy: "loopback" });
    expect(await compare(ODD)).toMatchObject({ agree: 1, differences: [] });
    expect(await rows.rows(null, "SELECT made_by FROM ledger_entries WHERE kind = 'correction'")).toEqual([
      { made_by: "loopback" },
    ]);
  }, 60_000);

  test("differ by a fen that was planted in the books as well, to the fen though energy was used", async () => {
    const planted = await post(`/v1/accounts/${accountOf(EVEN)}/corrections`, {
      amount: "0.01",
      against: `meter/${EVEN}`,
      reason: "a fen that nobody paid",
    });
    expect(planted.status).toBe(201);
    expect(await compare(EVEN)).toMatchObject({ differences: [{ meter: EVEN }] });
    const { id } = await oneAbout(EVEN);
    await post(`/v1/exceptions/${String(id)}/close`, { note: "it was a test of ours" });
    expect(await compare(EVEN)).toMatchObject({ differences: [] });
  });

  test("are compared every night at the site's hour without being asked", async () => {
    house.street.patch(EVEN, { balance: "12.34" });
    await jump(hours(24));
    expect(await oneAbout(EVEN)).toMatchObject({ kind: "ledger-difference" });
    const [run] = await rows.rows<{ asked_by: string }>(null, "SELECT asked_by FROM reconciliations ORDER BY at DESC LIMIT 1");
    expect(run).toEqual({ asked_by: "gateway" });
  }, 60_000);
});

describe("the books of an account", () => {
  test("are corrected by entries alone, with a reason, up to the cap, between books that exist", async () => {
    const path = `/v1/accounts/${accountOf(STUCK)}/corrections`;
    const body = { amount: "5.00", against: "adjustments", reason: "goodwill" };
    const answer = await post(path, body);
    expect(answer).toMatchObject({ status: 201, json: { correction: { amount: "5.00", by: "loopback" } } });
    expect(answer.json["account"]).toEqual({ account: accountOf(STUCK), available: "5.00", held: "0.00" });
    expectProblem(await post(path, { ...body, reason: "" }), 400, "invalid-request");
    expectProblem(await post(path, { ...body, amount: "50000.01" }), 422, "correction-above-cap");
    expectProblem(await post(path, { ...body, amount: "0.00" }), 400, "correction-malformed");
    expectProblem(await post(path, { ...body, amount: "1.001" }), 400, "amount-malformed");
    expectProblem(await post(path, { ...body, against: `held/${accountOf(STUCK)}` }), 400, "correction-malformed");
    expectProblem(await post(path, { ...body, against: "meter/999999999999" }), 404, "unknown-meter");
    expectProblem(await post("/v1/accounts/4711/corrections", body), 404, "unknown-account");
  });

  test("are told from opening to closing, as JSON and as CSV, and add up", async () => {
    const path = `/v1/accounts/${accountOf(ODD)}/statement`;
    const { json } = await get(`${path}?from=2026-11-01&to=2027-01-01`);
    expect(json["opening"]).toEqual({ available: "0.00", held: "0.00" });
    expect(things(json["lines"]).map(({ kind }) => kind)).toEqual(["payment", "hold", "settle"]);
    const { available, held } = (await get(`/v1/accounts/${accountOf(ODD)}`)).json;
    expect(json["closing"]).toEqual({ available, held });
    expect(things(json["sums"])).toContainEqual({ kind: "payment", count: 1, available: "20.00", held: "0.00" });
    const csv = await get(`${path}?from=2026-11-01&to=2027-01-01&format=csv`);
    expect(csv.type).toMatch(/^text\/csv/);
    expect(csv.text.trimEnd().split("\r\n")).toHaveLength(6);
    expectProblem(await get(`${path}?from=2026-11-22&to=2026-11-01`), 400, "period-malformed");
  });

  test("are laid beside a channel's file: missing, extra and different orders are listed", async () => {
    const now = clock.now();
    const day = new Date(now + 8 * 3_600_000).toISOString().slice(0, 10);
    const order = (orderId: string, amount: string): Promise<Answer> =>
      post("/v1/payments", { account: accountOf(REMOTE), amount, channel: "bank", orderId });
    await Promise.all([order("b-1", "10.00"), order("b-2", "20.00"), order("b-3", "30.00")]);
    const csv = "orderId,amount,time\nb-1,10.00,10:00\nb-2,20.01,10:01\nb-9,1.00,10:02\n";
    const { json } = await post("/v1/channels/bank/reconciliation", { day, csv });
    expect(json).toMatchObject({
      matched: 1,
      missing: [{ orderId: "b-9", amount: "1.00" }],
      extra: [{ orderId: "b-3", amount: "30.00" }],
      different: [{ theirs: { amount: "20.01" }, ours: { amount: "20.00" } }],
    });
    expectProblem(await post("/v1/channels/nobody/reconciliation", { day, rows: [] }), 403, "unknown-channel");
    expectProblem(await post("/v1/channels/bank/reconciliation", { day, csv: "x,ten\n" }), 400, "channel-file-malformed");
    expectProblem(await post("/v1/channels/bank/reconciliation", { day }), 400, "invalid-request");
  });
});
