/** What a replacement waits for, in words: a row for each code it can keep, and nothing invented for one it cannot. */
import { expect, test } from "vitest";
import { faults } from "../../src/kernel/faults.ts";
import { waitWords, type Wait } from "../../src/commands/replacement/waits.ts";

const saysOf = (kept: Wait) => waitWords(kept)!;

test("a wait that is over by itself says so, and one that wants a person says what to do", () => {
  expect(saysOf("old-meter-once-more").en).toMatch(/leave it on the wall.*by itself/);
  expect(saysOf("final-readings").en).toContain("--final-reading");
  expect(saysOf("old-meter-doubted").en).toMatch(/not believed.*accept or correct.*--final-reading/);
  expect(saysOf("new-meter-identity: the meter says number 1, customer 2; the books say 3, 4").zh).toContain("铭牌");
});

test("what the line or the meter said is told with its own next step, in both languages", () => {
  const { say, zh, next } = faults["line-down"];
  const said = saysOf("new-meter: line-down");
  for (const part of [say, next]) expect(said.en).toContain(part);
  expect(said.zh).toContain(zh);
  expect(saysOf("new-meter: heard of by nobody")).toEqual(saysOf("new-meter"));
});

test("a balance that was not carried is sent once more, but never while nobody knows whether it came", () => {
  for (const state of ["refused", "expired", "cancelled"] as const)
    expect(saysOf(`carry-over-${state}`).en).toContain("meterctl replacement ID --carry-over");
  expect(saysOf("carry-over-disputed").en).not.toContain("--carry-over");
  expect(saysOf("carry-over").zh).toContain("新表");
});

test("what this program does not know has no words", () => {
  for (const kept of ["", "the moon", "constructor", "toString: x"]) expect(waitWords(kept)).toBeNull();
});

test("whoever waits for final readings hears whether nobody answered or a stranger did", () => {
  const stranger = saysOf("final-readings: address-shared: two meters answer to this address");
  expect(stranger.en).toMatch(/not alone.*nothing it says is taken.*--final-reading/);
  expect(stranger.zh).toContain("铭牌");
  expect(stranger).not.toEqual(saysOf("final-readings"));
});
