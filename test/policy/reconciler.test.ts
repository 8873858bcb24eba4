/** Wish against reality: what the rules ask for, once, and what they leave alone. Real rows, a clock that obeys; the last test has real meters too. */
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { uuidv7 } from "uuidv7";
import { CommandService } from "../../src/commands/command-service.ts";
import { apply } from "../../src/commands/conclusion.ts";
import type { Attempt, Command } from "../../src/commands/command.ts";
import { PaymentService } from "../../src/commands/payment-service.ts";
import { rivalsOf } from "../../src/commands/rivals.ts";
import type { RelayState } from "../../src/devices/meter.ts";
import { hours, Instant, later, minutes, seconds, type Clock } from "../../src/kernel/clock.ts";
import { CentiKwh } from "../../src/kernel/energy.ts";
import { AccountId, BusId, MeterAddress } from "../../src/kernel/ids.ts";
import { silentLog } from "../../src/kernel/log.ts";
import { Fen, parsePrice, parseYuan } from "../../src/kernel/money.ts";
import { Billing } from "../../src/ledger/billing.ts";
import { Ledger } from "../../src/ledger/ledger.ts";
import type { PolicyRules } from "../../src/policy/policy-file.ts";
import { Reconciler } from "../../src/policy/reconciler.ts";
import { Strategies } from "../../src/policy/strategies.ts";
import { PostgresBillingStore } from "../../src/stores/billing-store.ts";
import { PostgresCommandStore } from "../../src/stores/command-store.ts";
import { PostgresLedgerStore } from "../../src/stores/ledger-store.ts";
import { PostgresMeterStore } from "../../src/stores/meter-store.ts";
import { PostgresOutbox } from "../../src/stores/outbox.ts";
import { PostgresPaymentStore } from "../../src/stores/payment-store.ts";
import { PostgresPolicyStore } from "../../src/stores/policy-store.ts";
import { accountOf, raiseTestHouse } from "../support/test-house.ts";
import { at } from "../../src/stores/database.ts";
import { testDatabase, type TestDatabase } from "../support/database.ts";
import { ask, ended, itemsOf, thing, untilTrue } from "../api/door.ts";
import { flatTariff } from "../../src/tariff/tariff.ts";

const METER = MeterAddress("202611220041");
const ACCOUNT = AccountId("2611220041");
const MONDAY_MORNING = Instant(Date.UTC(2026, 10, 23, 2)); // ten o'clock in Shanghai

let now = MONDAY_MORNING;
const clock: Clock = { now: () => now, wait: () => Promise.resolve() };
let heard: Instant | null = null;
let hurried: MeterAddress[] = [];
let register = 0n;
let orders = 0;
/** Instead of one that sorts by the clock of this machine. */
let nextId: string | null = null;

let database: TestDatabase;
let common: ConstructorParameters<typeof CommandService>[0] & { readonly commands: PostgresCommandStore };
let meters: PostgresMeterStore;
let service: CommandService;
let billing: Billing;

beforeAll(async () => {
  database = await testDatabase();
  const { db } = database;
  meters = new PostgresMeterStore(db, clock);
  const ledger = new Ledger({ store: new PostgresLedgerStore(db), clock });
  common = {
    clock,
    newId: () => nextId ?? uuidv7(),
    commands: new PostgresCommandStore(db, clock),
    payments: new PostgresPaymentStore(db),
    meters,
    ledger,
    outbox: new PostgresOutbox(db),
  };
  service = new CommandService(common);
  billing = new Billing({ store: new PostgresBillingStore(db), ledger, timeZone: "Asia/Shanghai", tariffs });
});
afterAll(() => database.drop());

const tariffs = new Map([["flat", flatTariff("flat", parsePrice("1.0000"))]]);

