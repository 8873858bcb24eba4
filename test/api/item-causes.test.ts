/** What an item says why it waits: every code by which a room raises one has its words in both languages, and they are that room's own. */
import { expect, test } from "vitest";
import { causeWords } from "../../src/api/item-causes.ts";
import type { ExceptionKind } from "../../src/exceptions/kinds.ts";
import { brakeCauses, heldBy } from "../../src/policy/guard-rails.ts";
import { causeNames } from "../../src/recovery/causes.ts";
import { reasons } from "../../src/recovery/reasons.ts";

const codes: Readonly<Partial<Record<ExceptionKind, readonly string[]>>> = {
  "false-cut": causeNames,
  "follow-up-due": causeNames,
  "restore-failed": Object.keys(reasons),
  "notice-undelivered": ["out-of-time", "refused", "unreachable"],
  "cuts-stopped": ["person"],
  "cuts-braked": brakeCauses,
  "cut-batch": [...heldBy.slice(0, 3), "canary-failed", "approval-over", "nobody-decided"],
};

test("every cause of an item is told in words of both languages, never by its code", () => {
  const wordless = Object.entries(codes).flatMap(([kind, all]) =>
    all.filter((code) => {
      const words = causeWords(kind as ExceptionKind, code);
      return words === null || words.en === code || !/\p{Script=Han}/u.test(words.zh);
    }),
  );
  expect(wordless).toEqual([]);
});

test("a code that commands know as well is not told in their words: nobody took back the stop that a person pressed", () => {
  expect(causeWords("cuts-stopped", "person")).toEqual({ en: "a person", zh: "人工" });
  expect(causeWords("restore-failed", "line")?.zh).toBe("线路中断或繁忙");
  expect(causeWords("command-late", "person")).toBeNull();
});
