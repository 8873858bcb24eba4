/**
 * What goes wrong in a storm, and when: a table of troubles, drawn from the seed, each once. Troubles of an exchange lie in wait at a meter
 * until it strikes; most are aimed at orders, since those are what harm comes of. Lasting ones are mended after a while.
 */
import type { FaultOrder } from "../../simulator/street.ts";
import { hours, minutes, seconds } from "../../src/kernel/clock.ts";
import type { MeterAddress } from "../../src/kernel/ids.ts";
import { yuan } from "../../src/kernel/money.ts";
import { between, chosen, happens, weighed } from "./draws.ts";
import { DOOM_MS_MAX, type Life } from "./life.ts";
import { amountsOfOthers } from "./people.ts";
import { DEATHS, DOUBTFUL, EXCHANGE, TROUBLES, type ExchangeTrouble, type Trouble } from "./troubles.ts";
import type { World } from "./world.ts";

/** Where troubles lie in wait at a wallet meter: mostly at top-ups. */
const TOP_UP = { di: "070102FF" };
const WALLET_ORDERS: readonly Partial<FaultOrder>[] = [TOP_UP, TOP_UP, TOP_UP, { function: "1C" }, { function: "14" }];

export class Weather {
  struck = 0;
  readonly #world: World;
  readonly #chance;
  #isCalm = false;
  #amounts = 0n;

  constructor(world: World) {
    this.#world = world;
    this.#chance = world.chance.child("weather");
  }

  appoint(faults: number, days: number): void {
    this.#amounts = amountsOfOthers(this.#world.site.meters.length, days);
    for (let n = 0; n < faults; n += 1) {
      const kind = weighed(this.#chance, TROUBLES);
      void this.#world.clock.wait(between(this.#chance, 0, hours(24) * days)).then(() => this.#strike(kind));
    }
  }

  /** Everything is mended, and what was to come does not. */
  calm(): void {
    const { street, unplugged, lives, machines, trace } = this.#world;
    this.#isCalm = true;
    trace.note("weather", "-", "calm");
    street.clearAllFaults();
    unplugged.clear();
    this.#world.databaseIsAway = false;
    for (const machine of machines) machine.aheadMs = 0;
    for (const life of lives) {
      life.doom = null;
      life.nextCommit = null;
      life.uponOrder = null;
      life.queue.doubled = life.queue.lost = 0;
      life.goOn();
    }
    for (const life of this.#world.living.slice(1)) life.kill("because one is enough");
  }

  #strike(kind: Trouble): void {
    if (this.#isCalm) return;
    this.struck += 1;
    this.#troubles[kind]();
  }

  /** Mended after a while, unless all is calm by then. */
  #mend(afterMs: number, mend: () => void): void {
    void this.#world.clock.wait(afterMs).then(() => (this.#isCalm ? undefined : mend()));
  }

  get #meter(): MeterAddress {
    return chosen(this.#chance, this.#world.site.house.meters).address;
  }
  get #bus(): string {
    return chosen(this.#chance, this.#world.site.buses).id;
  }
  /** One that is alive; a storm may have none just now. */
  get #life(): Life | undefined {
    const { serving } = this.#world;
    return serving.length === 0 ? undefined : chosen(this.#chance, serving);
  }

  #placed(meter: MeterAddress, fault: FaultOrder): void {
    const { trace, truth, street } = this.#world;
    trace.note("weather", meter, JSON.stringify(fault));
    if (DOUBTFUL.has(fault.kind)) truth.doubtful.add(meter);
    street.setFault(meter, fault);
  }

