/** Accounts and meters in memory, as the books know them. */
import { Instant, minutes, type Clock } from "../../kernel/clock.ts";
import type { AccountId, MeterAddress } from "../../kernel/ids.ts";
import type { Transaction } from "../../kernel/transaction.ts";
import type { AccountBook, AccountSetting, EngineMeterStore, MeterBook } from "../../commands/command-store.ts";
import { relayStateOf, type MeterRecord, type RelayPicture } from "../../devices/meter.ts";
import type { InMemoryDatabase } from "./database.ts";
import type { Work } from "./table.ts";
import type { AccountRow, MeterRow } from "./tables.ts";

/** A picture that claims to be later than this was taken before the clock was set back; it does not bar newer ones. */
const FROM_THE_FUTURE_MS = minutes(5);

/** Of a meter that nobody has spoken to yet. */
export const unseen: Omit<MeterBook, "address" | "account"> = {
  ...{ identity: "unread", identityNote: null, relay: "unknown", relayWord: null, relayProtected: false, relayAt: null },
  ...{ relayDesired: null, cutBy: null, testBench: false, beingReplaced: false, replacedBy: null },
};

export class InMemoryMeterStore implements EngineMeterStore {
  readonly #db: InMemoryDatabase;
  readonly #clock: Clock;

  constructor(db: InMemoryDatabase, clock: Clock) {
    this.#db = db;
    this.#clock = clock;
  }

