/**
 * What a whole run shares: one embedded PostgreSQL, on which every test file makes databases of its own (database.ts), and what Node
 * has compiled, for the files and for the many processes they start: a gateway starts with half the work. Other servers are started by
 * the suites that need them (servers.ts).
 */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { chmod, rm } from "node:fs/promises";
import { join } from "node:path";
import type { TestProject } from "vitest/node";
import { systemClock } from "../../src/kernel/clock.ts";
import { silentLog } from "../../src/kernel/log.ts";
import { startEmbeddedPostgres } from "../../src/stores/embedded-postgres.ts";
import { migrateTemplate } from "./database.ts";
import { quickFolder } from "./quick-folder.ts";

const ROOT = join(import.meta.dirname, "../..");

declare module "vitest" {
  interface ProvidedContext {
    /** Connection string of the run's PostgreSQL. */
    postgres: string;
  }
}

/** What is compiled is kept by a Node that ends in order, and most gateways of tests are killed: so one imports it all and ends. */
function compileOnce(): Promise<unknown> {
  const files = ["src/gateway.ts", "src/cli/meterctl.ts", "simulator/street.ts"].map((file) => JSON.stringify(join(ROOT, file)));
  const script = files.map((file) => `await import(${file});`).join(" ");
  const child = spawn(process.execPath, ["--input-type=module", "-e", `${script} process.exit(0);`], { stdio: "ignore" });
  return once(child, "close");
}

export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const dataFolder = quickFolder("fee-control-gateway-tests-");
  await chmod(dataFolder, 0o755); // as root the server runs under another account, which has to get in
  process.env["NODE_COMPILE_CACHE"] ??= join(dataFolder, "compiled"); // read by each Node at its start
  const compiled = compileOnce();
  const server = await startEmbeddedPostgres({ dataFolder, log: silentLog, clock: systemClock });
  await migrateTemplate(server.connectionString);
  project.provide("postgres", server.connectionString);
  return async () => {
    await Promise.all([server.stop(), compiled]);
    await rm(dataFolder, { recursive: true, force: true, maxRetries: 5 });
    await rm(server.folder, { recursive: true, force: true, maxRetries: 5 }); // elsewhere, when the temporary folder is closed
  };
}
