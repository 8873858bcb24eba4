/** The picture a decision is made from, and what the rules said, in memory. */
import type { Instant } from "../../kernel/clock.ts";
import type { MeterAddress } from "../../kernel/ids.ts";
import { Fen } from "../../kernel/money.ts";
import type { Transaction } from "../../kernel/transaction.ts";
import { isUnsent, type Command, type CommandKind } from "../../commands/command.ts";
import { book } from "../../ledger/ledger.ts";
import type { PolicyStore, RemoteMeter } from "../../policy/policy-store.ts";
import type { Intent } from "../../policy/rules.ts";
import { orderIn } from "../relay-word.ts";
import type { InMemoryDatabase } from "./database.ts";
import type { Work } from "./table.ts";
import { asJson, pair, type MeterRow } from "./tables.ts";

export class InMemoryPolicyStore implements PolicyStore {
  readonly #db: InMemoryDatabase;

  constructor(db: InMemoryDatabase) {
    this.#db = db;
  }

  remoteMeters(): Promise<readonly RemoteMeter[]> {
    return this.#db.look(null, (on) =>
      this.#db.books.meters
        .all(on)
        .sort((a, b) => (a.book.address < b.book.address ? -1 : 1))
        .flatMap((row) => this.#pictureOf(on, row) ?? []),
    );
  }

  remoteMeter(tx: Transaction | null, meter: MeterAddress): Promise<RemoteMeter | null> {
    const { meters } = this.#db.books;
    const picture = (on: Work | null, row: MeterRow | undefined): RemoteMeter | null =>
      row === undefined ? null : this.#pictureOf(on, row);
    if (tx === null) return this.#db.look(null, (on) => picture(on, meters.find(on, meter)));
    return this.#db.statement(tx, async (on) => {
      if (picture(on, meters.find(on, meter)) === null) return null; // not a remote one: there is nothing to lock
      return picture(on, await meters.lock(on, meter, "update"));
    });
  }

  lastIntent(tx: Transaction | null, meter: MeterAddress): Promise<Intent | null> {
    return this.#db.look(tx, (on) => {
      const said = this.#db.books.intents.in(on, "meter", meter);
      return said.sort((a, b) => a.id - b.id).at(-1)?.intent ?? null;
    });
  }

  keepIntent(
    tx: Transaction,
    meter: MeterAddress,
    { want, because }: Intent,
    shadow: boolean,
    facts: Readonly<Record<string, unknown>>,
    at: Instant,
  ): Promise<void> {
    const { books } = this.#db;
    return this.#db.statement(tx, async (on) => {
      await books.intents.add(on, { id: books.nextId(), meter, intent: { want, because }, shadow, facts: asJson(facts), at });
      await books.meters.mustExist(on, meter, "intents_meter_fkey");
    });
  }

  /** Null: not active, not of a remote account, or another meter is taking its place. */
  #pictureOf(on: Work | null, { book: meter, active }: MeterRow): RemoteMeter | null {
    const { accounts, positions, commands, payments, billing, believed, doubts } = this.#db.books;
    const account = meter.account === null ? undefined : accounts.find(on, meter.account);
    if (!active || meter.beingReplaced === true || account?.mode !== "remote") return null;
    const asked = (kind: CommandKind): readonly Command[] =>
      commands.in(on, "kind", pair(meter.address, kind)).map(({ command }) => command);
    return {
      meter: meter.address,
      account: account.account,
      available: Fen(positions.find(on, book.available(account.account))?.amount ?? 0n),
      relay: meter.relay,
      order: orderIn(meter.relayWord),
      cutBy: meter.cutBy,
      protectedSupply: meter.relayProtected || asked("protect").some(({ endedAt }) => endedAt === null),
      identity: meter.identity,
      disputed: payments.in(on, "disputed", account.account).length > 0,
      readingInDoubt: doubts.find(on, meter.address)?.open ?? false,
      readAt: earlier(billing.find(on, meter.address)?.billedAt, believed.find(on, meter.address)?.believed.takenAt),
      cutWaiting: asked("disconnect").some(({ askedBy, state }) => askedBy === "rule" && isUnsent(state)),
    };
  }
}

/** When it was billed, but not later than what was really read. */
const earlier = (billedAt: Instant | undefined, readAt: Instant | undefined): Instant | null =>
  billedAt === undefined ? null : readAt !== undefined && readAt < billedAt ? readAt : billedAt;