beforeEach(async () => {
  await database.db.run(
    null,
    "TRUNCATE accounts, meters, ledger_entries, ledger_legs, ledger_positions, payments, commands, attempts, billing, billing_days, intents, decisions, standings, exemptions, notices, outbox CASCADE",
  );
  now = MONDAY_MORNING;
  heard = null;
  hurried = [];
  nextId = null;
  register = 1_000n;
  await meters.bringIn(
    [{ account: ACCOUNT, name: "", class: "residential", mode: "remote", tariff: "flat" }],
    [
      {
        address: METER,
        meterNumber: METER,
        customerNumber: METER,
        account: ACCOUNT,
        bus: BusId("b"),
        model: "remote-ledger",
        relayPassword: null,
      },
    ],
  );
  await shows("connected");
  await uses(0n);
});

/** What the meter's relay shows from now on. */
const shows = async (relay: Exclude<RelayState, "unknown">): Promise<void> => {
  await meters.setRelay(null, METER, {
    relay: relay === "connected" ? "connected" : "disconnected",
    order: relay === "disconnected" ? "disconnect" : "connect",
    preTripAlarm: false,
    protected: false,
    accountOpened: true,
    word: 0,
    takenAt: now,
  });
};
/** A reading of so many kWh more, at one yuan each. */
async function uses(kwh: bigint): Promise<void> {
  register += kwh * 100n;
  await database.db.transact((tx) =>
    billing.bill(tx, {
      account: ACCOUNT,
      meter: METER,
      register: CentiKwh(register),
      takenAt: now,
      tariff: "flat",
    }),
  );
}
const rulesOf = (changes: PolicyRules = {}, holdsCuts = false): Reconciler =>
  new Reconciler({
    ...common,
    holdsCuts: () => Promise.resolve(holdsCuts),
    store: new PostgresPolicyStore(database.db),
    service,
    transactor: database.db,
    log: silentLog,
    strategies: new Strategies({
      timeZone: "Asia/Shanghai",
      site: { mode: "live", ...changes },
      classes: new Map(),
      accounts: new Map([[ACCOUNT, { hasContact: false }]]),
    }),
    heardAt: () => heard,
    readSoon: (meter) => hurried.push(meter),
  });
const pays = (rules: Reconciler, amount: string): Promise<Command | null> => {
  const payments = new PaymentService({ ...common, service, afterCredit: rules, channels: null, cap: Fen(10_000_000n) });
  const order = { account: ACCOUNT, amount: parseYuan(amount), channel: "bank", orderId: `o-${++orders}` };
  return database.db.transact(async (tx) => (await payments.take(tx, order)).command);
};
/** Oldest first. */
const asked = async (): Promise<readonly Command[]> => (await common.commands.list({ limit: 100 })).toReversed();
const told = async (): Promise<readonly string[]> =>
  (await asked()).map((command) => `${command.kind} ${command.askedBy} ${command.reason} ${command.state}`);
const intents = (): Promise<{ want: string; because: string; shadow: boolean }[]> =>
  database.db.rows(null, "SELECT want, because, shadow FROM intents ORDER BY id");
/** Ends the newest command: as the machine does where it can, else by its row. */
const endLast = async (change: Parameters<PostgresCommandStore["change"]>[4]): Promise<void> => {
  const last = (await asked()).at(-1)!;
  const event =
    change.state === "confirmed"
      ? ({ type: "shown" } as const)
      : change.state === "expired"
        ? ({ type: "out-of-time" } as const)
        : null;
  if (event === null)
    await common.commands.change(null, last.id, last.fence, [last.state], { endedAt: now, lookAt: null, ...change });
  else await database.db.transact((tx) => apply(common, tx, last, event));
};
const byPerson = (kind: "disconnect" | "reconnect"): Promise<Command> =>
  database.db.transact((tx) =>
    service.accept(tx, {
      kind,
      meter: METER,
      account: ACCOUNT,
      payment: null,
      params: {},
      askedBy: "person",
      reason: "works on the line",
    }),
  );

