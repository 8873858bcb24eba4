/** Orders to relays through the door, and the commands they become: listed, paged, followed as they happen, taken back. */
import { get } from "node:http";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { raiseTestHouse, type TestHouse } from "../support/test-house.ts";
import { aMoment, ask, aUuid, ended, expectProblem, itemsOf, thing, until, untilTrue, type Answer, type Thing } from "./door.ts";

const METER = "202611220011";
const QUIET = "202611220012";
const STUCK = "202611220013";
const PAGED = "202611220014";

let house: TestHouse;

beforeAll(async () => {
  house = await raiseTestHouse({ meters: [METER, QUIET, STUCK, PAGED].map((address) => ({ address })) });
  house.street.pauseHouseholds();
});
afterAll(() => house.close());

const order = (meter: string, body: unknown, headers: Record<string, string> = {}): Promise<Answer> =>
  ask(house.gateway.url, "POST", `/v1/meters/${meter}/relay`, { body, headers });
const idOf = (answer: Answer): string => String(thing(answer.json["command"])["id"]);
const relayOf = async (meter: string): Promise<Thing> =>
  thing((await ask(house.gateway.url, "GET", `/v1/meters/${meter}`)).json["relay"]);
const commands = async (query: string): Promise<readonly Thing[]> =>
  itemsOf(await ask(house.gateway.url, "GET", `/v1/commands?${query}`));
/** Nothing leaves while this goes on. */
async function withLinesHeld(work: () => Promise<void>): Promise<void> {
  const release = await house.gateway.hold();
  try {
    await work();
  } finally {
    release();
  }
}
const cancel = (id: string): Promise<Answer> => ask(house.gateway.url, "POST", `/v1/commands/${id}/cancel`, { body: {} });

describe("an order to a relay", () => {
  test("is answered 202 with the whole command, and confirmed when the meter shows it", async () => {
    const answer = await order(METER, { order: "disconnect", reason: "works on the line" });
    expect(answer.status).toBe(202);
    expect(Object.keys(answer.json)).toEqual(["command"]);
    expect(answer.json["command"]).toMatchObject({
      id: aUuid,
      kind: "disconnect",
      meter: METER,
      account: METER.slice(2),
      payment: null,
      state: "accepted",
      reason: "works on the line",
      askedBy: "person",
      createdAt: aMoment,
      notAfter: aMoment,
      attempts: [],
      receipt: null,
    });
    const end = await ended(house.gateway.url, idOf(answer));
    expect(end).toMatchObject({ state: "confirmed", proof: { sent: aMoment, acknowledged: aMoment, verified: aMoment } });
    expect(house.street.snapshot(METER)).toMatchObject({ relay: "disconnected", obeyed: { disconnects: 1 } });
    expect(await relayOf(METER)).toMatchObject({ desired: "disconnected", reported: "disconnected", at: aMoment });
  });

  test("that is fulfilled already sends nothing and says so", async () => {
    const end = await ended(house.gateway.url, idOf(await order(METER, { order: "disconnect", reason: "to be sure" })));
    expect(end).toMatchObject({ state: "confirmed", proof: { sent: null, verified: aMoment }, receipt: { sent: false } });
    expect(house.street.snapshot(METER).obeyed).toMatchObject({ disconnects: 1 });
  });

  test("armed is not connected: the button is the customer's, and a later event", async () => {
    const end = await ended(house.gateway.url, idOf(await order(METER, { order: "arm", reason: "works are done" })));
    expect(end["state"]).toBe("confirmed");
    expect(house.street.snapshot(METER).relay).toBe("armed");
    expect(await relayOf(METER)).toMatchObject({ desired: "armed", reported: "armed" });
    expect(house.street.pressButton(METER)).toBe(true);
    await house.gateway.pollAll();
    expect(await relayOf(METER)).toMatchObject({ desired: "armed", reported: "connected" });
  });

  test("of each other kind is obeyed", async () => {
    await ended(house.gateway.url, idOf(await order(METER, { order: "disconnect", reason: "test" })));
    for (const kind of ["reconnect", "protect", "unprotect", "warn", "unwarn"])
      expect(await ended(house.gateway.url, idOf(await order(METER, { order: kind, reason: "test" })))).toMatchObject({
        kind,
        state: "confirmed",
        proof: { sent: aMoment },
      });
    expect(house.street.snapshot(METER).relay).toBe("connected");
  });

  test("carries an Idempotency-Key like every write", async () => {
    const key = { "idempotency-key": "relay-1" };
    const first = await order(QUIET, { order: "unwarn", reason: "test" }, key);
    expect((await order(QUIET, { order: "unwarn", reason: "test" }, key)).text).toBe(first.text);
    expectProblem(await order(QUIET, { order: "unwarn", reason: "another" }, key), 409, "idempotency-conflict");
    expect(await commands(`meter=${QUIET}&kind=unwarn`)).toHaveLength(1);
  });

  test("is refused with the field that is wrong", async () => {
    for (const [body, field] of [
      [{ order: "disconnect" }, "reason"],
      [{ order: "disconnect", reason: "" }, "reason"],
      [{ order: "disconnect", reason: "broken \u0000 text" }, "reason"],
      [{ order: "explode", reason: "test" }, "order"],
      [{ reason: "test" }, "order"],
      [{ order: "warn", reason: "test", force: true }, "body"],
    ] as const) {
      const answer = await order(METER, body);
      expectProblem(answer, 400, "invalid-request");
      expect(answer.json["field"]).toBe(field);
    }
    expectProblem(await order("202611229999", { order: "warn", reason: "test" }), 404, "unknown-meter");
    expectProblem(await order("20261122", { order: "warn", reason: "test" }), 400, "address-malformed");
    expectProblem(await order("AAAAAAAAAAAA", { order: "disconnect", reason: "everybody" }), 400, "address-malformed");
  });

  test("a newer one for the same relay supersedes what has not left", () =>
    withLinesHeld(async () => {
      const cut = idOf(await order(QUIET, { order: "disconnect", reason: "test" }));
      const warn = idOf(await order(QUIET, { order: "warn", reason: "test" }));
      const restore = idOf(await order(QUIET, { order: "reconnect", reason: "test" }));
      expect(await ended(house.gateway.url, cut)).toMatchObject({
        state: "cancelled",
        because: "superseded",
        proof: { sent: null },
      });
      for (const id of [warn, restore]) {
        expect((await ask(house.gateway.url, "GET", `/v1/commands/${id}`)).json["endedAt"]).toBe(null);
        await cancel(id);
      }
    }));
});

