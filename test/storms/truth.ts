/**
 * What is true in a storm, whatever the gateway believes: money that channels were told is taken, purchases as the meters' own records
 * name them, orders as they left onto the wire, leases and attempts as rows stand. Nothing here asks the code under test.
 *
 * Each payment of a storm has an amount of its own, so that a purchase in a meter's record is one payment's, or somebody else's.
 */
import type { Street } from "../../simulator/street.ts";
import type { Attempt, Command } from "../../src/commands/command.ts";
import type { Instant } from "../../src/kernel/clock.ts";
import type { AccountId, MeterAddress } from "../../src/kernel/ids.ts";
import { yuan } from "../../src/kernel/money.ts";
import type { Books } from "../../src/stores/in-memory/tables.ts";
import { hexText, type OrderKind, type SeenFrame } from "./frames.ts";
import { mayBeCut } from "./may-be-cut.ts";
import type { Site } from "./site.ts";
import type { Trace } from "./trace.ts";

export interface Violation {
  readonly at: Instant;
  readonly invariant: string;
  readonly of: string;
  readonly text: string;
}

export interface PaidIn {
  readonly account: AccountId;
  readonly amount: bigint;
}

export interface Purchase {
  readonly meter: MeterAddress;
  readonly amount: bigint;
  readonly count: bigint;
}

/** A frame that is about to leave. */
export interface Leaving {
  readonly life: string;
  /** By the clock of the machine it leaves. */
  readonly now: Instant;
  readonly bus: string;
  readonly frame: SeenFrame;
  readonly hex: string;
}

/** Which commands leave as which order. */
const KINDS: Readonly<Record<OrderKind, ReadonlySet<string>>> = {
  purchase: new Set(["top-up", "open-account"]),
  refund: new Set(["refund"]),
  relay: new Set(["disconnect", "reconnect", "arm", "disconnect-for", "protect", "unprotect", "warn", "unwarn"]),
};
/** Nobody who asked gives up sooner (devices/answer-times.ts). */
const WAITED_MS_MIN = 400;

export const amountOf = ({ params }: Command): bigint => BigInt(params["amount"] as string);

export interface TruthParts {
  readonly street: Street;
  readonly site: Site;
  readonly books: Books;
  readonly trace: Trace;
  /** The database's own clock. */
  readonly databaseNow: () => Instant;
  readonly now: () => Instant;
}

export class Truth {
  /** By channel and order: what was answered "taken". */
  readonly paidIn = new Map<string, PaidIn>();
  readonly purchases: Purchase[] = [];
  readonly refunds: Purchase[] = [];
  /** Moved on the meter by somebody else, by meter. */
  readonly foreign = new Map<string, bigint>();
  /** Meters about which something happened after which nobody can tell what an order became. */
  readonly doubtful = new Set<string>();
  /** The first that was broken, and every other. */
  readonly violations: Violation[] = [];
  orders = 0;
  readonly #parts: TruthParts;
  readonly #foreignAmounts = new Set<bigint>();
  readonly #known = new WeakSet<object>();
  readonly #used = new Set<string>();
  readonly #unanswered = new Map<string, { readonly life: string; readonly at: Instant }>();

  constructor(parts: TruthParts) {
    this.#parts = parts;
    parts.street.events.listen((event) => {
      if (event.what === "order") return;
      const { what, bus, bytes, fault } = event;
      const of = what === "frame" ? `${event.meter} ${event.direction}` : "noise";
      parts.trace.note("wire", bus, `${of} ${hexText(bytes)}${fault === undefined ? "" : ` (${fault})`}`);
      if (what !== "frame" || event.direction !== "request") return;
      this.#lookAtRecords(event.meter);
    });
  }

  /** How often this meter credited, or gave back, just this amount: a payment's is its own. */
  timesObeyed(command: Command): number {
    const amount = amountOf(command);
    const list = command.kind === "refund" ? this.refunds : this.purchases;
    return list.filter((record) => record.meter === command.meter && record.amount === amount).length;
  }

  violated(invariant: string, of: string, text: string): void {
    const at = this.#parts.now();
    this.violations.push({ at, invariant, of, text });
    this.#parts.trace.note("BROKEN", of, `${invariant}: ${text}`);
  }

  get isBroken(): boolean {
    return this.violations.length > 0;
  }

  /** Somebody else will charge, or has changed, this meter. */
  foreignPurchase(amount: bigint): void {
    this.#foreignAmounts.add(amount);
  }

  movedByHand(meter: string, fen: bigint): void {
    this.foreign.set(meter, (this.foreign.get(meter) ?? 0n) + fen);
    this.doubtful.add(meter);
  }

