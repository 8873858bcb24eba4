/** What the commands of the line make of what a meter shows afterwards: pure looks, no wires. */
import { describe, expect, test } from "vitest";
import type { Command } from "../../src/commands/command.ts";
import type { VerifyContext } from "../../src/commands/definition.ts";
import { clockSet } from "../../src/commands/definitions/clock-set.ts";
import { isFrozenSince } from "../../src/commands/definitions/freeze.ts";
import { disconnectFor } from "../../src/commands/definitions/timed-cut.ts";
import { noteEndOfTimedCut } from "../../src/commands/timed-cut-end.ts";
import type { MeterSession, RelayPicture } from "../../src/devices/meter.ts";
import { Instant, minutes, seconds } from "../../src/kernel/clock.ts";
import { Fault, type FaultCode } from "../../src/kernel/faults.ts";
import { MeterAddress } from "../../src/kernel/ids.ts";
import type { Transaction } from "../../src/kernel/transaction.ts";

const NOW = Instant(1_700_000_000_000);
const METER = MeterAddress("202611220001");
const picture = (relay: RelayPicture["relay"]): RelayPicture => ({
  relay,
  order: relay === "connected" ? "connect" : "disconnect",
  preTripAlarm: false,
  protected: false,
  accountOpened: true,
  word: 0,
  takenAt: NOW,
});
const seeing = (relay: RelayPicture["relay"], power: string | null = "0.0000"): MeterSession =>
  ({
    readRelay: () => Promise.resolve(picture(relay)),
    read: () => Promise.resolve([{ item: "power", value: power }]),
  }) as unknown as MeterSession;
const command = (params: Readonly<Record<string, unknown>>): Command => ({ params }) as unknown as Command;
const context = (more: Partial<VerifyContext>): VerifyContext => ({
  before: { relay: "connected" },
  sinceSentMs: seconds(1),
  lastReply: "silent",
  refusal: null,
  attempt: 1,
  ...more,
});

describe("a cut for a time", () => {
  const cut = command({ minutes: 5, then: "reconnect" });
  const verdict = (relay: RelayPicture["relay"], more: Partial<VerifyContext>) =>
    disconnectFor.verify(seeing(relay), cut, context(more));

  test("is done when the relay is open and was not, whatever was said", async () => {
    expect(await verdict("disconnected", {})).toMatchObject({ verdict: "done" });
  });

  test("is not done while power flows through a relay that says it is open: at the last look its contacts are welded", async () => {
    const seen = (power: string | null, sinceSentMs: number) =>
      disconnectFor.verify(seeing("disconnected", power), cut, context({ sinceSentMs }));
    expect(await seen("0.0200", seconds(1))).toMatchObject({ verdict: "wait", waitingFor: "read-back" });
    expect(await seen("-0.7100", minutes(1))).toEqual({ verdict: "unclear", because: "welded" });
    for (const power of ["0.0199", "0.0000", null]) expect(await seen(power, seconds(1))).toMatchObject({ verdict: "done" });
  });

  test("is believed where the meter declines to show its power or shows nonsense, and looked at again where it is silent", async () => {
    const failing = (code: FaultCode): MeterSession =>
      ({
        readRelay: () => Promise.resolve(picture("disconnected")),
        read: () => Promise.reject(new Fault(code, {})),
      }) as unknown as MeterSession;
    for (const code of ["meter-other-error", "meter-fault", "meter-no-data"] as const)
      expect(await disconnectFor.verify(failing(code), cut, context({}))).toMatchObject({ verdict: "done" });
    for (const code of ["meter-silent", "line-down"] as const)
      await expect(disconnectFor.verify(failing(code), cut, context({}))).rejects.toMatchObject({ code });
  });

  test("of a supply that was cut before is done by the meter's word alone; without it nobody can tell", async () => {
    const before = { relay: "disconnected" };
    expect(await verdict("disconnected", { before, lastReply: "acknowledged" })).toMatchObject({ verdict: "done" });
    expect(await verdict("disconnected", { before })).toEqual({ verdict: "unclear", because: "silence" });
    expect(await verdict("disconnected", { before, lastReply: "refused" })).toEqual({ verdict: "not-done" });
  });

  test("is said again after silence only while its minutes cannot have run out", async () => {
    expect(await verdict("connected", { sinceSentMs: minutes(5) - 1 })).toEqual({ verdict: "not-done" });
    expect(await verdict("connected", { sinceSentMs: minutes(5) })).toEqual({ verdict: "unclear", because: "time-over" });
  });

  test("that was taken and does not move the relay is looked after for a minute, and never said again", async () => {
    const lastReply = "acknowledged";
    expect(await verdict("connected", { lastReply })).toEqual({ verdict: "wait", waitingFor: "read-back", lookAgainMs: 1_000 });
    expect(await verdict("connected", { lastReply, sinceSentMs: minutes(1) })).toEqual({ verdict: "unclear", because: "stuck" });
  });
});

