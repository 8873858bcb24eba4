/** The rules' picture of one remote account: read where it stands, locked where a decision hangs on it. */
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { uuidv7 } from "uuidv7";
import type { Command } from "../../src/commands/command.ts";
import { CentiKwh } from "../../src/kernel/energy.ts";
import { Instant, later, systemClock } from "../../src/kernel/clock.ts";
import { AccountId, BusId, MeterAddress, PaymentId } from "../../src/kernel/ids.ts";
import { Fen, ZERO_FEN } from "../../src/kernel/money.ts";
import type { Transaction } from "../../src/kernel/transaction.ts";
import { Ledger } from "../../src/ledger/ledger.ts";
import type { RemoteMeter } from "../../src/policy/policy-store.ts";
import { aCommand } from "../support/a-command.ts";
import { keepers, whoWaits, type Kept } from "./stores.ts";

const [A, B, C] = ["202611220001", "202611220002", "202611220003"].map((text) => MeterAddress(text)) as [
  MeterAddress,
  MeterAddress,
  MeterAddress,
];
const [far, wallet] = [AccountId("far"), AccountId("wallet")];
const at = Instant(1_795_399_434_000);

describe.each(keepers)("the rules' picture $title", ({ open }) => {
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
        { ...record, address: B, account: wallet },
        { ...record, address: A, account: far },
        { ...record, address: C, account: null },
      ],
    );
  });
  afterAll(() => kept.close());

  const nothing: RemoteMeter = {
    meter: A,
    account: far,
    available: ZERO_FEN,
    relay: "unknown",
    order: null,
    cutBy: null,
    protectedSupply: false,
    identity: "unread",
    disputed: false,
    readingInDoubt: false,
    readAt: null,
    cutWaiting: false,
  };
  const picture = (): Promise<RemoteMeter | null> => kept.policy.remoteMeter(null, A);
  const insert = (changes: Partial<Command>): Promise<Command> => {
    const command = aCommand({ meter: A, createdAt: at, effect: "sets", ...changes });
    return kept.transactor.transact(async (tx) => {
      await kept.commands.insert(tx, command);
      return command;
    });
  };

  test("is of meters of remote accounts alone", async () => {
    expect(await kept.policy.remoteMeters()).toEqual([nothing]);
    expect(await picture()).toEqual(nothing);
    expect(await kept.policy.remoteMeter(null, B)).toBe(null);
    expect(await kept.policy.remoteMeter(null, C)).toBe(null);
    expect(await kept.transactor.transact((tx) => kept.policy.remoteMeter(tx, B))).toBe(null);
    await kept.meters.bringIn([], []); // the meter left the site file
    expect(await kept.policy.remoteMeters()).toEqual([]);
  });

  test("shows money, relay, identity, disputes and the last bill as they stand", async () => {
    const ledger = new Ledger({ store: kept.ledger, clock: systemClock });
    const id = PaymentId(uuidv7());
    await kept.transactor.transact(async (tx) => {
      const payment = { id, account: far, amount: Fen(500n), channel: "bank", orderId: "1", createdAt: at };
      await kept.payments.insert(tx, { ...payment, state: "disputed", command: null, refund: null });
      await ledger.receive(tx, { account: far, amount: Fen(500n), channel: "bank", reference: id });
      await kept.meters.setCutBy(tx, A, "rule");
      const day = { begun: "2026-11-23", day: "2026-11-23", dayStart: CentiKwh(0n), billedTo: CentiKwh(1n), charged: ZERO_FEN };
      await kept.billing.saveBilling(tx, { meter: A, account: far, stretch: 1n, ...day, billedAt: later(at, 5), closed: false });
    });
    await kept.meters.setIdentity(null, A, "confirmed", null, at);
    const seen = {
      relay: "disconnected",
      order: "disconnect",
      preTripAlarm: false,
      protected: true,
      accountOpened: true,
    } as const;
    await kept.meters.setRelay(null, A, { ...seen, word: 0x50, takenAt: at });
    expect(await picture()).toEqual({
      ...nothing,
      available: 500n,
      relay: "disconnected",
      order: "disconnect",
      cutBy: "rule",
      protectedSupply: true,
      identity: "confirmed",
      disputed: true,
      readAt: at + 5,
    });
    await kept.meters.setRelay(null, A, { ...seen, order: "connect", protected: false, word: 0x10, takenAt: later(at, 1) });
    await kept.transactor.transact((tx) => kept.payments.setState(tx, id, "allocated", null));
    expect(await picture()).toMatchObject({ relay: "armed", order: "connect", protectedSupply: false, disputed: false });
  });

  test("knows a cut of the rules that has not left, and a protection that is under way", async () => {
    await insert({ kind: "disconnect", askedBy: "person" });
    expect((await picture())?.cutWaiting).toBe(false);
    const cut = await insert({ kind: "disconnect", askedBy: "rule" });
    expect((await picture())?.cutWaiting).toBe(true);
    await kept.commands.take(cut.id);
    await kept.commands.change(null, cut.id, 1, ["queued"], { state: "sending" });
    expect((await picture())?.cutWaiting).toBe(false);
    const protect = await insert({ kind: "protect" });
    expect((await picture())?.protectedSupply).toBe(true);
    await kept.commands.change(null, protect.id, 0, ["accepted"], { state: "refused", endedAt: at });
    expect((await picture())?.protectedSupply).toBe(false);
  });

  test("is locked for whoever decides by it: nobody else may ask anything of the meter meanwhile", async () => {
    const decide = (tx: Transaction): Promise<unknown> => kept.policy.remoteMeter(tx, A);
    expect(await whoWaits(kept, decide, decide)).toEqual(["first", "second"]);
    expect(await whoWaits(kept, decide, (tx) => kept.meters.meter(tx, A))).toEqual(["first", "second"]);
    expect(await whoWaits(kept, decide, picture)).toEqual(["second", "first"]);
    // a new command names the meter's row: it waits until the decision about that row is over
    const accept = (tx: Transaction): Promise<unknown> => kept.commands.insert(tx, aCommand({ meter: A, createdAt: at }));
    expect(await whoWaits(kept, decide, accept)).toEqual(["first", "second"]);
    expect(await whoWaits(kept, accept, accept), "two that only name it").toEqual(["second", "first"]);
  });

  test("what the rules said last is what they said last", async () => {
    expect(await kept.policy.lastIntent(null, A)).toBe(null);
    for (const want of ["disconnected", "connected"] as const)
      await kept.transactor.transact((tx) =>
        kept.policy.keepIntent(tx, A, { want, because: want }, true, { available: "1" }, at),
      );
    expect(await kept.policy.lastIntent(null, A)).toEqual({ want: "connected", because: "connected" });
    expect(await kept.policy.lastIntent(null, B)).toBe(null);
  });
});