  #lasting(meter: MeterAddress, fault: FaultOrder, ms: number): void {
    const { trace, street } = this.#world;
    trace.note("weather", meter, `${fault.kind} for ${Math.round(ms / 1_000)} s`);
    const id = street.setFault(meter, fault);
    this.#mend(ms, () => void street.clearFaults(meter, id));
  }

  readonly #troubles: Readonly<Record<Trouble, () => void>> = {
    exchange: () => {
      const kind = weighed<ExchangeTrouble>(this.#chance, EXCHANGE);
      const meter = this.#meter;
      const isRemote = this.#world.site.remote.has(meter);
      const atOrders = isRemote ? { function: "1C" } : chosen(this.#chance, WALLET_ORDERS);
      const aim = happens(this.#chance, 0.75) || kind === "empty-acknowledgement" ? atOrders : {};
      this.#placed(meter, { kind, times: 1 + Math.floor(this.#chance.next() * 2), ...aim, ...this.#settings(kind) });
    },
    "dead-meter": () => this.#lasting(this.#meter, { kind: "silence" }, minutes(between(this.#chance, 2, 180))),
    "stuck-relay": () => this.#lasting(this.#meter, { kind: "stuck-relay" }, minutes(between(this.#chance, 5, 120))),
    "clock-jump": () =>
      this.#placed(this.#meter, { kind: "clock-jump", byMs: Math.round(between(this.#chance, -900_000, 900_000)) }),
    "balance-moved": () => this.#moveBalance(),
    "dead-line": () => {
      const bus = this.#bus;
      const ms = seconds(between(this.#chance, 20, 900));
      this.#world.trace.note("weather", bus, `dead for ${Math.round(ms / 1_000)} s`);
      const id = this.#world.street.setBusFault(bus, { kind: "dead-line" });
      this.#mend(ms, () => void this.#world.street.clearBusFaults(bus, id));
    },
    unplugged: () => {
      const bus = this.#bus;
      const ms = seconds(between(this.#chance, 1, 600));
      this.#world.trace.note("weather", bus, `unplugged for ${Math.round(ms / 1_000)} s`);
      this.#world.unplugged.add(bus);
      for (const life of this.#world.lives) life.unplug(bus);
      this.#mend(ms, () => void this.#world.unplugged.delete(bus));
    },
    noise: () => {
      const bus = this.#bus;
      this.#world.trace.note("weather", bus, "noise");
      this.#world.street.setBusFault(bus, { kind: "noise", times: 3 });
    },
    death: () => {
      const life = this.#life;
      if (life === undefined) return;
      const death = weighed(this.#chance, DEATHS);
      this.#world.trace.note("weather", life.name, `is to die ${death}`);
      if (death === "now") life.kill("where it stands");
      else {
        life.doom = death;
        this.#mend(DOOM_MS_MAX, () => (life.doom === death ? life.kill("where it stands") : undefined));
      }
    },
    overlap: () => this.#overlap(),
    "lost-in-commit": () => {
      const life = this.#life;
      if (life !== undefined) life.nextCommit = chosen(this.#chance, ["lost-before", "lost-after"] as const);
    },
    "database-away": () => {
      const ms = seconds(between(this.#chance, 2, 60));
      this.#world.trace.note("weather", "database", `away for ${Math.round(ms / 1_000)} s`);
      this.#world.databaseIsAway = true;
      for (const life of this.#world.lives) life.loseConnections();
      this.#mend(ms, () => void (this.#world.databaseIsAway = false));
    },
    "queue-emptied": () => {
      const life = this.#life;
      life?.queue.empty();
      if (life !== undefined) life.queue.lost += 3;
    },
    "jobs-doubled": () => {
      const life = this.#life;
      if (life !== undefined) life.queue.doubled += 5;
    },
    "clock-set": () => {
      const machine = chosen(this.#chance, this.#world.machines);
      const byMs = Math.round(
        seconds(chosen(this.#chance, [-7_200, -600, -45, -5, 5, 45, 600, 3_600]) * between(this.#chance, 0.5, 1)),
      );
      machine.aheadMs += byMs;
      this.#world.trace.note("weather", machine.name, `its clock is set by ${byMs} ms`);
      this.#mend(hours(between(this.#chance, 0.2, 3)), () => void (machine.aheadMs -= byMs));
    },
  };

  #settings(kind: ExchangeTrouble): Partial<FaultOrder> {
    if (kind === "late-reply") return { delayMs: Math.round(between(this.#chance, 500, 9_000)) };
    if (kind === "power-loss") return { offMs: Math.round(seconds(between(this.#chance, 5, 600))) };
    if (kind !== "count-jump") return {};
    const amount = this.#foreignAmount();
    return { amount: yuan(amount), times: 1 };
  }

  /** Of nobody's payment. */
  #foreignAmount(): bigint {
    this.#amounts += 1n;
    this.#world.truth.foreignPurchase(this.#amounts);
    return this.#amounts;
  }

  /** Another channel, or a person with a tool, changes what the wallet holds. */
  #moveBalance(): void {
    const meter = this.#meter;
    const { street, truth, trace } = this.#world;
    const { wallet, hasWallet } = street.meter(meter);
    if (!hasWallet) return;
    street.meter(meter).settle();
    const before = wallet.balance - wallet.overdraft;
    const by = BigInt(Math.floor(between(this.#chance, 100, 5_000)));
    const after = before + by;
    trace.note("weather", meter, `its balance is moved by ${yuan(by)}`);
    street.patch(meter, { balance: yuan(after) });
    truth.movedByHand(meter, by);
  }

  /** Now, or where harm could come of it: when its next order has left. Then it is stopped for so long. */
  #stop(life: Life, ms: number): void {
    const stop = (): void => {
      if (this.#isCalm) return;
      life.stop();
      this.#mend(ms, () => life.goOn());
    };
    if (happens(this.#chance, 0.5)) stop();
    else life.uponOrder = stop;
  }

  /** A second gateway begins beside the first, which may be stopped meanwhile and go on when its leases are another's. */
  #overlap(): void {
    const life = this.#life;
    const { site, machines } = this.#world;
    if (life === undefined) return;
    const stopMs = seconds(between(this.#chance, 5, 1_800));
    const isStopped = site.alone || happens(this.#chance, 0.7);
    if (isStopped) this.#stop(life, stopMs);
    if (site.alone || this.#world.living.length > 1) return;
    const other = machines.find((machine) => machine !== life.machine)!;
    void this.#world.keepAlive(other);
    this.#mend(hours(between(this.#chance, 0.5, 4)), () => {
      const { living } = this.#world;
      if (living.length > 1) chosen(this.#chance, living).kill("because one is enough");
    });
  }
}