describe("taking a command back", () => {
  test("works while nothing has left: 200, and never sent", async () => {
    const silence = house.street.setFault(QUIET, { kind: "silence" });
    const id = idOf(await order(QUIET, { order: "disconnect", reason: "test" }));
    await untilTrue("the command to wait for its meter", async () => {
      const { json } = await ask(house.gateway.url, "GET", `/v1/commands/${id}`);
      return json["state"] === "queued" && json["waitingFor"] === "meter-online";
    });
    const answer = await cancel(id);
    expect(answer.status).toBe(200);
    expect(answer.json).toMatchObject({ id, state: "cancelled", because: "person", endedAt: aMoment, proof: { sent: null } });
    expect((await ask(house.gateway.url, "GET", `/v1/commands/${id}`)).json).toMatchObject({
      state: "cancelled",
      because: "person",
    });
    expect(house.street.snapshot(QUIET).obeyed).toMatchObject({ disconnects: 0 });
    expectProblem(await cancel(id), 409, "already-ended");
    house.street.clearFaults(QUIET, silence);
  });

  test("releases the money of a top-up", () =>
    withLinesHeld(async () => {
      const account = QUIET.slice(2);
      const paid = await ask(house.gateway.url, "POST", "/v1/payments", {
        body: { account, amount: "12.00", channel: "bank", orderId: "to-be-cancelled" },
      });
      const book = async (): Promise<Thing> => (await ask(house.gateway.url, "GET", `/v1/accounts/${account}`)).json;
      expect(await book()).toMatchObject({ available: "0.00", held: "12.00" });
      expect((await cancel(idOf(paid))).status).toBe(200);
      expect(await book()).toMatchObject({ available: "12.00", held: "0.00" });
      const payment = await ask(house.gateway.url, "GET", `/v1/payments/${String(thing(paid.json["payment"])["id"])}`);
      expect(payment.json["state"]).toBe("unallocated");
    }));

  test("is refused once bytes have left: 409 already-sent", async () => {
    const stuck = house.street.setFault(STUCK, { kind: "stuck-relay" });
    const id = idOf(await order(STUCK, { order: "disconnect", reason: "test" }));
    await untilTrue("the order to be on its way", async () => {
      const { json } = await ask(house.gateway.url, "GET", `/v1/commands/${id}`);
      return json["state"] === "verifying" && json["waitingFor"] === "read-back";
    });
    expectProblem(await cancel(id), 409, "already-sent");
    expect(await commands(`meter=${STUCK}&state=verifying`)).toMatchObject([{ id, proof: { verified: null } }]);
    house.street.clearFaults(STUCK, stuck);
    expect(await ended(house.gateway.url, id, 20_000)).toMatchObject({ state: "confirmed" });
  });

  test("of nothing is refused", async () => {
    expectProblem(await cancel("01890000-0000-7000-8000-000000000000"), 404, "unknown-command");
    expectProblem(await cancel("mine"), 400, "invalid-request");
  });
});

