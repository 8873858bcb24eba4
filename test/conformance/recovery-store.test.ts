/** Dark meters, watched cuts and incidents: both keepers show and hold the same. */
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { uuidv7 } from "uuidv7";
import type { Command } from "../../src/commands/command.ts";
import { hours, Instant, later, minutes, systemClock } from "../../src/kernel/clock.ts";
import { AccountId, BusId, MeterAddress } from "../../src/kernel/ids.ts";
import { ZERO_FEN } from "../../src/kernel/money.ts";
import type { Transaction } from "../../src/kernel/transaction.ts";
import { IncidentId, type Incident } from "../../src/recovery/incident.ts";
import { Incidents, type IncidentParts } from "../../src/recovery/incidents.ts";
import type { WatchedCut } from "../../src/recovery/recovery-store.ts";
import { usualRecovery } from "../../src/recovery/settings.ts";
import { aCommand } from "../support/a-command.ts";
import { keepers, type Kept } from "./stores.ts";

const [A, B] = ["202611220001", "202611220002"].map((text) => MeterAddress(text)) as [MeterAddress, MeterAddress];
const [far, wallet] = [AccountId("far"), AccountId("wallet")];
const now = Instant(1_795_399_434_000);

describe.each(keepers)("recovery $title", ({ open }) => {
  let kept: Kept;
  beforeAll(async () => {
    kept = await open(systemClock);
  });
  beforeEach(async () => {
    await kept.clear();
    const setting = { name: "", class: "residential", tariff: "flat" };
    const record = { meterNumber: "", customerNumber: "", bus: BusId("b"), model: "remote-ledger", relayPassword: null } as const;
    await kept.meters.bringIn(
      [
        { ...setting, account: far, mode: "remote" },
        { ...setting, account: wallet, mode: "local" },
      ],
      [
        { ...record, address: A, account: far },
        { ...record, address: B, account: wallet },
      ],
    );
  });
  afterAll(() => kept.close());

  const write = <T>(work: (tx: Transaction) => Promise<T>): Promise<T> => kept.transactor.transact(work);
  const insert = async (more: Partial<Command>): Promise<Command> => {
    const command = aCommand({
      meter: A,
      createdAt: now,
      kind: "disconnect",
      effect: "sets",
      askedBy: "rule",
      account: far,
      ...more,
    });
    await write((tx) => kept.commands.insert(tx, command));
    const { state, sentAt, verifiedAt, endedAt, because, receipt } = command;
    const change = { state, ...(sentAt === null ? {} : { sentAt }), ...(verifiedAt === null ? {} : { verifiedAt }), because };
    await kept.commands.change(null, command.id, 0, ["accepted", state], {
      ...change,
      ...(endedAt === null ? {} : { endedAt }),
      ...(receipt === null ? {} : { receipt }),
    });
    return command;
  };
  const cutOf = (meter: MeterAddress, more: Partial<Command> = {}): Promise<Command> =>
    insert({ meter, state: "confirmed", sentAt: now, verifiedAt: later(now, 900), endedAt: later(now, 1_000), ...more });
  const relay = (meter: MeterAddress, open: boolean): Promise<unknown> =>
    kept.meters.setRelay(null, meter, {
      ...{ relay: open ? "disconnected" : "connected", order: open ? "disconnect" : "connect", preTripAlarm: false },
      ...{ protected: false, accountOpened: true, word: open ? 0x50 : 0, takenAt: now },
    });
  const standing = (want: "connected" | "disconnected"): Promise<void> =>
    write((tx) =>
      kept.policy.keepStanding(tx, A, far, {
        ...{ stage: "restore", want, because: "in-credit", strategy: "v1", since: now, arrearsSince: null },
      }),
    );
  const watched = (cut: Command, more: Partial<WatchedCut> = {}): WatchedCut => ({
    ...{ command: cut.id, meter: cut.meter, account: cut.account, byRule: true, cutAt: now, register: "100.00" },
    ...{ marks: [], endedAt: null, because: null },
    ...more,
  });
  const incident = (more: Partial<Incident> = {}): Incident => ({
    ...{
      id: IncidentId(uuidv7()),
      cause: "paid-but-dark",
      also: [],
      class: "late",
      meter: A,
      account: far,
      model: "remote-ledger",
    },
    ...{ bus: "b", firmware: null, cut: null, darkSince: now, wishedAt: now, foundAt: now, level: 0, reason: null },
    ...{ restoredAt: null, restoredBy: null, endedAt: null, energyBefore: "100.00", energyAfter: null, compensation: "yes" },
    ...{
      compensationNote: null,
      compensationBy: null,
      followUpAt: null,
      remindedAt: null,
      followedUpAt: null,
      followedUpBy: null,
    },
    ...{ followUpNote: null, exception: null },
    ...more,
  });
  const dark = async (): Promise<readonly string[]> => (await kept.recovery.darkPoints()).map(({ meter }) => meter);

  test("lists who is dark and wanted back, and nobody else", async () => {
    await relay(A, true);
    expect(await dark()).toEqual([]);
    await standing("disconnected");
    expect(await dark(), "the rules want it so").toEqual([]);
    await standing("connected");
    expect(await dark()).toEqual([A]);
    await relay(A, false);
    expect(await dark()).toEqual([]);
    await relay(A, true);
    await standing("disconnected");
    const cut = await cutOf(A);
    const wish = {
      kind: "reconnect",
      askedBy: "person",
      state: "refused",
      endedAt: later(now, 5),
      because: "password-refused",
    } as const;
    const restore = await insert(wish);
    expect(await kept.recovery.darkPoints()).toMatchObject([
      {
        meter: A,
        cut: { id: cut.id },
        restore: { id: restore.id, because: "password-refused" },
        wanted: { want: "disconnected" },
      },
    ]);
    await cutOf(A);
    expect(await dark(), "cut anew").toEqual([]);
    await insert({ ...wish, askedBy: "rule", because: "meter-quarantined" });
    expect(await dark(), "the rules know best").toEqual([]);
    await kept.meters.setIdentity(null, A, "quarantined", "other numbers", now);
    expect(await dark(), "the rules say nothing any more, and were restoring it").toEqual([A]);
  });

  test("lists whom a cut may have left in the dark though the relay was seen closed before it, while somebody wants supply there", async () => {
    const cutBy = (who: "rule" | null): Promise<void> => write((tx) => kept.meters.setCutBy(tx, A, who));
    await relay(A, false);
    await standing("connected");
    const cut = await cutOf(A, { state: "verifying", verifiedAt: null, endedAt: null });
    expect(await dark(), "it is looked after").toEqual([A]);
    const silent = { state: "unanswered", because: "silence", endedAt: now } as const;
    await kept.commands.change(null, cut.id, 0, ["verifying"], silent);
    expect(await dark(), "nobody noted it").toEqual([]);
    await cutBy("rule");
    expect(await dark(), "it ended in silence").toEqual([A]);
    await standing("disconnected");
    expect(await dark(), "the rules want it so").toEqual([]);
    await standing("connected");
    await cutBy(null);
    expect(await dark(), "a restore was seen").toEqual([]);
    await cutBy("rule");
    await cutOf(A, { ...silent, verifiedAt: null, sentAt: later(now, -1) });
    expect(await dark(), "the relay was seen after it").toEqual([]);
  });

  test("shows one meter with its register, and a wallet that was paid and holds credit since", async () => {
    expect(await kept.recovery.point(null, MeterAddress("999999999999"))).toBe(null);
    await insert({
      meter: B,
      account: wallet,
      kind: "top-up",
      effect: "adds",
      state: "confirmed",
      verifiedAt: now,
      endedAt: now,
    });
    const keep = (item: string, value: string, takenAt: Instant): Promise<void> =>
      write((tx) => kept.readings.keep(tx, { meter: B, item, value, unit: null, takenAt, source: "poll" }, null));
    await keep("importedEnergy", "12.50", now);
    await keep("balance", "3.00", later(now, -1));
    const seen = { meter: B, mode: "local", wanted: null, register: "12.50", readAt: now };
    expect(await kept.recovery.point(null, B), "the balance is older than the purchase").toMatchObject({
      ...seen,
      walletPaidAt: null,
    });
    await keep("balance", "0.00", now);
    expect(await kept.recovery.point(null, B)).toMatchObject({ ...seen, walletPaidAt: null });
    await keep("balance", "3.00", later(now, 1));
    expect(await kept.recovery.point(null, B)).toMatchObject({ ...seen, walletPaidAt: now });
    await keep("remainingEnergy", "0.00", later(now, 2));
    expect(await kept.recovery.point(null, B), "its wallet is of kWh now").toMatchObject({ ...seen, walletPaidAt: null });
    await keep("remainingEnergy", "4.00", later(now, 3));
    expect(await kept.recovery.point(null, B)).toMatchObject({ ...seen, walletPaidAt: now });
    await keep("balance", "0.00", later(now, 4));
    expect(await kept.recovery.point(null, B), "what was read last").toMatchObject({ ...seen, walletPaidAt: null });
  });

  test("knows a wallet of kWh that was never read in money", async () => {
    const bought = { kind: "top-up", effect: "adds", state: "confirmed", verifiedAt: now, endedAt: now } as const;
    await insert({ ...bought, meter: B, account: wallet });
    const reading = {
      meter: B,
      item: "remainingEnergy",
      value: "12.00",
      unit: "kWh",
      takenAt: later(now, 1),
      source: "poll",
    } as const;
    await write((tx) => kept.readings.keep(tx, reading, null));
    expect(await kept.recovery.point(null, B)).toMatchObject({ walletPaidAt: now });
  });

  test("lists each cut whose bytes left until it is watched; a new cut of the meter ends the watch on the old one", async () => {
    const first = await cutOf(A);
    await insert({ meter: B, account: wallet, state: "accepted" });
    const since = later(now, -hours(1));
    expect((await kept.recovery.unwatchedCuts(since, 9)).map(({ id }) => id)).toEqual([first.id]);
    expect(await kept.recovery.unwatchedCuts(later(now, 1), 9)).toEqual([]);
    expect(await write((tx) => kept.recovery.watchCut(tx, watched(first)))).toBe(true);
    expect(await write((tx) => kept.recovery.watchCut(tx, watched(first)))).toBe(false);
    expect(await kept.recovery.unwatchedCuts(since, 9)).toEqual([]);
    const mark = { dueMs: hours(1), kwh: "100.01", at: later(now, hours(1)) };
    await write((tx) => kept.recovery.changeWatched(tx, first.id, { marks: [mark] }));
    expect(await kept.recovery.watchedCuts(9, null)).toEqual([watched(first, { marks: [mark] })]);
    const second = await cutOf(A);
    await write((tx) => kept.recovery.watchCut(tx, watched(second, { cutAt: later(now, minutes(5)) })));
    expect((await kept.recovery.watchedCuts(9, null)).map(({ command }) => command)).toEqual([second.id]);
    expect(await write((tx) => kept.recovery.lockWatched(tx, first.id))).toBe(null);
    const third = await cutOf(B, { account: wallet });
    await write((tx) => kept.recovery.watchCut(tx, watched(third, { cutAt: later(now, -minutes(5)) })));
    const order = async (after: Command | null) =>
      (await kept.recovery.watchedCuts(1, after?.id ?? null)).map((row) => row.command);
    expect([await order(null), await order(second), await order(third)]).toEqual([[second.id], [third.id], []]);
  });

  test("finds cuts of strangers and on false registers, until an incident says so", async () => {
    const cut = await cutOf(A);
    await write((tx) => kept.recovery.watchCut(tx, watched(cut)));
    const since = later(now, -1);
    expect(await kept.recovery.cutsOfStrangers(since)).toEqual([]);
    await kept.meters.setIdentity(null, A, "quarantined", "other numbers", now);
    expect(await kept.recovery.cutsOfStrangers(since)).toEqual([cut.id]);
    expect(await kept.recovery.cutsOfStrangers(later(now, 1)), "too long after").toEqual([]);
    const entry = { meter: A, kind: "correct", reason: "seen", by: "Wang", basis: null, takenAt: now, counted: 0n } as const;
    const enter = (register: bigint, at: Instant): Promise<void> =>
      write((tx) => kept.validation.keepEntry(tx, { ...entry, id: uuidv7(), register, at }));
    await enter(10_000n, later(now, 1));
    await enter(9_000n, now);
    expect(await kept.recovery.cutsOnFalseRegisters(since), "as high as then, or before it").toEqual([]);
    await enter(9_999n, later(now, 2));
    expect(await kept.recovery.cutsOnFalseRegisters(since)).toEqual([cut.id]);
    await write((tx) => kept.recovery.insert(tx, incident({ cut: cut.id, cause: "wrong-identity", also: ["false-register"] })));
    expect(await kept.recovery.cutsOfStrangers(since)).toEqual([]);
    expect(await kept.recovery.cutsOnFalseRegisters(since)).toEqual([]);
  });

  test("finds protections whose end has come, until something newer was ordered of them", async () => {
    const protect = { kind: "protect", state: "confirmed", askedBy: "person", sentAt: now, endedAt: now } as const;
    await insert({ ...protect, meter: B, account: wallet, params: {} });
    await insert({ ...protect, params: { until: later(now, 5) } });
    expect(await kept.recovery.protectionsOver(later(now, 4))).toEqual([]);
    expect(await kept.recovery.protectionsOver(later(now, 5))).toEqual([{ meter: A, account: far }]);
    await insert({ kind: "unprotect", state: "cancelled", endedAt: now });
    expect(await kept.recovery.protectionsOver(later(now, 5))).toHaveLength(1);
    await insert({ kind: "unprotect" });
    expect(await kept.recovery.protectionsOver(later(now, 5))).toEqual([]);
  });

  test("asks again for the end of a protection an hour after the order to end it failed, and keeps one that has no end", async () => {
    const protect = { kind: "protect", state: "confirmed", askedBy: "person", sentAt: now, endedAt: now } as const;
    const over = async (after: number) => (await kept.recovery.protectionsOver(later(now, after))).map(({ meter }) => meter);
    await insert({ ...protect, params: { until: later(now, 5) } });
    await insert({ kind: "unprotect", state: "expired", endedAt: later(now, 10) });
    expect(await over(hours(1) + 9)).toEqual([]);
    expect(await over(hours(1) + 10), "its meter was silent all the time").toEqual([A]);
    await insert({ kind: "protect", state: "expired", endedAt: later(now, 20) });
    expect(await over(hours(2)), "never sent: what stands is the older one").toEqual([A]);
    await insert({ kind: "unprotect", state: "confirmed", endedAt: later(now, 30) });
    expect(await over(hours(2))).toEqual([]);

    const forGood = { ...protect, meter: B, account: wallet };
    await insert({ ...forGood, params: {} });
    await insert({ ...forGood, params: { until: later(now, 5) } });
    expect(await over(hours(2)), "somebody protected it without an end before").toEqual([]);
    await insert({ ...forGood, kind: "unprotect" });
    await insert({ ...forGood, params: { until: later(now, 5) } });
    expect(await over(hours(2))).toEqual([B]);
    await insert({ ...forGood, state: "cancelled", because: "superseded", params: {} });
    await insert({ ...forGood, params: { until: later(now, 5) } });
    expect(await over(hours(2)), "it was superseded before it left").toEqual([]);
  });

  test("leaves a protection that was there before the first order, and ends one that later orders found there", async () => {
    const until = { params: { until: later(now, 5) } };
    const protect = { kind: "protect", state: "confirmed", askedBy: "person", endedAt: now, ...until } as const;
    const over = async () => (await kept.recovery.protectionsOver(later(now, 5))).map(({ meter }) => meter);
    await insert(protect);
    expect(await over(), "protected at the meter, by whoever").toEqual([]);
    await insert({ kind: "unprotect", state: "confirmed", sentAt: now, endedAt: now });
    await insert({ ...protect, sentAt: now });
    await insert(protect);
    expect(await over(), "it was ours").toEqual([A]);
  });

  test("two gateways that find the same dark hours at once make one incident of them, open it again once, and begin one other", async () => {
    const cut = await cutOf(A);
    const incidents = new Incidents({
      ...{ store: kept.recovery, clock: systemClock, newId: uuidv7, settings: usualRecovery, timeZone: "Asia/Shanghai" },
      exceptions: {} as IncidentParts["exceptions"], // nothing of this is told before it goes up
      items: { lockOpen: () => Promise.resolve(null) },
    });
    const wish = { since: now, by: "rules", way: "reconnect" } as const;
    const both = async (): Promise<readonly Incident[]> => {
      const point = { ...(await kept.recovery.point(null, A))!, cut };
      const once = () => write((tx) => incidents.found(tx, point, "paid-but-dark", wish));
      return (await Promise.all([once(), once()])).filter((made) => made !== null);
    };
    await relay(A, true);
    const [first, ...none] = await both();
    expect([first?.cut, none]).toEqual([cut.id, []]);
    await write((tx) => incidents.withdrawn(tx, first!.id));
    expect((await both()).map(({ id }) => id)).toEqual([first!.id]);
    const seen = (await kept.recovery.point(null, A))!;
    await write((tx) => incidents.restored(tx, first!.id, { ...seen, relay: "connected" }));
    const [other, ...more] = await both();
    expect([other?.cut, more]).toEqual([null, []]);
    expect((await kept.recovery.open()).map(({ id }) => id)).toEqual([other!.id]);
  });

  test("tells what incidents say of cuts", async () => {
    const [one, other] = [await cutOf(A), await cutOf(B, { account: wallet })];
    await write((tx) => kept.recovery.insert(tx, incident({ cut: one.id, cause: "cut-in-window", also: ["paid-but-dark"] })));
    expect([...(await kept.recovery.causesOf([one.id, other.id]))]).toEqual([[one.id, ["cut-in-window", "paid-but-dark"]]]);
    expect([...(await kept.recovery.causesOf([]))]).toEqual([]);
  });

  test("tells which order restored a meter first since then, of arms only an early one", async () => {
    const restored = (kind: "reconnect" | "arm", ms: number, state: Command["state"] = "confirmed") =>
      insert({ kind, state, verifiedAt: later(now, ms), endedAt: later(now, ms) });
    const late = await restored("reconnect", 90);
    await restored("reconnect", 9);
    await restored("reconnect", 20, "unanswered");
    const arm = await restored("arm", 30);
    await insert({ meter: B, account: wallet, kind: "reconnect", state: "confirmed", verifiedAt: later(now, 20) });
    const first = async (since: number, armedBefore: number) =>
      (await write((tx) => kept.recovery.firstRestore(tx, A, { since: later(now, since), armedBefore: later(now, armedBefore) })))
        ?.id;
    expect(await first(10, 31)).toBe(arm.id);
    expect(await first(10, 30)).toBe(late.id);
    expect(await first(90, 0)).toBe(late.id);
    expect(await first(91, 0)).toBe(undefined);
  });

  test("tells by which strategy a cut was ordered", async () => {
    const cut = await cutOf(A);
    expect(await kept.recovery.strategyOf(cut.id)).toBe(null);
    const rules = [{ rule: "noCut.hours", value: "17:00-08:00", from: "site" }];
    await kept.policy.keepStrategies([{ scope: "site", version: "v1", rules, at: now, who: "site file" }]);
    const decision = {
      meter: A,
      account: far,
      at: now,
      want: "disconnected",
      because: "credit-exhausted",
      stage: "cut-due",
    } as const;
    const rest = {
      blocks: [],
      nextAt: null,
      strategy: "v1",
      shadow: false,
      facts: { available: ZERO_FEN.toString() },
      command: cut.id,
    };
    const stands = {
      stage: "cut-due",
      want: "disconnected",
      because: "credit-exhausted",
      strategy: "v1",
      since: now,
      arrearsSince: null,
    } as const;
    await write((tx) => kept.policy.keepDecision(tx, { ...decision, ...rest }, stands));
    expect(await kept.recovery.strategyOf(cut.id)).toEqual({ version: "v1", rules });
  });

  test("keeps one incident for a cut, and one that is open for a meter; what happened to it in its order", async () => {
    const cut = await cutOf(A);
    const one = incident({ cut: cut.id });
    const put = (row: Incident): Promise<boolean> => write((tx) => kept.recovery.insert(tx, row));
    expect(await put(one)).toBe(true);
    expect(await put(incident({ cut: cut.id }))).toBe(false);
    expect(await put(incident())).toBe(false);
    expect(await kept.recovery.find(one.id)).toEqual(one);
    expect(await write((tx) => kept.recovery.lockOf(tx, { meter: A, cut: null }))).toEqual(one);
    const end = {
      restoredAt: later(now, minutes(7)),
      endedAt: later(now, minutes(8)),
      followUpAt: later(now, hours(336)),
      level: 1,
    };
    await write(async (tx) => {
      await kept.recovery.change(tx, one.id, { ...end, also: ["cut-in-window"], reason: "stuck", firmware: "V2" });
      await kept.recovery.addStep(tx, one.id, { at: now, what: "found", by: "gateway", note: "paid-but-dark" });
      await kept.recovery.addStep(tx, one.id, { at: end.restoredAt, what: "restored", by: "gateway", note: null });
    });
    const after = { ...one, ...end, also: ["cut-in-window"], reason: "stuck", firmware: "V2" };
    expect(await write((tx) => kept.recovery.lock(tx, one.id))).toEqual(after);
    expect(await write((tx) => kept.recovery.lockOf(tx, { meter: A, cut: cut.id }))).toEqual(after);
    expect((await kept.recovery.steps(one.id)).map(({ what, at }) => [what, at])).toEqual([
      ["found", now],
      ["restored", end.restoredAt],
    ]);
    expect(await put(incident({ id: IncidentId(uuidv7()), foundAt: later(now, 5) })), "it may go dark again").toBe(true);
    expect((await kept.recovery.open()).map(({ foundAt }) => foundAt)).toEqual([later(now, 5)]);
    expect(await kept.recovery.counts()).toEqual([{ level: 0, open: 1 }]);
    expect((await kept.recovery.list({ limit: 9 })).map(({ foundAt }) => foundAt)).toEqual([later(now, 5), now]);
    expect(await kept.recovery.list({ limit: 9, state: "ended", cause: "cut-in-window", account: far })).toEqual([after]);
    expect(await kept.recovery.list({ limit: 9, meter: B })).toEqual([]);
    expect(await kept.recovery.foundIn({ from: now, to: later(now, 5) })).toEqual([after]);
    expect(await kept.recovery.toRemind(end.followUpAt, 9)).toEqual([]);
    expect(await kept.recovery.toRemind(later(end.followUpAt, 1), 9)).toEqual([one.id]);
    await write((tx) => kept.recovery.change(tx, one.id, { remindedAt: now }));
    expect(await kept.recovery.toRemind(later(end.followUpAt, 1), 9)).toEqual([]);
  });
});
