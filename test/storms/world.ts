/** The world of one storm: a street, a database that outlives every gateway, the lives that come and go, and what is true. */
import { buildStreet, type Street } from "../../simulator/street.ts";
import { seededChance, type Chance } from "../../src/kernel/chance.ts";
import { Instant, seconds } from "../../src/kernel/clock.ts";
import { isFault } from "../../src/kernel/faults.ts";
import type { EngineDoors } from "../../src/house/ports.ts";
import { InMemoryDatabase } from "../../src/stores/in-memory/database.ts";
import { between, chosen } from "./draws.ts";
import { Life } from "./life.ts";
import { LEASES_SLOWER, type Machine } from "./life-clock.ts";
import type { Plant } from "./plants.ts";
import { drawSite, type Site } from "./site.ts";
import { StormClock } from "./storm-clock.ts";
import { Trace } from "./trace.ts";
import { Truth } from "./truth.ts";

export interface WorldOptions {
  readonly seed: number;
  readonly meters: number;
  readonly plant: Plant;
  /** Keeps every line, and what the gateway logs. */
  readonly tellsAll: boolean;
}

const RESTART_MS = { least: seconds(3), most: seconds(40) };
const ASK_AGAIN_MS = { least: seconds(15), most: seconds(90) };
/** Whoever asks the gateway gives up on an answer after this, and asks again. */
const ANSWER_MS_MAX = seconds(60);

export type Answer<T> = { readonly given: T } | { readonly refused: string };

export class World {
  readonly chance: Chance;
  readonly clock: StormClock;
  readonly site: Site;
  readonly street: Street;
  readonly database: InMemoryDatabase;
  readonly trace: Trace;
  readonly truth: Truth;
  readonly plant: Plant;
  readonly machines: readonly Machine[] = [
    { name: "machine-a", aheadMs: 0 },
    { name: "machine-b", aheadMs: 0 },
  ];
  readonly lives: Life[] = [];
  readonly unplugged = new Set<string>();
  databaseIsAway = false;
  /** A gateway that dies is not begun again. */
  isEnding = false;
  readonly #luck: Chance;
  #born = 0;
  #ids = 0;

  private constructor(options: WorldOptions, site: Site, clock: StormClock, street: Street, chance: Chance) {
    this.chance = chance;
    this.site = site;
    this.clock = clock;
    this.street = street;
    this.plant = options.plant;
    this.#luck = chance.child("world");
    const databaseNow = (): Instant => Instant(clock.now() / LEASES_SLOWER);
    this.database = new InMemoryDatabase({ now: databaseNow });
    this.trace = new Trace(() => clock.now(), options.tellsAll);
    const { books } = this.database;
    this.truth = new Truth({ street, site, books, trace: this.trace, databaseNow, now: () => clock.now() });
  }

  static async raise(options: WorldOptions): Promise<World> {
    const chance = seededChance(`storm/${options.seed}`);
    const site = drawSite(chance.child("site"), options.meters);
    const clock = new StormClock(site.startAt);
    const { buses, meters } = site;
    const street = await buildStreet({ clock, chance: chance.child("street"), start: site.startAt, buses, meters });
    const world = new World(options, site, clock, street, chance);
    await world.#exempt();
    return world;
  }

  /** As people at a desk have done before the storm: by rows. */
  async #exempt(): Promise<void> {
    const { books } = this.database;
    for (const { account, by, from, to } of this.site.spared) {
      if (by === "outage") continue;
      const row = { id: this.newId(), account, kind: by, from, until: to, reason: "drawn", madeBy: "desk" };
      await this.database.statement(null, (on) =>
        books.exemptions.add(on, { ...row, endedAt: null, endedBy: null, remindedAt: null }),
      );
    }
  }

  /** Sorted by time of making, as the ids of the house are. */
  newId(): string {
    return `01920000-0000-7000-8000-${String((this.#ids += 1)).padStart(12, "0")}`;
  }

  /** Lives that can be asked. */
  get serving(): Life[] {
    return this.lives.filter(({ state, engine }) => state === "alive" && engine !== undefined);
  }

  /** One that serves has all lines: whoever had some before him is dead long enough. */
  get holdsEveryLine(): boolean {
    const [only, other] = this.serving;
    const { books } = this.database;
    const holds = (bus: string): boolean => {
      const lease = books.leases.find(null, bus);
      return lease?.holder === only?.name && lease!.expiresAt > this.database.now();
    };
    return only !== undefined && other === undefined && this.site.buses.every(({ id }) => holds(id));
  }

  get living(): Life[] {
    return this.lives.filter(({ state }) => state !== "dead");
  }

  /** Begins a life, again and again until one has begun; when it dies and nobody else is there, another follows. */
  async keepAlive(machine: Machine): Promise<void> {
    while (!this.isEnding) {
      const life = new Life(this, machine, (this.#born += 1));
      this.lives.push(life);
      const hasBegun = await Promise.race([
        life.begin().then(
          () => true,
          (error: unknown) => {
            if (!isFault(error)) throw error;
            return false;
          },
        ),
        life.over.then(() => false),
      ]);
      if (hasBegun) await life.over;
      else life.kill("at its start");
      this.lives.splice(this.lives.indexOf(life), 1);
      await this.clock.wait(between(this.#luck, RESTART_MS.least, RESTART_MS.most));
      if (this.living.some(({ state }) => state === "alive")) return;
    }
  }

  /** As somebody at the door who wants an answer: whoever dies, is silent or has trouble is asked again. */
  async ask<T>(who: string, question: (doors: EngineDoors) => Promise<T>): Promise<Answer<T>> {
    for (;;) {
      const life = this.serving.length === 0 ? undefined : chosen(this.#luck, this.serving);
      if (life !== undefined) {
        const answer = await this.#askOnce(life, question);
        if (answer !== null) return answer;
        this.trace.note("person", who, `no answer of ${life.name}`);
      }
      await this.clock.wait(between(this.#luck, ASK_AGAIN_MS.least, ASK_AGAIN_MS.most));
    }
  }

  async #askOnce<T>(life: Life, question: (doors: EngineDoors) => Promise<T>): Promise<Answer<T> | null> {
    const done = new AbortController();
    const asked = question(life.engine!.doors).then(
      (given): Answer<T> => ({ given }),
      (error: unknown): Answer<T> | null => {
        if (!isFault(error)) throw error;
        return error.code === "database-unreachable" ? null : { refused: error.code };
      },
    );
    // An answer that comes after its gateway was stopped, or died, reaches nobody.
    const heard = asked.then((answer) => new Promise<Answer<T> | null>((resolve) => life.whenAwake(() => resolve(answer))));
    const late = this.clock.wait(ANSWER_MS_MAX, done.signal).then(() => null);
    const answer = await Promise.race([heard, life.over.then(() => null), late]);
    done.abort();
    return answer;
  }
}
