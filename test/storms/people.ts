/**
 * Who asks for things in a storm: channels that bring payments, and ask again until they are answered; people who order relays, change
 * their minds, and press the button of a meter that lets them.
 */
import type { CommandKind } from "../../src/commands/command.ts";
import type { Chance } from "../../src/kernel/chance.ts";
import { hours, iso, later, minutes } from "../../src/kernel/clock.ts";
import { AccountId, type MeterAddress, type PaymentId } from "../../src/kernel/ids.ts";
import { Fen, yuan } from "../../src/kernel/money.ts";
import { noCutKinds } from "../../src/policy/no-cuts.ts";
import { between, chosen, happens, weighed } from "./draws.ts";
import { noCauseOf } from "./invariants.ts";
import { TIME_ZONE } from "./site.ts";
import type { World } from "./world.ts";

/** Of bad weather and outages that somebody says, in a day; some are ended early. */
const NO_CUTS_A_DAY = 1.5;
const ENDED_SHARE = 0.3;

const CHANNELS = ["bank", "counter", "app"] as const;
const ORDERS: Readonly<Partial<Record<CommandKind, number>>> = {
  disconnect: 4,
  reconnect: 4,
  arm: 2,
  protect: 1,
  unprotect: 2,
  warn: 1,
  unwarn: 1,
  "disconnect-for": 1,
  "read-now": 2,
};
/** Payments of a meter in a day, and people's orders. */
const PAYMENTS_A_DAY = 2;
const ORDERS_A_DAY = 0.8;
/** Of the payments. */
const GIVEN_BACK_SHARE = 0.15;
const FEN_MIN = 100;
const STEP_FEN_MIN = 1_000;
const STEPS = 6;

/** Amounts are small, and no two alike: a step for the size, and within it the payment's number. */
const stepFor = (meters: number, days: number): number => Math.max(STEP_FEN_MIN, 2 * PAYMENTS_A_DAY * days * meters);
/** From here on no payment has such an amount. */
export const amountsOfOthers = (meters: number, days: number): bigint => BigInt((STEPS + 1) * stepFor(meters, days) + FEN_MIN);

export class People {
  /** Payments that are still asked for. */
  waiting = 0;
  readonly #world: World;
  readonly #chance;
  #payments = 0;
  readonly #decided = new Set<string>();
  #step = STEP_FEN_MIN;

  constructor(world: World) {
    this.#world = world;
    this.#chance = world.chance.child("people");
  }

