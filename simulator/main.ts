/**
 * The street as a program: `simulator --meters 40 --tcp 2404 --control 9090`.
 *
 * Standard output carries one line, `ready {…}`, when everything listens; everything else goes to standard error. Exit code 2
 * for wrong use, 1 when a port, link or broker cannot be had, 0 after SIGTERM or SIGINT.
 */
import { systemClock } from "../src/kernel/clock.ts";
import { isFault, reasonOf } from "../src/kernel/faults.ts";
import type { Logger } from "../src/kernel/log.ts";
import { orphanedByNpm } from "../src/kernel/orphan.ts";
import type { Plan } from "./options.ts";
import { planFrom, usage, UsageError } from "./options.ts";
import { buildStreet } from "./street.ts";
import type { Street } from "./street.ts";

const say = (line: string): void => void process.stderr.write(`${line}\n`);

/** One JSON object a line. `LOG_LEVEL` is debug, info, warn or error. */
function errorLog(bound: object = {}): Logger {
  const levels = ["debug", "info", "warn", "error"];
  const least = Math.max(0, levels.indexOf(process.env["LOG_LEVEL"] ?? "info"));
  const at = (level: string) => (fields: object, message: string) => {
    if (levels.indexOf(level) >= least) say(JSON.stringify({ level, ...bound, ...fields, message }));
  };
  return {
    debug: at("debug"),
    info: at("info"),
    warn: at("warn"),
    error: at("error"),
    child: (fields) => errorLog({ ...bound, ...fields }),
  };
}

function readyLine(street: Street): string {
  const at = (kind: string): Record<string, unknown> => {
    const endpoint = street.endpoints.find((e) => e.kind === kind);
    return endpoint === undefined ? {} : { [kind]: endpoint.at };
  };
  const control = street.controlPort === undefined ? {} : { control: street.controlPort };
  return `ready ${JSON.stringify({ ...at("tcp"), ...at("dial-in"), ...at("serial"), ...at("mqtt"), ...control })}`;
}

async function raise(plan: Plan, log: Logger): Promise<number> {
  const stop = Promise.withResolvers<number>();
  for (const signal of ["SIGTERM", "SIGINT", "SIGHUP"] as const) process.on(signal, () => stop.resolve(0));
  const ended = new AbortController();
  void orphanedByNpm(ended.signal).then(() => stop.resolve(0));
  const raised = buildStreet({ ...plan, clock: systemClock, log });
  // A signal while a broker is still being waited for ends the program as well.
  const street = await Promise.race([raised, stop.promise]);
  if (typeof street === "number") return street;
  process.stdout.write(`${readyLine(street)}\n`);
  log.info({ meters: street.meters.size, buses: [...street.buses.keys()] }, "the street is up");
  const code = await stop.promise;
  ended.abort();
  await street.close();
  return code;
}

async function main(): Promise<number> {
  try {
    const plan = planFrom(process.argv.slice(2), process.env);
    if (plan !== "help") return await raise(plan, errorLog());
    process.stdout.write(usage());
    return 0;
  } catch (error) {
    const wrongUse = error instanceof UsageError || isFault(error, "invalid-request") || isFault(error, "amount-malformed");
    say(`simulator: ${reasonOf(error)}`);
    if (wrongUse) say("Try --help.");
    return wrongUse ? 2 : 1;
  }
}

process.exitCode = await main();
process.exit();
