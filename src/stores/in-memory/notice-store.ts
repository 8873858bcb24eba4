/** What customers are told, and every try to deliver it, in memory. */
import { later, type Instant } from "../../kernel/clock.ts";
import type { AccountId, MeterAddress } from "../../kernel/ids.ts";
import type { Transaction } from "../../kernel/transaction.ts";
import { FINAL, type NoticeKind } from "../../notices/kinds.ts";
import type { NoticeAttempt, NoticeChange, NoticeId, NoticeRecord, NoticeState, Outcome } from "../../notices/notice.ts";
import { PAUSE_MS_MAX, type NoticeFilter, type NoticeStore } from "../../notices/notice-store.ts";
import type { InMemoryDatabase } from "./database.ts";
import { firstOf } from "./ordered-index.ts";
import { ConstraintViolated, type Work } from "./table.ts";
import { pair, type NoticeRow } from "./tables.ts";

export class InMemoryNoticeStore implements NoticeStore {
  readonly #db: InMemoryDatabase;

  constructor(db: InMemoryDatabase) {
    this.#db = db;
  }

  insert(tx: Transaction, notice: NoticeRecord): Promise<boolean> {
    const { books } = this.#db;
    return this.#db.statement(tx, async (on) => {
      const taken = await books.notices.insert(on, { id: books.nextId(), notice });
      if (taken === "notices_said_once") return false;
      if (taken !== null) throw new ConstraintViolated(taken, "holds this key already");
      await books.accounts.mustExist(on, notice.account, "notices_account_fkey");
      if (notice.meter !== null) await books.meters.mustExist(on, notice.meter, "notices_meter_fkey");
      return true;
    });
  }

  newest(tx: Transaction | null, account: AccountId, kinds: readonly NoticeKind[]): Promise<NoticeRecord | null> {
    return this.#db.look(tx, (on) => this.#newest(on, account, kinds)?.notice ?? null);
  }

  cancelWaiting(
    tx: Transaction,
    account: AccountId,
    kinds: readonly NoticeKind[],
    because: string,
    now: Instant,
  ): Promise<number> {
    const { notices } = this.#db.books;
    const fits = ({ notice }: NoticeRow): boolean =>
      kinds.includes(notice.kind) && notice.state === "waiting" && isFree(notice, now);
    return this.#db.statement(tx, async (on) => {
      const locked = await notices.lockAll(on, notices.in(on, "waiting", account).filter(fits), fits);
      for (const row of locked)
        await notices.update(on, {
          ...row,
          notice: { ...row.notice, state: "cancelled", because, nextAt: null, takenUntil: null },
        });
      return locked.length;
    });
  }

  find(id: NoticeId): Promise<NoticeRecord | null> {
    return this.#db.look(null, (on) => this.#db.books.notices.find(on, id)?.notice ?? null);
  }

  lock(tx: Transaction, id: NoticeId): Promise<NoticeRecord | null> {
    return this.#db.statement(tx, async (on) => (await this.#db.books.notices.lock(on, id))?.notice ?? null);
  }

  change(tx: Transaction, id: NoticeId, change: NoticeChange): Promise<void> {
    const { notices } = this.#db.books;
    return this.#db.statement(tx, async (on) => {
      const row = await notices.lock(on, id);
      if (row !== undefined) await notices.update(on, { ...row, notice: { ...row.notice, ...change } });
    });
  }

  due(now: Instant, limit: number): Promise<readonly NoticeId[]> {
    return this.#db.look(null, (on) =>
      this.#db.books.notices
        .in(on, "state", "waiting")
        .filter(({ notice }) => isDue(notice, now) && isFree(notice, now))
        .sort((a, b) => lastIfOnce(a) - lastIfOnce(b) || a.notice.nextAt! - b.notice.nextAt! || a.id - b.id)
        .slice(0, limit)
        .map(({ notice }) => notice.id),
    );
  }

  addAttempt(tx: Transaction, notice: NoticeId, attempt: NoticeAttempt): Promise<void> {
    const { noticeAttempts, notices } = this.#db.books;
    return this.#db.statement(tx, async (on) => {
      await noticeAttempts.add(on, { notice, attempt });
      await notices.mustExist(on, notice, "notice_attempts_notice_fkey");
    });
  }

  endAttempt(tx: Transaction, notice: NoticeId, number: number, outcome: Outcome, words: string): Promise<void> {
    const { noticeAttempts } = this.#db.books;
    return this.#db.statement(tx, async (on) => {
      const row = await noticeAttempts.lock(on, pair(notice, String(number)));
      if (row !== undefined) await noticeAttempts.update(on, { notice, attempt: { ...row.attempt, outcome, words } });
    });
  }

  attempts(id: NoticeId, tx: Transaction | null = null): Promise<readonly NoticeAttempt[]> {
    return this.#db.look(tx, (on) =>
      this.#db.books.noticeAttempts
        .in(on, "notice", id)
        .map(({ attempt }) => attempt)
        .sort((a, b) => a.number - b.number),
    );
  }

  list({ account, state, kind, limit, before }: NoticeFilter): Promise<readonly NoticeRecord[]> {
    const { notices } = this.#db.books;
    return this.#db.look(null, (on) => {
      const last = before === undefined ? undefined : (notices.find(on, before)?.id ?? 0);
      return notices
        .all(on)
        .filter(({ id, notice }) => (last === undefined || id < last) && (account === undefined || notice.account === account))
        .filter(({ notice }) => (state === undefined || notice.state === state) && (kind === undefined || notice.kind === kind))
        .sort((a, b) => b.id - a.id)
        .slice(0, limit)
        .map(({ notice }) => notice);
    });
  }

  toldOnce(once: string): Promise<ReadonlyMap<AccountId, Instant>> {
    return this.#db.look(
      null,
      (on) => new Map(this.#db.books.notices.in(on, "once", once).map(({ notice }) => [notice.account, notice.at])),
    );
  }

  untold(limit: number): Promise<readonly MeterAddress[]> {
    const { standings, payments } = this.#db.books;
    return this.#db.look(null, (on) =>
      standings
        .in(on, "stage", FINAL)
        .filter(({ account }) => {
          const last = this.#newest(on, account, [FINAL])?.notice;
          if (last === undefined || last.state === "cancelled" || last.state === "delivered") return true;
          const [paid] = payments.downwards(on, "account", account);
          return paid !== undefined && last.at <= paid.createdAt;
        })
        .map(({ meter }) => meter)
        .sort()
        .slice(0, limit),
    );
  }

  counts(): Promise<readonly { state: NoticeState; kind: string; count: number }[]> {
    return this.#db.look(null, (on) =>
      (["waiting", "failed"] as const).flatMap((state) =>
        [...Map.groupBy(this.#db.books.notices.in(on, "state", state), ({ notice }) => notice.kind)].map(([kind, rows]) => ({
          ...{ state, kind, count: rows.length },
        })),
      ),
    );
  }

  #newest(on: Work | null, account: AccountId, kinds: readonly NoticeKind[]): NoticeRow | undefined {
    return firstOf(this.#db.books.notices.downwards(on, "account", account), ({ notice }) => kinds.includes(notice.kind));
  }
}

const isFree = ({ takenUntil }: NoticeRecord, now: Instant): boolean => takenUntil === null || takenUntil <= now;
const isDue = ({ nextAt }: NoticeRecord, now: Instant): boolean =>
  nextAt !== null && (nextAt <= now || nextAt > later(now, PAUSE_MS_MAX));
const lastIfOnce = ({ notice }: NoticeRow): number => (notice.once === null ? 0 : 1);
