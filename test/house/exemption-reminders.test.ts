/** An exemption is remembered before its end, once, and nobody has to close what is over. */
import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import { uuidv7 } from "uuidv7";
import { exceptionsOf } from "../../src/house/exceptions.ts";
import { ExemptionReminders } from "../../src/house/exemption-reminders.ts";
import { hours, Instant, iso, later, type Clock } from "../../src/kernel/clock.ts";
import { AccountId } from "../../src/kernel/ids.ts";
import { silentLog } from "../../src/kernel/log.ts";
import { Ledger } from "../../src/ledger/ledger.ts";
import { ExemptionDesk } from "../../src/policy/exemption-desk.ts";
import { holds } from "../../src/policy/exemptions.ts";
import { PostgresCommandStore } from "../../src/stores/command-store.ts";
import { PostgresExemptionStore } from "../../src/stores/exemption-store.ts";
import { PostgresLedgerStore } from "../../src/stores/ledger-store.ts";
import { PostgresMeterStore } from "../../src/stores/meter-store.ts";
import { PostgresOutbox } from "../../src/stores/outbox.ts";
import { testDatabase, type TestDatabase } from "../support/database.ts";

const ACCOUNT = AccountId("1000000001");
const ZONE = "Asia/Shanghai";
const START = Instant(Date.parse("2026-11-23T10:00:00+08:00"));
const days = (n: number): number => hours(24 * n);

let now = START;
/** Whoever is to be reminded of this exemption cannot be. */
let bar: string | null = null;
const clock: Clock = { now: () => now, wait: () => Promise.resolve() };
let database: TestDatabase;
let desk: ExemptionDesk;
let reminders: ExemptionReminders;

beforeAll(async () => {
  database = await testDatabase();
  const { db } = database;
  const meters = new PostgresMeterStore(db, clock);
  const outbox = new PostgresOutbox(db);
  const common = { db, clock, log: silentLog, newId: () => uuidv7(), transactor: db, outbox, meters };
  const ledger = new Ledger({ store: new PostgresLedgerStore(db), clock });
  const { exceptions, store: items } = exceptionsOf({ ...common, ledger, commands: new PostgresCommandStore(db, clock) });
  const store = new (class extends PostgresExemptionStore {
    override async remind(...[tx, id, at]: Parameters<PostgresExemptionStore["remind"]>): Promise<void> {
      if (id === bar) throw new Error("this one cannot be remembered");
      await super.remind(tx, id, at);
    }
  })(db);
  reminders = new ExemptionReminders({ ...common, store, exceptions, items, timeZone: ZONE });
  desk = new ExemptionDesk({
    ...common,
    store,
    timeZone: ZONE,
    afterEnd: (tx, exemption, by) => reminders.settle(tx, exemption, by),
  });
  await meters.bringIn([{ account: ACCOUNT, name: "", class: "residential", mode: "remote", tariff: "flat" }], []);
});
afterAll(() => database.drop());
beforeEach(async () => {
  now = START;
  bar = null;
  await database.db.run(null, "TRUNCATE exemptions, exceptions, exception_steps CASCADE");
});

const make = (until: string) =>
  database.db.transact((tx) =>
    desk.make(tx, { account: ACCOUNT, kind: "guarantee", until, reason: "examination week", by: "desk" }),
  );
const items = (): Promise<{ open: boolean; because: string; closed_by: string | null; evidence: Record<string, unknown> }[]> =>
  database.db.rows(null, "SELECT closed_at IS NULL AS open, because, closed_by, evidence FROM exceptions ORDER BY id");

test("seven days before the end, and not earlier; once, whoever closes it; and closed when it is over", async () => {
  const { until } = await make("2026-12-10");
  expect(iso(until, ZONE), "a day is meant whole").toBe("2026-12-11T00:00:00+08:00");
  now = later(until, -days(7) - 1);
  await reminders.look();
  expect(await items()).toEqual([]);
  now = later(until, -days(7));
  await reminders.look();
  await reminders.look();
  expect(await items()).toMatchObject([{ open: true, because: "guarantee", evidence: { until: "2026-12-11T00:00:00+08:00" } }]);
  now = until;
  await reminders.look();
  expect(await items()).toMatchObject([{ open: false, closed_by: "gateway" }]);
  expect(await desk.list(ACCOUNT, 9)).toMatchObject([{ endedAt: until, endedBy: "gateway" }]);
});

