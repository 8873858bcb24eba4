/**
 * Restores of one feeder are spread, where the strategy says so: many who pay at once must not all be closed in the same second, or the
 * inrush trips what feeds them. The first goes at once; who comes while others go waits a few drawn seconds, and no minute sees more than
 * the strategy allows.
 *
 * Asked in the last moment before a restore is taken to its line. It knows what this gateway has sent: feeders whose lines are held by two
 * gateways get twice as many. A restart forgets one minute.
 */
import type { Chance } from "../kernel/chance.ts";
import { Instant, type Clock } from "../kernel/clock.ts";
import type { CommandId } from "../kernel/ids.ts";
import type { Command } from "../commands/command.ts";

export interface Feeder {
  readonly name: string;
  readonly jitterMs: number;
  readonly perMinute: number;
}

const MINUTE_MS = 60_000;
const restores: ReadonlySet<string> = new Set(["reconnect", "arm"]);

export class RestorePace {
  readonly #parts: {
    readonly clock: Clock;
    readonly chance: Pick<Chance, "next">;
    /** Null: its restores are not spread. */
    readonly feederOf: (command: Command) => Promise<Feeder | null>;
  };
  readonly #feeders = new Map<string, Map<CommandId, Instant>>();

  constructor(parts: {
    readonly clock: Clock;
    readonly chance: Pick<Chance, "next">;
    readonly feederOf: (command: Command) => Promise<Feeder | null>;
  }) {
    this.#parts = parts;
  }

  /** How long this command waits still; 0: it goes now. */
  async pauseMs(command: Command): Promise<number> {
    if (command.askedBy !== "rule" || !restores.has(command.kind)) return 0;
    const feeder = await this.#parts.feederOf(command);
    if (feeder === null) return 0;
    const now = this.#parts.clock.now();
    let turns = this.#feeders.get(feeder.name);
    if (turns === undefined) this.#feeders.set(feeder.name, (turns = new Map<CommandId, Instant>()));
    for (const [id, at] of turns) if (at <= now - MINUTE_MS || at > now + this.#longest(feeder, turns)) turns.delete(id);
    let turn = turns.get(command.id);
    if (turn === undefined) turns.set(command.id, (turn = turnOf(now, [...turns.values()], feeder, this.#parts.chance)));
    return Math.max(0, turn - now);
  }

  /** Nobody was ever given a later turn; one that is later still was given before the clock went back. */
  #longest({ jitterMs, perMinute }: Feeder, turns: ReadonlyMap<CommandId, Instant>): number {
    return jitterMs + (Math.floor(turns.size / perMinute) + 2) * MINUTE_MS;
  }
}

/** Pure but for the die: the first moment, a few drawn seconds on, about which no minute is full. */
export function turnOf(
  now: Instant,
  given: readonly Instant[],
  { jitterMs, perMinute }: Omit<Feeder, "name">,
  chance: Pick<Chance, "next">,
): Instant {
  if (given.length === 0) return now;
  let turn = now + Math.floor(chance.next() * jitterMs);
  const sorted = [...given].sort((a, b) => a - b);
  for (;;) {
    const about = sorted.filter((at) => at > turn - MINUTE_MS && at < turn + MINUTE_MS);
    if (about.length < perMinute) return Instant(turn);
    turn = about[0]! + MINUTE_MS;
  }
}