describe("in shadow", () => {
  test("a cut is decided and written down with what led to it, and nothing is asked of the meter", async () => {
    const rules = rulesOf({ mode: "shadow" });
    await uses(5n);
    await rules.reconcile();
    await rules.reconcile();
    expect(await intents()).toEqual([{ want: "disconnected", because: "credit-exhausted", shadow: true }]);
    const [{ facts } = { facts: null }] = await database.db.rows<{ facts: unknown }>(null, "SELECT facts FROM intents");
    expect(facts).toMatchObject({ available: "-5.00", cutBelow: "0.00", relay: "connected", readAt: now, protectedTime: null });
    expect(await asked()).toEqual([]);
  });

  test("restores are real", async () => {
    const rules = rulesOf({ mode: "shadow", restoreBy: "reconnect" });
    await shows("disconnected");
    expect(await pays(rules, "10.00")).toMatchObject({ kind: "reconnect", askedBy: "rule", reason: "in-credit" });
  });

  test("a cut that was asked for before does not leave any more", async () => {
    await uses(5n);
    await rulesOf().reconcile();
    const [cut] = await asked();
    expect(await rulesOf().whyNot(cut!)).toBe(null);
    expect(await rulesOf({ mode: "shadow" }).whyNot(cut!)).toBe("shadow");
  });
});

