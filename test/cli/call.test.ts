/** What `meterctl call` makes of the door's answer: whose the money is, and nothing printed where there is nothing. */
import { expect, test } from "vitest";
import { describeCall } from "../../src/cli/call-command.ts";

const local = {
  ...{ account: "1000000002", name: "Flat 1", class: "residential", mode: "local", meter: "202611220002" },
  answer: { en: "The wallet in the meter deducts.", zh: "本地费控。" },
  balance: { available: "0.00", held: "0.00" },
  wallet: [{ item: "balance", value: "47.12", unit: "yuan", takenAt: "2026-11-26T17:50:27+08:00", source: "poll" }],
  relay: { reported: "connected", at: "2026-11-26T17:50:27+08:00" },
  lastOrder: null,
  expected: { at: null, because: "on", words: { en: "The supply is on.", zh: "供电正常。" } },
  incidents: [],
};

test("whose wallet is in the meter is told what is in it, not that the ledger has nothing", () => {
  expect(describeCall(local).split("\n")).toEqual([
    "1000000002  Flat 1  residential  local  202611220002",
    "The wallet in the meter deducts. · 本地费控。",
    "wallet      47.12 yuan at 2026-11-26T17:50:27+08:00",
    "ledger      0.00 available, 0.00 held",
    "relay       connected at 2026-11-26T17:50:27+08:00",
    "last order  none",
    "expected    The supply is on. · 供电正常。",
  ]);
  expect(describeCall({ ...local, wallet: [] })).toContain("wallet      not read yet\n");
});

test("whose money is in the ledger is told that, the order under way, and what went wrong before", () => {
  const lines = describeCall({
    ...{ ...local, mode: "remote", wallet: null, balance: { available: "-1.06", held: "0.00" } },
    lastOrder: { kind: "reconnect", state: "sending", because: null, createdAt: "2026-11-26T17:53:06+08:00" },
    expected: { at: "2026-11-26T17:54:00+08:00", words: { en: "In about 30 s.", zh: "预计约30秒。" } },
    incidents: [{ id: "i1", state: "open", cause: "paid-but-dark", class: "late", reason: null, level: 0, compensation: "yes" }],
  }).split("\n");
  expect(lines).toContain("balance     -1.06 available, 0.00 held");
  expect(lines).toContain("last order  reconnect  sending  2026-11-26T17:53:06+08:00");
  expect(lines).toContain("expected    In about 30 s. · 预计约30秒。 2026-11-26T17:54:00+08:00");
  expect(lines.at(-1)).toMatch(/^incident {4}i1 {2}open {2}paid-but-dark {2}late/);
});
