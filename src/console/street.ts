/**
 * The street as this page knows it: one immutable picture, and the only place that changes it.
 *
 * An announcement about a command carries its state, so every step is shown as it was announced (reel.ts) and the rest of
 * the object follows by fetching it. All other announcements only name what to fetch. The picture is handed
 * to React a frame at a time, however much is announced in between.
 */
import * as api from "./api.ts";
import { listen } from "./live.ts";
import { Reel } from "./reel.ts";
import { Refetcher } from "./refetch.ts";
import type { Account, Announcement, Command, Intent, Meter, Payment, Problem } from "./shapes.ts";

export interface Picture {
  readonly line: "opening" | "live" | "lost";
  readonly isLoaded: boolean;
  readonly trouble: Problem | null;
  readonly meters: ReadonlyMap<string, Meter>;
  readonly accounts: ReadonlyMap<string, Account>;
  readonly commands: ReadonlyMap<string, Command>;
  readonly payments: ReadonlyMap<string, Payment>;
  readonly intents: ReadonlyMap<string, Intent>;
  /** Rises with each announcement about what waits for a person, and with each loading. */
  readonly exceptionsTold: number;
  /** Rises with each announcement about what holds cuts back. */
  readonly cutsTold: number;
}

const FRAME_MS = 16;
const COMMANDS_MAX = 100;
const PAYMENTS_MAX = 30;

const empty: Picture = {
  line: "opening",
  isLoaded: false,
  trouble: null,
  meters: new Map(),
  accounts: new Map(),
  commands: new Map(),
  payments: new Map(),
  intents: new Map(),
  exceptionsTold: 0,
  cutsTold: 0,
};

const withEntry = <T>(map: ReadonlyMap<string, T>, key: string, value: T): ReadonlyMap<string, T> => new Map(map).set(key, value);

/** Newest first. Without a moment it is too new to have one. Ids are time-ordered and part equals. */
const isNewer = (a: { id: string; createdAt: string | null }, b: { id: string; createdAt: string | null }): number =>
  (b.createdAt ?? "9").localeCompare(a.createdAt ?? "9") || b.id.localeCompare(a.id);

export const newestCommands = (picture: Picture): readonly Command[] => [...picture.commands.values()].sort(isNewer);
export const newestPayments = (picture: Picture): readonly Payment[] => [...picture.payments.values()].sort(isNewer);
export const metersInOrder = (picture: Picture): readonly Meter[] =>
  [...picture.meters.values()].sort((a, b) => a.address.localeCompare(b.address));

const keepNewest = <T extends { id: string; createdAt: string | null }>(
  map: ReadonlyMap<string, T>,
  count: number,
): ReadonlyMap<string, T> =>
  map.size <= count
    ? map
    : new Map(
        [...map.values()]
          .sort(isNewer)
          .slice(0, count)
          .map((one) => [one.id, one]),
      );

export class Street {
  #picture = empty;
  #next: Picture = empty;
  readonly #listeners = new Set<() => void>();
  #timer: ReturnType<typeof setTimeout> | undefined;
  /** What was announced while the whole street was being loaded: newer, perhaps, than what the load brings. */
  #whileLoading: Announcement[] | undefined;