describe("live", () => {
  test("one cut is asked for, however often the rules are woken, also at the same moment", async () => {
    const rules = rulesOf();
    await uses(5n);
    for (let n = 0; n < 3; n += 1) await rules.reconcile();
    await Promise.all([rules.reconcile(), rules.reconcile(), rules.reconcile()]);
    expect(await told()).toEqual(["disconnect rule credit-exhausted accepted"]);
    expect(await meters.meter(null, METER)).toMatchObject({ relayDesired: "disconnected", cutBy: null });
    expect(await intents()).toEqual([{ want: "disconnected", because: "credit-exhausted", shadow: false }]);
    await endLast({ state: "confirmed" });
    await shows("disconnected");
    await rules.reconcile();
    expect(await asked()).toHaveLength(1);
  });

  for (const restoreBy of ["arm", "reconnect"] as const)
    test(`a payment restores by ${restoreBy}, in its own transaction and once`, async () => {
      const rules = rulesOf({ restoreBy });
      await uses(5n);
      await rules.reconcile();
      await endLast({ state: "confirmed" });
      now = later(now, minutes(1));
      await shows("disconnected");
      expect(await pays(rules, "4.99")).toBe(null); // still one fen in arrears
      expect(await pays(rules, "0.01")).toBe(null); // neither cut nor restored at exactly nothing
      const command = await pays(rules, "0.01");
      expect(command).toMatchObject({ kind: restoreBy, askedBy: "rule", reason: "in-credit", state: "accepted" });
      expect((await pays(rules, "5.00"))?.id).toBe(command!.id);
      await rules.reconcile();
      expect((await told()).at(-1)).toBe(`${restoreBy} rule in-credit accepted`);
      expect(await asked()).toHaveLength(2);
      await endLast({ state: "confirmed" });
      now = later(now, minutes(1));
      await shows(restoreBy === "arm" ? "armed" : "connected");
      await rules.reconcile();
      expect(await asked()).toHaveLength(2); // armed is enough: the button is the customer's
    });

  test("a payment takes back a cut that has not left, and no restore is needed", async () => {
    const rules = rulesOf();
    await uses(5n);
    await rules.reconcile();
    expect(await pays(rules, "100.00")).toBe(null);
    expect((await asked()).map(({ kind, state, because }) => [kind, state, because])).toEqual([
      ["disconnect", "cancelled", "payment"],
    ]);
    expect(await meters.meter(null, METER)).toMatchObject({ relayDesired: null, cutBy: null });
    await rules.reconcile();
    expect(await asked()).toHaveLength(1);
  });

  /** A cut by the rules whose bytes have left, and of which nothing was heard. */
  const leaves = async (rules: Reconciler): Promise<Command> => {
    await uses(5n);
    await rules.reconcile();
    const cut = (await asked()).at(-1)!;
    await common.commands.change(null, cut.id, cut.fence, ["accepted"], { state: "verifying", sentAt: now });
    return { ...cut, state: "verifying", sentAt: now };
  };
  const endsInSilence = (cut: Command): Promise<unknown> =>
    database.db.transact((tx) => apply(common, tx, cut, { type: "nobody-can-tell", because: "silence" }));

  test("a payment too late to stop the bytes asks for the restore at once: nobody knows whether they were obeyed", async () => {
    const rules = rulesOf({ restoreBy: "reconnect" });
    await leaves(rules);
    expect(await pays(rules, "100.00")).toMatchObject({ kind: "reconnect", reason: "in-credit" });
    now = later(now, minutes(1));
    await shows("disconnected");
    await rules.reconcile();
    expect(await told()).toEqual(["disconnect rule credit-exhausted verifying", "reconnect rule in-credit accepted"]);
  });

  test("a payment after a cut that ended in silence asks for the restore, once, and again only where that ended in vain and has rested", async () => {
    const rules = rulesOf({ restoreBy: "reconnect" });
    const cut = await leaves(rules);
    now = later(now, minutes(10));
    await endsInSilence(cut);
    now = later(now, minutes(10));
    expect(await pays(rules, "100.00")).toMatchObject({ kind: "reconnect", reason: "in-credit" });
    await rules.reconcile();
    expect(await asked()).toHaveLength(2);
    await endLast({ state: "unanswered", because: "silence" });
    now = later(now, minutes(1) - 1);
    await rules.reconcile();
    expect(await asked(), "it rests").toHaveLength(2);
    now = later(now, 1);
    await rules.reconcile();
    expect((await told()).at(-1)).toBe("reconnect rule in-credit accepted");
    await shows("connected");
    await endLast({ state: "confirmed" });
    for (let look = 0; look < 3; look += 1) {
      now = later(now, minutes(1));
      await rules.reconcile();
    }
    expect(await asked(), "its relay was seen since").toHaveLength(3);
  });

  test("a restore that showed the relay is the last one, though the cut left by a clock that stood an hour ahead", async () => {
    const rules = rulesOf({ restoreBy: "reconnect" });
    now = later(now, hours(1));
    const cut = await leaves(rules);
    await endsInSilence(cut);
    now = later(now, -hours(1));
    await pays(rules, "100.00");
    await shows("connected");
    await endLast({ state: "confirmed" });
    for (let look = 0; look < 3; look += 1) await rules.reconcile();
    expect((await told()).map((one) => one.split(" ")[0])).toEqual(["disconnect", "reconnect"]);
  });

  test("a person's cut of which nothing was heard is no business of the rules", async () => {
    const rules = rulesOf({ restoreBy: "reconnect" });
    const cut = await byPerson("disconnect");
    await common.commands.change(null, cut.id, cut.fence, ["accepted"], { state: "verifying", sentAt: now });
    await pays(rules, "100.00");
    await rules.reconcile();
    await endsInSilence({ ...cut, state: "verifying", sentAt: now });
    await pays(rules, "1.00");
    await rules.reconcile();
    expect((await asked()).map(({ kind }) => kind)).toEqual(["disconnect"]);
  });

  test("a cut of which nothing was heard is asked for again where the rules want it still", async () => {
    const rules = rulesOf();
    const cut = await leaves(rules);
    await endsInSilence(cut);
    now = later(now, minutes(15));
    await uses(0n);
    await rules.reconcile();
    expect((await told()).at(-1)).toBe("disconnect rule credit-exhausted accepted");
  });

  test("a wish that changed takes back what was asked and has not left", async () => {
    const rules = rulesOf();
    await uses(5n);
    await rules.reconcile();
    now = Instant(Date.UTC(2026, 10, 23, 10)); // six in the evening, and nobody has heard of the meter since
    await uses(1n);
    await rules.reconcile();
    expect((await asked()).map(({ state, because }) => [state, because])).toEqual([["cancelled", "no-cut-hours"]]);
  });

  test("in the last moment before the bytes leave everything is looked at once more", async () => {
    const rules = rulesOf();
    await uses(5n);
    await rules.reconcile();
    const [cut] = await asked();
    expect(await rules.whyNot(cut!)).toBe(null);
    now = later(now, hours(2) + 1);
    expect(await rules.whyNot(cut!)).toBe("reading-stale");
    now = Instant(Date.UTC(2026, 10, 23, 10));
    await uses(0n);
    expect(await rules.whyNot(cut!)).toBe("no-cut-hours");
    now = Instant(MONDAY_MORNING + hours(24));
    await uses(0n);
    expect(await rules.whyNot(cut!)).toBe(null);
    await pays(rulesOf({ mode: "shadow" }), "100.00");
    expect(await rules.whyNot(cut!)).toBe("in-credit");
  });
});

