/** Replacements in memory, and the two meters' rows as far as a replacement changes them. */
import { BusId, type AccountId, type MeterAddress } from "../../kernel/ids.ts";
import type { Instant } from "../../kernel/clock.ts";
import type { Transaction } from "../../kernel/transaction.ts";
import type { ModelName } from "../../devices/meter.ts";
import type { BookedMeter, Replacement, ReplacementChange, ReplacementStore } from "../../commands/replacement/replacement.ts";
import type { InMemoryDatabase } from "./database.ts";
import { unseen } from "./meter-store.ts";
import { asJson, type MeterRow } from "./tables.ts";

const byId = (a: Replacement, b: Replacement): number => (a.id < b.id ? -1 : 1);
const isOpen = ({ endedAt }: Replacement): boolean => endedAt === null;

export class InMemoryReplacementStore implements ReplacementStore {
  readonly #db: InMemoryDatabase;

  constructor(db: InMemoryDatabase) {
    this.#db = db;
  }

  insert(tx: Transaction, r: Replacement): Promise<void> {
    const { replacements, meters, accounts } = this.#db.books;
    return this.#db.statement(tx, async (on) => {
      // what a new row does not say begins at nothing
      const nothing = { waitingFor: null, final: null, begin: null, carried: null, command: null, movedAt: null, endedAt: null };
      await replacements.add(on, { ...r, ...nothing, given: asJson(r.given) });
      await meters.mustExist(on, r.oldMeter, "replacements_old_meter_fkey");
      await meters.mustExist(on, r.newMeter, "replacements_new_meter_fkey");
      if (r.account !== null) await accounts.mustExist(on, r.account, "replacements_account_fkey");
    });
  }

  find(tx: Transaction | null, id: string): Promise<Replacement | null> {
    const { replacements } = this.#db.books;
    if (tx === null) return this.#db.look(null, (on) => replacements.find(on, id) ?? null);
    return this.#db.statement(tx, async (on) => (await replacements.lock(on, id, "update")) ?? null);
  }

  open(): Promise<readonly Replacement[]> {
    return this.#db.look(null, (on) => this.#db.books.replacements.all(on).filter(isOpen).sort(byId));
  }

  openOf(tx: Transaction, oldMeter: MeterAddress): Promise<Replacement | null> {
    const { replacements } = this.#db.books;
    return this.#db.statement(tx, async (on) => {
      const found = replacements.findBy(on, "one_replacement_of_a_meter", oldMeter);
      const row = found === undefined ? undefined : await replacements.lock(on, found.id, "update");
      return row !== undefined && isOpen(row) ? row : null;
    });
  }

  list({ limit, before, meter }: Parameters<ReplacementStore["list"]>[0]): Promise<readonly Replacement[]> {
    return this.#db.look(null, (on) =>
      this.#db.books.replacements
        .all(on)
        .filter(({ oldMeter, newMeter }) => meter === null || oldMeter === meter || newMeter === meter)
        .filter(({ id }) => before === null || id < before)
        .sort((a, b) => byId(b, a))
        .slice(0, limit),
    );
  }

  change(tx: Transaction | null, id: string, change: ReplacementChange): Promise<boolean> {
    const { replacements, commands } = this.#db.books;
    return this.#db.statement(tx, async (on) => {
      const row = await replacements.lock(on, id);
      if (Object.keys(change).length === 0) return true;
      if (row === undefined || !isOpen(row)) return false;
      const said = Object.entries(change).map(([field, value]) => [field, JSON_FIELDS.has(field) ? asJson(value) : value]);
      await replacements.update(on, { ...row, ...(Object.fromEntries(said) as ReplacementChange) });
      if (change.command != null) await commands.mustExist(on, change.command, "replacements_command_fkey");
      return true;
    });
  }

  bringNew(tx: Transaction, { address, ...meter }: BookedMeter): Promise<void> {
    const { meterNumber, customerNumber, bus, model } = meter;
    const rest = { meterNumber, customerNumber, bus, model, active: false };
    return this.#db.statement(tx, (on) =>
      this.#db.books.meters.upsert(on, address, (row) => {
        if (row === undefined) return { book: { ...unseen, address, account: null }, ...rest };
        if (row.active) return null;
        return { book: { ...row.book, account: null, identity: "unread", identityNote: null }, ...rest };
      }),
    );
  }

  bookedMeter(address: MeterAddress): Promise<BookedMeter | null> {
    return this.#db.look(null, (on) => {
      const row = this.#db.books.meters.find(on, address);
      return row === undefined ? null : bookedOf(row);
    });
  }

  isFree(tx: Transaction | null, address: MeterAddress): Promise<boolean> {
    const { meters, replacements } = this.#db.books;
    return this.#db.look(tx, (on) => {
      const takesPlace = replacements.all(on).some((row) => row.newMeter === address && isOpen(row));
      return meters.find(on, address)?.active !== true && !takesPlace;
    });
  }

  setBeingReplaced(tx: Transaction, oldMeter: MeterAddress, beingReplaced: boolean): Promise<void> {
    return this.#change(tx, oldMeter, (row) => ({ ...row, book: { ...row.book, beingReplaced } }));
  }

  /** The old one first: the account is its new meter's only when it is nobody else's. */
  async moveAccount(
    tx: Transaction,
    {
      oldMeter,
      newMeter,
      account,
    }: { readonly oldMeter: MeterAddress; readonly newMeter: MeterAddress; readonly account: AccountId | null },
    _at: Instant,
  ): Promise<void> {
    const gone = { beingReplaced: false, replacedBy: newMeter, relayDesired: null, identityNote: `replaced by ${newMeter}` };
    await this.#change(tx, oldMeter, (row) => ({
      ...row,
      active: false,
      book: { ...row.book, ...gone, identity: "quarantined" },
    }));
    await this.#change(tx, newMeter, (row) => ({
      ...row,
      active: true,
      book: { ...row.book, account, identity: "confirmed", identityNote: null },
    }));
  }

  replaced(): Promise<readonly { readonly meter: MeterAddress; readonly by: BookedMeter }[]> {
    const { meters } = this.#db.books;
    return this.#db.look(null, (on) =>
      meters
        .all(on)
        .sort((a, b) => (a.book.address < b.book.address ? -1 : 1))
        .flatMap(({ book: { address, replacedBy } }) =>
          replacedBy == null ? [] : [{ meter: address, by: bookedOf(meters.find(on, replacedBy)!) }],
        ),
    );
  }

  #change(tx: Transaction, address: MeterAddress, change: (row: MeterRow) => MeterRow): Promise<void> {
    const { meters } = this.#db.books;
    return this.#db.statement(tx, async (on) => {
      const row = await meters.lock(on, address);
      if (row !== undefined) await meters.update(on, change(row));
    });
  }
}

/** What jsonb keeps. */
const JSON_FIELDS: ReadonlySet<string> = new Set(["given", "final", "begin"]);

const bookedOf = ({ book: { address, account }, meterNumber, customerNumber, bus, model }: MeterRow): BookedMeter => ({
  ...{ address, meterNumber, customerNumber, account },
  ...{ bus: BusId(bus), model: model as ModelName },
});
