/** Accounts and meters: the site file says which there are, the books remember what was seen of them. */
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { Instant, later, systemClock } from "../../src/kernel/clock.ts";
import { AccountId, BusId, MeterAddress } from "../../src/kernel/ids.ts";
import type { MeterRecord, RelayPicture } from "../../src/devices/meter.ts";
import type { AccountSetting, EngineMeterStore } from "../../src/commands/command-store.ts";
import type { Transaction } from "../../src/kernel/transaction.ts";
import { keepers, whoWaits, type Kept } from "./stores.ts";

describe.each(keepers)("accounts and meters $title", ({ open }) => {
  let kept: Kept;
  let store: EngineMeterStore;
  beforeAll(async () => {
    kept = await open(systemClock);
  });
  beforeEach(async () => {
    await kept.clear();
    store = kept.meters;
  });
  afterAll(() => kept.close());

  const A = MeterAddress("202611220001");
  const B = MeterAddress("202611220002");
  const flat1 = AccountId("flat-1");
  const flat2 = AccountId("flat-2");
  const at = Instant(1_795_399_434_000);

  const record = (address: MeterAddress, changes: Partial<MeterRecord> = {}): MeterRecord => ({
    address,
    meterNumber: address,
    customerNumber: `00${address.slice(2)}`,
    account: null,
    bus: BusId("tcp-1"),
    model: "standard-wallet",
    relayPassword: null,
    ...changes,
  });
  const setting = (account: AccountId, changes: Partial<AccountSetting> = {}): AccountSetting => ({
    account,
    name: account,
    class: "residential",
    mode: "local",
    tariff: "flat",
    ...changes,
  });
  const picture = (changes: Partial<RelayPicture> = {}): RelayPicture => ({
    relay: "connected",
    order: "connect",
    preTripAlarm: false,
    protected: false,
    accountOpened: true,
    word: 0,
    takenAt: at,
    ...changes,
  });

  describe("bringing in the site file", () => {
    test("remembers since when an account has another tariff, through starts that change nothing", async () => {
      const since = async (): Promise<Instant | undefined> => (await store.account(null, flat1))?.tariffSince;
      await store.bringIn([setting(flat1)], []);
      await store.bringIn([setting(flat1, { name: "Flat 1" })], []);
      expect(await since()).toBeUndefined(); // it has had no other
      const before = systemClock.now();
      await store.bringIn([setting(flat1, { tariff: "dear" })], []);
      const first = await since();
      expect(first).toBeGreaterThanOrEqual(before);
      expect(first).toBeLessThanOrEqual(systemClock.now());
      await store.bringIn([setting(flat1, { tariff: "dear", name: "Flat 1" })], []);
      expect((await store.accounts({ limit: 10, after: null }))[0]).toMatchObject({ tariff: "dear", tariffSince: first });
      await kept.transactor.transact((tx) => store.switchToRemote(tx, flat1, at));
      expect(await since()).toBe(first);
      await store.bringIn([setting(flat1)], []);
      expect(await since()).toBeGreaterThanOrEqual(first!);
    });

    test("makes meters unread and accounts empty, and may be repeated", async () => {
      for (let n = 0; n < 2; n += 1) await store.bringIn([setting(flat1)], [record(A, { account: flat1 })]);
      expect(await store.all()).toEqual([
        {
          address: A,
          account: flat1,
          identity: "unread",
          identityNote: null,
          relay: "unknown",
          relayWord: null,
          relayProtected: false,
          relayAt: null,
          relayDesired: null,
          cutBy: null,
          testBench: false,
          beingReplaced: false,
          replacedBy: null,
        },
      ]);
      expect(await store.account(null, flat1)).toEqual({
        account: flat1,
        name: flat1,
        class: "residential",
        mode: "local",
        tariff: "flat",
        meter: A,
      });
    });

    test("keeps what was seen, until the numbers change: then the identity is read again", async () => {
      await store.bringIn([], [record(A), record(B)]);
      for (const meter of [A, B]) {
        await store.setIdentity(null, meter, "quarantined", "the meter says another number", at);
        await store.setRelay(null, meter, picture({ relay: "disconnected", order: "disconnect", word: 0x50 }));
      }
      await store.bringIn(
        [],
        [record(A, { bus: BusId("tcp-2"), model: "remote-ledger" }), record(B, { customerNumber: "009999999999" })],
      );
      expect(await store.meter(null, A)).toMatchObject({
        identity: "quarantined",
        identityNote: "the meter says another number",
        relay: "disconnected",
      });
      // a note about numbers that are no longer in the books would send somebody to the wrong place
      expect(await store.meter(null, B)).toMatchObject({ identity: "unread", identityNote: null, relay: "disconnected" });
      await store.setIdentity(null, B, "confirmed", null, at);
      await store.bringIn([], [record(A), record(B, { customerNumber: "009999999999", meterNumber: "000000000001" })]);
      expect((await store.meter(null, B))?.identity).toBe("unread");
    });

    test("who stands confirmed without a note is confirmed once more, and nobody else", async () => {
      await store.bringIn([], [record(A), record(B)]);
      expect(await store.confirmAgain(A, at), "unread").toBe(false);
      await store.setIdentity(null, A, "confirmed", null, at);
      await store.setIdentity(null, B, "quarantined", "the meter says another number", at);
      expect(await store.confirmAgain(A, at)).toBe(true);
      expect(await store.confirmAgain(B, at)).toBe(false);
      expect(await store.meter(null, A)).toMatchObject({ identity: "confirmed", identityNote: null });
      expect(await store.meter(null, B)).toMatchObject({ identity: "quarantined" });
    });

    test("a meter that left the file is remembered, and not listed", async () => {
      await store.bringIn([setting(flat1)], [record(A, { account: flat1 }), record(B)]);
      await store.setIdentity(null, A, "confirmed", null, at);
      await store.bringIn([setting(flat1)], [record(B)]);
      expect((await store.all()).map(({ address }) => address)).toEqual([B]);
      expect((await store.account(null, flat1))?.meter).toBe(null);
      await store.bringIn([setting(flat1)], [record(A, { account: flat1 }), record(B)]);
      expect((await store.meter(null, A))?.identity).toBe("confirmed");
    });

    test("two meters may change places on their accounts, and one may take the other's", async () => {
      const both = [setting(flat1), setting(flat2, { mode: "remote" })];
      await store.bringIn(both, [record(A, { account: flat1 }), record(B, { account: flat2 })]);
      await store.bringIn(both, [record(A, { account: flat2 }), record(B, { account: flat1 })]);
      expect((await store.account(null, flat1))?.meter).toBe(B);
      expect((await store.account(null, flat2))?.meter).toBe(A);
      await store.bringIn(both, [record(B, { account: flat2 })]);
      expect((await store.account(null, flat2))?.meter).toBe(B);
      await expect(store.bringIn(both, [record(A, { account: flat1 }), record(B, { account: flat1 })])).rejects.toThrow(
        /one_meter_per_account/,
      );
      expect((await store.account(null, flat2))?.meter).toBe(B); // all of a file or nothing of it
    });

    test("says which meters hang on a test bench, each time anew", async () => {
      await store.bringIn([], [record(A, { testBench: true }), record(B)]);
      expect((await store.all()).map(({ testBench }) => testBench)).toEqual([true, false]);
      await store.bringIn([], [record(A), record(B, { testBench: true })]);
      expect((await store.all()).map(({ testBench }) => testBench)).toEqual([false, true]);
    });

    test("does not undo a mode that was switched at the meter", async () => {
      await store.bringIn([setting(flat1), setting(flat2, { mode: "remote" })], []);
      expect(await store.remoteAccounts()).toEqual([flat2]);
      await kept.transactor.transact((tx) => store.switchToRemote(tx, flat1, at));
      await store.bringIn([setting(flat1, { name: "Flat 1" }), setting(flat2)], []);
      expect(await store.account(null, flat1)).toEqual({
        ...{ account: flat1, name: "Flat 1", class: "residential", mode: "remote", tariff: "flat", meter: null },
      });
      expect(await store.remoteAccounts()).toEqual([flat1]); // flat-2 was never switched: the file tells its mode
    });

    test("accounts are listed in order, page by page", async () => {
      await store.bringIn([setting(flat2), setting(flat1), setting(AccountId("flat-3"))], []);
      const first = await store.accounts({ limit: 2, after: null });
      expect(first.map(({ account }) => account)).toEqual([flat1, flat2]);
      expect((await store.accounts({ limit: 2, after: first[1]!.account })).map(({ account }) => account)).toEqual(["flat-3"]);
      expect(await store.account(null, AccountId("nobody"))).toBe(null);
      expect(await store.meter(null, B)).toBe(null);
    });
  });

  describe("the relay", () => {
    test("says whether it shows something new", async () => {
      await store.bringIn([], [record(A)]);
      const seen = (minute: number, changes: Partial<RelayPicture> = {}): Promise<boolean> =>
        store.setRelay(null, A, picture({ takenAt: later(at, minute * 60_000), ...changes }));
      expect(await seen(0)).toBe(true);
      expect(await seen(1)).toBe(false);
      expect(await seen(2, { relay: "disconnected", order: "disconnect" })).toBe(true);
      expect(await seen(3, { relay: "disconnected", order: "connect" })).toBe(true);
      expect((await store.meter(null, A))?.relay).toBe("armed");
      expect(await seen(4, { relay: "disconnected", order: "connect", protected: true })).toBe(true);
      expect(await store.meter(null, A)).toMatchObject({ relay: "armed", relayProtected: true, relayAt: at + 4 * 60_000 });
      expect(await store.setRelay(null, B, picture())).toBe(false);
    });

    test("an older picture that comes late changes nothing", async () => {
      await store.bringIn([], [record(A)]);
      await store.setRelay(null, A, picture({ takenAt: later(at, 1_000) }));
      expect(await store.setRelay(null, A, picture({ relay: "disconnected", order: "disconnect" }))).toBe(false);
      expect(await store.meter(null, A)).toMatchObject({ relay: "connected", relayAt: at + 1_000 });
    });

    test("is remembered with the wish and with who cut", async () => {
      await store.bringIn([], [record(A)]);
      await kept.transactor.transact(async (tx) => {
        await store.setRelayWish(tx, A, "disconnected");
        await store.setCutBy(tx, A, "person");
      });
      await store.bringIn([], [record(A)]);
      expect(await store.meter(null, A)).toMatchObject({ relayDesired: "disconnected", cutBy: "person", relay: "unknown" });
    });

    test("of a meter is locked for whoever looks inside a transaction: it stands for what may be asked of the meter", async () => {
      await store.bringIn([], [record(A), record(B)]);
      const lock = (tx: Transaction): Promise<unknown> => store.meter(tx, A);
      expect(await whoWaits(kept, lock, lock)).toEqual(["first", "second"]);
      expect(await whoWaits(kept, lock, (tx) => store.setCutBy(tx, A, "person"))).toEqual(["first", "second"]);
      expect(await whoWaits(kept, lock, (tx) => store.meter(tx, B))).toEqual(["second", "first"]);
      expect(await whoWaits(kept, lock, () => store.meter(null, A))).toEqual(["second", "first"]);
    });

    test("that was not cut by us is wished to be nothing, once an order did not happen", async () => {
      await store.bringIn([], [record(A)]);
      const forget = async (): Promise<unknown> => {
        await kept.transactor.transact((tx) => store.forgetRelayWish(tx, A));
        return (await store.meter(null, A))?.relayDesired;
      };
      await kept.transactor.transact((tx) => store.setRelayWish(tx, A, "connected"));
      expect(await forget()).toBe(null);
      await store.setRelay(null, A, picture({ relay: "disconnected", order: "disconnect" }));
      expect(await forget()).toBe(null);
      await kept.transactor.transact((tx) => store.setCutBy(tx, A, "rule"));
      expect(await forget()).toBe("disconnected");
    });
  });
});
