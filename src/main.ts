/**
 * `npm start`: the gateway, from gateway.yaml or the file named in GATEWAY_CONFIG, in real time.
 *
 * The first SIGTERM or SIGINT finishes what is on the wire, persists, gives its lines back, and leaves; a second one, a second or more
 * later, leaves at once, also when the first hangs. Exit codes: 0 stopped in order, 1 could not start or was cut short by a second
 * signal, 2 the site file is not valid.
 */
import { existsSync } from "node:fs";
import { destination } from "pino";
import { loadConfig, type Config } from "./config.ts";
import { createLog, startGateway } from "./gateway.ts";
import { systemChance } from "./kernel/chance.ts";
import { systemClock } from "./kernel/clock.ts";
import { isFault, reasonOf } from "./kernel/faults.ts";
import { orphanedByNpm } from "./kernel/orphan.ts";

const path = process.env["GATEWAY_CONFIG"] ?? "gateway.yaml";

/** Leaves, where it is the site file that somebody has to put right. */
function leaveIfInvalid(error: unknown): void {
  if (!isFault(error, "site-file-invalid") || !Array.isArray(error.context["errors"])) return;
  const lines = (error.context["errors"] as string[]).map((line) => `  ${line}\n`);
  process.stderr.write(`The site file ${path} is not valid:\n${lines.join("")}`);
  process.exit(2);
}

function readConfig(): Config {
  try {
    return loadConfig({ path, env: process.env });
  } catch (error) {
    leaveIfInvalid(error);
    throw error;
  }
}

const config = readConfig();
const log = createLog(config.logLevel, destination({ dest: 1, sync: true })); // the last line before an end must not be lost

for (const warning of config.warnings) log.warn({ secret: warning }, "a secret of the site file is not well kept");

/** One Ctrl-C reaches us twice under npm: from the terminal and passed on by npm. Only a later one is a second wish. */
const SAME_SIGNAL_MS = 1_000;
let stoppingSince: number | null = null;
let stop: () => Promise<void> = () => Promise.resolve();
const NPM_GONE = "npm has gone";
const leave = (signal: string): void => {
  if (stoppingSince !== null) {
    if (signal === NPM_GONE || performance.now() - stoppingSince < SAME_SIGNAL_MS) return;
    log.warn({ signal }, "a second signal: leaving at once; what was on the wire is looked at after the next start");
    process.exit(1);
  }
  stoppingSince = performance.now();
  log.info({ signal }, "stopping: the exchange on the wire is finished first");
  stop().then(
    () => process.exit(0),
    (error: unknown) => {
      log.error({ reason: reasonOf(error) }, "could not stop in order");
      process.exit(1);
    },
  );
};
for (const signal of ["SIGTERM", "SIGINT", "SIGHUP"] as const) process.on(signal, () => leave(signal));
void orphanedByNpm(new AbortController().signal).then(() => leave(NPM_GONE));
process.on("unhandledRejection", (reason) => {
  log.error(
    { reason: reasonOf(reason), stack: reason instanceof Error ? reason.stack : undefined },
    "a forgotten promise failed; this is a mistake of ours",
  );
});

try {
  const folder = new URL("./console/dist/", import.meta.url).pathname;
  const gateway = await startGateway({
    config,
    clock: systemClock,
    chance: systemChance,
    log,
    consoleFolder: existsSync(folder) ? folder : null,
  });
  stop = () => gateway.stop();
  log.info(
    {
      url: gateway.url,
      mqtt: placeOf(gateway.mqttUrl),
      queue: gateway.queueKind,
      meters: config.meters.length,
      policy: config.policy.mode,
    },
    "the gateway is ready",
  );
} catch (error) {
  leaveIfInvalid(error);
  log.error(
    isFault(error) ? { code: error.code, ...error.context } : { stack: error instanceof Error ? error.stack : undefined },
    reasonOf(error),
  );
  process.exit(1);
}

/** Where the broker is, without the name and password that its address may carry. */
function placeOf(url: string | null): string | null {
  if (url === null) return null;
  const place = URL.parse(url);
  return place === null ? "(unreadable address)" : `${place.protocol}//${place.host}`;
}