  bringIn(accounts: readonly AccountSetting[], meters: readonly MeterRecord[]): Promise<void> {
    const books = this.#db.books;
    return this.#db.transact((tx) =>
      this.#db.statement(tx, async (on) => {
        const now = this.#clock.now();
        for (const { account, name, class: kind, mode, tariff } of accounts)
          await books.accounts.upsert(on, account, (row) => ({
            ...{ account, name, class: kind, tariff, switchedAt: row?.switchedAt ?? null },
            ...sinceOf(row, tariff, now),
            mode: row == null || row.switchedAt === null ? mode : row.mode, // what was switched at the meter is not undone by a file
          }));
        const active = (row: MeterRow): boolean => row.active;
        for (const row of await books.meters.lockAll(on, books.meters.all(on).filter(active), active))
          await books.meters.update(on, { ...row, active: false });
        for (const record of meters) {
          await books.meters.upsert(on, record.address, (row) => broughtIn(row, record));
          if (record.account !== null) await books.accounts.mustExist(on, record.account, "meters_account_fkey");
        }
      }),
    );
  }

  meter(tx: Transaction | null, address: MeterAddress): Promise<MeterBook | null> {
    const { meters } = this.#db.books;
    if (tx === null) return this.#db.look(null, (on) => meters.find(on, address)?.book ?? null);
    return this.#db.statement(tx, async (on) => (await meters.lock(on, address, "update"))?.book ?? null);
  }

  all(): Promise<readonly MeterBook[]> {
    return this.#db.look(null, (on) =>
      this.#db.books.meters
        .all(on)
        .flatMap(({ active, book }) => (active ? [book] : []))
        .sort((a, b) => (a.address < b.address ? -1 : 1)),
    );
  }

  account(tx: Transaction | null, account: AccountId): Promise<AccountBook | null> {
    return this.#db.look(tx, (on) => {
      const row = this.#db.books.accounts.find(on, account);
      return row === undefined ? null : this.#withMeter(on, row);
    });
  }

  accounts(page: { limit: number; after: AccountId | null }): Promise<readonly AccountBook[]> {
    return this.#db.look(null, (on) =>
      this.#db.books.accounts
        .all(on)
        .filter(({ account }) => page.after === null || account > page.after)
        .sort((a, b) => (a.account < b.account ? -1 : 1))
        .slice(0, page.limit)
        .map((row) => this.#withMeter(on, row)),
    );
  }

  setIdentity(
    tx: Transaction | null,
    address: MeterAddress,
    identity: "confirmed" | "quarantined",
    identityNote: string | null,
  ): Promise<void> {
    return this.#change(tx, address, (book) => ({ ...book, identity, identityNote }));
  }

  /** When numbers were read is kept by nobody here. */
  async confirmAgain(address: MeterAddress): Promise<boolean> {
    let isSo = false;
    await this.#change(null, address, (book) => {
      isSo = book.identity === "confirmed" && book.identityNote === null;
      return null;
    });
    return isSo;
  }

  async setRelay(tx: Transaction | null, address: MeterAddress, picture: RelayPicture): Promise<boolean> {
    const relay = relayStateOf(picture);
    let changed = false;
    await this.#change(tx, address, (book) => {
      const { takenAt, word, protected: relayProtected } = picture;
      if (book.relayAt !== null && book.relayAt > takenAt && book.relayAt <= Instant(takenAt + FROM_THE_FUTURE_MS)) return null;
      changed = book.relay !== relay || book.relayProtected !== relayProtected;
      return { ...book, relay, relayWord: word, relayProtected, relayAt: takenAt };
    });
    return changed;
  }

  forgetRelayWish(tx: Transaction, address: MeterAddress): Promise<void> {
    return this.#change(tx, address, (book) => ({
      ...book,
      relayDesired: book.relay === "disconnected" && book.cutBy !== null ? "disconnected" : null,
    }));
  }

  setCutBy(tx: Transaction, address: MeterAddress, cutBy: "person" | "rule" | null): Promise<void> {
    return this.#change(tx, address, (book) => ({ ...book, cutBy }));
  }

  setRelayWish(tx: Transaction, address: MeterAddress, relayDesired: "connected" | "armed" | "disconnected"): Promise<void> {
    return this.#change(tx, address, (book) => ({ ...book, relayDesired }));
  }

  switchToRemote(tx: Transaction, account: AccountId, switchedAt: Instant): Promise<void> {
    const { accounts } = this.#db.books;
    return this.#db.statement(tx, async (on) => {
      const row = await accounts.lock(on, account);
      if (row !== undefined) await accounts.update(on, { ...row, mode: "remote", switchedAt });
    });
  }

  remoteAccounts(): Promise<readonly AccountId[]> {
    return this.#db.look(null, (on) =>
      this.#db.books.accounts.all(on).flatMap(({ account, mode }) => (mode === "remote" ? [account] : [])),
    );
  }

  #change(tx: Transaction | null, address: MeterAddress, change: (book: MeterBook) => MeterBook | null): Promise<void> {
    const { meters } = this.#db.books;
    return this.#db.statement(tx, async (on) => {
      const row = await meters.lock(on, address);
      const book = row === undefined ? null : change(row.book);
      if (book !== null) await meters.update(on, { ...row!, book });
    });
  }

  #withMeter(on: Work | null, { switchedAt: _, ...row }: AccountRow): AccountBook {
    const meter = this.#db.books.meters.findBy(on, "one_meter_per_account", row.account);
    return { ...row, meter: meter?.book.address ?? null };
  }
}

/** Another tariff than before is had from now on. */
function sinceOf(row: AccountRow | undefined, tariff: string, now: Instant): Pick<AccountRow, "tariffSince"> {
  if (row !== undefined && row.tariff !== tariff) return { tariffSince: now };
  return row?.tariffSince === undefined ? {} : { tariffSince: row.tariffSince };
}

/** Other numbers than before: whatever was confirmed then is to be read again. */
function broughtIn(
  row: MeterRow | undefined,
  { address, meterNumber, customerNumber, account, bus, model, testBench = false }: MeterRecord,
): MeterRow {
  const rest = { meterNumber, customerNumber, bus, model, active: true };
  if (row === undefined) return { book: { ...unseen, address, account, testBench }, ...rest };
  const isSame = row.meterNumber === meterNumber && row.customerNumber === customerNumber;
  const identity = isSame ? {} : ({ identity: "unread", identityNote: null } as const);
  return { book: { ...row.book, account, testBench, ...identity }, ...rest };
}
