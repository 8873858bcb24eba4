/** One exchange as pure states: every state meets every event. */
import { describe, expect, test } from "vitest";
import { exchange, type ExchangeEffect, type ExchangeEvent, type ExchangeState } from "../../src/devices/exchange.ts";
import type { Frame, Reply } from "../../src/protocols/dlt645/index.ts";

const cause = new Error("because");
const frame: Frame = { address: "202611220001", control: 0x91, data: new Uint8Array() };
const yes: Reply = { is: "acknowledged", result: [] };
const stranger: Reply = { is: "not-ours", why: "comes from next door" };

const states: Record<ExchangeState["at"], ExchangeState> = {
  queued: { at: "queued" },
  preparing: { at: "preparing" },
  speaking: { at: "speaking" },
  answered: { at: "answered", reply: yes, frame },
  silent: { at: "silent", why: "no reply before the deadline", lineClosed: false },
  unsent: { at: "unsent", cause },
};

const events: Record<string, ExchangeEvent> = {
  turn: { type: "turn" },
  prepared: { type: "prepared" },
  prevented: { type: "prevented", cause },
  refused: { type: "refused", cause },
  abort: { type: "abort", cause },
  closed: { type: "closed", cause },
  reply: { type: "reply", reply: yes, frame },
  stranger: { type: "reply", reply: stranger, frame },
  "reply-deadline": { type: "reply-deadline" },
};

/** Only what moves; every other pair stays where it is and asks for nothing. */
const moves: Record<string, [ExchangeState["at"], ExchangeEffect]> = {
  "queued + turn": ["preparing", "prepare"],
  "queued + abort": ["unsent", "done"],
  "queued + closed": ["unsent", "done"],
  "preparing + prepared": ["speaking", "send"],
  "preparing + prevented": ["unsent", "done"],
  "preparing + abort": ["unsent", "done"],
  "preparing + closed": ["unsent", "done"],
  "speaking + refused": ["unsent", "done"],
  "speaking + closed": ["silent", "done"],
  "speaking + reply": ["answered", "done"],
  "speaking + reply-deadline": ["silent", "done"],
};

describe("every state meets every event", () => {
  for (const [at, state] of Object.entries(states)) {
    for (const [name, event] of Object.entries(events)) {
      const pair = `${at} + ${name}`;
      const [to, effect] = moves[pair] ?? [state.at, "none"];
      test(`${pair} → ${to}, ${effect}`, () => {
        const [next, asked] = exchange(state, event);
        expect([next.at, asked]).toEqual([to, effect]);
        if (moves[pair] === undefined) expect(next).toBe(state);
      });
    }
  }
});

test("once a byte has left, nothing but the transport's own refusal leads back to unsent", () => {
  for (const [name, event] of Object.entries(events)) {
    if (name === "refused") continue;
    expect(exchange(states.speaking, event)[0].at).not.toBe("unsent");
  }
});
