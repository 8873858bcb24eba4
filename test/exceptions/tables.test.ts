/** The tables that people read: every kind has an owner, a limit and a next step in both languages, and the night comes once a day. */
import { expect, test } from "vitest";
import { exceptionKinds, standingOf } from "../../src/exceptions/kinds.ts";
import { nextStepOf } from "../../src/exceptions/next-steps.ts";
import { lastAt } from "../../src/exceptions/nightly.ts";
import { hours, Instant, iso, minutes } from "../../src/kernel/clock.ts";

test("every kind has one owner, a limit, and a next step in Chinese and in English", () => {
  for (const kind of exceptionKinds) {
    const { owner, limitMs } = standingOf(kind, null, false);
    expect(owner, kind).toMatch(/^[a-z-]+$/);
    expect(limitMs, kind).toBeGreaterThan(0);
    const { en, zh } = nextStepOf(kind, null, false);
    expect(en, kind).toMatch(/^[A-Z].*\.$/);
    expect(zh, kind).toMatch(/[\u4e00-\u9fff].*。$/);
  }
});

test("money on its way makes an item the money desk's, with a day's time; a late command has a quarter of an hour", () => {
  expect(standingOf("command-refused", "hoard-limit", true)).toEqual({
    owner: "money-desk",
    class: "device",
    limitMs: hours(24),
  });
  expect(standingOf("command-refused", "password-refused", false).owner).toBe("operations");
  expect(standingOf("command-late", "meter-online", true).limitMs).toBe(minutes(15));
});

test("a refusal because of another customer's meter is a wrong action, not a broken device", () => {
  expect(standingOf("command-refused", "customer-mismatch", true).class).toBe("wrong-action");
});

test("the cause has its own sentence, then the money, then the kind", () => {
  expect(nextStepOf("command-disputed", "count-gap", true).en).toContain("purchase count does not follow");
  expect(nextStepOf("command-expired", "deadline", true)).toEqual(nextStepOf("payment-unallocated", null, true));
  expect(nextStepOf("command-expired", "deadline", false)).not.toEqual(nextStepOf("command-expired", "deadline", true));
});

test("a refund that came to nothing leaves the money in the meter, and no sentence says that it is free on the account", () => {
  for (const kind of ["command-refused", "command-expired"] as const)
    for (const because of ["key-state", "deadline", "refund-above-balance", null]) {
      const { en, zh } = nextStepOf(kind, because, true, "refund");
      expect([en, zh].join(), `${kind} ${because}`).toMatch(/still in .*款项仍在电表内/s);
      expect(nextStepOf(kind, because, true, "top-up").en).toContain("free on the account");
    }
});

test("the night is the last time that it was this hour in the site's zone", () => {
  const at = (text: string): string => iso(lastAt(3 * 60 + 30, Instant(Date.parse(text)), "Asia/Shanghai"));
  expect(at("2026-11-22T10:00:00+08:00")).toBe("2026-11-22T03:30:00+08:00");
  expect(at("2026-11-22T03:29:59+08:00")).toBe("2026-11-21T03:30:00+08:00");
  expect(at("2026-11-22T03:30:00+08:00")).toBe("2026-11-22T03:30:00+08:00");
});

test("a tariff that met silence is no relay that met silence", () => {
  for (const because of ["silence", "stuck"]) {
    const { en } = nextStepOf("command-unanswered", because, false, "tariff-set");
    expect(en).toContain("meterctl tariff show");
    expect(nextStepOf("command-unanswered", because, false, "disconnect").en).toContain("relay");
  }
  expect(nextStepOf("command-expired", "deadline", false, "tariff-set").en).toContain("push the tariff again");
  expect(nextStepOf("command-unanswered", "deadline", false, "tariff-set").en).toContain("taken back");
});
