/** Dark hours that should not be, on a street and on virtual time: found by the books, restored first, handed up at their minutes, asked after. */
import { afterEach, expect, test } from "vitest";
import { protectionOf } from "../../src/api/permissions.ts";
import type { Command } from "../../src/commands/command.ts";
import { recoveryOf } from "../../src/house/recovery.ts";
import type { Engine } from "../../src/house/ports.ts";
import { hours, later, minutes, seconds } from "../../src/kernel/clock.ts";
import { AccountId } from "../../src/kernel/ids.ts";
import { parseYuan } from "../../src/kernel/money.ts";
import { usualRecovery } from "../../src/recovery/settings.ts";
import { at, raiseStreetHouse, type StreetHouse, type StreetHouseOptions } from "../collection/street-house.ts";
import { exceptionsOn, ItemsInMemory } from "../support/items-in-memory.ts";

let house: StreetHouse | undefined;
afterEach(() => house?.stop());

/** A reminder two hours after the restore, and not two weeks: the street lives through every minute of it. */
const SETTINGS = { ...usualRecovery, followUpMs: hours(50) };

interface Told {
  readonly house: StreetHouse;
  readonly items: ItemsInMemory;
  readonly recovery: ReturnType<typeof recoveryOf>;
  readonly engine: Engine;
}

async function raise(more: Partial<StreetHouseOptions> & { readonly looks: boolean }): Promise<Told> {
  const items = new ItemsInMemory();
  let told: Pick<Told, "recovery" | "engine"> | undefined;
  house = await raiseStreetHouse({
    start: at("2026-11-23T08:00:00"),
    meters: [{ energyKwh: "1000.00", loadKw: 1 }],
    pollEveryMs: minutes(10),
    rules: "live",
    restoreBy: "reconnect",
    ...more,
    around: ({ engine, stores, lines }) => {
      const recovery = recoveryOf({
        ...engine.books,
        ...{ engine, street: lines, items, exceptions: exceptionsOn(items, engine.books), settings: SETTINGS },
        ...{ store: stores.recovery, policy: stores.policy },
      });
      told = { recovery, engine };
      if (more.looks) recovery.watch.start();
      return () => recovery.watch.stop();
    },
  });
  return { house, items, ...told! };
}

const pay = ({ house: { addresses, db }, engine }: Told, n = 0): Promise<unknown> => {
  const account = AccountId(addresses[n]!.slice(2));
  const amount = parseYuan("50.00");
  return db.transact((tx) => engine.doors.ledger.receive(tx, { account, amount, channel: "test", reference: `pay-${n}` }));
};
const cutsOf = ({ house: { db } }: Told) =>
  db.books.commands.all(null).flatMap(({ command }) => (command.kind === "disconnect" ? [command] : []));

const restoresOf = ({ house: { db } }: Told) =>
  db.books.commands.all(null).flatMap(({ command }) => (command.kind === "reconnect" ? [command] : []));
/** As if this cut had been one at a time at which nobody is cut. */
async function asIfInWindow({ house: street }: Told, cut: Command): Promise<void> {
  const { books } = street.db;
  // as if the strategy had known of the window, and the last look before the bytes had not
  for (const row of books.strategies.all(null))
    await street.db.statement(null, async (on) => {
      await books.strategies.lock(on, String(row.id));
      const rules = (row.strategy.rules as { rule: string }[]).map((one) =>
        one.rule === "noCut.hours" ? { ...one, value: "06:00-20:00" } : one,
      );
      await books.strategies.update(on, { ...row, strategy: { ...row.strategy, rules } });
    });
  // and so that the rules, which know of no window here, do not cut again
  const exempt = {
    id: "e1",
    account: cut.account!,
    kind: "disputed",
    from: cut.createdAt,
    until: at("2026-12-01T00:00:00"),
  } as const;
  await street.db.statement(null, (on) =>
    books.exemptions.add(on, { ...exempt, reason: "a test", madeBy: "desk", endedAt: null, endedBy: null, remindedAt: null }),
  );
}

