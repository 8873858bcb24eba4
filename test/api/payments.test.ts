/** Payments through the door: taken once for ever, answered as whole objects, and refused by a code that says what to do. */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { silentLog } from "../../src/kernel/log.ts";
import { Database } from "../../src/stores/database.ts";
import { accountOf, raiseTestHouse, type TestHouse } from "../support/test-house.ts";
import { aMoment, ask, aUuid, ended, expectProblem, itemsOf, thing, until, untilTrue, type Answer, type Thing } from "./door.ts";

const WALLET = "202611220001";
const STRANGER = "202611220002"; // will be exchanged for a meter that the books do not know
const LOST = "202611220003"; // loses an answer while somebody else charges it
const REMOTE = "202611220004";
const BUSY = "202611220005";
const SHY = "202611220006";

let house: TestHouse;
let books: Database;
let orders = 0;

beforeAll(async () => {
  house = await raiseTestHouse({
    meters: [
      { address: WALLET, balance: "50.00" },
      { address: STRANGER },
      { address: LOST },
      { address: REMOTE, model: "remote-ledger", mode: "remote" },
      { address: BUSY, balance: "10.00" },
      { address: SHY },
    ],
    site: { channels: [{ name: "bank" }, { name: "shop" }] },
  });
  house.street.pauseHouseholds();
  books = await Database.open({ connectionString: house.database.connectionString, log: silentLog, connectionsMax: 2 });
});
afterAll(async () => {
  await books.close();
  await house.close();
});

const order = (changes: Thing = {}): Thing => ({
  account: accountOf(WALLET),
  amount: "10.00",
  channel: "bank",
  orderId: `order-${++orders}`,
  ...changes,
});
const pay = (body: unknown, headers: Record<string, string> = {}): Promise<Answer> =>
  ask(house.gateway.url, "POST", "/v1/payments", { body, headers });
const account = async (meter: string): Promise<Thing> =>
  (await ask(house.gateway.url, "GET", `/v1/accounts/${accountOf(meter)}`)).json;
const entriesOf = async (meter: string): Promise<readonly Thing[]> =>
  itemsOf(await ask(house.gateway.url, "GET", `/v1/accounts/${accountOf(meter)}/entries?limit=1000`));
const commandOf = (answer: Answer): Thing => thing(answer.json["command"]);
const paymentOf = (answer: Answer): Thing => thing(answer.json["payment"]);

