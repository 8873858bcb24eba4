/** A command that was just accepted, for tests of those who keep commands. */
import { uuidv7 } from "uuidv7";
import type { Command } from "../../src/commands/command.ts";
import { hours, later } from "../../src/kernel/clock.ts";
import { CommandId } from "../../src/kernel/ids.ts";

export const aCommand = (given: Pick<Command, "meter" | "createdAt"> & Partial<Command>): Command => ({
  id: CommandId(uuidv7()),
  kind: "top-up",
  effect: "adds",
  account: null,
  payment: null,
  params: { amount: "100" },
  askedBy: "person",
  reason: "test",
  state: "accepted",
  waitingFor: null,
  because: null,
  fence: 0,
  looks: 0,
  notAfter: later(given.createdAt, hours(72)),
  sentAt: null,
  acknowledgedAt: null,
  verifiedAt: null,
  endedAt: null,
  receipt: null,
  ...given,
});
