/**
 * Approval by two persons: what wipes money, or names an amount that no meter shows, is asked for by one person and let go by
 * another. Until then the command stands in `accepted`, waits for `approval`, and no worker takes it; at its deadline it lapses.
 *
 *     accepted, waits for approval ──approve──► accepted, woken ──► as every command
 *              │        └──────────decline──► cancelled: declined
 *              └───────────────────deadline─► expired
 *
 * Who somebody is, is told by the name of their key. Where a site has no keys there is nobody to tell apart, so such a command
 * is refused when it is asked for already. The database holds the same rule a second time (migration 0006).
 */
import { Fault } from "../kernel/faults.ts";
import type { CommandId } from "../kernel/ids.ts";
import type { Transaction } from "../kernel/transaction.ts";
import { isOpen, waitsForApproval, type Command } from "./command.ts";
import { apply, type ConclusionParts } from "./conclusion.ts";

/** Whoever asks where nobody has to say who they are (api/access.ts). */
const NOBODY_IN_PARTICULAR = "loopback";
const isNamed = (actor: string | null | undefined): actor is string => actor != null && actor !== NOBODY_IN_PARTICULAR;

export interface Decision {
  readonly actor: string;
  readonly note: string;
}

/** Pure: refuses what could never be approved, or not by this one. */
export function mustBeTwo(askedBy: string | null | undefined, approvedBy?: string): void {
  if (!isNamed(askedBy))
    throw new Fault("two-persons-needed", { why: "nobody can tell who asks: the site has no apiKeys, or a rule asked" });
  if (approvedBy === undefined) return;
  if (!isNamed(approvedBy)) throw new Fault("two-persons-needed", { askedBy, why: "nobody can tell who approves" });
  if (approvedBy === askedBy)
    throw new Fault("two-persons-needed", { askedBy, why: "the one who asked cannot be the one who approves" });
}

/** The meter's row, then the command's: locks in one order. */
async function waiting(parts: ConclusionParts, tx: Transaction, id: CommandId): Promise<Command> {
  const known = await parts.commands.find(null, id);
  if (known === null) throw new Fault("unknown-command", { command: id });
  await parts.meters.meter(tx, known.meter);
  const found = (await parts.commands.find(tx, id)) ?? known;
  if (!isOpen(found.state)) throw new Fault("already-ended", { command: id, state: found.state });
  if (!waitsForApproval(found)) throw new Fault("no-approval-wanted", { command: id, state: found.state });
  return found;
}

export async function approve(
  parts: ConclusionParts,
  tx: Transaction,
  id: CommandId,
  { actor, note }: Decision,
): Promise<Command> {
  const found = await waiting(parts, tx, id);
  mustBeTwo(found.askedByName, actor);
  const now = parts.clock.now();
  if (now > found.notAfter) throw new Fault("deadline-passed", { command: id });
  const change = { approvedBy: actor, approvedAt: now, approvalNote: note, waitingFor: null, lookAt: now };
  if (!(await parts.commands.change(tx, id, found.fence, [found.state], change)))
    throw new Error(`command ${id} changed while it was locked`);
  await parts.outbox.wake(tx, id);
  await parts.outbox.announce(tx, { type: "command", id, meter: found.meter, kind: found.kind, state: found.state });
  return { ...found, waitingFor: null, approval: { by: actor, at: now, note } };
}

/** Anybody may say no, also the one who asked. */
export async function decline(
  parts: ConclusionParts,
  tx: Transaction,
  id: CommandId,
  { actor, note }: Decision,
): Promise<Command> {
  const found = await waiting(parts, tx, id);
  const now = parts.clock.now();
  const receipt = { declined: { by: actor, note, takenAt: now } };
  const end = await apply(parts, tx, found, { type: "cancel", because: "declined" }, { receipt });
  if (end === null) throw new Error(`command ${id} changed while it was locked`);
  return { ...found, state: end.state, because: end.because, waitingFor: null, endedAt: now, receipt };
}
