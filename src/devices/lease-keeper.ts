/**
 * Keeps this gateway's leases: renews them, takes its share, gives up what is above it, and knows in each moment which lines may
 * be driven.
 *
 *     look or renew ─► what of ours lapsed? ─► shareOf ─► take · give up ─► pause ─► …
 *
 * Whether a lease holds is asked in front of each first byte and answered from memory. It counts from the moment the renewal
 * was sent, on two clocks, and the more pessimistic one is believed: elapsed time goes on while the process is stopped, the
 * world's clock goes on while the machine sleeps. So a process that wakes after a minute knows at once that its leases are gone,
 * before any timer has fired.
 */
import type { Clock, Elapsed } from "../kernel/clock.ts";
import { reasonOf } from "../kernel/faults.ts";
import type { Logger } from "../kernel/log.ts";
import { shareOf } from "./lease-share.ts";
import {
  ANSWER_MS_MAX,
  EXCHANGE_MS_MAX,
  FREE_LOOKS_MAX,
  LEASE_MS,
  LOOK_MS,
  MARGIN_MS,
  RENEW_MS,
  type GatewayPresence,
  type LeasePicture,
  type LineGuard,
  type LineLeases,
} from "./line-leases.ts";

export interface KeeperParts {
  readonly leases: LineLeases;
  readonly me: GatewayPresence;
  readonly clock: Clock;
  readonly elapsed: Elapsed;
  readonly log: Logger;
  /** Nobody else can reach the store: what a dead predecessor held is taken at once, and nobody need be watched. */
  readonly alone: boolean;
}

/** A moment on both clocks. */
interface Moment {
  readonly elapsed: number;
  readonly clock: number;
}

const ENTER_TRIES_MAX = 10;
/** Lines that fall quiet one after the other are given back together. */
const GATHER_MS = 20;

export class LeaseKeeper implements LineGuard {
  readonly #parts: KeeperParts;
  readonly #stop = new AbortController();
  readonly #held = new Map<string, { readonly fencing: bigint; readonly renewedAt: Moment }>();
  readonly #givingUp = new Set<string>();
  readonly #quiet = new Set<string>();
  readonly #freeLooks = new Map<string, number>();
  readonly #taken: ((buses: readonly string[]) => void)[] = [];
  readonly #lost: ((buses: readonly string[]) => void)[] = [];
  readonly #leaving: ((bus: string) => Promise<void>)[] = [];
  #picture: LeasePicture = { gateways: [], leases: new Map() };
  #renewedAt: Moment;
  #trouble: string | null = null;
  #slot = 1;
  #nudge = new AbortController();
  #loop: Promise<void> | undefined;

  constructor(parts: KeeperParts) {
    this.#parts = parts;
    this.#renewedAt = this.#now();
  }

  /** Names our lanes in the queue. While we were stopped another one may have got it too: then jobs go astray, and are put back. */
  get slot(): number {
    return this.#slot;
  }

  /** Why leases cannot be renewed just now, or null. */
  get trouble(): string | null {
    return this.#trouble;
  }

  get gateways(): readonly string[] {
    return this.#picture.gateways.map(({ holder }) => holder);
  }