describe("nobody is cut", () => {
  test("while books that were restored may lack his payment; restores go on", async () => {
    const rules = rulesOf({}, true);
    await uses(5n);
    await rules.reconcile();
    expect(await intents()).toEqual([{ want: "disconnected", because: "credit-exhausted", shadow: true }]);
    expect(await asked()).toEqual([]);
    await rulesOf().reconcile();
    const [cut] = await asked();
    expect(await rules.whyNot(cut!)).toBe("restored");
    await shows("disconnected");
    expect(await pays(rules, "10.00")).toMatchObject({ kind: "arm" });
  });

  test("on an old reading: a fresh one is asked for", async () => {
    await uses(5n);
    now = later(now, hours(2) + 1);
    await rulesOf().reconcile();
    expect(await asked()).toEqual([]);
    expect(hurried).toEqual([METER]);
  });

  test("whose relay nobody has seen, who is quarantined, or whose account is disputed", async () => {
    await uses(5n);
    await database.db.run(null, "UPDATE meters SET relay_reported = 'unknown'");
    await rulesOf().reconcile();
    await database.db.run(null, "UPDATE meters SET relay_reported = 'connected', identity = 'quarantined'");
    await rulesOf().reconcile();
    await database.db.run(null, "UPDATE meters SET identity = 'confirmed'");
    await database.db.run(
      null,
      "INSERT INTO payments (id, account, amount, channel, order_id, state, created_at) VALUES (gen_random_uuid(), $1, 1, 'bank', 'd', 'disputed', now())",
      [ACCOUNT],
    );
    await rulesOf().reconcile();
    expect(await asked()).toEqual([]);
    await database.db.run(null, "UPDATE payments SET state = 'allocated'");
    await rulesOf().reconcile();
    expect(await asked()).toHaveLength(1); // and it was these three that held it back
  });
});

