/** What is wrong about a cut, who wants supply back, why it is not there, and what is read behind an open relay: tables, without wires or rows. */
import { describe, expect, test, vi } from "vitest";
import { nextStepOf } from "../../src/exceptions/next-steps.ts";
import { hours, Instant, later, minutes, seconds } from "../../src/kernel/clock.ts";
import { AccountId, BusId, CommandId, MeterAddress } from "../../src/kernel/ids.ts";
import { Fen } from "../../src/kernel/money.ts";
import type { Notice } from "../../src/policy/policy-store.ts";
import { resolve } from "../../src/policy/resolve.ts";
import type { Rules } from "../../src/policy/strategy.ts";
import { causeNames, causes, graver } from "../../src/recovery/causes.ts";
import { endOf, isBack, watchStep, wishOf, wrongAbout } from "../../src/recovery/detect.ts";
import { expectedSupply } from "../../src/recovery/expected.ts";
import { firmwareOf } from "../../src/recovery/firmware.ts";
import type { Incident } from "../../src/recovery/incident.ts";
import { IncidentId } from "../../src/recovery/incident.ts";
import { reasonFor, reasons, type Reason } from "../../src/recovery/reasons.ts";
import type { Point, WatchedCut } from "../../src/recovery/recovery-store.ts";
import { countCauses, reportOf } from "../../src/recovery/report.ts";
import { levelAfter, recoverySettings, recoveryShape, usualRecovery } from "../../src/recovery/settings.ts";
import { Fault } from "../../src/kernel/faults.ts";
import { aCommand } from "../support/a-command.ts";

const at = (text: string): Instant => Instant(Date.parse(`${text}+08:00`));
const METER = MeterAddress("202611220001");
const ACCOUNT = AccountId("2611220001");
const MONDAY_NOON = at("2026-11-23T12:00:00");
/** From then on nobody is cut, by the usual strategy. */
const EVENING = at("2026-11-23T17:00:00");
const nothing = (): readonly string[] => [];
const strategy = (said: Partial<Rules>) =>
  resolve("residential", [{ from: "site", said: { mode: "live", "noCut.weekends": false, ...said } }], "Asia/Shanghai").strategy;

