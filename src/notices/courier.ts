/**
 * Brings what waits to the channels, in the order of the site file, until one takes it.
 *
 *     due ─► still so? ─► [attempt written down] ─► channel ─► [what became of it] ─► delivered · the next channel · later · failed
 *               └─ no: cancelled, with the reason
 *
 * A courier that dies after the attempt was written leaves the row taken; when that is over, another sends it again under the same id. So
 * outwards it may come twice, and never not at all. Rows and locks are held in the brackets only, never while a channel is waited for.
 */
import type { Chance } from "../kernel/chance.ts";
import { later, minutes, seconds, type Clock, type Instant } from "../kernel/clock.ts";
import type { Outbox } from "../kernel/events.ts";
import { reasonOf } from "../kernel/faults.ts";
import type { Logger } from "../kernel/log.ts";
import type { Transaction, Transactor } from "../kernel/transaction.ts";
import type { Message, NoticeChannel, Sent } from "./channel.ts";
import { struckOut } from "./contacts.ts";
import type { NoticeChange, NoticeId, NoticeRecord } from "./notice.ts";
import type { NoticeStore } from "./notice-store.ts";

const LOOK_EVERY_MS = seconds(2);
const AT_ONCE_MAX = 100;
/** Side by side: one dead mail server must not hold up those who wait behind it. */
const HANDS = 8;
const AGAIN_MS_MIN = seconds(30);
const AGAIN_MS_MAX = minutes(15);
/** Beyond what a channel may take, so that nobody sends what is still being sent. */
const TAKEN_SLACK_MS = seconds(30);
const DOUBLINGS_MAX = 10;
/** Those that failed together do not come back together. */
const JITTER = 0.2;
const WORDS_MAX = 300;
/** A house that stops gives its parts little time; whoever still thinks then is asked again after the next start. */
const STOP_GIVES_MS = seconds(15);

/** A channel, and how long it is given for one. */
export interface OpenChannel {
  readonly channel: NoticeChannel;
  readonly patienceMs: number;
}

/** What is sent of a notice, by the rules and the words of this moment; or why it is not. */
export type Draft = { readonly message: Message } | { readonly whyNot: string };

/** Who is told when nobody could be: joins the transaction. */
export interface Undelivered {
  failed(tx: Transaction, notice: NoticeRecord, because: string): Promise<void>;
  /** Somebody was told after all. */
  told(tx: Transaction, notice: NoticeRecord): Promise<void>;
}

export interface CourierParts {
  readonly store: NoticeStore;
  readonly transactor: Transactor;
  readonly outbox: Outbox;
  readonly channels: readonly OpenChannel[];
  readonly draftOf: (notice: NoticeRecord) => Promise<Draft>;
  readonly undelivered: Undelivered;
  readonly clock: Clock;
  readonly chance: Pick<Chance, "next">;
  readonly log: Logger;
  /** Books that came back from a backup may lack payments: nobody is told anything by them. Left out: they never did. */
  readonly holds?: () => Promise<boolean>;
  readonly everyMs?: number;
}

type Counts = Record<Sent["outcome"], number>;

export class Courier {
  readonly #parts: CourierParts;
  readonly #stop = new AbortController();
  readonly #hangUp = new AbortController();
  readonly #counts = new Map<string, Counts>();
  #loop: Promise<void> = Promise.resolve();

  constructor(parts: CourierParts) {
    this.#parts = parts;
    for (const { channel } of parts.channels) this.#counts.set(channel.name, { delivered: 0, later: 0, never: 0 });
  }

  /** Tries since the start, by channel and outcome. */
  get counts(): ReadonlyMap<string, Readonly<Counts>> {
    return this.#counts;
  }

  start(): void {
    this.#loop = this.#run();
  }