  leaves(leaving: Leaving): void {
    const { life, bus, frame, hex, now } = leaving;
    this.#parts.trace.note("sends", life, `${bus} ${frame.meter} ${hex}`);
    const lease = this.#parts.books.leases.find(null, bus);
    if (lease?.holder !== life || lease.expiresAt <= this.#parts.databaseNow())
      this.violated(
        "whoever speaks on a line holds it",
        frame.meter,
        `${life} spoke on ${bus}, held by ${lease?.holder ?? "nobody"}`,
      );
    this.#oneInFlight(leaving);
    if (frame.order === null) return;
    this.orders += 1;
    const begun = this.#attemptOf(leaving);
    if (begun === null) return;
    const { command, attempt } = begun;
    if (attempt.fence !== command.fence)
      this.violated(
        "an order leaves under the newest fence",
        command.id,
        `fence ${attempt.fence} sent, ${command.fence} is newer`,
      );
    if (now > command.notAfter)
      this.violated("no order after its deadline", command.id, `${command.kind} left ${now - command.notAfter} ms late`);
    if (command.kind === "disconnect" && command.askedBy === "rule") {
      const because = mayBeCut(this.#parts.books, this.#parts.site, command.meter, now);
      if (because !== null) this.violated("the rules cut nobody who may not be cut", command.id, because);
    }
  }

  /** Something came back on this line, to whoever speaks there. */
  heard(bus: string): void {
    this.#unanswered.delete(bus);
  }

  /**
   * Between two requests on a line something came back, or nobody waited any more. Who gave up early on a slow meter may still run into its
   * answer, and so may who took a late answer for the next: that is the wire's, and not counted here.
   */
  #oneInFlight({ life, bus, frame }: Leaving): void {
    const now = this.#parts.now();
    const before = this.#unanswered.get(bus);
    this.#unanswered.set(bus, { life, at: now });
    if (before !== undefined && now - before.at < WAITED_MS_MIN)
      this.violated(
        "one exchange in flight per line",
        frame.meter,
        `${life} spoke on ${bus} ${now - before.at} ms after ${before.life}, which had no answer yet`,
      );
  }

  /** The attempt that stands in the rows for this order, and for no other frame. */
  #attemptOf({ frame, life }: Leaving): { command: Command; attempt: Attempt } | null {
    const { books } = this.#parts;
    const fits = ({ kind }: Command): boolean => KINDS[frame.order!].has(kind);
    const begun = books.commands
      .in(null, "meter", frame.meter)
      .map(({ command }) => command)
      .filter((command) => command.state === "sending" && fits(command))
      .flatMap((command) => {
        const attempt = books.attempts
          .in(null, "command", command.id)
          .map((row) => row.attempt)
          .at(-1);
        return attempt === undefined ? [] : [{ command, attempt }];
      });
    if (begun.length === 0) {
      this.violated("an order leaves after its attempt is written down", frame.meter, `${life} sent ${frame.order} ${frame.di}`);
      return null;
    }
    const unused = begun.find(({ command, attempt }) => !this.#used.has(`${command.id}/${attempt.number}`));
    if (unused === undefined) {
      const { command, attempt } = begun[0]!;
      this.violated("one frame for each attempt", command.id, `${life} sent attempt ${attempt.number} of ${command.kind} again`);
      return null;
    }
    this.#used.add(`${unused.command.id}/${unused.attempt.number}`);
    return unused;
  }

  #lookAtRecords(address: string): void {
    const meter = this.#parts.street.madeMeter(address);
    if (meter === undefined) return;
    for (const { amount, count } of this.#fresh(meter.purchases)) {
      this.#parts.trace.note("obeyed", address, `purchase ${count} of ${yuan(amount)}`);
      if (this.#foreignAmounts.has(amount)) this.movedByHand(address, amount);
      else this.#keep(this.purchases, { meter: address as MeterAddress, amount, count });
    }
    for (const { amount, count } of this.#fresh(meter.refunds)) {
      this.#parts.trace.note("obeyed", address, `gave back ${yuan(amount)}`);
      this.#keep(this.refunds, { meter: address as MeterAddress, amount, count });
    }
  }

  /** The newest stand first. */
  *#fresh<R extends object>(records: readonly R[]): Generator<R> {
    for (const record of records) {
      if (this.#known.has(record)) return;
      this.#known.add(record);
      yield record;
    }
  }

  #keep(list: Purchase[], record: Purchase): void {
    const { meter, amount } = record;
    const did = list === this.refunds ? "given back" : "credited";
    if (list.some((other) => other.amount === amount))
      this.violated("each order is obeyed at most once", meter, `${yuan(amount)} was ${did} twice`);
    list.push(record);
  }
}