test("A21 paid but dark behind a stuck relay: found after five minutes, a work order at 15, up at 60 and 240, closed with its times", async () => {
  const told = await raise({ looks: true });
  const { house: street, items, recovery } = told;
  const [meter] = street.addresses as [(typeof street.addresses)[number]];
  await street.pass(hours(1));
  const [cut] = cutsOf(told);
  expect(cut).toMatchObject({
    state: "confirmed",
    receipt: { after: { power: "0.0000" }, register: { kwh: expect.stringMatching(/^100\d\.\d\d$/) as string } },
  });
  street.street.setFault(meter, { kind: "stuck-relay" });
  await pay(told);
  await street.pass(minutes(5));
  expect(items.open).toEqual([]);
  await street.pass(minutes(5));
  const [found] = await recovery.desk.store.list({ limit: 9 });
  expect(found).toMatchObject({
    cause: "paid-but-dark",
    class: "device",
    reason: "stuck",
    level: 0,
    cut: cut!.id,
    compensation: "yes",
  });
  expect(items.open).toEqual([]);
  const wishedAt = found!.wishedAt!;
  await street.until((wishedAt + minutes(240) + seconds(31)) as never);
  const steps = await recovery.desk.store.steps(found!.id);
  const after = (what: string): number[] => steps.flatMap((step) => (step.what === what ? [step.at - wishedAt] : []));
  for (const [what, due] of [
    ["found", [5]],
    ["work-order", [15]],
    ["escalated", [60, 240]],
  ] as const) {
    expect(after(what), what).toHaveLength(due.length);
    after(what).forEach((ms, n) => {
      expect(ms, `${what} no earlier than promised`).toBeGreaterThanOrEqual(minutes(due[n]!));
      expect(ms, `${what} within a round`).toBeLessThanOrEqual(minutes(due[n]!) + seconds(31));
    });
  }
  expect(items.open).toMatchObject([{ kind: "restore-failed", because: "stuck", owner: "duty-manager", meter }]);
  expect(items.log.map(({ what, from, to }) => [what, from, to])).toEqual([
    ["opened", null, "field-desk"],
    ["escalated", "field-desk", "field-lead"],
    ["escalated", "field-lead", "duty-manager"],
  ]);

  street.street.clearFaults(meter);
  await street.pass(minutes(20));
  expect(street.street.snapshot(meter)).toMatchObject({ relay: "connected" });
  const ended = await recovery.desk.store.find(found!.id);
  expect(ended!.restoredAt! - ended!.darkSince).toBeGreaterThan(minutes(240));
  expect(ended).toMatchObject({
    energyBefore: expect.stringMatching(/^100/) as string,
    energyAfter: expect.stringMatching(/^100/) as string,
  });
  expect(ended!.followUpAt).toBe(ended!.restoredAt! + SETTINGS.followUpMs);
  expect(items.open).toEqual([]);
  expect([...items.items.values()]).toMatchObject([
    { closedBy: "gateway", closingNote: expect.stringContaining("supply is back since") as string },
  ]);

  await street.until((ended!.followUpAt! - hours(48) + minutes(1)) as never);
  expect(items.open, "B5 a reminder exists two days before the end").toMatchObject([{ kind: "follow-up-due" }]);
  await street.db.transact((tx) => recovery.desk.followUp(tx, ended!.id, { by: "Li", note: "called, all is well" }));
  expect(items.open).toEqual([]);
}, 60_000);

test.each([5, 20])(
  "a payment %i min after a cut whose answer was lost: the restore is asked for at once, handed up while the meter is silent, and proved",
  async (minutesAfter) => {
    let isLost = false;
    let isHeard = false;
    const told: Told = await raise({
      looks: true,
      // the relay opens, and from the answer to that on nothing of the meter arrives
      changed: (bytes) => {
        isLost ||= !isHeard && house?.street.snapshot(house.addresses[0]!).relay === "disconnected";
        return isLost && !isHeard ? new Uint8Array() : bytes;
      },
    });
    const { house: street, items, recovery } = told;
    const [meter] = street.addresses as [(typeof street.addresses)[number]];
    while (cutsOf(told)[0]?.sentAt == null) await street.pass(seconds(10));
    const sentAt = cutsOf(told)[0]!.sentAt!;
    await street.until(later(sentAt, minutes(minutesAfter)));
    expect(await street.stores.meters.meter(null, meter)).toMatchObject({ relay: "connected" });
    expect(cutsOf(told)).toMatchObject([
      minutesAfter < 10 ? { state: "verifying" } : { state: "unanswered", because: "silence" },
    ]);
    expect(await recovery.expected(meter)).toMatchObject({ at: null, because: "not-known" });
    const order = { account: AccountId(meter.slice(2)), amount: parseYuan("50.00"), channel: "test", orderId: "late" };
    await street.db.transact((tx) => told.engine.doors.payments.take(tx, order));
    const paidAt = street.clock.now();
    expect(restoresOf(told)).toMatchObject([{ askedBy: "rule", reason: "in-credit", createdAt: paidAt }]);
    await street.pass(minutes(3));
    expect(await recovery.expected(meter)).toMatchObject({ because: "meter-silent" });
    await street.pass(minutes(13));
    expect(restoresOf(told)).toHaveLength(1);
    expect(await recovery.desk.store.list({ limit: 9 })).toMatchObject([
      { cause: "paid-but-dark", reason: "meter-silent", level: 1, wishedAt: paidAt, darkSince: sentAt, endedAt: null },
    ]);
    expect(items.open).toMatchObject([{ kind: "restore-failed", because: "meter-silent", owner: "field-desk" }]);

    isHeard = true;
    await street.pass(minutes(20));
    expect(street.street.snapshot(meter)).toMatchObject({ relay: "connected", obeyed: { disconnects: 1, reconnects: 1 } });
    expect(restoresOf(told)).toMatchObject([{ state: "confirmed" }]);
    const [ended] = await recovery.desk.store.list({ limit: 9 });
    expect(ended).toMatchObject({ restoredBy: restoresOf(told)[0]!.id, restoredAt: restoresOf(told)[0]!.verifiedAt });
    expect(items.open).toEqual([]);
    expect(await recovery.expected(meter)).toMatchObject({ because: "on" });
    await street.pass(hours(1));
    expect(restoresOf(told)).toHaveLength(1);
  },
  60_000,
);