describe("the list of commands", () => {
  test("is newest first, with filters, and page by page without doubles or gaps", async () => {
    const release = await house.gateway.hold();
    const made: string[] = [];
    for (let n = 0; n < 5; n += 1) {
      for (const kind of ["warn", "protect"]) made.push(idOf(await order(PAGED, { order: kind, reason: `round ${n}` })));
    }
    const all = await commands(`meter=${PAGED}`);
    expect(all.map(({ id }) => id)).toEqual(made.toReversed());

    const pages: string[][] = [];
    for (let cursor = ""; ;) {
      const page = await ask(house.gateway.url, "GET", `/v1/commands?meter=${PAGED}&limit=3${cursor}`);
      pages.push(itemsOf(page).map(({ id }) => String(id)));
      if (page.json["next"] === null) break;
      cursor = `&cursor=${page.json["next"] as string}`;
    }
    expect(pages.map(({ length }) => length)).toEqual([3, 3, 3, 1]);
    expect(pages.flat()).toEqual(made.toReversed());

    expect((await commands(`meter=${PAGED}&kind=warn`)).map(({ kind }) => kind)).toEqual(Array(5).fill("warn"));
    // the newest of each kind waits, the others were superseded
    expect(await commands(`meter=${PAGED}&state=cancelled`)).toHaveLength(8);
    const since = encodeURIComponent("2099-01-01T00:00:00+08:00");
    expect(await commands(`meter=${PAGED}&since=${since}`)).toEqual([]);
    expect(await commands(`meter=${PAGED}&since=${encodeURIComponent(String(all.at(-1)!["createdAt"]))}`)).toHaveLength(10);
    release();
  });

  test("shows what was tried, as the single command does", async () => {
    const [listed] = await commands(`meter=${METER}&kind=reconnect`);
    const alone = await ask(house.gateway.url, "GET", `/v1/commands/${String(listed!["id"])}`);
    expect(listed).toEqual(alone.json);
    expect(listed!["attempts"]).toHaveLength(1);
  });

  test("takes our own moments back as they are written, also where nobody escaped the plus", async () => {
    const [newest] = await commands("limit=1");
    const answer = await ask(house.gateway.url, "GET", `/v1/commands?since=${String(newest!["createdAt"])}`);
    expect(answer.status).toBe(200);
    expect(itemsOf(answer).length).toBeGreaterThan(0);
  });

  test("refuses what is no filter, by name", async () => {
    for (const query of ["state=finished", "kind=everything", "since=yesterday", "limit=0", "limit=1001", "cursor=1"])
      expectProblem(await ask(house.gateway.url, "GET", `/v1/commands?${query}`), 400, "invalid-request");
    expectProblem(await ask(house.gateway.url, "GET", "/v1/commands?meter=12"), 400, "address-malformed");
    expectProblem(
      await ask(house.gateway.url, "GET", "/v1/commands/01890000-0000-7000-8000-000000000000"),
      404,
      "unknown-command",
    );
    expectProblem(await ask(house.gateway.url, "GET", "/v1/commands/1"), 400, "invalid-request");
    expect((await ask(house.gateway.url, "GET", "/v1/commands?limit=1000")).status).toBe(200);
  });
});

test("events stream every step of a command's life while it happens", async () => {
  const heard: { readonly event: string; readonly data: Thing }[] = [];
  const stream = get(`${house.gateway.url}/v1/events`);
  await new Promise<void>((open, fail) => {
    stream.on("error", fail);
    stream.on("response", (response) => {
      expect(response.statusCode).toBe(200);
      expect(response.headers["content-type"]).toMatch(/^text\/event-stream/);
      let rest = "";
      response.on("data", (chunk: Buffer) => {
        const parts = (rest + chunk.toString()).split("\n\n");
        rest = parts.pop()!;
        for (const part of parts) {
          const [, event, data] = /^event: (.+)\ndata: (.+)$/.exec(part) ?? [];
          if (event !== undefined) heard.push({ event, data: JSON.parse(data!) as Thing });
        }
        open();
      });
    });
  });
  const id = idOf(await order(METER, { order: "warn", reason: "listened to" }));
  const statesOf = (): unknown[] => heard.filter(({ data }) => data["id"] === id).map(({ data }) => data["state"]);
  await until("the end in the stream", () => (statesOf().includes("confirmed") ? true : null));
  expect(statesOf()[0]).toBe("accepted");
  expect(statesOf().at(-1)).toBe("confirmed");
  expect(heard.find(({ data }) => data["id"] === id)).toMatchObject({
    event: "command",
    data: { type: "command", id, meter: METER, kind: "warn", state: "accepted" },
  });
  expect(heard.map(({ event }) => event)).toContain("meter");
  stream.destroy();
});
