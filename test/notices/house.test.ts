/** The real gateway on PostgreSQL, a real meter and a receiver of the site's: told or not cut, at the door, at a terminal and in the audit. */
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { afterAll, beforeAll, expect, test } from "vitest";
import { minutes } from "../../src/kernel/clock.ts";
import type { Logger } from "../../src/kernel/log.ts";
import { silentLog } from "../../src/kernel/log.ts";
import { Database } from "../../src/stores/database.ts";
import { aMoment, ask, aUuid, expectProblem, itemsOf, thing, things, until, untilTrue, type Thing } from "../api/door.ts";
import { meterctl, type Said } from "../cli/terminal.ts";
import { accountOf, raiseTestHouse, type TestHouse } from "../support/test-house.ts";

const METER = "202611220461";
const ACCOUNT = accountOf(METER);
const PHONE = "13812345678";

let house: TestHouse;
let server: Server;
let status = 503;
const heard: Thing[] = [];
const logged: string[] = [];
const log: Logger = {
  debug: (fields, message) => void logged.push(JSON.stringify(fields) + message),
  info: (fields, message) => void logged.push(JSON.stringify(fields) + message),
  warn: (fields, message) => void logged.push(JSON.stringify(fields) + message),
  error: (fields, message) => void logged.push(JSON.stringify(fields) + message),
  child: () => log,
};