describe("B2 a cut that was wrong", () => {
  const cut = (sentAt: Instant, notAfter = later(sentAt, hours(2))) => ({ sentAt, notAfter });
  const notice = (delivered: Instant | null, stage: Notice["stage"] = "notice-due"): Notice => ({
    ...{ account: ACCOUNT, at: MONDAY_NOON, stage, delivered, available: Fen(-100n) },
  });
  const table: readonly [string, ReturnType<typeof cut>, Partial<Rules>, readonly Notice[], readonly string[]][] = [
    ["at noon, with nothing in the way: is right", cut(MONDAY_NOON), {}, [], []],
    ["at 17:00:01, one commit after the look: is right", cut(at("2026-11-23T17:00:01")), {}, [], []],
    ["at 17:00:03: in a window", cut(at("2026-11-23T17:00:03")), {}, [], ["cut-in-window"]],
    ["on a holiday: in a window", cut(MONDAY_NOON), { "noCut.holidays": ["2026-11-23"] }, [], ["cut-in-window"]],
    ["after its deadline", cut(MONDAY_NOON, later(MONDAY_NOON, -seconds(3))), {}, [], ["cut-too-late"]],
    ["without any notice where one is due", cut(MONDAY_NOON), { notices: "required" }, [], ["cut-unnoticed"]],
    [
      "noticed 31 min before: is right",
      cut(MONDAY_NOON),
      { notices: "required" },
      [notice(later(MONDAY_NOON, -minutes(31)))],
      [],
    ],
    [
      "noticed 29 min before",
      cut(MONDAY_NOON),
      { notices: "required" },
      [notice(later(MONDAY_NOON, -minutes(29)))],
      ["cut-unnoticed"],
    ],
    ["noticed, and never delivered", cut(MONDAY_NOON), { notices: "required" }, [notice(null)], ["cut-unnoticed"]],
    ["only warned", cut(MONDAY_NOON), { notices: "required" }, [notice(at("2026-11-23T11:00:00"), "warn-2")], ["cut-unnoticed"]],
    ["at night and too late: both", cut(at("2026-11-23T22:00:00"), MONDAY_NOON), {}, [], ["cut-in-window", "cut-too-late"]],
  ];
  test.each(table)("%s", (_title, sent, said, notices, expected) => {
    expect(wrongAbout(sent, { strategy: strategy(said), notices, saidAt: nothing })).toEqual(expected);
  });

  test("at a time of which staff had said so is in a window, by whatever strategy; what was said in the last two seconds was not", () => {
    const saidFrom = (from: Instant) => ({
      ...{ strategy: null, notices: [] },
      saidAt: (moment: Instant) => (moment >= from ? ["bad-weather"] : []),
    });
    expect(wrongAbout(cut(MONDAY_NOON), saidFrom(later(MONDAY_NOON, -seconds(3))))).toEqual(["cut-in-window"]);
    expect(wrongAbout(cut(MONDAY_NOON), saidFrom(later(MONDAY_NOON, -seconds(1))))).toEqual([]);
    const asWindowBegins = {
      strategy: strategy({}),
      notices: [],
      saidAt: (moment: Instant) => (moment < EVENING ? ["maintenance"] : []),
    };
    expect(wrongAbout(cut(EVENING), asWindowBegins), "one after the other").toEqual(["cut-in-window"]);
  });

  test("is judged by no strategy where nobody noted which it was, and by its deadline all the same", () => {
    const late = cut(at("2026-11-23T22:00:00"), MONDAY_NOON);
    expect(wrongAbout(late, { strategy: null, notices: [], saidAt: nothing })).toEqual(["cut-too-late"]);
  });

  test("restores by itself only where the identity is sure and the rules would not cut again", () => {
    expect(causeNames.filter((name) => causes[name].restores)).toEqual(["cut-in-window", "cut-unnoticed"]);
    expect(graver("paid-but-dark", "wrong-identity")).toBe("wrong-identity");
  });
});

const cutCommand = aCommand({
  meter: METER,
  createdAt: MONDAY_NOON,
  kind: "disconnect",
  effect: "sets",
  askedBy: "rule",
  state: "confirmed",
});
const point = (more: Partial<Point> = {}): Point => ({
  ...{ meter: METER, account: ACCOUNT, class: "residential", mode: "remote", model: "remote-ledger", bus: BusId("b") },
  ...{ relay: "disconnected", relayAt: MONDAY_NOON, identity: "confirmed", cutBy: "rule", cut: cutCommand, restore: null },
  ...{ wanted: null, walletPaidAt: null, register: "100.00", readAt: MONDAY_NOON },
  ...more,
});
const restore = (more: Parameters<typeof aCommand>[0] | Record<string, unknown> = {}) =>
  aCommand({
    meter: METER,
    createdAt: later(MONDAY_NOON, minutes(1)),
    kind: "reconnect",
    effect: "sets",
    askedBy: "rule",
    ...more,
  });