  /** What is with a channel is waited for, though not as long as channels are given. */
  async stop(): Promise<void> {
    this.#stop.abort();
    const ended = new AbortController();
    void this.#parts.clock.wait(STOP_GIVES_MS, ended.signal).then(() => this.#hangUp.abort());
    await this.#loop;
    ended.abort();
  }

  /** One look: everything that is due is tried once. Answers how many there were. */
  async look(): Promise<number> {
    const { store, clock, holds } = this.#parts;
    if (await holds?.()) return 0;
    const due = [...(await store.due(clock.now(), AT_ONCE_MAX))];
    const count = due.length;
    const hand = async (): Promise<void> => {
      for (let id = due.shift(); id !== undefined && !this.#stop.signal.aborted; id = due.shift()) await this.#carefully(id);
    };
    await Promise.all(Array.from({ length: Math.min(HANDS, count) }, hand));
    return count;
  }

  async #run(): Promise<void> {
    const { clock, log, everyMs = LOOK_EVERY_MS } = this.#parts;
    const { signal } = this.#stop;
    while (!signal.aborted) {
      try {
        if ((await this.look()) === AT_ONCE_MAX) continue;
      } catch (error) {
        log.error({ reason: reasonOf(error) }, "notices could not be looked after; they are looked after again");
      }
      await clock.wait(everyMs, signal);
    }
  }