  /** Appoints everything they will do. */
  appoint(days: number): void {
    const { site, clock } = this.#world;
    this.#step = stepFor(site.meters.length, days);
    for (const meter of site.house.meters) {
      for (let n = 0; n < PAYMENTS_A_DAY * days; n += 1) {
        const at = between(this.#chance, 0, hours(24) * days);
        void clock.wait(at).then(() => this.#pay(meter.account!));
      }
      for (let left = ORDERS_A_DAY * days; happens(this.#chance, left); left -= 1) {
        const at = between(this.#chance, 0, hours(24) * days);
        void clock.wait(at).then(() => this.#order(meter.address));
      }
    }
  }

  /** By a die of its own, so that the rest of a storm is what it was. */
  sayNoCuts(days: number): void {
    const { clock, chance } = this.#world;
    const luck = chance.child("no-cuts");
    for (let left = NO_CUTS_A_DAY * days; happens(luck, left); left -= 1)
      void clock.wait(between(luck, 0, hours(24) * days)).then(() => this.#sayNoCut(luck));
  }

  async #sayNoCut(luck: Chance): Promise<void> {
    const { clock, site, trace } = this.#world;
    const kind = chosen(luck, noCutKinds);
    const bus = happens(luck, 0.5) ? chosen(luck, site.buses).id : undefined;
    const begins = happens(luck, 0.3) ? between(luck, minutes(1), hours(2)) : 0;
    const text = (ms: number): string => iso(later(clock.now(), ms), TIME_ZONE);
    const until = text(begins + between(luck, minutes(30), hours(8)));
    const wish = { kind, from: begins === 0 ? undefined : text(begins), until, scope: { bus }, reason: "a storm", by: "on duty" };
    trace.note("person", bus ?? "site", `says ${kind}, from ${wish.from ?? "now"} until ${until}`);
    const answer = await this.#world.ask("on duty", ({ transactor, cuts }) =>
      transactor.transact((tx) => cuts.noCuts.say(tx, wish)),
    );
    if ("refused" in answer || !happens(luck, ENDED_SHARE)) return;
    await clock.wait(between(luck, minutes(1), hours(2)));
    const end = { by: "on duty", reason: "the sky is clear" };
    await this.#world.ask("on duty", ({ transactor, cuts }) =>
      transactor.transact((tx) => cuts.noCuts.end(tx, answer.given.id, end)),
    );
  }

  /** Whoever sits in the dark and may, presses the button. */
  async pressButtons(signal: AbortSignal): Promise<void> {
    const { clock, street, site, trace } = this.#world;
    while (!signal.aborted) {
      await clock.wait(minutes(between(this.#chance, 20, 60)), signal);
      for (const { address } of site.meters)
        if (street.meter(address).relay.wish === "armed" && street.pressButton(address))
          trace.note("person", address, "presses the button");
    }
  }

  /** Somebody goes to the meter, looks at its records, and decides what nobody could tell from afar; each dispute once. */
  decideDisputes(): void {
    const { database, truth, trace } = this.#world;
    for (const { command } of database.books.commands.all(null)) {
      if (command.state !== "disputed" || this.#decided.has(command.id)) continue;
      this.#decided.add(command.id);
      const why = noCauseOf(command, truth);
      if (why !== null) truth.violated("each disputed command has a cause", command.id, why);
      const { id } = command;
      const done = truth.timesObeyed(command) > 0;
      trace.note("person", id.slice(-8), `decides: ${done ? "done" : "not done"}`);
      void this.#world.ask(id, ({ transactor, service }) =>
        transactor.transact((tx) => service.resolve(tx, id, { done, note: "looked at on the spot" })),
      );
    }
  }

  #pay(account: AccountId): void {
    this.#payments += 1;
    const amount = Fen(BigInt(Math.floor(between(this.#chance, 0, STEPS)) * this.#step + FEN_MIN + this.#payments));
    const channel = chosen(this.#chance, CHANNELS);
    const orderId = `order-${this.#payments}`;
    const again = weighed(this.#chance, { once: 8, twice: 1, "at once": 1 });
    void this.#bring(account, amount, channel, orderId);
    if (again === "at once") void this.#bring(account, amount, channel, orderId);
    if (again === "twice")
      void this.#world.clock
        .wait(minutes(between(this.#chance, 1, 120)))
        .then(() => this.#bring(account, amount, channel, orderId));
  }

  async #bring(account: AccountId, amount: Fen, channel: string, orderId: string): Promise<void> {
    const { truth, trace } = this.#world;
    this.waiting += 1;
    trace.note("person", orderId, `pays ${yuan(amount)} for ${account} by ${channel}`);
    const answer = await this.#world.ask(orderId, ({ transactor, payments }) =>
      transactor.transact((tx) => payments.take(tx, { account, amount, channel, orderId })),
    );
    this.waiting -= 1;
    if ("refused" in answer) {
      trace.note("person", orderId, `refused: ${answer.refused}`);
      return;
    }
    trace.note("person", orderId, `taken as ${answer.given.payment.id.slice(-8)}`);
    truth.paidIn.set(`${channel}/${orderId}`, { account, amount });
    if (happens(this.#chance, GIVEN_BACK_SHARE)) void this.#wantBack(answer.given.payment.id, orderId);
  }

  /** Whoever paid wants it back, and asks twice: while the top-up is under way he is told to come again. */
  async #wantBack(payment: PaymentId, orderId: string): Promise<void> {
    const { clock, trace } = this.#world;
    for (let n = 0; n < 2; n += 1) {
      await clock.wait(minutes(between(this.#chance, 1, 240)));
      trace.note("person", orderId, "wants it back");
      const answer = await this.#world.ask(orderId, ({ transactor, refunds }) =>
        transactor.transact((tx) => refunds.refund(tx, payment, { reason: "a storm", actor: "a person" })),
      );
      trace.note("person", orderId, "refused" in answer ? `refused: ${answer.refused}` : "is promised it");
    }
  }

  async #order(meter: MeterAddress): Promise<void> {
    const kind = weighed(this.#chance, ORDERS as Record<CommandKind, number>);
    const params =
      kind === "disconnect-for"
        ? { minutes: Math.floor(between(this.#chance, 5, 90)), then: chosen(this.#chance, ["arm", "reconnect"]) }
        : kind === "read-now"
          ? { items: ["importedEnergy"] }
          : {};
    const isCancelled = happens(this.#chance, 0.15);
    this.#world.trace.note("person", meter, `orders ${kind}`);
    const account = AccountId(meter.slice(2));
    const wish = { kind, meter, account, payment: null, params, askedBy: "person", reason: "a person in a storm" } as const;
    const answer = await this.#world.ask(meter, ({ transactor, service }) =>
      transactor.transact((tx) => service.accept(tx, wish)),
    );
    if ("refused" in answer || !isCancelled) return;
    const { id } = answer.given;
    await this.#world.ask(meter, ({ transactor, service }) => transactor.transact((tx) => service.cancel(tx, id, "person")));
  }
}