describe("A21 supply that is wanted back", () => {
  const since = later(MONDAY_NOON, minutes(10));
  const wanted = { want: "connected", because: "in-credit", since } as const;

  test("by the rules, a person, or a wallet; the longest waits for it counts, and nobody wants it else", () => {
    expect(wishOf(point(), "arm")).toBe(null);
    expect(wishOf(point({ wanted }), "arm")).toEqual({ since, by: "rules", way: "arm" });
    expect(wishOf(point({ wanted, restore: restore() }), "arm")).toEqual({ since, by: "rules", way: "reconnect" });
    expect(wishOf(point({ restore: restore({ askedBy: "person" }) }), "arm")?.by).toBe("person");
    expect(wishOf(point({ wanted, restore: restore({ askedBy: "person" }) }), "arm")?.by).toBe("person");
    expect(wishOf(point({ restore: restore({ askedBy: "person", state: "cancelled" }) }), "arm")).toBe(null);
    const older = restore({ askedBy: "person", createdAt: later(MONDAY_NOON, -1) });
    expect(wishOf(point({ restore: older }), "arm"), "it was cut anew since").toBe(null);
    const obeyed = restore({ askedBy: "person", state: "confirmed" });
    expect(wishOf(point({ mode: "local", restore: obeyed }), "arm"), "an empty wallet opened the relay long after").toBe(null);
    const armed = restore({ askedBy: "person", state: "confirmed", kind: "arm" });
    expect(wishOf(point({ relay: "armed", restore: armed }), "reconnect"), "what was promised is there").toMatchObject({
      way: "arm",
    });
    expect(wishOf(point({ mode: "local", walletPaidAt: since }), "reconnect")).toEqual({ since, by: "wallet", way: "arm" });
    expect(wishOf(point({ mode: "local", walletPaidAt: since, cutBy: "person" }), "arm")).toBe(null);
    const refused = restore({ state: "refused", because: "meter-quarantined" });
    expect(wishOf(point({ restore: refused }), "arm"), "the rules changed their mind").toBe(null);
    const inDoubt = point({ restore: refused, identity: "quarantined" });
    expect(wishOf(inDoubt, "arm"), "paid, being restored, and then in doubt").toMatchObject({
      ...{ by: "rules", since: refused.createdAt },
    });
  });

  describe("an incident", () => {
    const late = { cause: "paid-but-dark", cut: cutCommand.id, darkSince: MONDAY_NOON } as const;
    const wrong = { ...late, cause: "cut-in-window" } as const;
    const wish = wishOf(point({ wanted }), "reconnect");
    const anew = aCommand({ meter: METER, createdAt: later(MONDAY_NOON, hours(1)), kind: "disconnect", effect: "sets" });

    test("goes on while somebody waits, and ends where nobody does, or no meter hangs there", () => {
      expect(endOf(late, point({ wanted }), wish)).toBe(null);
      expect(endOf(late, point(), null)).toBe("withdrawn");
      expect(endOf(wrong, null, null)).toBe("withdrawn");
      expect(endOf(wrong, point({ relay: "connected" }), null)).toBe("restored");
    });

    test("of a wrong cut goes on while recovery's own order is out, whose way is the strategy's, and else until people have closed its item", () => {
      const own = restore({ reason: "cut-in-window", kind: "arm", state: "unanswered" });
      expect(endOf(wrong, point({ restore: own }), null)).toBe(null);
      expect(endOf(wrong, point({ restore: own, relay: "armed" }), null), "free for the button, as promised").toBe("restored");
      expect(endOf(wrong, point({ restore: restore({ reason: "in-credit" }) }), null), "rules that changed their mind").toBe(
        "settled",
      );
      expect(endOf(wrong, point(), null), "still in arrears: nobody restores it, and it would never end").toBe("settled");
    });

    test("is over where the supply was cut anew: by what was seen between, or because that is wanted", () => {
      const own = restore({ reason: "cut-in-window", state: "unanswered" });
      expect(endOf(wrong, point({ cut: anew, restore: own, cutBy: "person" }), null)).toBe("withdrawn");
      const done = restore({ state: "confirmed", verifiedAt: later(MONDAY_NOON, minutes(2)) });
      expect(endOf(wrong, point({ cut: anew, restore: done }), null)).toBe("restored");
      expect(endOf(late, point({ cut: anew, restore: done }), null)).toBe("restored");
    });
  });

  test("is back when the relay is closed, or free for the button where that was promised", () => {
    expect(isBack({ relay: "connected" }, "reconnect")).toBe(true);
    expect(isBack({ relay: "armed" }, "arm")).toBe(true);
    expect(isBack({ relay: "armed" }, "reconnect")).toBe(false);
    expect(isBack({ relay: "disconnected" }, "arm")).toBe(false);
  });

  test("is not known to be back where a cut that may have been obeyed left after the relay was seen", () => {
    const silent = { ...cutCommand, state: "unanswered", because: "silence", sentAt: MONDAY_NOON } as const;
    const unseen = point({ relay: "connected", cut: silent });
    expect(isBack(unseen, "reconnect")).toBe(false);
    expect(isBack({ ...unseen, relay: "armed" }, "arm")).toBe(false);
    expect(isBack({ ...unseen, cut: { ...silent, state: "verifying" }, cutBy: null }, "arm"), "it is looked after").toBe(false);
    expect(isBack({ ...unseen, relayAt: later(MONDAY_NOON, 1) }, "reconnect"), "it was seen since").toBe(true);
    expect(isBack({ ...unseen, cut: cutCommand }, "reconnect"), "a cut that was obeyed was seen").toBe(true);
    expect(isBack({ ...unseen, cutBy: null }, "reconnect"), "a restore was seen").toBe(true);
    expect(reasonFor({ ...unseen, relay: "armed" }), "no button is sure to help").toBe("not-ordered");
    const wrong = { cause: "cut-in-window", cut: silent.id, darkSince: MONDAY_NOON } as const;
    expect(endOf(wrong, unseen, null)).toBe("settled");
    expect(endOf(wrong, { ...unseen, relayAt: later(MONDAY_NOON, 1) }, null)).toBe("restored");
  });

  test("goes up at 15, 60 and 240 minutes, or as the site says", () => {
    const levels = [14.99, 15, 59.99, 60, 239.99, 240].map((n) => levelAfter(minutes(n), usualRecovery));
    expect(levels).toEqual([0, 1, 1, 2, 2, 3]);
    const own = recoverySettings(recoveryShape.parse({ workOrderMinutes: 5, escalateMinutes: [10, 20] }));
    expect(levelAfter(minutes(10), own)).toBe(2);
    expect(usualRecovery.followUpMs, "B5").toBe(hours(14 * 24));
    expect(() => recoveryShape.parse({ followUpDays: 15 })).toThrow(/14/);
  });

  const table: readonly [Reason, Partial<Point>][] = [
    ["not-ordered", {}],
    ["stuck", { restore: restore({ state: "unanswered", because: "stuck" }), relay: "armed" }],
    ["button", { restore: restore({ state: "unanswered", because: "button" }), relay: "armed" }],
    ["meter-silent", { restore: restore({ state: "queued", waitingFor: "meter-online" }) }],
    ["meter-silent", { restore: restore({ state: "unanswered", because: "silence" }) }],
    ["line", { restore: restore({ state: "accepted" }) }],
    ["password", { restore: restore({ state: "refused", because: "password-refused" }) }],
    ["wrong-identity", { identity: "quarantined" }],
    ["security", { restore: restore({ state: "queued", waitingFor: "cipher-machine" }) }],
    ["approval", { restore: restore({ state: "accepted", waitingFor: "approval" }) }],
    ["feeder", { restore: restore({ state: "queued", waitingFor: "feeder" }) }],
    ["not-shown", { restore: restore({ state: "verifying", sentAt: MONDAY_NOON, waitingFor: "read-back" }) }],
    ["out-of-time", { restore: restore({ state: "expired", because: "deadline" }) }],
    ["refused", { restore: restore({ state: "refused", because: "not-supported" }) }],
  ];
  test.each(table)("is not there because of %s", (reason, more) => {
    expect(reasonFor(point(more))).toBe(reason);
  });

  test("tells a crew in both languages what to do and what to take along", () => {
    for (const reason of Object.keys(reasons) as Reason[]) {
      const { en, zh } = nextStepOf("restore-failed", reason, false);
      expect(en, reason).toMatch(/[a-z]+.*\.$/);
      expect(zh, reason).toMatch(/[\u4e00-\u9fff].*。$/);
    }
    expect(nextStepOf("restore-failed", "button", false).en).toContain("Call the customer first");
    expect(nextStepOf("restore-failed", "stuck", false).en).toContain("Take along a meter of the same model");
  });
});

