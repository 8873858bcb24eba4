/** Who is exempt from cuts, until when and why, in memory. */
import type { Instant } from "../../kernel/clock.ts";
import type { AccountId } from "../../kernel/ids.ts";
import type { Transaction } from "../../kernel/transaction.ts";
import type { Exemption } from "../../policy/exemptions.ts";
import type { ExemptionStore } from "../../policy/policy-store.ts";
import type { InMemoryDatabase } from "./database.ts";

export class InMemoryExemptionStore implements ExemptionStore {
  readonly #db: InMemoryDatabase;

  constructor(db: InMemoryDatabase) {
    this.#db = db;
  }

  insert(tx: Transaction, exemption: Exemption): Promise<void> {
    const { exemptions, accounts, meters } = this.#db.books;
    return this.#db.statement(tx, async (on) => {
      const theirs = meters.findBy(on, "one_meter_per_account", exemption.account);
      if (theirs !== undefined) await meters.lock(on, theirs.book.address, "update");
      await exemptions.add(on, { ...exemption, endedAt: null, endedBy: null, remindedAt: null });
      await accounts.mustExist(on, exemption.account, "exemptions_account_fkey");
    });
  }

  lock(tx: Transaction, id: string): Promise<Exemption | null> {
    return this.#db.statement(tx, async (on) => (await this.#db.books.exemptions.lock(on, id, "update")) ?? null);
  }

  end(tx: Transaction, id: string, endedAt: Instant, endedBy: string): Promise<void> {
    return this.#change(tx, id, { endedAt, endedBy });
  }

  remind(tx: Transaction, id: string, remindedAt: Instant): Promise<void> {
    return this.#change(tx, id, { remindedAt });
  }

  of(account: AccountId, limit: number): Promise<readonly Exemption[]> {
    return this.#db.look(null, (on) =>
      this.#db.books.exemptions
        .in(on, "account", account)
        .sort((a, b) => (a.id < b.id ? 1 : -1))
        .slice(0, limit),
    );
  }

  endingBefore(at: Instant, limit: number, after?: Pick<Exemption, "id" | "until">): Promise<readonly Exemption[]> {
    return this.#soonest(
      (one) => one.endedAt === null && one.until < at && (after === undefined || bySoonest(one, after) > 0),
      limit,
    );
  }

  endedTooEarly(now: Instant, limit: number): Promise<readonly Exemption[]> {
    return this.#soonest(({ endedAt, until }) => endedAt === until && until > now, limit);
  }

  goesOn(tx: Transaction, id: string): Promise<void> {
    return this.#change(tx, id, { endedAt: null, endedBy: null, remindedAt: null });
  }

  #soonest(which: (exemption: Exemption) => boolean, limit: number): Promise<readonly Exemption[]> {
    return this.#db.look(null, (on) => this.#db.books.exemptions.all(on).filter(which).sort(bySoonest).slice(0, limit));
  }

  #change(tx: Transaction, id: string, change: Partial<Exemption>): Promise<void> {
    const { exemptions } = this.#db.books;
    return this.#db.statement(tx, async (on) => {
      const known = await exemptions.lock(on, id);
      if (known !== undefined) await exemptions.update(on, { ...known, ...change });
    });
  }
}

const bySoonest = (a: Pick<Exemption, "id" | "until">, b: Pick<Exemption, "id" | "until">): number =>
  a.until - b.until || (a.id < b.id ? -1 : a.id > b.id ? 1 : 0);