test("what a person closed is not said again", async () => {
  await make("2026-11-30T10:00:00+08:00");
  now = later(START, days(6));
  await reminders.look();
  await database.db.run(null, "UPDATE exceptions SET closed_at = now(), closed_by = 'operator', closing_note = 'known to us'");
  await reminders.look();
  expect(await items()).toHaveLength(1);
});

test("one of a day is remembered in its last quarter", async () => {
  await make("2026-11-24T10:00:00+08:00");
  now = later(START, hours(18) - 1);
  await reminders.look();
  expect(await items()).toEqual([]);
  now = later(START, hours(18));
  await reminders.look();
  expect(await items()).toHaveLength(1);
});

test("a clock that stood a year ahead for one look ends none: it holds on, and is remembered when its time comes", async () => {
  const { id, until } = await make("2026-12-10");
  now = later(START, days(400));
  await reminders.look();
  expect(await desk.list(ACCOUNT, 9)).toMatchObject([{ endedAt: until, endedBy: "gateway" }]);
  now = later(START, 60_000);
  expect(holds((await desk.list(ACCOUNT, 9))[0]!, now), "before anybody looks again").toBe(true);
  await reminders.look();
  expect(await desk.list(ACCOUNT, 9)).toMatchObject([{ endedAt: null, endedBy: null, remindedAt: null }]);
  now = later(until, -days(7));
  await reminders.look();
  expect(await items()).toMatchObject([{ open: true, because: "guarantee" }]);
  now = later(START, days(400));
  await reminders.look();
  now = later(until, -days(2));
  const end = database.db.transact((tx) => desk.end(tx, ACCOUNT, id, "night"));
  expect(await end, "what goes on can be taken back").toMatchObject({ endedAt: now, endedBy: "night" });
  await reminders.look();
  expect(await desk.list(ACCOUNT, 9), "and what somebody took back stays so").toMatchObject([{ endedBy: "night" }]);
});

test("of many that end together somebody is reminded of each, also where one of them cannot be remembered", async () => {
  await database.db.run(
    null,
    `INSERT INTO exemptions (id, account, kind, begins_at, ends_at, reason, made_by)
     SELECT gen_random_uuid(), $1, 'conversion', '2026-11-23T10:00:00+08:00', '2026-12-24T00:00:00+08:00', 'change over', 'desk' FROM generate_series(1, 450)`,
    [ACCOUNT],
  );
  const [first] = await database.db.rows<{ id: string }>(null, "SELECT id FROM exemptions ORDER BY id LIMIT 1");
  bar = first!.id;
  now = Instant(Date.parse("2026-12-17T12:00:00+08:00"));
  await reminders.look();
  expect(await items()).toHaveLength(449);
  bar = null;
  await reminders.look();
  expect(await items()).toHaveLength(450);
});

test("taken back, it takes its reminder along, and cannot be taken back again", async () => {
  const { id } = await make("2026-11-25");
  now = later(START, days(2));
  await reminders.look();
  const end = () => database.db.transact((tx) => desk.end(tx, ACCOUNT, id, "night"));
  expect(await end()).toMatchObject({ endedAt: now, endedBy: "night" });
  expect(await items()).toMatchObject([{ open: false, closed_by: "night" }]);
  await expect(end()).rejects.toMatchObject({ code: "exemption-ended" });
  const strangers = database.db.transact((tx) => desk.end(tx, AccountId("2"), id, "night"));
  await expect(strangers).rejects.toMatchObject({ code: "unknown-exemption" });
});

test.each([undefined, "2026-11-22", "2026-11-23T10:00:00+08:00", "2027-12-01", "soon", "2026-11-24T10:00:00"])(
  "no end, one that has passed or one that nobody will live to see is refused: %s",
  async (until) => {
    const wish = { account: ACCOUNT, kind: "guarantee", until, reason: "x", by: "desk" } as const;
    await expect(database.db.transact((tx) => desk.make(tx, wish))).rejects.toMatchObject({ code: "exemption-end" });
  },
);

test("both are in the audit: who made it, who took it back", async () => {
  const { id } = await make("2026-12-10");
  await database.db.transact((tx) => desk.end(tx, ACCOUNT, id, "night"), { actor: "night" });
  const rows = await database.db.rows(null, "SELECT who, what FROM audit_rows WHERE subject = $1 ORDER BY id", [
    `exemption/${id}`,
  ]);
  expect(rows).toMatchObject([{ what: "exemption.added" }, { what: "exemption.changed", who: "night" }]);
});