beforeAll(async () => {
  server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on("data", (chunk: Buffer) => chunks.push(chunk));
    request.on("end", () => {
      heard.push(JSON.parse(Buffer.concat(chunks).toString()) as Thing);
      response.writeHead(status).end(`about ${PHONE}`);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  house = await raiseTestHouse({
    meters: [{ address: METER, model: "remote-ledger", mode: "remote", loadKw: 6, energyKwh: "10.00" }],
    log,
    env: { SMS: "drawn-by-chance-0000" },
    site: {
      policy: {
        ...{ mode: "live", restoreBy: "reconnect", notices: "required", noticeMinutes: 0, contact: "required" },
        ...{ forecastDays: 0, noCut: { hours: "", weekends: false } },
      },
      accounts: [{ account: ACCOUNT, name: "Flat 1", contact: PHONE, language: "en" }],
      notices: {
        pay: { en: "Pay at the counter." },
        channels: [
          {
            ...{ name: "sms", kind: "webhook", secret: "env:SMS", timeoutSeconds: 5 },
            url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/notices`,
          },
        ],
      },
    },
  });
  house.street.pauseHouseholds();
  await house.gateway.pollAll();
});
afterAll(async () => {
  await house.close();
  server.closeAllConnections();
  server.close();
});

const door = (method: string, path: string, body?: unknown) =>
  ask(house.gateway.url, method, path, body === undefined ? {} : { body });
const notices = async (query = ""): Promise<readonly Thing[]> =>
  itemsOf(await door("GET", `/v1/accounts/${ACCOUNT}/notices${query}`));
const call = (...args: string[]): Promise<Said> => meterctl(args, { GATEWAY_URL: house.gateway.url });
const undelivered = async (state: "open" | "closed"): Promise<readonly Thing[]> =>
  itemsOf(await door("GET", `/v1/exceptions?kind=notice-undelivered&state=${state}`));
const final = (): Promise<Thing> => until("a final notice", async () => (await notices("?kind=notice-due"))[0] ?? null);

test("B1: a notice that nobody takes holds the cut back and is a person's; delivered, it is told, cut and told again", async () => {
  status = 503;
  house.street.resumeHouseholds();
  house.street.advance(minutes(20));
  house.street.pauseHouseholds();
  await house.gateway.pollAll();
  const { id } = await final();
  await untilTrue("a first try", async () => {
    const { json } = await door("GET", `/v1/notices/${String(id)}`);
    return things(json["attempts"])[0]?.["outcome"] === "later";
  });
  const one = (await door("GET", `/v1/notices/${String(id)}`)).json;
  expect(one).toMatchObject({
    ...{ id: aUuid, account: ACCOUNT, meter: METER, kind: "notice-due", state: "waiting", delivered: null, at: aMoment },
    ...{ title: { zh: "停电通知" }, reach: { phone: "138••••5678" }, balance: expect.stringMatching(/^-\d/) as string },
    said: { language: "en", text: expect.stringMatching(/^Flat 1 .*may be cut from .*Pay at the counter\.$/) as string },
    attempts: [{ number: 1, channel: "sms", outcome: "later", words: "HTTP 503: about 138••••5678" }],
  });
  const why = (await door("GET", `/v1/accounts/${ACCOUNT}/why`)).json;
  expect(things(why["notices"])[0]).toMatchObject({ stage: "notice-due", state: "waiting", delivered: null, channel: null });
  expect(things(why["blocks"]).map(({ code }) => code)).toEqual(["notice-due"]);

  status = 410;
  expect(await call("notices", "retry", String(id))).toMatchObject({ code: 0 });
  const [item] = await until("an item", async () => ((await undelivered("open")).length > 0 ? undelivered("open") : null));
  expect(item).toMatchObject({ kind: "notice-undelivered", class: "not-told", account: ACCOUNT, because: "refused" });
  expect(thing(item!["nextStep"])["en"]).toMatch(/meterctl notices retry/);
  expect(itemsOf(await door("GET", `/v1/commands?kind=disconnect`)), "no notice, no cut").toEqual([]);
  const failedOnes = itemsOf(await door("GET", "/v1/notices?state=failed"));
  expect(failedOnes).toMatchObject([{ id, because: { code: "refused", zh: "各渠道均拒绝" } }]);

  status = 200;
  expect((await call("notices", "retry", "--all-failed")).out).toContain(String(id));
  await untilTrue("the cut to be told", async () => (await notices("?kind=cut&state=delivered")).length === 1);
  expect(house.street.snapshot(METER).relay).toBe("disconnected");
  expect(await undelivered("open")).toEqual([]);
  expect(await undelivered("closed")).toMatchObject([{ closedBy: "gateway" }]);
  const tries = heard.filter((message) => message["kind"] === "notice-due");
  expect(new Set(tries.map((message) => message["id"]))).toEqual(new Set([id]));
  expect(tries[0]).toMatchObject({ account: ACCOUNT, contact: { phone: PHONE, email: null } });
  expectProblem(await door("POST", `/v1/notices/${String(id)}/retry`, {}), 409, "notice-ended");
});

test("paying brings the supply back, and that is told", async () => {
  await door("POST", "/v1/payments", { account: ACCOUNT, amount: "100.00", channel: "bank", orderId: "n-1" });
  await untilTrue("the supply to be told", async () => (await notices("?kind=restored&state=delivered")).length === 1);
  expect(house.street.snapshot(METER).relay).toBe("connected");
  expect((await call("notices", ACCOUNT)).out).toMatch(/restored {2}delivered \S+ by sms/);
  expect((await call("why", ACCOUNT)).out).toMatch(/cut {2}delivered \S+ by sms/);
});

test("lists are paged, filtered and refuse what is no notice", async () => {
  const all = await notices();
  const first = (await door("GET", "/v1/notices?limit=1")).json;
  expect(first).toMatchObject({ items: [{ id: all[0]!["id"] }], next: all[0]!["id"] });
  const second = (await door("GET", `/v1/notices?limit=1&cursor=${String(first["next"])}`)).json;
  expect(itemsOf({ json: second } as never)[0]!["id"]).toBe(all[1]!["id"]);
  expectProblem(await door("GET", "/v1/notices/0193a0b0-0000-7000-8000-000000000001"), 404, "unknown-notice");
  expectProblem(await door("GET", "/v1/accounts/nobody/notices"), 404, "unknown-account");
  expectProblem(await door("GET", "/v1/notices?state=lost"), 400, "invalid-request");
});

test("a channel can be tried by itself", async () => {
  expect(await call("notices", "test", "--channel", "sms", "--to", "13900000000")).toMatchObject({
    ...{ code: 0, out: "sms  delivered  HTTP 200" },
  });
  expect(heard.at(-1)).toMatchObject({ kind: "test", account: null, contact: { phone: "13900000000" } });
  status = 500;
  expect((await call("notices", "test", "--channel", "sms", "--to", "13900000000")).code).toBe(1);
  status = 200;
  expectProblem(await door("POST", "/v1/notices/test", { channel: "fax" }), 404, "unknown-notice-channel");
});

test("every notice and what became of it stands in the audit; whose number it went to stands in no book, log or figure", async () => {
  const db = await Database.open({ connectionString: house.database.connectionString, log: silentLog });
  try {
    const whats = await db.rows<{ what: string; because: string | null }>(
      null,
      "SELECT what, after ->> 'state' AS because FROM audit_rows WHERE what LIKE 'notice.%' ORDER BY id",
    );
    expect(whats.map(({ what, because }) => `${what} ${because ?? ""}`.trim())).toEqual(
      expect.arrayContaining([
        "notice.added waiting",
        "notice.changed failed",
        "notice.changed waiting",
        "notice.changed delivered",
      ]),
    );
    for (const table of ["notices", "notice_attempts", "audit_rows", "exceptions", "outbox"]) {
      const found = await db.rows(null, `SELECT 1 FROM ${table} t WHERE t::text LIKE '%' || $1 || '%'`, [PHONE]);
      expect(found, table).toEqual([]);
    }
  } finally {
    await db.close();
  }
  expect(logged.filter((line) => line.includes(PHONE))).toEqual([]);
  const figures = (await door("GET", "/metrics")).text;
  expect(figures).toMatch(/fee_control_notice_tries_total\{channel="sms",outcome="delivered"\} [1-9]/);
  expect(figures).toMatch(/fee_control_notice_tries_total\{channel="sms",outcome="never"\} 1/);
  const said = await Promise.all(
    ["/v1/notices", `/v1/accounts/${ACCOUNT}`, `/v1/accounts/${ACCOUNT}/why`].map((p) => door("GET", p)),
  );
  for (const { text } of said) expect(text).not.toContain(PHONE);
});

test("A26: another gateway on the same books goes on where this one ended", async () => {
  await house.restart();
  const again = await notices("?state=waiting");
  expect(again).toEqual([]);
  expect((await notices("?kind=notice-due")).length).toBe(1);
});