  held(): readonly string[] {
    return [...this.#held.keys()].filter((bus) => this.holds(bus));
  }

  holds(bus: string): boolean {
    return this.mayDrive(bus, 0);
  }

  mayDrive(bus: string, exchangeMs: number): boolean {
    const lease = this.#held.get(bus);
    if (lease === undefined || this.#givingUp.has(bus)) return false;
    return this.#since(lease.renewedAt) + Math.min(exchangeMs, EXCHANGE_MS_MAX) < LEASE_MS - MARGIN_MS;
  }

  holderOf(bus: string): string | null {
    return this.holds(bus) ? this.#parts.me.holder : (this.#picture.leases.get(bus)?.holder ?? null);
  }

  onTaken(listener: (buses: readonly string[]) => void): void {
    this.#taken.push(listener);
  }

  onLost(listener: (buses: readonly string[]) => void): void {
    this.#lost.push(listener);
  }

  onGivingUp(listener: (bus: string) => Promise<void>): void {
    this.#leaving.push(listener);
  }

  /** Resolves when what was free is ours; throws when the store does not answer. */
  async start(): Promise<void> {
    const { leases, alone } = this.#parts;
    if (alone) await leases.clear();
    this.#slot = await this.#enter();
    await this.#turn(true);
    this.#loop = this.#run();
  }

  /** Gives everything back. Whoever calls has closed the lines. */
  async stop(): Promise<void> {
    this.#stop.abort();
    await this.#loop;
    this.#held.clear();
    await this.#parts.leases.leave(this.#parts.me.holder);
  }

  async #run(): Promise<void> {
    const { clock, log, alone } = this.#parts;
    for (;;) {
      await clock.wait(alone ? RENEW_MS : LOOK_MS, AbortSignal.any([this.#stop.signal, this.#nudge.signal]));
      if (this.#nudge.signal.aborted) await clock.wait(GATHER_MS, this.#stop.signal);
      this.#nudge = new AbortController();
      if (this.#stop.signal.aborted) return;
      this.#dropLapsed();
      try {
        if (this.#quiet.size > 0) await this.#giveBack();
        await this.#turn(this.#trouble !== null || this.#since(this.#renewedAt) >= RENEW_MS - LOOK_MS / 2);
        if (this.#trouble !== null) log.info({}, "leases are renewed again");
        this.#trouble = null;
      } catch (error) {
        if (this.#trouble === null)
          log.warn({ why: reasonOf(error) }, "the leases of the lines cannot be renewed; lines pause before they lapse");
        this.#trouble = reasonOf(error);
      }
      this.#dropLapsed();
    }
  }

  async #enter(): Promise<number> {
    for (let tries = 1; ; tries += 1) {
      const slot = await this.#parts.leases.enter(this.#parts.me);
      if (slot !== null) return slot;
      if (tries === ENTER_TRIES_MAX) throw new Error("no number is free among the living gateways");
    }
  }

  async #turn(renew: boolean): Promise<void> {
    const { leases, me } = this.#parts;
    const sentAt = this.#now();
    const picture = await this.#soon(renew ? leases.renew(me) : leases.look(me));
    this.#picture = picture;
    if (renew) {
      this.#renewedAt = sentAt;
      this.#believe(picture, sentAt);
    }
    if (!picture.gateways.some(({ holder }) => holder === me.holder)) await this.#enter(); // we were away for too long
    for (const bus of me.buses) {
      const isFree = (picture.leases.get(bus)?.holder ?? null) === null;
      this.#freeLooks.set(bus, isFree ? (this.#freeLooks.get(bus) ?? 0) + 1 : 0);
    }
    const longFree = new Set(me.buses.filter((bus) => this.#freeLooks.get(bus)! > FREE_LOOKS_MAX));
    const { take, giveUp } = shareOf(picture, me.holder, longFree);
    if (take.length > 0) await this.#take(take);
    for (const bus of giveUp) if (this.#held.has(bus)) this.#giveUp(bus);
  }

  /** What the store says is ours is ours, and nothing else is. */
  #believe({ leases }: LeasePicture, sentAt: Moment): void {
    const { holder: me } = this.#parts.me;
    const fresh: string[] = [];
    for (const [bus, { holder, fencing }] of leases) {
      if (holder !== me) continue;
      if (!this.#held.has(bus)) fresh.push(bus);
      this.#held.set(bus, { fencing, renewedAt: sentAt });
    }
    this.#lose([...this.#held.keys()].filter((bus) => leases.get(bus)?.holder !== me));
    this.#tellTaken(fresh);
  }

  async #take(buses: readonly string[]): Promise<void> {
    const { leases, me, log } = this.#parts;
    const sentAt = this.#now();
    const got = await this.#soon(leases.take(me.holder, buses));
    for (const [bus, fencing] of got) this.#held.set(bus, { fencing, renewedAt: sentAt });
    if (got.size > 0) log.info({ lines: got.size, gateways: this.#picture.gateways.length }, "lines taken");
    this.#tellTaken([...got.keys()]);
  }

  #tellTaken(buses: readonly string[]): void {
    const usable = buses.filter((bus) => this.holds(bus)); // an answer that came late may be of no use any more
    if (usable.length > 0) for (const listener of this.#taken) listener(usable);
  }

  #giveUp(bus: string): void {
    if (this.#givingUp.has(bus)) return;
    this.#givingUp.add(bus);
    // Also when a transport cannot even be closed: a lease kept for that would leave the line to nobody.
    void Promise.allSettled(this.#leaving.map((listener) => listener(bus))).then(() => {
      this.#quiet.add(bus);
      this.#nudge.abort();
    });
  }

  /**
   * Never beside another question to the store: a renewal answered late would make us believe in what was given back. And said
   * until it is answered: a line may be driven again only when no forgotten "release" can still be under way.
   */
  async #giveBack(): Promise<void> {
    const { leases, me, log } = this.#parts;
    const back = new Map<string, bigint>();
    for (const bus of this.#quiet) back.set(bus, this.#held.get(bus)?.fencing ?? 0n);
    await this.#soon(leases.release(me.holder, back));
    for (const bus of back.keys()) for (const set of [this.#held, this.#quiet, this.#givingUp]) set.delete(bus);
    log.info({ lines: back.size }, "lines given to another gateway");
  }

  #dropLapsed(): void {
    const lapsed = [...this.#held].filter(([, { renewedAt }]) => this.#since(renewedAt) >= LEASE_MS - MARGIN_MS);
    this.#lose(lapsed.map(([bus]) => bus));
  }

  #lose(buses: readonly string[]): void {
    if (buses.length === 0) return;
    for (const bus of buses) this.#held.delete(bus);
    this.#parts.log.warn({ lines: buses.length }, "leases of lines were lost: nothing is sent there any more");
    for (const listener of this.#lost) listener(buses);
  }

  #now(): Moment {
    return { elapsed: this.#parts.elapsed(), clock: this.#parts.clock.now() };
  }

  #since({ elapsed, clock }: Moment): number {
    return Math.max(this.#parts.elapsed() - elapsed, this.#parts.clock.now() - clock);
  }

  async #soon<T>(answer: Promise<T>): Promise<T> {
    const done = new AbortController();
    const late = this.#parts.clock.wait(ANSWER_MS_MAX, done.signal).then(() => {
      throw new Error(`no answer within ${ANSWER_MS_MAX} ms`);
    });
    try {
      return await Promise.race([answer, late]);
    } finally {
      answer.catch(() => undefined);
      late.catch(() => undefined);
      done.abort("answered"); // with a reason of our own: the default one is an Error with a stack
    }
  }
}
