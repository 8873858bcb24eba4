/** Every state of a command's life against every event: what leads where, and what money does. */
import { describe, expect, test } from "vitest";
import { isStep, step, type CommandEvent } from "../../src/commands/command-machine.ts";
import type { CommandState, Effect } from "../../src/commands/command.ts";
import { commandStates } from "../../src/api/schemas.ts";

const events: Record<string, CommandEvent> = {
  taken: { type: "taken" },
  "first-byte": { type: "first-byte" },
  answered: { type: "answered" },
  silence: { type: "silence" },
  shown: { type: "shown" },
  declined: { type: "declined", because: "hoard-limit" },
  "not-done, time left": { type: "not-done", timeLeft: true, triesLeft: true, because: "silence" },
  "not-done, no time": { type: "not-done", timeLeft: false, triesLeft: true, because: "silence" },
  "not-done, no tries": { type: "not-done", timeLeft: true, triesLeft: false, because: "stuck" },
  "out-of-time": { type: "out-of-time" },
  "nobody-can-tell": { type: "nobody-can-tell", because: "count-gap" },
  cancel: { type: "cancel", because: "payment" },
  "resolved, done": { type: "resolved", done: true },
  "resolved, not done": { type: "resolved", done: false },
};

/** State → event → "end because money"; what is not here is impossible. */
const adds: Partial<Record<CommandState, Record<string, string>>> = {
  accepted: {
    taken: "queued",
    "first-byte": "sending",
    declined: "refused hoard-limit release",
    "out-of-time": "expired deadline release",
    "nobody-can-tell": "disputed count-gap", // of books that were restored
    cancel: "cancelled payment release",
  },
  queued: {
    taken: "queued",
    "first-byte": "sending",
    declined: "refused hoard-limit release",
    "out-of-time": "expired deadline release",
    "nobody-can-tell": "disputed count-gap",
    cancel: "cancelled payment release",
  },
  disputed: { "resolved, done": "confirmed person settle", "resolved, not done": "refused person release" },
  sending: { answered: "verifying", silence: "verifying" },
  verifying: {
    taken: "verifying",
    "first-byte": "sending",
    shown: "confirmed settle",
    declined: "refused hoard-limit release",
    "not-done, time left": "verifying",
    "not-done, no time": "expired deadline release",
    "not-done, no tries": "expired attempts release",
    "nobody-can-tell": "disputed count-gap",
  },
};
const sets: Partial<Record<CommandState, Record<string, string>>> = {
  ...adds,
  accepted: { ...adds.accepted, shown: "confirmed", "nobody-can-tell": "impossible" },
  queued: { ...adds.queued, shown: "confirmed", "nobody-can-tell": "impossible" },
  verifying: {
    ...adds.verifying,
    "not-done, no time": "unanswered silence",
    "not-done, no tries": "unanswered stuck",
    "nobody-can-tell": "unanswered count-gap",
  },
};

const told = (state: CommandState, event: CommandEvent, effect: Effect): string => {
  const outcome = step(state, event, effect);
  if (!isStep(outcome)) return "impossible";
  return [outcome.state, outcome.because, outcome.money === "keep" ? null : outcome.money]
    .filter((part) => part !== null)
    .join(" ");
};

describe.each([
  ["adds", adds],
  ["sets", sets],
] as const)("a command that %s", (effect, table) => {
  for (const state of commandStates) {
    for (const [name, event] of Object.entries(events)) {
      const expected = table[state]?.[name] ?? "impossible";
      test(`${state}, ${name}: ${expected}`, () => expect(told(state, event, effect)).toBe(expected));
    }
  }
});

test("money that is held ends in exactly one of three ways: settled, released, or still held for a person", () => {
  for (const state of commandStates) {
    for (const event of Object.values(events)) {
      const outcome = step(state, event, "adds");
      if (!isStep(outcome)) continue;
      if (outcome.state === "confirmed") expect(outcome.money).toBe("settle");
      if (["refused", "expired", "cancelled"].includes(outcome.state)) expect(outcome.money).toBe("release");
      if (["disputed", "queued", "sending", "verifying"].includes(outcome.state)) expect(outcome.money).toBe("keep");
    }
  }
});
