/**
 * A gateway in miniature, for the tests that kill it: starts the embedded PostgreSQL on the folder it is given, adds one row,
 * prints one line of JSON, and lives until it is told to end. On SIGTERM it still writes a row before it stops.
 */
import { systemClock } from "../../src/kernel/clock.ts";
import { isFault, reasonOf } from "../../src/kernel/faults.ts";
import { silentLog } from "../../src/kernel/log.ts";
import { Database } from "../../src/stores/database.ts";
import { startEmbeddedPostgres } from "../../src/stores/embedded-postgres.ts";

const [dataFolder = ""] = process.argv.slice(2);
const say = (line: object): void => void process.stdout.write(`${JSON.stringify(line)}\n`);

try {
  const server = await startEmbeddedPostgres({ dataFolder, log: silentLog, clock: systemClock });
  const db = await Database.open({ connectionString: server.connectionString, log: silentLog });
  await db.run(null, "CREATE TABLE IF NOT EXISTS lives (id bigint GENERATED ALWAYS AS IDENTITY, note text NOT NULL)");
  const live = async (note: string): Promise<number> => {
    await db.run(null, "INSERT INTO lives (note) VALUES ($1)", [note]);
    const [counted] = await db.rows<{ count: bigint }>(null, "SELECT count(*) FROM lives");
    return Number(counted?.count);
  };
  const told = new Promise<void>((resolve) => process.once("SIGTERM", () => resolve()));
  say({ lives: await live("started"), pid: server.pid, folder: server.folder });
  process.stdin.resume();
  await told;
  await systemClock.wait(300); // a command in the air is written down before the stores are closed
  say({ lives: await live("told to end") });
  await db.close();
  await server.stop();
  process.stdin.destroy();
} catch (error) {
  say({ fault: isFault(error) ? error.code : "none", why: reasonOf(error) });
  process.exit(1);
}