describe("B6 behind an open relay", () => {
  const marks = [hours(1), hours(24)];
  const cut = (more: Partial<WatchedCut> = {}): WatchedCut => ({
    ...{ command: CommandId("c"), meter: METER, account: ACCOUNT, byRule: true, cutAt: MONDAY_NOON, register: "100.00" },
    ...{ marks: [], endedAt: null, because: null },
    ...more,
  });
  const seen = (register: string, afterMs: number, relay: Point["relay"] = "disconnected") => ({
    ...{ relay, register, readAt: later(MONDAY_NOON, afterMs) },
  });
  const step = (watched: WatchedCut, point: ReturnType<typeof seen>, afterMs: number) =>
    watchStep(watched, point, later(MONDAY_NOON, afterMs), marks);

  test("nothing is asked before an hour, and then a reading that is no older", () => {
    expect(step(cut(), seen("100.00", 0), minutes(59))).toEqual({ step: "wait" });
    expect(step(cut(), seen("100.00", minutes(59)), hours(1))).toEqual({ step: "read" });
    expect(step(cut(), seen("100.01", hours(1)), hours(1))).toMatchObject({ step: "mark", ends: null, advanced: 0n });
  });
  test("two hundredths of a kWh are energy that goes on", () => {
    expect(step(cut(), seen("100.02", hours(1)), hours(1))).toMatchObject({ step: "mark", ends: "energy-flows", advanced: 2n });
  });
  test("a day later it ends, quiet", () => {
    const hour = { dueMs: hours(1), kwh: "100.00", at: MONDAY_NOON };
    expect(step(cut({ marks: [hour] }), seen("100.00", hours(24)), hours(24))).toMatchObject({ step: "mark", ends: "quiet" });
  });
  test("a cut whose register nobody told begins with the first that is read behind it, and a restored one is left alone", () => {
    expect(step(cut({ register: null }), seen("100.50", minutes(20)), minutes(21))).toEqual({ step: "baseline", kwh: "100.50" });
    expect(step(cut(), seen("105.00", hours(2), "armed"), hours(2))).toEqual({ step: "end", because: "restored" });
  });
});