describe("a payment that is taken", () => {
  test("answers 202 with payment and command as whole objects, and ends on the meter", async () => {
    const body = order({ amount: "100.00" });
    const answer = await pay(body);
    expect(answer.status).toBe(202);
    expect(answer.type).toMatch(/^application\/json/);
    const payment = paymentOf(answer);
    const command = commandOf(answer);
    expect(payment).toEqual({ id: aUuid, ...body, state: "taken", command: command["id"], refund: null, createdAt: aMoment });
    expect(command).toMatchObject({
      id: aUuid,
      kind: "top-up",
      meter: WALLET,
      account: body["account"],
      payment: payment["id"],
      amount: "100.00",
      state: "accepted",
      waitingFor: null,
      because: null,
      createdAt: aMoment,
      notAfter: aMoment,
      proof: { sent: null, acknowledged: null, verified: null },
      attempts: [],
      receipt: null,
    });
    expect(Date.parse(command["notAfter"] as string) - Date.parse(command["createdAt"] as string)).toBe(72 * 3_600_000);

    const end = await ended(house.gateway.url, command["id"]);
    expect(end).toMatchObject({ state: "confirmed", proof: { sent: aMoment, acknowledged: aMoment, verified: aMoment } });
    const [attempt] = end["attempts"] as { at: string; outcome: string; frames: Thing[] }[];
    expect(attempt).toMatchObject({ at: aMoment });
    for (const frame of attempt!.frames)
      expect(frame).toEqual({
        at: aMoment,
        direction: expect.stringMatching(/^(sent|received)$/) as string,
        hex: expect.stringMatching(/^([0-9A-F]{2}|••)+$/) as string, // dots where a MAC or a cipher stood
      });
    expect(house.street.snapshot(WALLET)).toMatchObject({ balance: "150.00", purchaseCount: 1 });

    const later = await ask(house.gateway.url, "GET", `/v1/payments/${String(payment["id"])}`);
    expect(later.json).toEqual({ ...payment, state: "allocated" });
    expect(await account(WALLET)).toMatchObject({ available: "0.00", held: "0.00" });

    // the same order a day later is the same payment, told as it stands then, with everything that passed on the wire
    const again = await pay(body);
    expect(again.status).toBe(202);
    expect(paymentOf(again)).toEqual(later.json);
    expect(commandOf(again)).toEqual(end);
    expect(house.street.snapshot(WALLET).purchaseCount).toBe(1);
  });

  test("is held, not available, while the meter cannot be reached", async () => {
    const release = await house.gateway.hold();
    const answer = await pay(order({ account: accountOf(SHY), amount: "7" }));
    expect(answer.status).toBe(202);
    expect(paymentOf(answer)).toMatchObject({ amount: "7.00", state: "taken" });
    expect(await account(SHY)).toMatchObject({ available: "0.00", held: "7.00" });
    expect((await entriesOf(SHY)).map(({ kind, available, held }) => [kind, available, held])).toEqual([
      ["hold", "-7.00", "7.00"],
      ["payment", "7.00", "0.00"],
    ]);
    release();
    expect(await ended(house.gateway.url, commandOf(answer)["id"])).toMatchObject({ state: "confirmed" });
    expect(await account(SHY)).toMatchObject({ available: "0.00", held: "0.00" });
  });

  test("in remote mode it is an entry at once, and no command while nothing is cut", async () => {
    const answer = await pay(order({ account: accountOf(REMOTE), amount: "20.50" }));
    expect(answer.status).toBe(202);
    expect(answer.json["command"]).toBe(null);
    expect(paymentOf(answer)).toMatchObject({ state: "allocated", command: null });
    expect(await account(REMOTE)).toMatchObject({ mode: "remote", available: "20.50", held: "0.00" });
  });

  test("stands in the list, newest first, by account and page by page", async () => {
    for (let n = 0; n < 3; n += 1) await pay(order({ account: accountOf(REMOTE), amount: "1.00" }));
    const path = `/v1/payments?account=${accountOf(REMOTE)}`;
    const all = itemsOf(await ask(house.gateway.url, "GET", path));
    expect(all.length).toBeGreaterThanOrEqual(3);
    expect(all.map(({ id }) => String(id))).toEqual(
      all
        .map(({ id }) => String(id))
        .sort()
        .reverse(),
    );
    const first = await ask(house.gateway.url, "GET", `${path}&limit=2`);
    const second = await ask(house.gateway.url, "GET", `${path}&limit=2&cursor=${String(first.json["next"])}`);
    expect([...itemsOf(first), ...itemsOf(second)]).toEqual(all.slice(0, 4));
    expectProblem(await ask(house.gateway.url, "GET", "/v1/payments?cursor=yesterday"), 400, "invalid-request");
    expectProblem(
      await ask(house.gateway.url, "GET", "/v1/payments/01890000-0000-7000-8000-000000000000"),
      404,
      "unknown-payment",
    );
    expectProblem(await ask(house.gateway.url, "GET", "/v1/payments/mine"), 400, "invalid-request");
  });
});

