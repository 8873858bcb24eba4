/** The rows of doubt that a restore left (stores/backup/doubts.ts), for whoever has to decide whether something may be sent. */
import { CommandId, type MeterAddress } from "../kernel/ids.ts";
import type { MeterDoubt, RestoredStore } from "../commands/restored.ts";
import type { Clock } from "../kernel/clock.ts";
import { at, type Database } from "./database.ts";

export class PostgresRestoredStore implements RestoredStore {
  readonly #db: Database;
  readonly #clock: Clock;

  constructor(db: Database, clock: Clock) {
    this.#db = db;
    this.#clock = clock;
  }

  async load(): Promise<{ commands: readonly CommandId[]; meters: readonly MeterAddress[] }> {
    const commands = await this.#db.rows<{ id: string }>(
      null,
      `SELECT c.id FROM restored_commands r JOIN commands c ON c.id = r.command WHERE c.state IN ('accepted', 'queued', 'sending', 'verifying')`,
    );
    const meters = await this.#db.rows<{ meter: MeterAddress }>(
      null,
      "SELECT meter FROM restored_meters WHERE cleared_at IS NULL",
    );
    return { commands: commands.map(({ id }) => CommandId(id)), meters: meters.map(({ meter }) => meter) };
  }

  async doubt(meter: MeterAddress, command: CommandId): Promise<MeterDoubt | null> {
    const [row] = await this.#db.rows<MeterDoubt>(
      null,
      `SELECT d.count,
              (SELECT count(*) FROM commands c WHERE c.meter = d.meter AND c.effect = 'adds' AND c.kind <> 'refund'
                  AND c.state = 'confirmed' AND c.because IS DISTINCT FROM 'person')::int - d.settled AS "settledSince",
              EXISTS (SELECT 1 FROM commands c WHERE c.meter = d.meter AND c.id <> $2 AND c.effect = 'adds'
                         AND c.state IN ('sending', 'verifying', 'disputed')) AS moving,
              EXISTS (SELECT 1 FROM meter_baselines b WHERE b.meter = d.meter
                         AND (b.seen -> 'meter' ->> 'takenAt')::numeric > extract(epoch FROM r.at) * 1000) AS "comparedSince"
         FROM restored_meters d JOIN restores r ON r.id = d.restore WHERE d.meter = $1 AND d.cleared_at IS NULL`,
      [meter, command],
    );
    return row ?? null;
  }

  async isMoving(meter: MeterAddress, command: CommandId): Promise<boolean> {
    const [row] = await this.#db.rows<{ moving: boolean }>(
      null,
      "SELECT EXISTS (SELECT 1 FROM commands WHERE meter = $1 AND id <> $2 AND effect = 'adds' AND state IN ('sending', 'verifying', 'disputed')) AS moving",
      [meter, command],
    );
    return row!.moving;
  }

  async clear(meter: MeterAddress): Promise<void> {
    await this.#db.run(null, "UPDATE restored_meters SET cleared_at = $2 WHERE meter = $1 AND cleared_at IS NULL", [
      meter,
      at(this.#clock.now()),
    ]);
  }

  async isOpen(): Promise<boolean> {
    const [row] = await this.#db.rows<{ open: boolean }>(
      null,
      "SELECT EXISTS (SELECT 1 FROM exceptions WHERE kind = 'books-restored' AND closed_at IS NULL) AS open",
    );
    return row!.open;
  }
}
