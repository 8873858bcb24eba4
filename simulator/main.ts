/**
 * The street as a program: `simulator --meters 40 --tcp 2404 --control 9090`; and beside it the cipher machine of a gateway's tests:
 * `simulator cipher-server --port 0`; the hand on a street's clock, `simulator clock --control 9090 --advance 3h`; and what plays
 * recordings again: `simulator replay FILE`, `simulator make-test FILE`.
 *
 * Standard output carries one line, `ready {…}`, when everything listens; everything else goes to standard error. Exit code 2
 * for wrong use, 1 when a port, link or broker cannot be had, 0 after SIGTERM or SIGINT.
 */
import { seededChance, systemChance } from "../src/kernel/chance.ts";
import { systemClock } from "../src/kernel/clock.ts";
import { isFault, reasonOf } from "../src/kernel/faults.ts";
import type { Logger } from "../src/kernel/log.ts";
import { orphanedByNpm } from "../src/kernel/orphan.ts";
import { clockCommand, clockUsage, moveClock } from "./clock-command.ts";
import { openCipherControl } from "./cipher-server-control.ts";
import { cipherServerPlan, cipherServerUsage, type CipherServerPlan } from "./cipher-server-options.ts";
import { openCipherServer } from "./cipher-server.ts";
import type { Plan } from "./options.ts";
import { planFrom, usage, UsageError } from "./options.ts";
import { isReplayCommand, replayOrder, replayUsage, runReplayCommand } from "./replay/command.ts";
import { scenarioList } from "./scenario-file.ts";
import { buildStreet } from "./street.ts";
import type { Street } from "./street.ts";
import { mindSize } from "./thrift.ts";

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

/** Of each kind the first, as scripts have always read it; and all of them by their names. */
function readyLine(street: Street): string {
  const at = (kind: string): Record<string, unknown> => {
    const endpoint = street.endpoints.find((e) => e.kind === kind);
    return endpoint === undefined ? {} : { [kind]: endpoint.at };
  };
  const control = street.controlPort === undefined ? {} : { control: street.controlPort };
  const buses = Object.fromEntries(street.endpoints.map((endpoint) => [endpoint.bus, endpoint.at]));
  return `ready ${JSON.stringify({ ...at("tcp"), ...at("dial-in"), ...at("serial"), ...at("mqtt"), ...control, buses })}`;
}

/** Resolves with 0 when somebody wants the program to end. */
function told(ended: AbortController): { readonly promise: Promise<number> } {
  const stop = Promise.withResolvers<number>();
  for (const signal of ["SIGTERM", "SIGINT", "SIGHUP"] as const) process.on(signal, () => stop.resolve(0));
  void orphanedByNpm(ended.signal).then(() => stop.resolve(0));
  return stop;
}

async function raiseCipherServer({ controlPort, seed, ...plan }: CipherServerPlan, log: Logger): Promise<number> {
  const ended = new AbortController();
  const stop = told(ended);
  const chance = seed === undefined ? systemChance : seededChance(seed);
  const server = await openCipherServer({ ...plan, clock: systemClock, chance, log });
  const control =
    controlPort === undefined
      ? undefined
      : await openCipherControl(server, { port: controlPort, host: plan.host ?? "127.0.0.1" });
  const ports = { cipherServer: server.port, ...(control === undefined ? {} : { control: control.port }) };
  process.stdout.write(`ready ${JSON.stringify(ports)}\n`);
  log.warn({ mode: server.mode }, "the cipher server is up, with PUBLISHED TEST KEYS: it protects nothing");
  const code = await stop.promise;
  ended.abort();
  await control?.close();
  await server.close();
  return code;
}

async function raise({ record, ...plan }: Plan, log: Logger): Promise<number> {
  const ended = new AbortController();
  const stop = told(ended);
  mindSize(plan.meters.length);
  const raised = buildStreet({ ...plan, clock: systemClock, log });
  // A signal while a broker is still being waited for ends the program as well.
  const street = await Promise.race([raised, stop.promise]);
  if (typeof street === "number") return street;
  try {
    if (record !== undefined) await street.recorder.start(record);
  } catch (error) {
    await street.close();
    throw error;
  }
  process.stdout.write(`${readyLine(street)}\n`);
  log.info({ meters: street.meters.size, buses: [...street.buses.keys()] }, "the street is up");
  const telling = street.playStory(ended.signal);
  const code = await stop.promise;
  ended.abort();
  await telling;
  await street.close();
  return code;
}

async function main(): Promise<number> {
  try {
    const words = process.argv.slice(2);
    if (words[0] === "cipher-server") {
      const plan = cipherServerPlan(words.slice(1), process.env);
      if (plan !== "help") return await raiseCipherServer(plan, errorLog());
      process.stdout.write(cipherServerUsage());
      return 0;
    }
    if (isReplayCommand(words[0])) {
      const order = replayOrder(words[0], words.slice(1));
      const print = (line: string): void => void process.stdout.write(`${line}\n`);
      if (order !== "help") return await runReplayCommand(order, print);
      print(replayUsage(words[0]));
      return 0;
    }
    if (words[0] === "clock") {
      const command = clockCommand(words.slice(1));
      process.stdout.write(command === "help" ? clockUsage() : `${await moveClock(command)}\n`);
      return 0;
    }
    const plan = words.includes("--list-scenarios") ? "list" : planFrom(words, process.env);
    if (typeof plan !== "string") return await raise(plan, errorLog());
    process.stdout.write(plan === "list" ? scenarioList() : usage());
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