test("B2 a cut in a window is found by the strategy of then, restored without approval, and told at once; compensation is marked", async () => {
  const told = await raise({ looks: false });
  const { house: street, items, recovery } = told;
  const [meter] = street.addresses as [(typeof street.addresses)[number]];
  await street.pass(hours(1));
  const [cut] = cutsOf(told);
  await asIfInWindow(told, cut!);
  await recovery.watch.look();
  expect(await recovery.desk.store.list({ limit: 9 })).toMatchObject([
    { cause: "cut-in-window", class: "wrong-action", cut: cut!.id, compensation: "yes", endedAt: null },
  ]);
  expect(items.open).toMatchObject([{ kind: "false-cut", because: "cut-in-window", owner: "operations" }]);
  await street.pass(seconds(20));
  expect(street.street.snapshot(meter)).toMatchObject({ relay: "connected", obeyed: { reconnects: 1 } });
  await recovery.watch.look();
  const [incident] = await recovery.desk.store.list({ limit: 9 });
  expect(incident!.restoredAt! - incident!.darkSince).toBeGreaterThan(0);
  expect((await recovery.desk.store.steps(incident!.id)).map(({ what }) => what)).toEqual(["found", "restore-asked", "restored"]);
  expect(items.open, "a person still has to talk to the customer").toMatchObject([{ kind: "false-cut" }]);
  await recovery.watch.look();
  expect(await recovery.desk.store.list({ limit: 9 }), "one cut is one incident").toHaveLength(1);
}, 60_000);

test("B2 the restore of a wrong cut that ended in vain is asked for again when it has rested, whatever the rules want", async () => {
  const told = await raise({ looks: false });
  const { house: street, recovery } = told;
  const [meter] = street.addresses as [(typeof street.addresses)[number]];
  await street.pass(hours(1));
  await asIfInWindow(told, cutsOf(told)[0]!);
  street.street.setFault(meter, { kind: "stuck-relay" });
  await recovery.watch.look();
  await street.pass(minutes(5));
  const [first] = restoresOf(told);
  expect(first).toMatchObject({ reason: "cut-in-window", state: "unanswered", because: "stuck" });
  await street.until(later(first!.endedAt!, minutes(15) - 1));
  await recovery.watch.look();
  expect(restoresOf(told), "relays wear and weld").toHaveLength(1);
  await street.pass(1);
  await recovery.watch.look();
  await recovery.watch.look();
  expect(restoresOf(told).map(({ reason }) => reason)).toEqual(["cut-in-window", "cut-in-window"]);
  street.street.clearFaults(meter);
  await street.pass(minutes(1));
  await recovery.watch.look();
  const [incident] = await recovery.desk.store.list({ limit: 9 });
  expect((await recovery.desk.store.steps(incident!.id)).map(({ what }) => what)).toEqual([
    ...["found", "restore-asked", "work-order", "restore-asked", "restored"],
  ]);
  expect(street.street.snapshot(meter)).toMatchObject({ relay: "connected" });
  await street.pass(hours(1));
  await recovery.watch.look();
  expect(restoresOf(told)).toHaveLength(2);
}, 60_000);

