/**
 * One life of a gateway in a storm: the real engine, lines, sessions, leases and rules on memory. It may die at any commit and at any
 * byte, be stopped and go on, lose its database in the middle of COMMIT. What it had in its head dies with it; rows, meters and the bytes
 * that left do not.
 */
import { LeaseKeeper } from "../../src/devices/lease-keeper.ts";
import { buildStreetLines } from "../../src/devices/street-lines.ts";
import { buildEngine } from "../../src/house/engine.ts";
import type { Engine } from "../../src/house/ports.ts";
import type { Chance } from "../../src/kernel/chance.ts";
import { minutes, seconds } from "../../src/kernel/clock.ts";
import { Fault } from "../../src/kernel/faults.ts";
import { lanesOf } from "../../src/queue/lanes.ts";
import { softwareModule } from "../../src/security/software-module.ts";
import type { CommitFate, InMemoryDatabase } from "../../src/stores/in-memory/database.ts";
import { storesInMemory } from "../../src/stores/in-memory/stores.ts";
import { frameIn, hexText } from "./frames.ts";
import { between, happens } from "./draws.ts";
import { LEASES_SLOWER, LifeClock, slowed, type Machine } from "./life-clock.ts";
import { storiesIn } from "./life-log.ts";
import { StormQueue } from "./storm-queue.ts";
import { StormWire } from "./storm-wire.ts";
import { TIME_ZONE } from "./site.ts";
import type { World } from "./world.ts";

/** Where a life ends that is to end soon. */
export type Death = "now" | "before-commit" | "after-commit" | "before-first-byte" | "after-last-byte" | "in-mid-exchange";
/** PostgreSQL ends a transaction whose process says nothing for this long, and others get its rows. */
const IDLE_IN_TRANSACTION_MS_MAX = seconds(10);
/** How often sweeper, pump, poller and rules of a storm look around unasked. */
const LOOK_EVERY_MS = seconds(120);
const AFTER_THE_FIRST_BYTES_MS = 60;
/** An order and the looks after it take about so long. */
const ORDER_MS = seconds(2);

export class Life {
  readonly name: string;
  readonly machine: Machine;
  readonly clock: LifeClock;
  /** Resolves when it is over. */
  readonly over: Promise<void>;
  readonly queue: StormQueue;
  state: "alive" | "stopped" | "dead" = "alive";
  engine: Engine | undefined;
  /** The next commit, or the next order, is the end of it. */
  doom: Death | null = null;
  /** What becomes of the next commit that is under way. */
  nextCommit: Exclude<CommitFate, "commit"> | null = null;
  /** Befalls it within two seconds after its next order has left. */
  uponOrder: (() => void) | null = null;
  readonly #world: World;
  readonly #database: InMemoryDatabase;
  readonly #chance: Chance;
  readonly #wires = new Map<string, StormWire>();
  readonly #parked: (() => void)[] = [];
  #end!: () => void;

