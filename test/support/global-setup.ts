/**
 * What a whole run shares: one embedded PostgreSQL, on which every test file makes databases of its own (database.ts). Other
 * servers are started by the suites that need them (servers.ts).
 */
import { chmod, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { TestProject } from "vitest/node";
import { systemClock } from "../../src/kernel/clock.ts";
import { silentLog } from "../../src/kernel/log.ts";
import { startEmbeddedPostgres } from "../../src/stores/embedded-postgres.ts";

declare module "vitest" {
  interface ProvidedContext {
    /** Connection string of the run's PostgreSQL. */
    postgres: string;
  }
}

export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const dataFolder = await mkdtemp(join(tmpdir(), "fee-control-gateway-tests-"));
  await chmod(dataFolder, 0o755); // as root the server runs under another account, which has to get in
  const server = await startEmbeddedPostgres({ dataFolder, log: silentLog, clock: systemClock });
  project.provide("postgres", server.connectionString);
  return async () => {
    await server.stop();
    await rm(dataFolder, { recursive: true, force: true, maxRetries: 5 });
    await rm(server.folder, { recursive: true, force: true, maxRetries: 5 }); // elsewhere, when the temporary folder is closed
  };
}