  /** One that cannot be looked after does not hold up the others. */
  async #carefully(id: NoticeId): Promise<void> {
    try {
      await this.#one(id);
    } catch (error) {
      this.#parts.log.warn(
        { notice: id, reason: reasonOf(error) },
        "a notice could not be looked after; it is looked after again",
      );
    }
  }

  async #one(id: NoticeId): Promise<void> {
    const { store, channels, clock, draftOf } = this.#parts;
    const notice = await store.find(id);
    if (notice?.state !== "waiting") return;
    const draft = await draftOf(notice);
    if ("whyNot" in draft) return this.#end(notice, null, "cancelled", draft.whyNot);
    if (clock.now() >= notice.notAfter) return this.#end(notice, null, "failed", "out-of-time");
    const { message } = draft;
    const said = (await store.attempts(id)).filter(({ at }) => at >= notice.triesFrom);
    const gaveUp = new Set(said.filter(({ outcome }) => outcome === "never").map(({ channel }) => channel));
    const open = channels.filter(({ channel }) => !gaveUp.has(channel.name) && channel.missing(message.contact) === null);
    let [mine, mayPass]: [Instant | null, boolean] = [null, false];
    for (const each of open) {
      mine = await this.#begin(id, each, message, mine);
      if (mine === null) return undefined;
      const sent = await this.#send(each, message);
      await this.#record(id, each.channel, sent);
      if (sent.outcome === "delivered") return undefined;
      mayPass ||= sent.outcome === "later";
    }
    if (mayPass) return this.#later(notice, mine);
    return this.#end(notice, mine, "failed", open.length > 0 || gaveUp.size > 0 ? "refused" : "unreachable");
  }

  /** Written before the first byte. Answers until when it is ours; null: somebody else has it, or it needs nobody any more. */
  #begin(id: NoticeId, { channel, patienceMs }: OpenChannel, message: Message, mine: Instant | null): Promise<Instant | null> {
    const { store, transactor, clock } = this.#parts;
    return transactor.transact(async (tx) => {
      const now = clock.now();
      const notice = await store.lock(tx, id);
      if (notice === null || !isOurs(notice, mine, now)) return null;
      const tries = notice.tries + 1;
      const { language, subject, text } = message;
      const takenUntil = later(now, patienceMs + TAKEN_SLACK_MS);
      await store.change(tx, id, { tries, takenUntil, said: { language, subject, text } });
      await store.addAttempt(tx, id, { number: tries, at: now, channel: channel.name, outcome: "begun", words: null });
      return takenUntil;
    });
  }

  async #send({ channel, patienceMs }: OpenChannel, message: Message): Promise<Sent> {
    const [late, done] = [new AbortController(), new AbortController()];
    const tooLate = this.#parts.clock.wait(patienceMs, done.signal).then((): Sent => {
      late.abort();
      return { outcome: "later", words: "no answer in time" };
    });
    try {
      const givenUp = AbortSignal.any([late.signal, this.#hangUp.signal]);
      const { outcome, words } = await Promise.race([channel.send(message, givenUp), tooLate]);
      return { outcome, words: struckOut(words, message.contact).slice(0, WORDS_MAX) };
    } catch (error) {
      return { outcome: "later", words: struckOut(reasonOf(error), message.contact).slice(0, WORDS_MAX) };
    } finally {
      done.abort();
    }
  }

  async #record(id: NoticeId, channel: NoticeChannel, { outcome, words }: Sent): Promise<void> {
    const { store, transactor, outbox, undelivered, clock, log } = this.#parts;
    this.#counts.get(channel.name)![outcome] += 1;
    await transactor.transact(async (tx) => {
      const notice = await store.lock(tx, id);
      if (notice === null) return;
      await store.endAttempt(tx, id, notice.tries, outcome, words);
      if (outcome !== "delivered" || notice.state === "delivered") return;
      const end = { delivered: clock.now(), channel: channel.name, because: null, nextAt: null, takenUntil: null };
      await store.change(tx, id, { state: "delivered", ...end });
      await undelivered.told(tx, notice);
      await outbox.announce(tx, { type: "account", account: notice.account }); // the rules wait for it
    });
    log.info({ notice: id, channel: channel.name, outcome }, "a notice was tried");
  }

  async #later(seen: NoticeRecord, mine: Instant | null): Promise<void> {
    const { clock, chance, channels } = this.#parts;
    await this.#settle(seen, mine, ({ tries, notAfter }) => {
      const rounds = Math.ceil(tries / Math.max(1, channels.length));
      const pause = Math.min(AGAIN_MS_MIN * 2 ** Math.min(rounds - 1, DOUBLINGS_MAX), AGAIN_MS_MAX);
      const nextAt = later(clock.now(), Math.round(pause * (1 + JITTER * chance.next())));
      return { nextAt: nextAt < notAfter ? nextAt : notAfter };
    });
  }

  async #end(seen: NoticeRecord, mine: Instant | null, state: "cancelled" | "failed", because: string): Promise<void> {
    const { undelivered, log } = this.#parts;
    const ended = await this.#settle(
      seen,
      mine,
      () => ({ state, because, nextAt: null }),
      async (tx, notice) => {
        if (state === "failed") await undelivered.failed(tx, notice, because);
      },
    );
    if (!ended) return;
    const { id: notice, account, kind } = seen;
    if (state === "failed") log.warn({ notice, account, kind, because }, "a customer could not be told");
    else log.info({ notice, account, kind, because }, "a notice was not sent any more");
  }

  /** Out of our hands. Whoever had it tried again meanwhile means this try no more: it is due as he said. */
  #settle(
    { id, triesFrom }: NoticeRecord,
    mine: Instant | null,
    change: (notice: NoticeRecord) => NoticeChange,
    then: (tx: Transaction, notice: NoticeRecord) => Promise<void> = () => Promise.resolve(),
  ): Promise<boolean> {
    const { store, transactor, clock } = this.#parts;
    return transactor.transact(async (tx) => {
      const notice = await store.lock(tx, id);
      if (notice === null || !isOurs(notice, mine, clock.now())) return false;
      const isMeant = notice.triesFrom === triesFrom;
      await store.change(tx, id, { ...(isMeant ? change(notice) : {}), takenUntil: null });
      if (isMeant) await then(tx, notice);
      return isMeant;
    });
  }
}

const isOurs = ({ state, takenUntil }: NoticeRecord, mine: Instant | null, now: Instant): boolean =>
  state === "waiting" && (takenUntil === mine || (mine === null && takenUntil! <= now));
