/** Signs of another master: which of them name one at once, which only together, and how often people are told. */
import { expect, test } from "vitest";
import { FORGET_AFTER_MS, ForeignMaster, TELL_EVERY_MS } from "../../src/devices/foreign-master.ts";
import { Instant } from "../../src/kernel/clock.ts";
import { A, B, readReplyTo, readRequest } from "./far-meter.ts";

const at = (ms: number): Instant => Instant(1_000_000 + ms);

test("a foreign request names it at once; people are told once a period, and what came meanwhile is counted", () => {
  const others = new ForeignMaster();
  expect(others.picture).toBeNull();
  expect(others.note("request", at(0))).toBe(true);
  expect(others.note("request", at(1_000))).toBe(false);
  expect(others.picture).toEqual({ seenAt: at(1_000), requests: 2, replies: 0, sessions: 0, counts: 0 });
  expect(others.note("request", at(TELL_EVERY_MS - 1))).toBe(false);
  expect(others.note("request", at(TELL_EVERY_MS))).toBe(true);
});

test("a moved count names it at once; a lost session with the second, replies nobody asked for with the third", () => {
  for (const [sign, needed] of [
    ["count", 1],
    ["session", 2],
    ["reply", 3],
  ] as const) {
    const others = new ForeignMaster();
    const told = Array.from({ length: needed }, (_, n) => others.note(sign, at(n)));
    expect(told).toEqual([...Array<boolean>(needed - 1).fill(false), true]);
    expect(others.picture).not.toBeNull();
  }
});

test("power cuts on different days are no other master", () => {
  const others = new ForeignMaster();
  others.note("session", at(0));
  expect(others.note("session", at(FORGET_AFTER_MS + 1))).toBe(false);
  expect(others.picture).toBeNull();
  others.note("session", at(FORGET_AFTER_MS + 2));
  expect(others.picture).toMatchObject({ sessions: 3 });
});

test("the wire belongs to the answer of a foreign request, once, and until its time is over", () => {
  const others = new ForeignMaster();
  const question = readRequest(A);
  others.asked(question, at(0), 500);
  expect(others.quietUntil).toBe(at(500));
  expect(others.takesReply(readReplyTo(readRequest(B)), at(100))).toBe(false);
  expect(others.takesReply(readReplyTo(question), at(100))).toBe(true);
  expect(others.isAsking).toBe(false);
  expect(others.takesReply(readReplyTo(question), at(110))).toBe(false);
  others.asked(question, at(0), 500);
  expect(others.takesReply(readReplyTo(question), at(501))).toBe(false);
  others.giveUp(at(499));
  expect(others.isAsking).toBe(true);
  others.giveUp(at(500));
  expect(others.isAsking).toBe(false);
});

test("a purchase count that our own purchases explain is ours; one further is somebody else's", () => {
  const others = new ForeignMaster();
  expect(others.countSeen(A, 7)).toBe(false);
  others.purchaseSent(A, 8);
  expect(others.countSeen(A, 7)).toBe(false); // not obeyed
  others.purchaseSent(A, 8);
  expect(others.countSeen(A, 8)).toBe(false);
  expect(others.countSeen(B, 3)).toBe(false);
  expect(others.countSeen(A, 9)).toBe(true);
  expect(others.countSeen(A, 9)).toBe(false);
  others.forgetCounts();
  expect(others.countSeen(A, 12)).toBe(false);
});
