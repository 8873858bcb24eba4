/**
 * Accept, cancel, resolve: the only way to create a command, and the only way for a person to end one.
 *
 * A newer order for the same relay supersedes older ones that have not left; an order that has left is never called back
 * here, it ends by what the meter shows.
 */
import type { Clock } from "../kernel/clock.ts";
import { later, type Instant } from "../kernel/clock.ts";
import { Fault } from "../kernel/faults.ts";
import { CommandId, commandIdAfter, type AccountId, type MeterAddress, type PaymentId } from "../kernel/ids.ts";
import type { Transaction } from "../kernel/transaction.ts";
import { definitionOf } from "./catalogue.ts";
import { isOpen, isUnsent, type AskedBy, type Command, type CommandKind } from "./command.ts";
import { apply, type ConclusionParts } from "./conclusion.ts";
import { timedCutOf } from "./definitions/timed-cut.ts";
import type { MeterBook } from "./command-store.ts";
import type { RestoredBooks } from "./restored.ts";
import { cuts, isAutomaticCut, rivalsOf } from "./rivals.ts";
import { approve, decline, mustBeTwo, type Decision } from "./two-persons.ts";

export interface CommandWish {
  readonly kind: CommandKind;
  readonly meter: MeterAddress;
  readonly account: AccountId | null;
  readonly payment: PaymentId | null;
  readonly params: Readonly<Record<string, unknown>>;
  readonly askedBy: AskedBy;
  readonly reason: string;
  readonly notAfter?: Instant;
  /** The name with which a person asked (`request.actor`). */
  readonly askedByName?: string;
  /** This one needs a second person, though its kind does not: a mass cut, an amount that a person named. */
  readonly needsApproval?: boolean;
}

export interface CommandServiceParts extends ConclusionParts {
  readonly clock: Clock;
  readonly newId: () => string;
  /** Left out: these books never came back from a backup. */
  readonly restored?: Pick<RestoredBooks, "mayHaveBeenSent">;
  /** Of a wish: it needs a second person because of whom it is about, or is refused. Left out: its kind alone tells. */
  readonly needsTwo?: (tx: Transaction, wish: CommandWish) => Promise<boolean>;
}

type RelayWish = "connected" | "armed" | "disconnected";
const wishes: Partial<Record<CommandKind, RelayWish>> = {
  disconnect: "disconnected",
  reconnect: "connected",
  arm: "armed",
};
/** Where the order leads in the end: a supply that is cut for a time is wished to be back. */
const wishOf = (wish: CommandWish): RelayWish | undefined =>
  wish.kind === "disconnect-for" ? (timedCutOf(wish).then === "arm" ? "armed" : "connected") : wishes[wish.kind];

export class CommandService {
  readonly #parts: CommandServiceParts;

  constructor(parts: CommandServiceParts) {
    this.#parts = parts;
  }

  /** Stores a command and its outbox row in the caller's transaction. */
  accept(tx: Transaction, wish: CommandWish): Promise<Command> {
    return this.#accept(tx, wish, null);
  }