  readonly #meters = new Refetcher((key) => this.#fetch(api.meter(key), (meter) => this.#takeMeters([meter])));
  readonly #accounts = new Refetcher((key) =>
    this.#fetch(api.account(key), (account) => this.#change({ accounts: withEntry(this.#next.accounts, key, account) })),
  );
  readonly #payments = new Refetcher((key) => this.#fetch(api.payment(key), (payment) => this.#takePayment(payment)));
  readonly #commands = new Refetcher((key) => {
    const count = this.#reels.get(key)?.announcementCount;
    return this.#fetch(api.command(key), (command) => this.#reel(command).fetched(command, count));
  });
  readonly #reels = new Map<string, Reel>();

  readonly picture = (): Picture => this.#picture;

  readonly subscribe = (listener: () => void): (() => void) => {
    this.#listeners.add(listener);
    return () => {
      this.#listeners.delete(listener);
    };
  };

  /** Starts listening; the function it returns ends it, and it may be started again. `refused`: perhaps one has to sign in. */
  start(refused: () => void): () => void {
    const stop = listen({
      opened: () => {
        this.#change({ line: "live" });
        void this.#loadAll();
      },
      lost: () => this.#change({ line: "lost" }),
      refused,
      announced: (event) => {
        this.#whileLoading?.push(event);
        this.#announced(event);
      },
    });
    return () => {
      stop();
      clearTimeout(this.#timer);
      this.#timer = undefined;
      for (const reel of this.#reels.values()) reel.stop();
      for (const refetcher of [this.#meters, this.#accounts, this.#payments, this.#commands]) refetcher.stop();
    };
  }

  /** What a form was answered: shown without waiting for the announcement. */
  tookPayment(taken: api.TakenPayment): void {
    this.#takePayment(taken.payment);
    if (taken.command !== null) this.tookCommand(taken.command);
    this.#accounts.want(taken.payment.account);
  }

  tookCommand(command: Command): void {
    // The announcements may have been quicker than the answer, and know more.
    if (this.#reels.has(command.id)) this.#commands.want(command.id);
    else this.#reel(command).fetched(command);
  }

  async #loadAll(): Promise<void> {
    const heard: Announcement[] = [];
    this.#whileLoading = heard;
    await this.#fetch(Promise.all([api.meters(), api.latestCommands(), api.latestPayments()]), (all) => {
      const [meters, commands, payments] = all;
      for (const reel of this.#reels.values()) reel.stop();
      this.#reels.clear();
      this.#change({
        isLoaded: true,
        trouble: null,
        meters: new Map(),
        commands: new Map(),
        payments: new Map(),
        exceptionsTold: this.#next.exceptionsTold + 1,
      });
      for (const payment of payments) this.#takePayment(payment);
      this.#takeMeters(meters);
      this.#takeCommands(commands);
      for (const meter of meters) if (meter.account !== null) this.#accounts.want(meter.account);
    });
    if (this.#whileLoading === heard) this.#whileLoading = undefined;
    for (const event of heard) this.#announced(event);
  }

  #announced(event: Announcement): void {
    switch (event.type) {
      case "command":
        this.#announcedCommand(event);
        break;
      case "payment":
        this.#payments.want(event.id);
        this.#accounts.want(event.account);
        break;
      case "account":
        this.#accounts.want(event.account);
        break;
      case "meter":
        this.#meters.want(event.address);
        break;
      case "reading":
        this.#meters.want(event.meter);
        break;
      case "exception":
        this.#change({ exceptionsTold: this.#next.exceptionsTold + 1 });
        break;
      case "cuts":
        this.#change({ cutsTold: this.#next.cutsTold + 1 });
        break;
      case "intent":
        this.#change({ intents: withEntry(this.#next.intents, event.meter, event) });
        this.#meters.want(event.meter);
        break;
    }
  }

  #announcedCommand({ id, kind, meter, state }: Extract<Announcement, { type: "command" }>): void {
    const nothing = {
      account: null,
      payment: null,
      waitingFor: null,
      because: null,
      createdAt: null,
      notAfter: null,
      attempts: [],
    };
    const proof = { sent: null, acknowledged: null, verified: null };
    this.#reel({ id, kind, meter, state, proof, ...nothing }).announced(state);
    this.#commands.want(id);
  }

  /** The reel of a command; a new one begins with the command as it is known now. */
  #reel(command: Command): Reel {
    const known = this.#reels.get(command.id);
    if (known !== undefined) return known;
    const reel = new Reel(this.#next.commands.get(command.id) ?? command, (shown) => this.#takeCommands([shown]));
    this.#reels.set(command.id, reel);
    return reel;
  }

  #takeMeters(meters: readonly Meter[]): void {
    const all = new Map(this.#next.meters);
    for (const meter of meters) {
      all.set(meter.address, meter);
      if (meter.account !== null && !this.#next.accounts.has(meter.account)) this.#accounts.want(meter.account);
    }
    this.#change({ meters: all });
  }

  #takeCommands(commands: readonly Command[]): void {
    const all = new Map(this.#next.commands);
    for (const command of commands) {
      all.set(command.id, command);
      if (command.payment !== null && !this.#next.payments.has(command.payment)) this.#payments.want(command.payment);
    }
    const kept = keepNewest(all, COMMANDS_MAX);
    for (const [id, reel] of this.#reels) {
      if (kept.has(id)) continue;
      reel.stop();
      this.#reels.delete(id);
    }
    this.#change({ commands: kept });
  }

  #takePayment(payment: Payment): void {
    this.#change({ payments: keepNewest(withEntry(this.#next.payments, payment.id, payment), PAYMENTS_MAX) });
  }

  async #fetch<T>(asked: Promise<T>, take: (answer: T) => void): Promise<void> {
    try {
      take(await asked);
    } catch (error) {
      // A lost line says so in the head of the page and loads all when it is back; anything else is told.
      const trouble = api.problemOf(error);
      // Who has to sign in sees the form for it, and the whole street is loaded afterwards.
      if (trouble.code !== "gateway-unreachable" && trouble.code !== "unauthorized") this.#change({ trouble });
    }
  }

  #change(part: Partial<Picture>): void {
    this.#next = { ...this.#next, ...part };
    this.#timer ??= setTimeout(() => {
      this.#timer = undefined;
      this.#picture = this.#next;
      for (const listener of this.#listeners) listener();
    }, FRAME_MS);
  }
}