describe("a payment that is refused", () => {
  const refusals: readonly [string, Thing, number, string][] = [
    ["an account that nobody knows", { account: "4711" }, 404, "unknown-account"],
    ["an account that cannot be one", { account: "47 11" }, 400, "account-malformed"],
    ["more than two decimals", { amount: "1.005" }, 400, "amount-malformed"],
    ["nothing", { amount: "0" }, 400, "amount-malformed"],
    ["nothing, with decimals", { amount: "0.00" }, 400, "amount-malformed"],
    ["less than nothing", { amount: "-1" }, 400, "amount-malformed"],
    ["a number instead of a string", { amount: 100 }, 400, "amount-malformed"],
    ["words", { amount: "abc" }, 400, "amount-malformed"],
    ["no amount at all", { amount: undefined }, 400, "amount-malformed"],
    ["a power of ten", { amount: "1e3" }, 400, "amount-malformed"],
    ["spaces around it", { amount: " 5.00" }, 400, "amount-malformed"],
    ["one fen above the cap", { amount: "50000.01" }, 422, "amount-above-cap"],
    ["a channel that is not registered", { channel: "street-corner" }, 403, "unknown-channel"],
    ["no order id", { orderId: undefined }, 400, "invalid-request"],
    ["an order id that no database can keep", { orderId: "a\u0000b" }, 400, "invalid-request"],
    ["a field that we do not know", { amuont: "1.00" }, 400, "invalid-request"],
  ];
  for (const [what, changes, status, code] of refusals)
    test(`${what}: ${code}`, async () => {
      expectProblem(await pay(order(changes)), status, code);
    });

  test("none of these left a trace in the books", async () => {
    const before = await entriesOf(WALLET);
    for (const [, changes] of refusals) await pay(order(changes));
    expect(await entriesOf(WALLET)).toEqual(before);
  });

  test("the cap itself may be paid", async () => {
    expect((await pay(order({ account: accountOf(REMOTE), amount: "50000.00" }))).status).toBe(202);
  });

  test("a meter whose identity was not read yet is looked at first; a stranger is quarantined and refused from then on", async () => {
    const identity = async (): Promise<unknown> =>
      (await ask(house.gateway.url, "GET", `/v1/meters/${STRANGER}`)).json["identity"];
    await untilTrue("the first poll to read its numbers", async () => (await identity()) === "confirmed");
    house.street.patch(STRANGER, { customerNumber: "009999999999" });
    await books.run(null, "UPDATE meters SET identity = 'unread' WHERE address = $1", [STRANGER]);
    const first = await pay(order({ account: accountOf(STRANGER), amount: "5.00" }));
    expect(first.status).toBe(202);
    expect(await ended(house.gateway.url, commandOf(first)["id"])).toMatchObject({
      state: "refused",
      because: "identity-mismatch",
    });
    expectProblem(await pay(order({ account: accountOf(STRANGER) })), 409, "meter-quarantined");
    const payment = await ask(house.gateway.url, "GET", `/v1/payments/${String(paymentOf(first)["id"])}`);
    expect(payment.json["state"]).toBe("unallocated");
    expect(await account(STRANGER)).toMatchObject({ available: "5.00", held: "0.00" });
    expect(house.street.snapshot(STRANGER).purchaseCount).toBe(0);
  });

  test("an account whose earlier top-up nobody can vouch for takes no more", async () => {
    house.street.setFault(LOST, { kind: "lost-reply", di: "070102FF" });
    const first = await pay(order({ account: accountOf(LOST), amount: "30.00" }));
    await untilTrue("the meter to obey", () => house.street.snapshot(LOST).purchaseCount === 1);
    house.street.patch(LOST, { purchaseCount: 3 }); // somebody else was here before we could look
    expect(await ended(house.gateway.url, commandOf(first)["id"])).toMatchObject({ state: "disputed", because: "count-gap" });
    expect(await account(LOST)).toMatchObject({ held: "30.00" });
    expectProblem(await pay(order({ account: accountOf(LOST) })), 409, "account-disputed");
  });
});

describe("the same order again", () => {
  test("is the same payment and the same command, whatever the amount looks like", async () => {
    const release = await house.gateway.hold();
    const body = order({ account: accountOf(SHY), amount: "3.50" });
    const first = await pay(body);
    const second = await pay({ ...body, amount: "3.5" });
    expect(second.status).toBe(202);
    expect(paymentOf(second)).toEqual(paymentOf(first));
    expect(commandOf(second)["id"]).toBe(commandOf(first)["id"]);
    release();
  });

  test("with another amount or account it is a conflict, and nothing moves", async () => {
    const body = order({ account: accountOf(REMOTE), amount: "2.00" });
    await pay(body);
    const before = await entriesOf(REMOTE);
    expectProblem(await pay({ ...body, amount: "2.01" }), 409, "order-conflict");
    expectProblem(await pay({ ...body, account: accountOf(WALLET) }), 409, "order-conflict");
    expect(await entriesOf(REMOTE)).toEqual(before);
    // the same id at another channel is another order
    expect((await pay({ ...body, channel: "shop" })).status).toBe(202);
  });

  test("twenty at the same moment are one credit", async () => {
    const body = order({ account: accountOf(BUSY), amount: "100.00" });
    const answers = await Promise.all(Array.from({ length: 20 }, () => pay(body)));
    expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([202]));
    expect(new Set(answers.map((answer) => paymentOf(answer)["id"])).size).toBe(1);
    expect(new Set(answers.map((answer) => commandOf(answer)["id"])).size).toBe(1);
    expect((await ended(house.gateway.url, commandOf(answers[0]!)["id"]))["state"]).toBe("confirmed");
    expect(house.street.snapshot(BUSY)).toMatchObject({ balance: "110.00", purchaseCount: 1 });
    expect((await entriesOf(BUSY)).map(({ kind }) => kind)).toEqual(["settle", "hold", "payment"]);
  });
});