describe("what a person cut", () => {
  test("stays cut, whatever is paid and however often the rules look", async () => {
    const rules = rulesOf({ restoreBy: "reconnect" });
    await byPerson("disconnect");
    await endLast({ state: "confirmed" });
    now = later(now, seconds(5));
    await shows("disconnected");
    expect(await pays(rules, "100.00")).toBe(null);
    await rules.reconcile();
    expect(await told()).toEqual(["disconnect person works on the line confirmed"]);
  });

  test("and has not left yet is not taken back by a payment", async () => {
    await byPerson("disconnect");
    expect(await pays(rulesOf(), "100.00")).toBe(null);
    await rulesOf().reconcile();
    expect(await told()).toEqual(["disconnect person works on the line accepted"]);
  });

  test("stays a person's when the reconnect that was ordered afterwards is cancelled or expires, and when a second cut is", async () => {
    const rules = rulesOf({ restoreBy: "reconnect" });
    await byPerson("disconnect");
    await endLast({ state: "confirmed" });
    now = later(now, seconds(5));
    await shows("disconnected");
    await pays(rules, "100.00");
    for (const kind of ["reconnect", "disconnect"] as const) {
      const taken = await byPerson(kind);
      await database.db.transact((tx) => service.cancel(tx, taken.id, "person"));
      expect(await meters.meter(null, METER)).toMatchObject({ relayDesired: "disconnected", cutBy: "person" });
    }
    await byPerson("reconnect");
    await endLast({ state: "expired" });
    await rules.reconcile();
    expect((await told()).at(-1)).not.toContain("rule");
    expect(await meters.meter(null, METER)).toMatchObject({ relayDesired: "disconnected", cutBy: "person" });
  });

  test("is nobody's cut when a newer reconnect was confirmed before the overtaken cut had ended", async () => {
    const cut = await byPerson("disconnect");
    await common.commands.change(null, cut.id, cut.fence, ["accepted"], { state: "verifying" });
    await byPerson("reconnect");
    await endLast({ state: "confirmed" });
    await database.db.transact((tx) =>
      apply(common, tx, { ...cut, state: "verifying" }, { type: "nobody-can-tell", because: "superseded" }),
    );
    expect(await meters.meter(null, METER)).toMatchObject({ relayDesired: "connected", cutBy: null });
  });

  test("and whose cut is still under way is not undone by a rule that saw an older picture", async () => {
    await shows("disconnected");
    await pays(rulesOf(), "100.00");
    await endLast({ state: "confirmed" });
    await byPerson("disconnect");
    await rulesOf().reconcile();
    expect((await told()).at(-1)).toBe("disconnect person works on the line accepted");
  });

  test("gives way to a later reconnect also where the clock, or that of the gateway that took it, was an hour behind", async () => {
    await byPerson("disconnect");
    await endLast({ state: "confirmed" });
    nextId = "01900000-0000-7000-8000-000000000001";
    const back = await byPerson("reconnect");
    const cut = (await asked())[0]!;
    expect(back.id > cut.id, "the later order is the greater").toBe(true);
    const { fence } = (await common.commands.take(back.id))!;
    const attempt: Attempt = { number: 1, fence, at: now, before: {}, outcome: "sending", frames: [] };
    const begun = await database.db.transact((tx) =>
      common.commands.beginAttempt(tx, back.id, fence, attempt, rivalsOf("reconnect")),
    );
    expect(begun).toBe("begun");
  });

  test("is the rules' again when a person has restored it", async () => {
    await byPerson("disconnect");
    await endLast({ state: "confirmed" });
    await byPerson("reconnect");
    await endLast({ state: "confirmed" });
    now = later(now, seconds(5));
    await uses(5n);
    await rulesOf().reconcile();
    expect((await told()).at(-1)).toBe("disconnect rule credit-exhausted accepted");
  });
});

describe("a wish that ended in vain", () => {
  const cutThatEnded = async (because: "silence" | "stuck"): Promise<Reconciler> => {
    const rules = rulesOf();
    await uses(5n);
    await rules.reconcile();
    await endLast({ state: "unanswered", because });
    return rules;
  };

  test("is not repeated before its time", async () => {
    const rules = await cutThatEnded("silence");
    now = later(now, minutes(15) - 1);
    await rules.reconcile();
    expect(await asked()).toHaveLength(1);
    now = later(now, 1);
    await rules.reconcile();
    expect(await told()).toEqual(["disconnect rule credit-exhausted unanswered", "disconnect rule credit-exhausted accepted"]);
  });

  test("is repeated as soon as the silent meter was heard", async () => {
    const rules = await cutThatEnded("silence");
    heard = now; // not after the end
    now = later(now, seconds(10));
    await rules.reconcile();
    expect(await asked()).toHaveLength(1);
    heard = now;
    await rules.reconcile();
    expect(await asked()).toHaveLength(2);
  });

  test("against a stuck relay waits its time, however well the meter is heard: relays wear and weld", async () => {
    const rules = await cutThatEnded("stuck");
    now = later(now, minutes(14));
    heard = now;
    await rules.reconcile();
    expect(await asked()).toHaveLength(1);
  });
});

