/**
 * From a committed command to its place on a line: the outbox hands it to a lane of the queue, a clerk of the lane brings it to the
 * desk of its line, and a job that came to the wrong gateway is put back.
 */
import { definitionOf } from "../commands/catalogue.ts";
import type { EngineCommandStore } from "../commands/command-store.ts";
import type { LineGuard } from "../devices/line-leases.ts";
import { Priority, type Street } from "../devices/meter.ts";
import type { Clock } from "../kernel/clock.ts";
import type { Announcement } from "../kernel/events.ts";
import { reasonOf } from "../kernel/faults.ts";
import { inHaste } from "../kernel/haste.ts";
import type { CommandId, MeterAddress } from "../kernel/ids.ts";
import type { Logger } from "../kernel/log.ts";
import type { CommandQueue } from "../queue/command-queue.ts";
import { CONCURRENCY, laneOf } from "../queue/lanes.ts";
import { LineDesk } from "../queue/line-desk.ts";
import { ShortWay } from "../queue/short-way.ts";

export interface JobsParts {
  readonly commands: EngineCommandStore;
  readonly queue: CommandQueue;
  readonly lanes: readonly string[];
  readonly street: Street;
  readonly leases: Pick<LineGuard, "holds">;
  readonly lineOf: (meter: MeterAddress) => string;
  readonly run: (command: CommandId) => Promise<void>;
  readonly clock: Clock;
  readonly log: Logger;
  readonly publish: (events: readonly Announcement[]) => void;
}

interface Place {
  readonly id: CommandId;
  readonly line: string;
  readonly bus: string;
  readonly isAnybodys: boolean;
  readonly priority: number;
}

export class Jobs {
  readonly #parts: JobsParts;
  readonly #desk: LineDesk;
  readonly #way: ShortWay;
  #taken = 0;
  /** Could not be looked at: their rows still say that somebody has them in hand. */
  readonly #dropped = new Set<CommandId>();

  constructor(parts: JobsParts) {
    this.#parts = parts;
    this.#desk = new LineDesk((command, priority) =>
      priority === Priority.safety ? inHaste(() => this.#run(command)) : this.#run(command),
    );
    this.#way = new ShortWay({
      queue: parts.queue,
      clock: parts.clock,
      log: parts.log,
      direct: (commands) => this.addDirect(commands),
    });
  }

  /** Commands taken since the start: stands still where nobody works. */
  get taken(): number {
    return this.#taken;
  }

  /** Wake-ups go straight to their lines now. */
  get isQueueAway(): boolean {
    return this.#way.isResting;
  }

  /** Waiting at its line, or in hand. */
  has(command: CommandId): boolean {
    return this.#desk.has(command);
  }

  async add(commands: readonly CommandId[]): Promise<void> {
    const { lanes } = this.#parts;
    if (lanes.length === 1) return this.#way.add(lanes[0]!, commands);
    for (const [lane, places] of Map.groupBy(await this.#placesOf(commands), ({ line }) => laneOf(line, lanes))) {
      await this.#way.add(
        lane,
        places.map(({ id }) => id),
      );
    }
    return undefined;
  }

  /**
   * A place at its line for each, past the queue. For a line of another gateway, a job comes only around a change of holders, or
   * when two share a number for a while: it is put back, and the holder's sweeper finds it.
   */
  async addDirect(ids: readonly CommandId[]): Promise<void> {
    const { commands, leases, clock } = this.#parts;
    const places = await this.#placesOf(ids);
    const isOurs = ({ bus, isAnybodys }: Place): boolean => isAnybodys || leases.holds(bus);
    const ours = places.filter(isOurs);
    const astray = places.filter((place) => !isOurs(place));
    for (const { id, line, priority } of ours) this.#desk.submit(id, line, priority);
    if (astray.length > 0)
      await commands.putBack(
        astray.map(({ id }) => id),
        clock.now(),
      );
  }

  /** The outbox's jobs: handing a command to the queue is a step of its life, and is told like the others. */
  async handOut(commands: readonly CommandId[]): Promise<void> {
    const queued = await this.#parts.commands.markQueued(commands);
    this.#parts.publish(queued.map(({ id, meter, kind, state }) => ({ type: "command", id, meter, kind, state })));
    await this.add(commands);
  }

  /** Sets the clerks of our lanes to work. */
  async start(): Promise<void> {
    const { queue, lanes } = this.#parts;
    for (const lane of lanes)
      await queue.work(lane, Math.ceil(CONCURRENCY / lanes.length), (command) => this.addDirect([command]));
  }

  /** What was dropped is due again at once, and not when its taker's time is over. Throws as long as the books are away. */
  async putBackDropped(): Promise<void> {
    const ids = [...this.#dropped];
    if (ids.length === 0) return;
    await this.#parts.commands.putBack(ids, this.#parts.clock.now());
    for (const id of ids) this.#dropped.delete(id);
  }

  /** Nothing new is begun. */
  stop(): void {
    this.#desk.stop();
  }

  /** Whose database was away in that moment is found by the sweeper; nobody else waits for what comes of it here. */
  async #run(command: CommandId): Promise<void> {
    try {
      this.#taken += 1;
      await this.#parts.run(command);
    } catch (error) {
      this.#parts.log.warn({ command, reason: reasonOf(error) }, "a command could not be looked at; it will be looked at again");
      this.#dropped.add(command);
    }
  }

  async #placesOf(ids: readonly CommandId[]): Promise<readonly Place[]> {
    const { commands, street, lineOf } = this.#parts;
    return (await commands.outlines(ids)).map(({ id, meter, kind, bus, isAnybodys }) => ({
      ...{ id, isAnybodys },
      line: lineOf(meter),
      // a meter that has left the street is still looked at by whoever holds its line: nobody else ends what was ordered of it
      bus: street.meter(meter)?.bus ?? bus,
      priority: definitionOf(kind).priority,
    }));
  }
}