test("B2 a wrong cut whose answer was lost is restored as well, and is not called restored by what was seen before it", async () => {
  let mute: "not yet" | "silent" | "over" = "not yet";
  const told: Told = await raise({
    looks: false,
    changed: (bytes) => {
      if (mute === "not yet" && house?.street.snapshot(house.addresses[0]!).relay === "disconnected") mute = "silent";
      return mute === "silent" ? new Uint8Array() : bytes;
    },
  });
  const { house: street, recovery } = told;
  await street.pass(hours(1));
  const [cut] = cutsOf(told);
  expect(cut).toMatchObject({ state: "unanswered", because: "silence" });
  await asIfInWindow(told, cut!);
  for (let look = 0; look < 3; look += 1) {
    await recovery.watch.look();
    await street.pass(minutes(1));
  }
  expect(restoresOf(told)).toMatchObject([{ reason: "cut-in-window", sentAt: null, endedAt: null }]);
  expect(await recovery.desk.store.list({ limit: 9 })).toMatchObject([{ cut: cut!.id, endedAt: null }]);
  mute = "over";
  await street.pass(minutes(20));
  await recovery.watch.look();
  const [incident] = await recovery.desk.store.list({ limit: 9 });
  const [restore] = restoresOf(told);
  expect(restore).toMatchObject({ state: "confirmed" });
  expect(incident).toMatchObject({ darkSince: cut!.sentAt, restoredAt: restore!.verifiedAt, restoredBy: restore!.id });
}, 60_000);

test("B6 an hour and a day after a cut its meter is read again: energy behind a welded contact is told, quiet ones end", async () => {
  const told = await raise({
    looks: true,
    meters: [
      { energyKwh: "1000.00", loadKw: 1 },
      { energyKwh: "2000.00", loadKw: 1 },
    ],
    pollEveryMs: minutes(30),
  });
  const { house: street, items } = told;
  const [welded, quiet] = street.addresses as [(typeof street.addresses)[number], (typeof street.addresses)[number]];
  await street.pass(hours(1));
  expect(cutsOf(told).map(({ state }) => state)).toEqual(["confirmed", "confirmed"]);
  const cutAt = cutsOf(told).find(({ meter }) => meter === welded)!.verifiedAt!;
  street.street.setFault(welded, { kind: "welded-relay" });
  await street.until((cutAt + minutes(59)) as never);
  expect(items.open).toEqual([]);
  await street.pass(minutes(10));
  expect(items.open).toMatchObject([
    { kind: "energy-while-disconnected", meter: welded, owner: "field-desk", because: expect.stringMatching(/kWh$/) as string },
  ]);
  await street.until((cutAt + hours(24) + minutes(30)) as never);
  const watched = street.db.books.watchedCuts.all(null);
  expect(watched.find(({ meter }) => meter === welded)).toMatchObject({ because: "energy-flows", marks: [{ dueMs: hours(1) }] });
  expect(watched.find(({ meter }) => meter === quiet)).toMatchObject({
    because: "quiet",
    marks: [{ dueMs: hours(1) }, { dueMs: hours(24) }],
  });
  expect(items.open).toHaveLength(1);
}, 60_000);

test("whoever may not configure protects for 24 hours: then the order to end it is made, once; one that the meter had before stands", async () => {
  const told = await raise({ looks: true, meters: [{}, {}], pollEveryMs: hours(2) });
  const { house: street, engine } = told;
  const [own, before] = street.addresses as [(typeof street.addresses)[number], (typeof street.addresses)[number]];
  const order = (meter: typeof own, params: { readonly until?: number }) =>
    street.db.transact((tx) =>
      engine.doors.service.accept(tx, {
        ...{ kind: "protect", meter, account: AccountId(meter.slice(2)), payment: null, params },
        ...{ askedBy: "person", askedByName: "front-line", reason: "a ventilator at home" },
      }),
    );
  const isProtected = () => street.addresses.map((meter) => street.street.snapshot(meter).protected);
  const orders = (meter: typeof own) =>
    street.db.books.commands
      .all(null)
      .flatMap(({ command: one }) => (one.meter === meter && one.kind === "unprotect" ? [one] : []));

  await order(before, protectionOf({ rights: null }, street.clock));
  await street.pass(minutes(1));
  await order(before, protectionOf({ rights: ["restore", "desk"] }, street.clock));
  await order(own, protectionOf({ rights: ["restore", "desk"] }, street.clock));
  const ordered = street.clock.now();
  await street.pass(minutes(5));
  expect(isProtected()).toEqual([true, true]);
  await street.until((ordered + hours(24) - 1) as never);
  expect([orders(own), orders(before)]).toEqual([[], []]);
  expect(isProtected()).toEqual([true, true]);
  await street.pass(minutes(5));
  expect(orders(own)).toMatchObject([{ state: "confirmed", askedBy: "rule", reason: "protection-over" }]);
  expect(isProtected()).toEqual([false, true]);
  await street.pass(hours(2));
  expect([orders(own).length, orders(before).length]).toEqual([1, 0]);
}, 60_000);