describe("a strategy", () => {
  const decisions = (): Promise<{ stage: string; want: string; because: string; command: string | null }[]> =>
    database.db.rows(null, "SELECT stage, want, because, command FROM decisions ORDER BY id");
  const stagesTold = async (): Promise<readonly unknown[]> =>
    (
      await database.db.rows<{ event: { stage: string } }>(
        null,
        "SELECT event FROM outbox WHERE event ->> 'type' = 'policy' ORDER BY id",
      )
    ).map(({ event }) => event.stage);
  const noticed = (available: string): Promise<unknown> =>
    database.db.run(
      null,
      "INSERT INTO notices (account, at, stage, delivered, available) VALUES ($1, $2, 'notice-due', $2, $3)",
      [...[ACCOUNT, at(now), parseYuan(available)]],
    );
  const exempted = (kind: string, forMs: number): Promise<unknown> =>
    database.db.run(
      null,
      "INSERT INTO exemptions (id, account, kind, begins_at, ends_at, reason, made_by) VALUES (gen_random_uuid(), $1, $2, $3, $4, 'test', 'desk')",
      [ACCOUNT, kind, at(now), at(later(now, forMs))],
    );

  test("walks an account from fine by two warnings, a notice and half an hour to the cut, and by a payment back to the light", async () => {
    const rules = rulesOf({ notices: "required", restoreBy: "reconnect" });
    await pays(rules, "40.00");
    now = later(now, minutes(1));
    await rules.reconcile();
    expect(await decisions(), "who is fine leaves no row").toEqual([]);
    for (const kwh of [11n, 25n, 5n]) {
      await uses(kwh);
      await rules.reconcile();
      await rules.reconcile();
    }
    expect(await stagesTold()).toEqual(["warn-1", "warn-2", "notice-due"]);
    expect(await asked()).toEqual([]);
    await noticed("-1.00");
    await rules.reconcile();
    now = later(now, minutes(30) - 1);
    await rules.reconcile();
    expect(await asked()).toEqual([]);
    now = later(now, 1);
    await rules.reconcile();
    expect(await told()).toEqual(["disconnect rule credit-exhausted accepted"]);
    await endLast({ state: "confirmed" });
    now = later(now, minutes(1));
    await shows("disconnected");
    await rules.reconcile();
    await pays(rules, "50.00");
    expect((await told()).at(-1)).toBe("reconnect rule in-credit accepted");
    await endLast({ state: "confirmed" });
    now = later(now, minutes(1));
    await shows("connected");
    await rules.reconcile();
    expect(await stagesTold()).toEqual([
      ...["warn-1", "warn-2", "notice-due", "noticed-waiting", "cut-due", "cut", "restore", "fine"],
    ]);
    const [cut, restore] = await asked();
    const kept = await decisions();
    expect(kept.find(({ stage }) => stage === "cut-due")).toMatchObject({ want: "disconnected", command: cut!.id });
    expect(kept.find(({ stage }) => stage === "restore")).toMatchObject({ because: "in-credit", command: restore!.id });
  });

  test("that asks for notices gives no cut in the last moment to whoever has paid a little since he was told", async () => {
    const rules = rulesOf({ notices: "required" });
    await uses(5n);
    await rules.reconcile(); // the debt begins with the look that finds it
    await noticed("-5.00");
    now = later(now, minutes(31));
    await rules.reconcile();
    const [cut] = await asked();
    expect(await rules.whyNot(cut!)).toBe(null);
    await pays(rules, "1.00");
    expect(await rules.whyNot(cut!)).toBe("notice-due");
    await rules.reconcile();
    expect((await asked()).map(({ state, because }) => [state, because])).toEqual([["cancelled", "payment"]]);
  });

  test("lets nobody be cut who is exempt, restores who must have supply, and cuts when that time is over", async () => {
    const rules = rulesOf({ restoreBy: "reconnect" });
    await uses(5n);
    await exempted("important", hours(1));
    await rules.reconcile();
    expect(await asked()).toEqual([]);
    now = later(now, hours(1));
    await rules.reconcile();
    expect(await told()).toEqual(["disconnect rule credit-exhausted accepted"]);
    await endLast({ state: "confirmed" });
    now = later(now, minutes(1));
    await shows("disconnected");
    await exempted("medical", hours(24));
    await rules.reconcile();
    expect((await told()).at(-1)).toBe("reconnect rule exempt-medical accepted");
  });

  test("keeps with every decision the version it was made by and the facts; another version that says the same is no news, or two gateways would write for ever", async () => {
    await uses(5n);
    const [one, other] = [rulesOf({ mode: "shadow" }), rulesOf({ mode: "shadow", warn1: "31.00" })];
    for (const rules of [one, one, other, one, other]) await rules.reconcile();
    await rulesOf({ mode: "shadow", cutBelow: "-6.00" }).reconcile(); // what is owed is not enough for a cut by these
    const rows = await database.db.rows<{ strategy: string; facts: unknown; shadow: boolean }>(
      null,
      "SELECT strategy, facts, shadow FROM decisions ORDER BY id",
    );
    expect(rows).toHaveLength(2);
    expect(rows[0]!.strategy).not.toBe(rows[1]!.strategy);
    expect(rows[0]).toMatchObject({ shadow: true, facts: { available: "-5.00", readAt: now, exemptions: [], notice: null } });
  });

  test("counts grace from the look that found the debt, and anew when it was paid in between", async () => {
    const rules = rulesOf({ graceDays: 1, noCut: { hours: "" } });
    await uses(5n);
    await rules.reconcile();
    now = later(now, hours(20));
    await pays(rules, "6.00");
    await uses(6n);
    await rules.reconcile();
    now = later(now, hours(5));
    await uses(0n);
    await rules.reconcile();
    expect(await asked(), "one day after the first debt").toEqual([]);
    now = later(now, hours(19));
    await uses(0n);
    await rules.reconcile();
    expect(await asked(), "a day after the second").toHaveLength(1);
  });

  test("lets the meter's own alarm show what is owed, where it says so, once", async () => {
    await uses(5n);
    const rules = rulesOf({ meterWarn: true, protected: true });
    await rulesOf({ protected: true }).reconcile();
    expect(await asked()).toEqual([]);
    await rules.reconcile();
    await rules.reconcile();
    expect(await told()).toEqual(["warn rule class-protected accepted"]);
    await endLast({ state: "confirmed" });
    await rules.reconcile();
    expect(await asked(), "not at once, though the meter shows no alarm yet").toHaveLength(1);
    await database.db.run(null, "UPDATE meters SET relay_word = 128");
    now = later(now, hours(2));
    await pays(rules, "100.00");
    await rules.reconcile();
    expect((await told()).at(-1)).toBe("unwarn rule in-credit accepted");
  });
});