  constructor(world: World, machine: Machine, number: number) {
    this.#world = world;
    this.machine = machine;
    this.name = `life-${number}`;
    this.#chance = world.chance.child(this.name);
    this.over = new Promise((resolve) => (this.#end = resolve));
    this.clock = new LifeClock(world.clock, machine, (act) => this.whenAwake(act));
    this.queue = new StormQueue(this.clock, this.#chance.child("queue"));
    this.#database = world.database.reopened({
      hooks: {
        beforeStatement: () => this.#beforeStatement(),
        beforeCommit: ({ rows, alone }) => this.#beforeCommit(rows, alone),
      },
    });
  }

  /** Throws what a start throws when its database is away. */
  async begin(): Promise<void> {
    const world = this.#world;
    const { house, alone } = world.site;
    const log = storiesIn(world.trace, this.name);
    const sound = { ...storesInMemory(this.#database, this.clock, this.name), transactor: this.#database };
    const stores = world.plant.stores?.(sound) ?? sound;
    await stores.meters.bringIn(house.accounts, house.meters);
    const leases = new LeaseKeeper({
      leases: stores.leases,
      me: { holder: this.name, buses: house.buses.map(({ id }) => id) },
      clock: slowed(this.clock, LEASES_SLOWER),
      elapsed: () => world.clock.now() / LEASES_SLOWER,
      log,
      alone,
    });
    await leases.start();
    const security = softwareModule({ chance: this.#chance.child("security"), log, mode: "test" });
    const street = buildStreetLines({
      clock: this.clock,
      chance: this.#chance.child("lines"),
      log,
      security,
      buses: house.buses,
      meters: house.meters,
      timeZone: TIME_ZONE,
      guard: world.plant.guard?.(leases) ?? leases,
      wires: new Map(house.buses.map(({ id }) => [id, () => this.#wire(id)])),
    });
    const engine = buildEngine({
      config: house,
      stores,
      street: world.plant.street?.(street) ?? street,
      leases,
      queue: this.queue,
      lanes: lanesOf(1, leases.slot),
      clock: this.clock,
      worldClock: this.clock,
      newId: () => world.newId(),
      log,
      live: { publish: () => undefined },
      count: (events) => {
        for (const event of events)
          if (event.type === "command")
            world.trace.note("command", event.id.slice(-8), `${event.kind} ${event.meter} ${event.state}`);
      },
      keepers: () => ({}),
      closers: { add: () => undefined },
      stopCommandsMs: seconds(15),
      lookEveryMs: LOOK_EVERY_MS,
    });
    await engine.start();
    this.engine = engine;
    world.trace.note("life", this.name, `works on ${this.machine.name}`);
  }

  /** Now, later, or never. */
  whenAwake(act: () => void): void {
    if (this.state === "alive") act();
    else if (this.state === "stopped") this.#parked.push(act);
  }

  /** kill -9. */
  kill(how: string): void {
    if (this.state === "dead") return;
    this.#die(how);
    this.#database.crash();
  }

  /** SIGSTOP: it does nothing, and knows nothing of it. */
  stop(): void {
    if (this.state !== "alive") return;
    this.state = "stopped";
    this.#world.trace.note("life", this.name, "is stopped");
    void this.#world.clock.wait(IDLE_IN_TRANSACTION_MS_MAX).then(() => {
      if (this.state === "stopped") this.#database.loseConnections("terminating connection due to idle-in-transaction timeout");
    });
  }

  /** SIGCONT. */
  goOn(): void {
    if (this.state !== "stopped") return;
    this.state = "alive";
    this.#world.trace.note("life", this.name, "goes on");
    for (const act of this.#parked.splice(0)) act();
  }

  /** The plug of a line is pulled, or was pulled already when it comes to that. */
  unplug(bus: string): void {
    this.#wires.get(bus)?.cut();
  }

  loseConnections(): void {
    if (this.state !== "dead") this.#database.loseConnections();
  }

  #die(how: string): void {
    this.state = "dead";
    this.#parked.length = 0;
    this.#world.trace.note("life", this.name, `dies ${how}`);
    for (const wire of this.#wires.values()) wire.abandon();
    this.#end();
  }

  #beforeStatement(): Promise<void> | void {
    if (this.state === "dead") throw away("the process died");
    if (this.#world.databaseIsAway) throw away("Connection refused");
    if (this.state === "stopped") return new Promise((resolve) => this.#parked.push(resolve));
  }

  #beforeCommit(rows: number, alone: boolean): CommitFate {
    const { trace } = this.#world;
    trace.note("commit", this.name, `${rows} rows${alone ? "" : ", a transaction"}`);
    if (this.doom === "before-commit") {
      this.kill("before it commits");
      return "lost-before";
    }
    if (this.doom === "after-commit") {
      this.#die("after it has committed");
      queueMicrotask(() => void this.#world.clock.wait(0).then(() => this.#database.crash()));
      return "lost-after";
    }
    const fate = this.nextCommit;
    if (fate === null) return "commit";
    this.nextCommit = null;
    trace.note("weather", this.name, `the connection is lost in COMMIT: ${fate}`);
    return fate;
  }

  #wire(bus: string): StormWire {
    const world = this.#world;
    const wire = new StormWire({
      bus,
      isDown: () => world.unplugged.has(bus),
      connect: () => world.street.memoryEnd(bus),
      mayLeave: (bytes) => this.#mayLeave(bus, bytes),
      cameBack: () => world.truth.heard(bus),
      left: (bytes) => this.#left(bytes),
      whenAwake: (act) => this.whenAwake(act),
    });
    this.#wires.set(bus, wire);
    return wire;
  }

  #mayLeave(bus: string, bytes: Uint8Array): boolean {
    if (this.state !== "alive") return false;
    const frame = frameIn(bytes);
    if (this.doom === "before-first-byte" && frame?.order != null) {
      this.kill("before the first byte");
      return false;
    }
    if (frame !== null) this.#world.truth.leaves({ life: this.name, now: this.clock.now(), bus, frame, hex: hexText(bytes) });
    return true;
  }

  #left(bytes: Uint8Array): void {
    if (frameIn(bytes)?.order == null) return;
    const befalls = this.uponOrder;
    this.uponOrder = null;
    if (befalls !== null) void this.#world.clock.wait(between(this.#chance, 0, ORDER_MS)).then(befalls);
    if (this.doom === "after-last-byte") this.kill("after the last byte");
    else if (this.doom === "in-mid-exchange") {
      this.doom = null;
      const later = AFTER_THE_FIRST_BYTES_MS * (happens(this.#chance, 0.5) ? 1 : 4);
      void this.#world.clock.wait(later).then(() => this.kill("in the middle of an exchange"));
    }
  }
}

/** A life that waits for its doom longer than this dies where it stands. */
export const DOOM_MS_MAX = minutes(30);

const away = (why: string): Fault => new Fault("database-unreachable", { host: "memory", port: 0, why });
