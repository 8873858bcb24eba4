/** The rules' picture of one remote account: read where it stands, locked where a decision hangs on it. */
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { uuidv7 } from "uuidv7";
import { blankDay } from "../../src/ledger/settlement-day.ts";
import type { Command } from "../../src/commands/command.ts";
import { CentiKwh } from "../../src/kernel/energy.ts";
import { Instant, later, systemClock } from "../../src/kernel/clock.ts";
import { AccountId, BusId, MeterAddress, PaymentId } from "../../src/kernel/ids.ts";
import { Fen, ZERO_FEN } from "../../src/kernel/money.ts";
import type { Transaction } from "../../src/kernel/transaction.ts";
import { Ledger } from "../../src/ledger/ledger.ts";
import type { Exemption } from "../../src/policy/exemptions.ts";
import type { KeptDecision, RemoteMeter, Standing, StrategyVersion } from "../../src/policy/policy-store.ts";
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
    class: "residential",
    available: ZERO_FEN,
    relay: "unknown",
    order: null,
    alarm: null,
    mayBeCut: false,
    cutBy: null,
    protectedSupply: false,
    identity: "unread",
    disputed: false,
    readingInDoubt: false,
    ...{ registerContradicted: false, contradictedOnce: false },
    readAt: null,
    cutWaiting: false,
    exemptions: [],
    notice: null,
    paidAt: null,
    recentDays: [],
    standing: null,
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
      alarm: false,
      cutBy: "rule",
      protectedSupply: true,
      identity: "confirmed",
      disputed: true,
      readAt: at + 5,
      paidAt: at,
    });
    await kept.meters.setRelay(null, A, { ...seen, order: "connect", protected: false, word: 0x10, takenAt: later(at, 1) });
    await kept.transactor.transact((tx) => kept.payments.setState(tx, id, "allocated", null));
    expect(await picture()).toMatchObject({ relay: "armed", order: "connect", protectedSupply: false, disputed: false });
  });

  test("tells that a cut may have been obeyed: the rules' newest left after the relay was seen, and nothing has told its end", async () => {
    const seen = async (takenAt: Instant): Promise<void> => {
      const bright = {
        relay: "connected",
        order: "connect",
        preTripAlarm: false,
        protected: false,
        accountOpened: true,
      } as const;
      await kept.meters.setRelay(null, A, { ...bright, word: 0, takenAt });
    };
    const mayBe = async (): Promise<boolean | undefined> => {
      const [one, all] = [await picture(), await kept.policy.remoteMeters()];
      const locked = await kept.transactor.transact((tx) => kept.policy.remoteMeter(tx, A));
      expect([all[0]?.mayBeCut, locked?.mayBeCut]).toEqual([one?.mayBeCut, one?.mayBeCut]);
      return one?.mayBeCut;
    };
    const change = (id: Command["id"], from: Command["state"], to: Command["state"], sentAt = later(at, 10)): Promise<unknown> =>
      kept.commands.change(null, id, 0, [from], {
        state: to,
        sentAt,
        ...(to === "unanswered" ? { because: "silence", endedAt: at } : {}),
      });
    const cutBy = (who: "rule" | "person" | null): Promise<void> =>
      kept.transactor.transact((tx) => kept.meters.setCutBy(tx, A, who));
    const cut = await insert({ kind: "disconnect", askedBy: "rule" });
    await change(cut.id, "accepted", "sending");
    expect(await mayBe(), "nobody ever saw its relay").toBe(false);
    await seen(later(at, 10));
    expect(await mayBe(), "its bytes leave").toBe(true);
    await change(cut.id, "sending", "verifying");
    expect(await mayBe(), "it is looked after").toBe(true);
    await change(cut.id, "verifying", "unanswered");
    expect(await mayBe(), "nobody has noted that it may be cut, or a restore was seen").toBe(false);
    await cutBy("rule");
    expect(await mayBe(), "it ended in silence").toBe(true);
    await insert({ kind: "disconnect", askedBy: "rule" });
    await insert({ kind: "reconnect", askedBy: "rule" });
    expect(await mayBe(), "what has not left tells nothing").toBe(true);
    await cutBy("person");
    expect(await mayBe(), "a person's").toBe(false);
    await cutBy("rule");
    await seen(later(at, 11));
    expect(await mayBe(), "it was seen since").toBe(false);
    const timed = await insert({ kind: "disconnect-for", askedBy: "person" });
    await change(timed.id, "accepted", "verifying", later(at, 20));
    expect(await mayBe(), "a person's newer one is his own").toBe(false);
    const again = await insert({ kind: "disconnect", askedBy: "rule" });
    await change(again.id, "accepted", "verifying", later(at, 30));
    expect(await mayBe()).toBe(true);
    await kept.commands.change(null, again.id, 0, ["verifying"], { state: "confirmed", endedAt: at });
    expect(await mayBe(), "it was seen obeyed").toBe(false);
  });

  test("counts an estimate on the newest day as doubt, and a register that is less than what was believed before it as a contradiction", async () => {
    const day = { begun: "2026-11-22", day: "2026-11-23", dayStart: CentiKwh(0n), billedTo: CentiKwh(1n), charged: ZERO_FEN };
    const none = { total: 0n, rates: null, exported: null };
    const keepDay = (of: string, seen: object): Promise<void> =>
      kept.transactor.transact(async (tx) => {
        const blank = blankDay({ meter: A, stretch: 1n, account: far, day: of, tariff: "flat" }, none, "spread");
        await kept.billing.saveBilling(tx, { meter: A, account: far, stretch: 1n, ...day, billedAt: at, closed: false });
        await kept.billing.saveDay(tx, { ...blank, seen });
      });
    await keepDay("2026-11-22", { estimate: 1n });
    expect((await picture())?.readingInDoubt).toBe(false); // what came after it is known
    await keepDay("2026-11-23", { estimate: 1n });
    expect((await picture())?.readingInDoubt).toBe(true);
    await keepDay("2026-11-23", { total: { last: [1n] } });
    expect(await picture()).toMatchObject({ readingInDoubt: false, registerContradicted: false });

    const rest = { rates: null, rateShifts: [], ratesAt: null, exported: null, vouched: null, cut: null, advancedAt: at };
    const shown = async (): Promise<string> => {
      const seen = await picture();
      return seen?.registerContradicted === true ? "contradicted" : seen?.contradictedOnce === true ? "once" : "no";
    };
    const doubted = async (doubt: string, item: string, takenAt: Instant): Promise<readonly string[]> => {
      const doubtOnce = async (): Promise<string> => {
        const row = { meter: A, doubt, item, register: 4n, takenAt, source: "poll" } as const;
        await kept.transactor.transact((tx) => kept.validation.noteDoubt(tx, row));
        return shown();
      };
      const believed = { ...rest, takenAt: at, register: 5n, shift: 0n };
      await kept.transactor.transact((tx) => kept.validation.saveBelieved(tx, A, believed));
      return [await doubtOnce(), await doubtOnce(), await doubtOnce()];
    };
    expect(await doubted("backwards", "importedEnergy", later(at, 1))).toEqual(["once", "contradicted", "contradicted"]);
    expect(await doubted("backwards", "importedEnergy", at), "of before").toEqual(["no", "no", "no"]);
    expect(await doubted("backwards", "exportedEnergy", later(at, 1))).toEqual(["no", "no", "no"]);
    expect(await doubted("jump", "importedEnergy", later(at, 1))).toEqual(["no", "no", "no"]);
    await kept.transactor.transact((tx) => kept.validation.settleDoubt(tx, A));
    expect(await shown()).toBe("no");
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

  test("whoever has waited for the row sees what was done meanwhile: money, and what was decided", async () => {
    const ledger = new Ledger({ store: kept.ledger, clock: systemClock });
    const said: Standing = {
      ...{ stage: "notice-due", want: "as-is", because: "notice-due", strategy: "abc", since: at, arrearsSince: at },
    };
    let seen: RemoteMeter | null = null;
    const pay = async (tx: Transaction): Promise<void> => {
      await kept.policy.remoteMeter(tx, A);
      await ledger.receive(tx, { account: far, amount: Fen(10_000n), channel: "bank", reference: "1" });
      await kept.policy.keepStanding(tx, A, far, said);
    };
    const decide = async (tx: Transaction): Promise<void> => void (seen = await kept.policy.remoteMeter(tx, A));
    expect(await whoWaits(kept, pay, decide)).toEqual(["first", "second"]);
    expect(seen).toMatchObject({ available: 10_000n, standing: said });
  });

  const exemption = (id: string, changes: Partial<Exemption> = {}): Exemption => ({
    ...{ id: `01920000-0000-7000-8000-00000000000${id}`, account: far, kind: "medical", from: at, until: later(at, 1_000) },
    ...{ reason: "oxygen at home", madeBy: "desk", endedAt: null, endedBy: null, remindedAt: null },
    ...changes,
  });

  test("shows exemptions that nobody has ended, over or not; the list keeps the others", async () => {
    const [one, two] = [exemption("1"), exemption("2", { kind: "guarantee", until: later(at, 500) })];
    for (const each of [one, two]) await kept.transactor.transact((tx) => kept.exemptions.insert(tx, each));
    expect((await picture())?.exemptions).toEqual([
      { kind: "medical", until: at + 1_000 },
      { kind: "guarantee", until: at + 500 },
    ]);
    expect(await kept.exemptions.endingBefore(later(at, 1_001), 10)).toEqual([two, one]);
    expect(await kept.exemptions.endingBefore(later(at, 1_000), 10)).toEqual([two]);
    await kept.transactor.transact(async (tx) => {
      expect(await kept.exemptions.lock(tx, one.id)).toEqual(one);
      await kept.exemptions.remind(tx, one.id, later(at, 5));
      await kept.exemptions.end(tx, one.id, later(at, 7), "night");
    });
    const ended = { ...one, remindedAt: at + 5, endedAt: at + 7, endedBy: "night" };
    expect(await kept.exemptions.of(far, 10)).toEqual([two, ended]);
    expect(await kept.exemptions.of(far, 1)).toEqual([two]);
    expect((await picture())?.exemptions).toEqual([{ kind: "guarantee", until: at + 500 }]);
    expect(await kept.exemptions.endingBefore(later(at, 9_999), 10)).toEqual([two]);
    expect(await kept.transactor.transact((tx) => kept.exemptions.lock(tx, exemption("9").id))).toBe(null);
  });

  test("shows one that ended by itself, because that is a note by some clock; one that stood wrong is found, and its note taken back", async () => {
    const [one, two] = [exemption("1"), exemption("2", { until: later(at, 500) })];
    await kept.transactor.transact(async (tx) => {
      for (const each of [one, two]) {
        await kept.exemptions.insert(tx, each);
        await kept.exemptions.remind(tx, each.id, at);
        await kept.exemptions.end(tx, each.id, each.until, "gateway");
      }
    });
    expect((await picture())?.exemptions).toMatchObject([{ until: one.until }, { until: two.until }]);
    expect(await kept.exemptions.endingBefore(later(at, 9_999), 10)).toEqual([]);
    expect(await kept.exemptions.endedTooEarly(later(at, 499), 10)).toMatchObject([{ id: two.id }, { id: one.id }]);
    expect(await kept.exemptions.endedTooEarly(later(at, 499), 1)).toMatchObject([{ id: two.id }]);
    expect(await kept.exemptions.endedTooEarly(later(at, 500), 10)).toMatchObject([{ id: one.id }]);
    await kept.transactor.transact((tx) => kept.exemptions.goesOn(tx, one.id));
    expect(await kept.exemptions.of(far, 10)).toEqual([{ ...two, remindedAt: at, endedAt: two.until, endedBy: "gateway" }, one]);
    expect(await kept.exemptions.endedTooEarly(at, 10)).toMatchObject([{ id: two.id }]);
  });

  test("gives those that end soon page by page, also where many end at the same moment", async () => {
    const all = ["1", "2", "3", "4"].map((id) => exemption(id, { until: later(at, id === "1" ? 900 : 500) }));
    for (const each of all) await kept.transactor.transact((tx) => kept.exemptions.insert(tx, each));
    const page = async (after?: Exemption) =>
      (await kept.exemptions.endingBefore(later(at, 1_000), 2, after)).map(({ id }) => id);
    const [one, two, three, four] = all.map(({ id }) => id);
    expect(await page()).toEqual([two, three]);
    expect(await page(all[2])).toEqual([four, one]);
    expect(await page(all[0])).toEqual([]);
  });

  test("refuses an exemption that ends before it begins, and one of an account that is not there", async () => {
    const insert = (each: Exemption) => kept.transactor.transact((tx) => kept.exemptions.insert(tx, each));
    await expect(insert(exemption("1", { until: at }))).rejects.toThrow("exemptions_check");
    await expect(insert(exemption("1", { account: AccountId("stranger") }))).rejects.toThrow("exemptions_account_fkey");
  });

  test("rests on the newest notice of a cut that was delivered, and on no other", async () => {
    const notice = { account: far, stage: "notice-due", delivered: later(at, 1), available: Fen(-5n) } as const;
    await kept.addNotice({ ...notice, at, stage: "warn-2" });
    await kept.addNotice({ ...notice, at, delivered: null });
    await kept.addNotice({ ...notice, at, account: wallet });
    expect((await picture())?.notice).toBe(null);
    await kept.addNotice({ ...notice, at: later(at, 2) });
    await kept.addNotice({ ...notice, at: later(at, 3), available: Fen(-6n) });
    expect((await picture())?.notice).toEqual({ at: at + 3, deliveredAt: at + 1, available: -6n });
    const told = await kept.policy.noticesOf(far, 3);
    expect(told.map(({ at: when, stage, delivered }) => [when, stage, delivered])).toEqual([
      [at + 3, "notice-due", at + 1],
      [at + 2, "notice-due", at + 1],
      [at, "notice-due", null],
    ]);
  });

  test("knows the newest days that were billed on this meter, and when somebody paid last", async () => {
    await kept.transactor.transact(async (tx) => {
      for (let day = 1; day <= 9; day += 1) {
        const of = { account: far, meter: A, stretch: 1n, day: `2026-11-0${day}`, tariff: "flat" };
        const blank = blankDay(of, { total: 0n, rates: null, exported: null }, "midnight");
        await kept.billing.saveDay(tx, { ...blank, energy: 1n, cost: Fen(BigInt(day)) });
      }
      for (const [orderId, createdAt] of [
        ["1", later(at, 10)],
        ["2", at],
      ] as const) {
        const payment = {
          account: far,
          amount: Fen(5n),
          channel: "bank",
          state: "allocated",
          command: null,
          refund: null,
        } as const;
        await kept.payments.insert(tx, { ...payment, id: PaymentId(uuidv7()), orderId, createdAt });
      }
    });
    const seen = await picture();
    expect(seen?.recentDays).toHaveLength(8);
    expect(seen?.recentDays[0]).toEqual({ day: "2026-11-09", cost: 9n });
    expect(seen?.paidAt, "by the order in which they were taken").toBe(at);
  });

  test("keeps each decision with its facts, and what stands of the last", async () => {
    const standing: Standing = {
      ...{ stage: "notice-due", want: "as-is", because: "notice-due", strategy: "abc", since: at, arrearsSince: later(at, -5) },
    };
    const decision: KeptDecision = {
      ...{
        meter: A,
        account: far,
        at,
        stage: "notice-due",
        want: "as-is",
        because: "notice-due",
        blocks: ["weekend", "notice-due"],
      },
      ...{
        nextAt: later(at, 60),
        strategy: "abc",
        shadow: false,
        facts: { available: "-1.00", readAt: at, notice: null },
        command: null,
      },
    };
    const cut = await insert({ kind: "disconnect", askedBy: "rule" });
    const second: KeptDecision = {
      ...decision,
      stage: "cut-due",
      want: "disconnected",
      blocks: [],
      nextAt: null,
      command: cut.id,
    };
    await kept.transactor.transact((tx) => kept.policy.keepDecision(tx, decision, standing));
    expect((await picture())?.standing).toEqual(standing);
    await kept.transactor.transact(async (tx) => {
      await kept.policy.keepDecision(tx, second, { ...standing, stage: "cut-due" });
      await kept.policy.keepStanding(tx, A, far, { ...standing, stage: "cut-due", arrearsSince: null });
    });
    expect((await picture())?.standing).toEqual({ ...standing, stage: "cut-due", arrearsSince: null });
    expect(await kept.policy.decisionsOf(far, 9)).toEqual([second, decision]);
    expect(await kept.policy.decisionsOf(far, 1)).toEqual([second]);
    expect(await kept.policy.decisionsOf(wallet, 9)).toEqual([]);
  });

  test("what stands of one account is not said of the next that has this meter", async () => {
    const standing: Standing = { stage: "cut", want: "disconnected", because: "x", strategy: "abc", since: at, arrearsSince: at };
    await kept.transactor.transact((tx) => kept.policy.keepStanding(tx, A, wallet, standing));
    expect((await picture())?.standing).toBe(null);
  });

  test("notes a strategy when it is another than before, for each whom it is for", async () => {
    const site: StrategyVersion = {
      scope: "site",
      version: "1",
      rules: [{ rule: "warn1", value: "30.00", from: "site" }],
      at,
      who: "file",
    };
    const key = { ...site, scope: "class key" };
    expect(await kept.policy.keepStrategies([site, key])).toEqual([site, key]);
    expect(await kept.policy.keepStrategies([site, key])).toEqual([]);
    expect(await kept.policy.keepStrategies([{ ...site, version: "2" }, key])).toMatchObject([{ scope: "site", version: "2" }]);
    expect(await kept.policy.keepStrategies([site])).toEqual([site]); // and back again is another change
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