test("on a real street: in arrears it is dark, paid it is light, and the meter was told each once", async () => {
  const address = "202611220042";
  const house = await raiseTestHouse({
    meters: [{ address, model: "remote-ledger", mode: "remote", loadKw: 6, energyKwh: "10.00" }],
  });
  try {
    house.street.pauseHouseholds();
    await house.gateway.pollAll();
    house.street.resumeHouseholds();
    house.street.advance(minutes(20));
    house.street.pauseHouseholds();
    await house.gateway.pollAll(); // the reading wakes the rules
    await untilTrue("the supply to be cut", () => house.street.snapshot(address).relay === "disconnected");
    const commandsOf = async (): Promise<readonly unknown[]> =>
      itemsOf(await ask(house.gateway.url, "GET", `/v1/commands?meter=${address}`)).map(({ kind, state }) => [kind, state]);
    await untilTrue("the cut to be confirmed", async () => JSON.stringify(await commandsOf()) === '[["disconnect","confirmed"]]');
    await house.gateway.reconcile();
    const paid = await ask(house.gateway.url, "POST", "/v1/payments", {
      body: { account: accountOf(address), amount: "100.00", channel: "bank", orderId: "light" },
    });
    const command = thing(paid.json["command"]);
    expect(command).toMatchObject({ kind: "reconnect", askedBy: "rule", reason: "in-credit" });
    expect(thing(paid.json["payment"])).toMatchObject({ state: "allocated", command: command["id"] });
    expect(await ended(house.gateway.url, command["id"])).toMatchObject({ state: "confirmed" });
    await house.gateway.reconcile();
    expect(house.street.snapshot(address)).toMatchObject({ relay: "connected", obeyed: { disconnects: 1, reconnects: 1 } });
    expect(await commandsOf()).toEqual([
      ["reconnect", "confirmed"],
      ["disconnect", "confirmed"],
    ]);
  } finally {
    await house.close();
  }
});