describe("B7 causes, and B1 the month", () => {
  const incident = (more: Partial<Incident>): Incident => ({
    ...{
      id: IncidentId("i"),
      cause: "paid-but-dark",
      also: [],
      class: "late",
      meter: METER,
      account: ACCOUNT,
      model: "remote-ledger",
    },
    ...{ bus: "bus-1", firmware: null, cut: null, darkSince: MONDAY_NOON, wishedAt: MONDAY_NOON, foundAt: MONDAY_NOON, level: 0 },
    ...{
      reason: null,
      restoredAt: null,
      restoredBy: null,
      endedAt: null,
      energyBefore: null,
      energyAfter: null,
      compensation: "yes",
    },
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
  const ended = (ms: number) => ({ restoredAt: later(MONDAY_NOON, ms), endedAt: later(MONDAY_NOON, ms) });
  const all = [
    incident({ level: 1, class: "device", firmware: "V2.1", ...ended(minutes(20)) }),
    incident({ level: 3, class: "device", firmware: "V2.1", ...ended(minutes(300)), compensation: "paid" }),
    incident({ bus: "bus-2", ...ended(minutes(6)) }),
    incident({ cause: "cut-in-window", class: "wrong-action" }),
  ];
  test("are counted once each, whatever they are counted by", () => {
    for (const by of ["model", "bus", "firmware", "class"] as const)
      expect(countCauses(all, by).reduce((sum, { incidents }) => sum + incidents, 0)).toBe(all.length);
    expect(countCauses(all, "firmware")[0]).toEqual({ cause: "paid-but-dark", of: "V2.1", incidents: 2, workOrders: 2, open: 0 });
  });
  test("tell by class how long it was dark and what is owed", () => {
    expect(reportOf(all)).toMatchObject([
      {
        class: "device",
        incidents: 2,
        escalated: 1,
        darkMinutes: { total: 320, median: 20, longest: 300 },
        toCompensate: 1,
        compensated: 1,
      },
      { class: "late", incidents: 1, restored: 1 },
      { class: "wrong-action", incidents: 1, restored: 0, darkMinutes: { total: 0, median: null, longest: null } },
    ]);
  });
});

describe("B8 when supply may be expected", () => {
  const line = { waiting: 40, exchanges: 100, busyMs: 30_000, open: true };
  const now = later(MONDAY_NOON, minutes(10));
  const wanted = { want: "connected", because: "in-credit", since: MONDAY_NOON } as const;
  const expected = (more: Partial<Point>, askAgainAt: Instant | null = null) =>
    expectedSupply(point({ wanted, ...more }), { line, askAgainAt, restoreBy: "reconnect", now });
  test("a restore goes before all that waits: seven exchanges of its line", () => {
    expect(expected({ restore: restore({ state: "queued" }) }).at).toBe(later(now, 7 * 300));
  });
  test("says what it does not know", () => {
    expect(expected({ restore: restore({ state: "unanswered", because: "stuck" }) })).toMatchObject({
      at: null,
      because: "stuck",
    });
    for (const waitingFor of ["approval", "security"])
      expect(expected({ restore: restore({ state: "queued", waitingFor }) }), "no pace of a line tells that").toMatchObject({
        ...{ at: null, because: waitingFor },
      });
    const soon = later(now, minutes(2));
    expect(expected({ restore: restore({ state: "queued", waitingFor: "meter-online" }) }, soon)).toMatchObject({ at: soon });
    expect(expectedSupply(point(), { line, askAgainAt: null, restoreBy: "arm", now })).toMatchObject({ because: "not-wanted" });
    expect(expected({ relay: "armed", restore: restore({ kind: "arm", state: "confirmed" }) })).toMatchObject({
      because: "button",
      at: now,
    });
    expect(expected({ relay: "connected" })).toMatchObject({ because: "on" });
  });
});

test("firmware is what the meter tells of it, and null where it tells nothing or is silent", async () => {
  const meterThat = (read: (item: string) => Promise<{ value: string | null }[]>) =>
    firmwareOf(
      { session: () => Promise.resolve({ read: ([item]: string[]) => read(item!), close: () => Promise.resolve() }) } as never,
      METER,
    );
  expect(await meterThat((item) => Promise.resolve([{ value: item === "softwareVersion" ? "V2.1 " : "H1" }]))).toBe("V2.1 / H1");
  expect(await meterThat(() => Promise.reject(new Fault("meter-no-data", {})))).toBe(null);
  expect(await meterThat(() => Promise.reject(new Fault("meter-silent", {})))).toBe(null);
});

test("a house that closes waits for no firmware of a busy line, and keeps no half of it", async () => {
  const stop = new AbortController();
  const asked: (AbortSignal | undefined)[] = [];
  const session = (_meter: MeterAddress, { signal }: { signal?: AbortSignal }): Promise<unknown> => {
    if (asked.push(signal) === 1)
      return Promise.resolve({ read: () => Promise.resolve([{ value: "V2.1" }]), close: () => Promise.resolve() });
    return new Promise((_, reject) => {
      signal?.addEventListener("abort", () => reject(new Error("it is withdrawn")));
    });
  };
  const told = firmwareOf({ session } as never, METER, stop.signal);
  await vi.waitFor(() => expect(asked).toEqual([stop.signal, stop.signal]));
  stop.abort();
  expect(await told).toBe(null);
});
