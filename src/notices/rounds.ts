/**
 * Looks around every minute for what no change of stage tells: planned outages, whose time comes by the calendar; and customers who stand
 * before a cut while nothing on its way tells them so (books of an older gateway, a notice that grew old, one that was taken back).
 *
 *     outage        seven days before, or at once where it was entered later; until it is over
 *     outage-soon   a day before, to whom it was said earlier than two days before
 */
import { hours, minutes, type Clock, type Instant } from "../kernel/clock.ts";
import { reasonOf } from "../kernel/faults.ts";
import type { AccountId, MeterAddress } from "../kernel/ids.ts";
import type { Logger } from "../kernel/log.ts";
import { ZERO_FEN } from "../kernel/money.ts";
import { Rounds } from "../kernel/rounds.ts";
import type { Transactor } from "../kernel/transaction.ts";
import type { AccountBook } from "../commands/command-store.ts";
import type { Maintenance } from "../policy/calendar.ts";
import type { Strategies } from "../policy/strategies.ts";
import type { Drafts } from "./drafts.ts";
import { outageKinds } from "./kinds.ts";
import type { NoticeStore } from "./notice-store.ts";
import type { NoticeTeller } from "./teller.ts";
import { toTell } from "./telling.ts";

const LOOK_EVERY_MS = minutes(1);
/** Everybody is looked at for them, and nobody is late who hears of next week five minutes later. */
const OUTAGES_EVERY_MS = minutes(5);
const AT_ONCE_MAX = 500;
const ACCOUNTS_AT_ONCE = 500;
const AHEAD_MS = hours(7 * 24);
const SOON_MS = hours(24);
const EARLY_MS = hours(48);

/** When who was told. */
type Told = ReadonlyMap<AccountId, Instant>;

export interface RoundsParts {
  readonly store: NoticeStore;
  readonly teller: NoticeTeller;
  readonly drafts: Pick<Drafts, "look">;
  readonly strategies: Strategies;
  /** In the order of their numbers, page by page. */
  readonly accounts: (page: { readonly limit: number; readonly after: AccountId | null }) => Promise<readonly AccountBook[]>;
  readonly transactor: Transactor;
  readonly clock: Clock;
  readonly log: Logger;
  readonly everyMs?: number;
}

export class NoticeRounds {
  readonly #parts: RoundsParts;
  readonly #rounds: Rounds;
  #lookedAt = Number.NEGATIVE_INFINITY;

  constructor(parts: RoundsParts) {
    this.#parts = parts;
    const { clock, log, everyMs = LOOK_EVERY_MS } = parts;
    const failed = "who is to be told could not be looked up; it is looked up again";
    this.#rounds = new Rounds({ clock, log, everyMs, failed, work: () => this.look() });
  }

  start(): void {
    this.#rounds.start();
  }

  stop(): Promise<void> {
    return this.#rounds.stop();
  }

  async look(): Promise<void> {
    await this.#untold();
    await this.#outages();
  }

  async #untold(): Promise<void> {
    for (const meter of await this.#parts.store.untold(AT_ONCE_MAX))
      await this.#carefully({ meter }, () => this.#oneUntold(meter));
  }

  async #oneUntold(meter: MeterAddress): Promise<void> {
    const { store, drafts, teller, transactor } = this.#parts;
    const seen = await drafts.look(null, meter);
    if (seen === null || (await toTell(seen, (kinds) => store.newest(null, seen.picture.account, kinds))) === null) return;
    await transactor.transact(
      async (tx) => {
        const look = await drafts.look(tx, meter);
        // a change of stage is the rules' to tell, together with the change
        if (look?.picture.standing?.stage === look?.decision.stage && look !== null) await teller.looked(tx, look);
      },
      { actor: "rules" },
    );
  }

  async #outages(): Promise<void> {
    const { clock, accounts, strategies } = this.#parts;
    const now = clock.now();
    if (now >= this.#lookedAt && now < this.#lookedAt + OUTAGES_EVERY_MS) return;
    this.#lookedAt = now;
    if (!strategies.outages.some((outage) => isToTell(outage, now))) return;
    const told = new Map<string, Told>();
    for (let after: AccountId | null = null; ;) {
      const page: readonly AccountBook[] = await accounts({ limit: ACCOUNTS_AT_ONCE, after });
      for (const account of page) {
        if (account.meter === null) continue;
        await this.#carefully({ account: account.account }, async () => {
          for (const outage of strategies.of(account.account, account.class).rules["noCut.maintenance"])
            await this.#outage(account, outage, now, told);
        });
      }
      const last = page.at(-1);
      if (last === undefined || page.length < ACCOUNTS_AT_ONCE) return;
      after = last.account;
    }
  }

  async #outage({ account, meter }: AccountBook, outage: Maintenance, now: Instant, told: Map<string, Told>): Promise<void> {
    const { store, teller, transactor } = this.#parts;
    if (!isToTell(outage, now)) return;
    const [from, to] = [Date.parse(outage.from), Date.parse(outage.to)];
    let before: Told = new Map();
    for (const kind of outageKinds) {
      const once = `${kind}/${from}/${to}`;
      const known = told.get(once) ?? (await store.toldOnce(once));
      told.set(once, known);
      if (!known.has(account) && (kind === "outage" || isSoon(before.get(account), from, now))) {
        const details = { from, to, reason: outage.reason };
        await transactor.transact((tx) => teller.outage(tx, kind, { account, meter, available: ZERO_FEN, details, once }));
      }
      before = known;
    }
  }

  /** One who cannot be looked after does not hold up those behind him. */
  async #carefully(
    whom: { readonly meter: MeterAddress } | { readonly account: AccountId },
    work: () => Promise<void>,
  ): Promise<void> {
    try {
      await work();
    } catch (error) {
      const reason = reasonOf(error);
      this.#parts.log.warn(
        { ...whom, reason },
        "whether this customer is to be told could not be looked up; it is looked up again",
      );
    }
  }
}

const isToTell = ({ from, to }: Maintenance, now: Instant): boolean => now >= Date.parse(from) - AHEAD_MS && now < Date.parse(to);

/** Whoever was told only yesterday knows. */
const isSoon = (toldAt: Instant | undefined, from: number, now: Instant): boolean =>
  toldAt !== undefined && toldAt + EARLY_MS <= from && now >= from - SOON_MS && now < from;