describe("an Idempotency-Key", () => {
  test("answers the same, byte for byte, also when the command has long ended and after a restart", async () => {
    const body = order({ account: accountOf(BUSY), amount: "1.00" });
    const first = await pay(body, { "idempotency-key": "key-1" });
    expect(first.status).toBe(202);
    expect((await pay(body, { "idempotency-key": "key-1" })).text).toBe(first.text);
    await ended(house.gateway.url, commandOf(first)["id"]);
    expect((await pay(body, { "idempotency-key": "key-1" })).text).toBe(first.text);
    await house.restart();
    const afterwards = await pay(body, { "idempotency-key": "key-1" });
    expect(afterwards.status).toBe(202);
    expect(afterwards.text).toBe(first.text);
    expect(house.street.snapshot(BUSY).balance).toBe("111.00");
  });

  test("knows the same body in another spelling, and refuses another body or another call", async () => {
    const body = order({ account: accountOf(REMOTE), amount: "4.00" });
    const key = { "idempotency-key": "key-2" };
    const first = await pay(body, key);
    const turned = Object.fromEntries(Object.entries(body).reverse());
    expect((await pay(turned, key)).text).toBe(first.text);
    expectProblem(await pay({ ...body, amount: "4.01" }, key), 409, "idempotency-conflict");
    const relay = await ask(house.gateway.url, "POST", `/v1/meters/${SHY}/relay`, {
      body: { order: "warn", reason: "test" },
      headers: key,
    });
    expectProblem(relay, 409, "idempotency-conflict");
  });

  test("twins at the same moment get one answer", async () => {
    const body = order({ account: accountOf(REMOTE), amount: "6.00" });
    const before = (await entriesOf(REMOTE)).length;
    const answers = await Promise.all(Array.from({ length: 8 }, () => pay(body, { "idempotency-key": "key-3" })));
    expect(new Set(answers.map(({ status, text }) => `${status} ${text}`)).size).toBe(1);
    expect(answers[0]!.status).toBe(202);
    expect((await entriesOf(REMOTE)).length).toBe(before + 1);
  });

  test("whose first request died is answered as if it were new", async () => {
    const body = order({ account: accountOf(REMOTE), amount: "8.00" });
    const key = { "idempotency-key": "key-4" };
    let release: () => void = () => undefined;
    const held = new Promise<void>((resolve) => (release = resolve));
    let inTheWay: Promise<unknown> = Promise.resolve();
    await new Promise<void>((standing) => {
      inTheWay = books
        .transact(async (tx) => {
          await books.run(
            tx,
            "INSERT INTO payments (id, account, amount, channel, order_id, state, created_at) VALUES (gen_random_uuid(), $1, 800, 'bank', $2, 'taken', now())",
            [accountOf(REMOTE), body["orderId"]],
          );
          standing();
          await held;
          throw new Error("taken back");
        })
        .catch(() => undefined);
    });
    const dying = pay(body, key);
    // it has claimed its key and waits in the middle of its transaction: now its connection dies
    await until("the request to be in the middle of its work", async () => {
      const [waiting] = await books.rows<{ killed: boolean }>(
        null,
        "SELECT pg_terminate_backend(pid) AS killed FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock' AND query LIKE 'INSERT INTO payments%'",
      );
      return waiting?.killed === true ? true : null;
    });
    expectProblem(await dying, 503, "database-unreachable");
    release();
    await inTheWay;
    const again = await pay(body, key);
    expect(again.status).toBe(202);
    expect((await pay(body, key)).text).toBe(again.text);
    expect((await entriesOf(REMOTE)).filter(({ reference }) => reference === paymentOf(again)["id"])).toHaveLength(1);
  });

  test("that is empty or endless is refused", async () => {
    expectProblem(await pay(order(), { "idempotency-key": "" }), 400, "invalid-request");
    expectProblem(await pay(order(), { "idempotency-key": "k".repeat(201) }), 400, "invalid-request");
  });
});

describe("a payment with invoice fields", () => {
  test("brings its invoice fields back unchanged, wherever it is shown, and a repetition does not change them", async () => {
    const invoice = { title: "某某物业有限公司", taxNumber: "91310000XXXXXXXX0Y", "2": "zwei", "1": "" };
    const body = order({ account: accountOf(REMOTE), invoice });
    const taken = paymentOf(await pay(body));
    const shown = await ask(house.gateway.url, "GET", `/v1/payments/${String(taken["id"])}`);
    expect([taken["invoice"], shown.json["invoice"]]).toEqual([invoice, invoice]);
    expect(paymentOf(await pay({ ...body, invoice: { title: "another" } }))["invoice"]).toEqual(invoice);
    const statement = await ask(house.gateway.url, "GET", `/v1/accounts/${accountOf(REMOTE)}/statement`);
    const lines = statement.json["lines"] as readonly Thing[];
    expect(lines.filter(({ reference }) => reference === taken["id"])).toMatchObject([{ kind: "payment", invoice }]);
    expectProblem(await pay(order({ invoice: { title: "x".repeat(501) } })), 400, "invalid-request");
    expectProblem(
      await pay(order({ invoice: Object.fromEntries(Array.from({ length: 9 }, (_, n) => [`f${n}`, "x".repeat(300)])) })),
      400,
      "invalid-request",
    );
    expectProblem(await pay(order({ invoice: { amount: 5 } })), 400, "invalid-request");
  });
});
