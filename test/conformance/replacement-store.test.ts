/** Replacements: one of a meter and one by a meter at a time, and the two meters' rows as far as one of them changes those. */
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { uuidv7 } from "uuidv7";
import type {
  Replacement,
  ReplacementChange,
  ReplacementStore,
  SeenReadings,
} from "../../src/commands/replacement/replacement.ts";
import type { MeterRecord } from "../../src/devices/meter.ts";
import { Instant, later, systemClock } from "../../src/kernel/clock.ts";
import { AccountId, BusId, MeterAddress } from "../../src/kernel/ids.ts";
import { Fen } from "../../src/kernel/money.ts";
import type { Transaction } from "../../src/kernel/transaction.ts";
import { aCommand } from "../support/a-command.ts";
import { keepers, whoWaits, type Kept } from "./stores.ts";

describe.each(keepers)("replacements $title", ({ open }) => {
  let kept: Kept;
  let store: ReplacementStore;
  const [OLD, NEW, OTHER] = ["202611220001", "202611220002", "202611220003"].map((text) => MeterAddress(text)) as [
    MeterAddress,
    MeterAddress,
    MeterAddress,
  ];
  const flat = AccountId("flat-1");
  const at = Instant(1_795_399_434_000);
  const setting = { account: flat, name: flat, class: "residential", mode: "local", tariff: "flat" } as const;
  const record = (address: MeterAddress, account: AccountId | null = null): MeterRecord => ({
    ...{ address, meterNumber: address, customerNumber: `00${address.slice(2)}`, account },
    ...{ bus: BusId("tcp-1"), model: "standard-wallet", relayPassword: null },
  });
  const booked = (address: MeterAddress, account: AccountId | null = null) => {
    const { relayPassword: _, ...rest } = record(address, account);
    return rest;
  };
  const readings: SeenReadings = { energy: "12.34", balance: "-1.00", count: 3, takenAt: at, source: "command" };
  const inTransaction = <T>(work: (tx: Transaction) => Promise<T>): Promise<T> => kept.transactor.transact(work);

  beforeAll(async () => {
    kept = await open(systemClock);
  });
  beforeEach(async () => {
    await kept.clear();
    store = kept.replacements;
    await kept.meters.bringIn([setting], [record(OLD, flat), record(OTHER)]);
    await inTransaction((tx) => store.bringNew(tx, booked(NEW)));
  });
  afterAll(() => kept.close());

  const begun = async (changes: Partial<Replacement> = {}): Promise<Replacement> => {
    const replacement: Replacement = {
      ...{ id: uuidv7(), oldMeter: OLD, newMeter: NEW, account: flat, mode: "local", step: "begun", waitingFor: null },
      ...{ given: null, final: null, begin: null, carried: null, command: null, askedByName: "lin", reason: "broken" },
      ...{ createdAt: at, movedAt: null, endedAt: null, ...changes },
    };
    await inTransaction((tx) => store.insert(tx, replacement));
    return replacement;
  };

  describe("a row", () => {
    test("comes back as it was put in, and as it was changed, with every field", async () => {
      const first = await begun({ given: { ...readings, source: "person" } });
      expect(await store.find(null, first.id)).toEqual(first);
      const carrying = aCommand({ meter: OLD, createdAt: at });
      await inTransaction((tx) => kept.commands.insert(tx, carrying));
      const change: ReplacementChange = {
        ...{ step: "moved", waitingFor: "carry-over", final: readings, begin: { ...readings, opened: true } },
        ...{ carried: Fen(1234n), command: carrying.id, movedAt: later(at, 1) },
      };
      await store.change(null, first.id, change);
      expect(await store.find(null, first.id)).toEqual({ ...first, ...change });
      await store.change(null, first.id, { waitingFor: null, given: null, endedAt: later(at, 2), step: "done" });
      const last = { ...first, ...change, waitingFor: null, given: null, endedAt: later(at, 2), step: "done" };
      expect(await inTransaction((tx) => store.find(tx, first.id))).toEqual(last);
    });

    test("is open until it ends, and then only listed, newest first", async () => {
      const first = await begun();
      expect(await store.open()).toEqual([first]);
      expect(await inTransaction((tx) => store.openOf(tx, OLD))).toEqual(first);
      expect(await inTransaction((tx) => store.openOf(tx, NEW))).toBe(null);
      await store.change(null, first.id, { step: "abandoned", endedAt: at });
      expect(await store.open()).toEqual([]);
      expect(await inTransaction((tx) => store.openOf(tx, OLD))).toBe(null);
      const second = await begun();
      const ids = async (page: Partial<Parameters<ReplacementStore["list"]>[0]>): Promise<string[]> =>
        (await store.list({ limit: 10, before: null, meter: null, ...page })).map(({ id }) => id);
      expect(await ids({})).toEqual([second.id, first.id]);
      expect(await ids({ limit: 1 })).toEqual([second.id]);
      expect(await ids({ before: second.id })).toEqual([first.id]);
      expect(await ids({ meter: NEW })).toEqual([second.id, first.id]);
      expect(await ids({ meter: OTHER })).toEqual([]);
      expect(await store.find(null, uuidv7())).toBe(null);
    });

    test("that has ended changes no more, whoever comes with an answer from before", async () => {
      const { id } = await begun();
      expect(await store.change(null, id, { waitingFor: "new-meter" })).toBe(true);
      expect(await store.change(null, id, { step: "abandoned", waitingFor: null, endedAt: at })).toBe(true);
      const end = await store.find(null, id);
      expect(await store.change(null, id, { step: "new-read", begin: readings })).toBe(false);
      expect(await inTransaction((tx) => store.change(tx, id, { waitingFor: "new-meter" }))).toBe(false);
      expect(await store.find(null, id)).toEqual(end);
      expect(await store.change(null, uuidv7(), { waitingFor: "new-meter" })).toBe(false);
    });

    test("is locked for whoever looks inside a transaction", async () => {
      const { id } = await begun();
      const lock = (tx: Transaction): Promise<unknown> => store.find(tx, id);
      expect(await whoWaits(kept, lock, lock)).toEqual(["first", "second"]);
      expect(await whoWaits(kept, lock, (tx) => store.openOf(tx, OLD))).toEqual(["first", "second"]);
      expect(await whoWaits(kept, lock, () => store.find(null, id))).toEqual(["second", "first"]);
    });

    test("of a meter that is being replaced, or takes another's place, is the only one; and nothing takes its own place", async () => {
      const first = await begun();
      await expect(begun({ newMeter: OTHER })).rejects.toThrow(/one_replacement_of_a_meter/);
      await expect(begun({ oldMeter: OTHER, account: null })).rejects.toThrow(/one_replacement_by_a_meter/);
      await store.change(null, first.id, { step: "done", endedAt: at });
      await expect(begun({ newMeter: OLD })).rejects.toThrow(/replacements_check/);
      await expect(begun({ newMeter: MeterAddress("209999999999") })).rejects.toThrow(/replacements_new_meter_fkey/);
      await begun();
    });
  });

  describe("the two meters", () => {
    test("the new one hangs there, belongs to nobody and is not listed; brought again it is written anew", async () => {
      expect(await store.bookedMeter(NEW)).toEqual(booked(NEW));
      expect((await kept.meters.all()).map(({ address }) => address)).toEqual([OLD, OTHER]);
      await kept.meters.setIdentity(null, NEW, "quarantined", "another number", at);
      await inTransaction((tx) => store.bringNew(tx, { ...booked(NEW), meterNumber: "000000000001", bus: BusId("tcp-2") }));
      expect(await store.bookedMeter(NEW)).toMatchObject({ meterNumber: "000000000001", bus: "tcp-2" });
      expect(await kept.meters.meter(null, NEW)).toMatchObject({ identity: "unread", identityNote: null, testBench: false });
      expect(await store.bookedMeter(MeterAddress("209999999999"))).toBe(null);
    });

    test("one is free that hangs nowhere by the books and takes nobody's place: again after that was abandoned", async () => {
      const free = (address: MeterAddress): Promise<boolean> => inTransaction((tx) => store.isFree(tx, address));
      expect([await free(OLD), await free(NEW), await free(MeterAddress("209999999999"))]).toEqual([false, true, true]);
      const { id } = await begun();
      expect([await free(NEW), await store.isFree(null, NEW)]).toEqual([false, false]);
      await store.change(null, id, { step: "abandoned", endedAt: at });
      expect(await free(NEW)).toBe(true);
      await inTransaction((tx) => store.moveAccount(tx, { oldMeter: OLD, newMeter: NEW, account: flat }, at));
      expect([await free(OLD), await free(NEW)]).toEqual([true, false]);
    });

    test("one that is in use is not written over", async () => {
      await inTransaction((tx) => store.bringNew(tx, { ...booked(OLD), meterNumber: "000000000001" }));
      expect(await store.bookedMeter(OLD)).toEqual(booked(OLD, flat));
    });

    test("the account goes over: the old one is quarantined and gone, the new one confirmed and in use", async () => {
      await inTransaction((tx) => store.setBeingReplaced(tx, OLD, true));
      expect(await kept.meters.meter(null, OLD)).toMatchObject({ beingReplaced: true, replacedBy: null });
      await inTransaction((tx) => kept.meters.setRelayWish(tx, OLD, "disconnected"));
      expect(await store.replaced()).toEqual([]);
      await inTransaction((tx) => store.moveAccount(tx, { oldMeter: OLD, newMeter: NEW, account: flat }, at));
      expect(await kept.meters.meter(null, OLD)).toMatchObject({
        ...{ beingReplaced: false, replacedBy: NEW, identity: "quarantined", identityNote: `replaced by ${NEW}` },
        relayDesired: null,
      });
      expect(await kept.meters.meter(null, NEW)).toMatchObject({ account: flat, identity: "confirmed", identityNote: null });
      expect((await kept.meters.account(null, flat))?.meter).toBe(NEW);
      expect((await kept.meters.all()).map(({ address }) => address)).toEqual([NEW, OTHER]);
      expect(await store.replaced()).toEqual([{ meter: OLD, by: booked(NEW, flat) }]);
    });

    test("no rule looks at a meter while another takes its place", async () => {
      await kept.meters.bringIn([{ ...setting, mode: "remote" }], [record(OLD, flat)]);
      const seen = async (): Promise<number> => (await kept.policy.remoteMeters()).length;
      expect(await seen()).toBe(1);
      await inTransaction((tx) => store.setBeingReplaced(tx, OLD, true));
      expect(await seen()).toBe(0);
      expect(await kept.policy.remoteMeter(null, OLD)).toBe(null);
      await inTransaction((tx) => store.setBeingReplaced(tx, OLD, false));
      expect(await seen()).toBe(1);
    });
  });
});
