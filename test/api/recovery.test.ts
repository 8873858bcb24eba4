/** Through the door: front-line staff repair and do not cut, incidents are told and marked, and one call answers whoever is on the telephone. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { uuidv7 } from "uuidv7";
import { Instant, later, minutes, ShiftableClock } from "../../src/kernel/clock.ts";
import { AccountId, MeterAddress } from "../../src/kernel/ids.ts";
import { silentLog } from "../../src/kernel/log.ts";
import { IncidentId } from "../../src/recovery/incident.ts";
import { Database } from "../../src/stores/database.ts";
import { PostgresRecoveryStore } from "../../src/stores/recovery-store.ts";
import { accountOf, raiseTestHouse, type TestHouse } from "../support/test-house.ts";

const METER = "202611220001";
const NOW = Instant(Date.UTC(2026, 10, 23, 4, 0));
const folder = mkdtempSync(join(tmpdir(), "fee-control-recovery-"));
const keys = { boss: "secret-of-boss", front: "secret-of-front", second: "secret-of-second" } as const;
let house: TestHouse;
let db: Database;

beforeAll(async () => {
  for (const [name, key] of Object.entries(keys)) writeFileSync(join(folder, name), key, { mode: 0o600 });
  house = await raiseTestHouse({
    clock: new ShiftableClock(NOW),
    start: NOW,
    meters: [{ address: METER, model: "remote-ledger", energyKwh: "100.00", loadKw: 0 }],
    site: {
      apiKeys: [
        { name: "boss", secret: `file:${join(folder, "boss")}` },
        { name: "front", secret: `file:${join(folder, "front")}`, may: ["restore", "desk"] },
        { name: "second", secret: `file:${join(folder, "second")}`, may: ["approve"] },
      ],
    },
  });
  db = await Database.open({ connectionString: house.database.connectionString, log: silentLog, actor: "test" });
}, 60_000);
afterAll(async () => {
  await db.close();
  await house.close();
  rmSync(folder, { recursive: true, force: true });
});

const ask = async (who: keyof typeof keys, method: string, path: string, body?: unknown) => {
  const answer = await fetch(`${house.gateway.url}${path}`, {
    method,
    headers: { authorization: `Bearer ${keys[who]}`, ...(body === undefined ? {} : { "content-type": "application/json" }) },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  const text = await answer.text();
  const isJson = /json/.test(answer.headers.get("content-type") ?? "");
  return { status: answer.status, body: (isJson ? JSON.parse(text) : { text }) as Record<string, unknown> };
};
const relay = (who: keyof typeof keys, order: string) =>
  ask(who, "POST", `/v1/meters/${METER}/relay`, {
    order,
    reason: "a test wants it",
    ...(order === "disconnect-for" ? { minutes: 5 } : {}),
  });

test("B4 front-line staff may restore and protect for a day, and neither cut nor touch money or settings; the refusal names what they may", async () => {
  for (const order of ["reconnect", "arm", "protect"]) expect((await relay("front", order)).status, order).toBe(202);
  for (const order of ["disconnect", "disconnect-for", "unprotect"]) {
    const { status, body } = await relay("front", order);
    expect([status, body["code"]], order).toEqual([403, "not-permitted"]);
    expect(JSON.stringify(body)).toMatch(/restore: restore a supply/);
  }
  const exempt = (kind: string, until: string) =>
    ask("front", "POST", `/v1/accounts/${accountOf(METER)}/exemptions`, { kind, until, reason: "somebody is ill" });
  const at = (ms: number): string => new Date(NOW + ms).toISOString();
  expect((await exempt("guarantee", at(minutes(23 * 60)))).status).toBe(201);
  expect((await exempt("guarantee", at(minutes(25 * 60)))).status).toBe(403);
  expect((await exempt("guarantee", "2026-11-24")).status, "a day is meant whole").toBe(403);
  expect((await exempt("important", at(minutes(60)))).status).toBe(403);
  const payment = { account: accountOf(METER), amount: "10.00", channel: "desk", orderId: "1" };
  expect((await ask("front", "POST", "/v1/payments", payment)).status).toBe(403);
  expect((await ask("front", "POST", `/v1/meters/${METER}/clock-set`, { way: "write", reason: "x" })).status).toBe(403);
  expect((await ask("front", "GET", `/v1/accounts/${accountOf(METER)}/why`)).status).toBe(200);
  expect((await ask("boss", "POST", "/v1/payments", payment)).status, "a key that says nothing may everything").toBe(202);
  const [until] = await db.rows<{ until: number }>(
    null,
    "SELECT (params ->> 'until')::float8 AS until FROM commands WHERE kind = 'protect'",
  );
  expect(until!.until - NOW, "it ends by itself").toBeLessThanOrEqual(minutes(24 * 60 + 5));
  const who = await db.rows<{ who: string }>(
    null,
    "SELECT DISTINCT who FROM audit_rows WHERE what = 'command.accepted' AND who IN ('front', 'boss')",
  );
  expect(who.map((row) => row.who)).toContain("front");
});

test("B4 whoever may repair may stop all cuts and say no to a list, and needs an approver's key to let go again", async () => {
  const stop = (who: keyof typeof keys) => ask(who, "POST", "/v1/emergency-stop", { reason: "homes go dark for nothing" });
  const release = (who: keyof typeof keys) => ask(who, "POST", "/v1/cuts/stop/release", { reason: "it was found and mended" });
  expect((await stop("front")).body).toMatchObject({ kind: "stop", stands: true, begunBy: "front" });
  expect((await release("front")).body).toMatchObject({ code: "not-permitted", needs: "approve" });
  expect((await release("second")).body).toMatchObject({ stands: true, release: { asked: { by: "second" } } });
  expect((await release("boss")).body).toMatchObject({ stands: false });
  expect((await stop("second")).body).toMatchObject({ code: "not-permitted", needs: "restore or cut or configure" });
  const list = "/v1/cuts/batches/01935f3e-0000-7000-8000-000000000000";
  const note = { note: "too many of one import" };
  expect((await ask("front", "POST", `${list}/approve`, note)).body).toMatchObject({ code: "not-permitted", needs: "approve" });
  expect((await ask("second", "POST", `${list}/approve`, note)).body).toMatchObject({ code: "unknown-cut-batch" });
  expect((await ask("front", "POST", `${list}/decline`, note)).body).toMatchObject({ code: "unknown-cut-batch" });
  expect((await ask("second", "POST", "/v1/cuts/imports", { channel: "bank" })).status).toBe(403);
  expect((await ask("front", "POST", "/v1/notices/test", { channel: "none" })).body).toMatchObject({
    code: "unknown-notice-channel",
  });
});

test("B2 B7 incidents are listed, marked, counted as the log of steps counts them, and told by the month; the audit keeps who said so", async () => {
  const store = new PostgresRecoveryStore(db);
  const id = IncidentId(uuidv7());
  const ended = later(NOW, -minutes(10));
  await db.transact(async (tx) => {
    await store.insert(tx, {
      ...{
        id,
        cause: "cut-in-window",
        also: [],
        class: "wrong-action",
        meter: MeterAddress(METER),
        account: AccountId(accountOf(METER)),
      },
      ...{
        model: "remote-ledger",
        bus: "tcp-1",
        firmware: "V2.1",
        cut: null,
        darkSince: later(NOW, -minutes(70)),
        wishedAt: null,
      },
      ...{ foundAt: later(NOW, -minutes(69)), level: 0, reason: null, restoredAt: ended, restoredBy: null, endedAt: ended },
      ...{ energyBefore: "99.00", energyAfter: "99.00", compensation: "yes", compensationNote: null, compensationBy: null },
      ...{
        followUpAt: later(NOW, minutes(60)),
        remindedAt: null,
        followedUpAt: null,
        followedUpBy: null,
        followUpNote: null,
        exception: null,
      },
    });
    await store.addStep(tx, id, { at: later(NOW, -minutes(69)), what: "found", by: "gateway", note: "cut-in-window" });
  });
  const path = `/v1/recovery/incidents/${id}`;
  const marked = await ask("front", "POST", `${path}/compensation`, { mark: "paid", note: "twenty yuan, agreed by telephone" });
  expect(marked.body).toMatchObject({ compensation: "paid", compensationBy: "front", minutes: 60, state: "restored" });
  expect((await ask("front", "POST", `${path}/follow-up`, { note: "short" })).status).toBe(400);
  expect((await ask("front", "POST", `${path}/follow-up`, { note: "all is well again" })).body).toMatchObject({
    followedUpBy: "front",
  });
  expect((await ask("front", "POST", `${path}/follow-up`, { note: "all is well again" })).status).toBe(409);
  expect((await ask("boss", "GET", `/v1/recovery/incidents/${uuidv7()}`)).status).toBe(404);
  expect((await ask("boss", "GET", path)).body["steps"]).toMatchObject([
    { what: "found" },
    { what: "compensation" },
    { what: "followed-up" },
  ]);
  const causes = (await ask("boss", "GET", "/v1/recovery/causes?from=2026-11-01&by=firmware")).body;
  const [log] = await db.rows<{ found: number }>(null, "SELECT count(*)::int AS found FROM incident_steps WHERE what = 'found'");
  expect(causes).toMatchObject({ incidents: log!.found, rows: [{ cause: "cut-in-window", of: "V2.1", incidents: 1 }] });
  const month = await ask("boss", "GET", "/v1/recovery/report?month=2026-11");
  expect(month.body).toMatchObject({
    incidents: 1,
    classes: [{ class: "wrong-action", compensated: 1, followedUp: 1, darkMinutes: { total: 60 } }],
  });
  const csv = String((await ask("boss", "GET", "/v1/recovery/report?month=2026-11&format=csv")).body["text"]);
  expect(csv.split("\r\n")).toHaveLength(3);
  const kept = await db.rows<{ who: string }>(
    null,
    "SELECT who FROM audit_rows WHERE subject = $1 AND after ? 'compensation' ORDER BY id",
    [`incident/${id}`],
  );
  expect(kept.at(-1)?.who).toBe("front");
  await expect(db.run(null, "DELETE FROM incident_steps")).rejects.toThrow(/never changed or deleted/);
});

test("B8 one call gives balance, relay, the last order and what may be expected", async () => {
  await house.gateway.pollAll();
  const { status, body } = await ask("front", "GET", `/v1/accounts/${accountOf(METER)}/call`);
  expect(status).toBe(200);
  expect(body).toMatchObject({
    account: accountOf(METER),
    balance: { available: "10.00" },
    relay: { reported: "connected" },
    lastOrder: { meter: METER },
    expected: { because: "on", words: { en: "The supply is on.", zh: "供电正常。" } },
  });
  expect(body["incidents"]).toHaveLength(1);
  expect((await ask("front", "GET", "/v1/accounts/nobody/call")).status).toBe(404);
});