  /** `locked`: what the caller has just read under the meter's lock, and need not be read again. */
  async #accept(
    tx: Transaction,
    wish: CommandWish,
    locked: { readonly book: MeterBook | null; readonly open: readonly Command[] } | null,
  ): Promise<Command> {
    const { commands, meters, outbox, clock } = this.#parts;
    const definition = definitionOf(wish.kind);
    if (wish.notAfter !== undefined && wish.notAfter <= clock.now()) throw new Fault("deadline-passed", { field: "notAfter" });
    const book = locked === null ? await meters.meter(tx, wish.meter) : locked.book;
    if (book === null) throw new Fault("unknown-meter", { meter: wish.meter });
    if (book.replacedBy != null) throw new Fault("meter-replaced", { meter: wish.meter, by: book.replacedBy });
    if (book.identity === "quarantined" && definition.effect !== "reads")
      throw new Fault("meter-quarantined", { meter: wish.meter, why: book.identityNote });
    if (book.beingReplaced === true && definition.effect !== "reads")
      throw new Fault("meter-being-replaced", { meter: wish.meter });
    const needsTwo = (await this.#parts.needsTwo?.(tx, wish)) === true;
    const needsApproval = needsTwo || definition.approval !== undefined || wish.needsApproval === true;
    if (needsApproval) mustBeTwo(wish.askedByName);
    definition.asked?.(book, await this.#openAndDisputed(tx, wish.meter));
    const group = rivalsOf(wish.kind);
    if (group.length > 0) {
      const open = locked?.open ?? (await commands.lockOpen(tx, wish.meter));
      for (const older of open)
        if (isUnsent(older.state) && group.includes(older.kind))
          await apply(this.#parts, tx, older, { type: "cancel", because: "superseded" });
    }
    const now = clock.now();
    const command: Command = {
      id: commandIdAfter(await commands.newestOf(tx, wish.meter), CommandId(this.#parts.newId())),
      kind: wish.kind,
      effect: definition.effect,
      meter: wish.meter,
      account: wish.account,
      payment: wish.payment,
      params: wish.params,
      askedBy: wish.askedBy,
      reason: wish.reason,
      state: "accepted",
      waitingFor: needsApproval ? "approval" : null,
      because: null,
      fence: 0,
      looks: 0,
      createdAt: now,
      notAfter: wish.notAfter ?? later(now, definition.notAfterMs),
      sentAt: null,
      acknowledgedAt: null,
      verifiedAt: null,
      endedAt: null,
      receipt: null,
      askedByName: wish.askedByName ?? null,
      approval: needsApproval ? { by: null, at: null, note: null } : null,
    };
    await commands.insert(tx, command);
    const desired = wishOf(wish);
    if (desired !== undefined) {
      await meters.setRelayWish(tx, wish.meter, desired);
      await outbox.announce(tx, { type: "meter", address: wish.meter });
    }
    if (!needsApproval) await outbox.wake(tx, command.id);
    await outbox.announce(tx, {
      type: "command",
      id: command.id,
      meter: command.meter,
      kind: command.kind,
      state: command.state,
    });
    return command;
  }

  async #openAndDisputed(tx: Transaction, meter: MeterAddress): Promise<readonly Command[]> {
    const { commands } = this.#parts;
    return [...(await commands.lockOpen(tx, meter)), ...(await commands.list({ meter, state: "disputed", limit: 10 }))];
  }

  /** If an equal, unfinished command exists, that one is meant. Null when a person's order to the same relay is under way: rules stand back. */
  async ensure(tx: Transaction, wish: CommandWish): Promise<Command | null> {
    const book = await this.#parts.meters.meter(tx, wish.meter); // the meter's row first, here as everywhere: locks in one order
    const open = await this.#parts.commands.lockOpen(tx, wish.meter);
    const group = rivalsOf(wish.kind);
    if (open.some((command) => command.askedBy === "person" && command.kind !== wish.kind && group.includes(command.kind)))
      return null;
    const equal = open.find((command) => command.kind === wish.kind);
    return equal ?? this.#accept(tx, wish, { book, open });
  }

  /** Only what has not left can be cancelled. */
  async cancel(tx: Transaction, id: CommandId, because: string): Promise<Command> {
    const known = await this.#parts.commands.find(null, id);
    if (known === null) throw new Fault("unknown-command", { command: id });
    await this.#parts.meters.meter(tx, known.meter); // the meter's row first: locks in one order
    const found = (await this.#parts.commands.find(tx, id)) ?? known;
    if (!isOpen(found.state) && found.sentAt === null) throw new Fault("already-ended", { command: id, state: found.state });
    if (!isUnsent(found.state)) throw new Fault("already-sent", { command: id, state: found.state });
    if (this.#parts.restored?.mayHaveBeenSent(found) === true)
      throw new Fault("already-sent", {
        command: id,
        why: "the books were restored: it may have been sent; its meter is looked at first",
      });
    const end = await apply(this.#parts, tx, found, { type: "cancel", because });
    if (end === null) throw new Fault("already-sent", { command: id });
    return { ...found, state: end.state, because: end.because, waitingFor: null, endedAt: this.#parts.clock.now() };
  }

  /** Another person than the one who asked lets it go. */
  approve(tx: Transaction, id: CommandId, decision: Decision): Promise<Command> {
    return approve(this.#parts, tx, id, decision);
  }

  decline(tx: Transaction, id: CommandId, decision: Decision): Promise<Command> {
    return decline(this.#parts, tx, id, decision);
  }

  /** A person has looked at a disputed command and says what happened; the note stands in the receipt. */
  async resolve(
    tx: Transaction,
    id: CommandId,
    decision: { readonly done: boolean; readonly note: string; readonly by?: string },
  ): Promise<Command> {
    const found = await this.#parts.commands.find(tx, id);
    if (found === null) throw new Fault("unknown-command", { command: id });
    if (found.state !== "disputed") throw new Fault("not-disputed", { command: id, state: found.state });
    const now = this.#parts.clock.now();
    const receipt = { ...found.receipt, decided: { ...decision, takenAt: now } };
    const end = await apply(this.#parts, tx, found, { type: "resolved", done: decision.done }, { receipt });
    if (end === null) throw new Error(`command ${id} changed while it was locked`);
    return { ...found, state: end.state, because: end.because, endedAt: now, receipt };
  }

  /** A payment, or a rule that changed its mind, takes back the automatic cuts of a meter that have not left; an emergency stop those of anybody. */
  async cancelUnsentCuts(
    tx: Transaction,
    meter: MeterAddress,
    because: string,
    whose: "rules" | "anybody" = "rules",
  ): Promise<readonly CommandId[]> {
    const cancelled: CommandId[] = [];
    for (const command of await this.#parts.commands.lockOpen(tx, meter)) {
      const isMeant = whose === "rules" ? isAutomaticCut(command) : cuts.includes(command.kind);
      if (!isMeant || !isUnsent(command.state)) continue;
      if ((await apply(this.#parts, tx, command, { type: "cancel", because })) === null) continue;
      cancelled.push(command.id);
    }
    return cancelled;
  }
}