test("whoever cut a supply for a time is forgotten when it is seen restored; a cut for good is not", async () => {
  const cleared = async (kind: string, cutBy: "person" | "rule" | null, relay: RelayPicture["relay"]): Promise<boolean> => {
    let isCleared = false;
    await noteEndOfTimedCut(
      {
        commands: { lastEnded: () => Promise.resolve({ kind } as Command) },
        meters: {
          meter: () => Promise.resolve({ cutBy } as never),
          setCutBy: () => Promise.resolve(void (isCleared = true)),
        },
      },
      {} as Transaction,
      METER,
      picture(relay),
    );
    return isCleared;
  };
  expect(await cleared("disconnect-for", "person", "connected")).toBe(true);
  expect(await cleared("disconnect-for", "person", "disconnected")).toBe(false);
  expect(await cleared("disconnect", "person", "connected")).toBe(false);
  expect(await cleared("disconnect-for", "rule", "connected")).toBe(false);
});

describe("a clock", () => {
  const showing = (aheadMs: number | null): MeterSession =>
    ({ readClock: () => Promise.resolve({ aheadMs, takenAt: NOW }) }) as unknown as MeterSession;

  test("is looked at first: right, near enough for a broadcast, too far, or no date at all", async () => {
    const look = async (way: string, aheadMs: number | null) => clockSet.look(showing(aheadMs), command({ way }));
    expect(await look("broadcast", -seconds(5))).toMatchObject({ choose: "already-so" });
    expect(await look("broadcast", minutes(5))).toMatchObject({ choose: "send" });
    expect(await look("broadcast", -minutes(5) - 1)).toEqual({ choose: "refuse", fault: "clock-too-far" });
    expect(await look("broadcast", null)).toEqual({ choose: "refuse", fault: "clock-too-far" });
    expect(await look("write", null)).toMatchObject({ choose: "send" });
  });

  test("that was told and shows another time is not told again by broadcast; a write that met silence is", async () => {
    const verdict = (way: string, lastReply: VerifyContext["lastReply"]) =>
      clockSet.verify(showing(seconds(60)), command({ way }), context({ lastReply }));
    expect(await verdict("broadcast", "silent")).toEqual({ verdict: "unclear", because: "not-taken" });
    expect(await verdict("write", "silent")).toEqual({ verdict: "not-done" });
    expect(await verdict("write", "refused")).toEqual({ verdict: "not-done" });
    expect(await verdict("write", "acknowledged")).toEqual({ verdict: "unclear", because: "not-taken" });
  });
});

test("a freeze counts when the two newest have moved and the newest is not older than the look", () => {
  const before = { newest: "2026-11-25 09:10", oneBefore: "2026-11-24 09:10", minute: "2026-11-25 20:49" };
  const now = (newest: string | null, oneBefore: string | null = before.newest) => isFrozenSince(before, { newest, oneBefore });
  expect(now("2026-11-25 20:49")).toBe(true);
  expect(now("2026-11-25 20:50")).toBe(true);
  expect(now("2026-11-25 20:48")).toBe(false);
  expect(now(before.newest, before.oneBefore)).toBe(false);
  expect(now(null)).toBe(false);
  // twice in one minute: the newest says the same, the one before has moved on
  const twice = { newest: "2026-11-25 20:49", oneBefore: "2026-11-24 09:10", minute: "2026-11-25 20:49" };
  expect(isFrozenSince(twice, { newest: "2026-11-25 20:49", oneBefore: "2026-11-25 20:49" })).toBe(true);
  // a meter that tells no time
  expect(isFrozenSince({ ...before, minute: null }, { newest: "2020-01-01 00:00", oneBefore: before.newest })).toBe(true);
});
