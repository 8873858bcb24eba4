/**
 * `npm run demo`: a street, the gateway and the console, running until Ctrl-C.
 * `npm run demo -- --once`: the same street, headless; tells the story and ends with one JSON object, exit 0 only if every step
 * was seen on the meters. Logs go to standard error.
 */
import { existsSync } from "node:fs";
import { parseArgs } from "node:util";
import { destination } from "pino";
import { createLog } from "../gateway.ts";
import { Instant, ShiftableClock, systemClock } from "../kernel/clock.ts";
import { reasonOf } from "../kernel/faults.ts";
import { orphanedByNpm } from "../kernel/orphan.ts";
import { Desk } from "./desk.ts";
import { raiseHouse, type DemoHouse } from "./house.ts";
import { residents } from "./street-plan.ts";
import { tell } from "./story.ts";

/** Monday, 23 November 2026, 09:00 in Shanghai: the story fixes its own day and hour. */
const STORY_STARTS_AT = Instant(Date.UTC(2026, 10, 23, 1, 0, 0));

const say = (line: string): void => void process.stdout.write(`${line}\n`);

function readArguments(): { readonly once: boolean; readonly seed: number } {
  try {
    const { values } = parseArgs({
      options: { once: { type: "boolean", default: false }, seed: { type: "string", default: "7" } },
    });
    const seed = Number(values.seed);
    if (!Number.isSafeInteger(seed)) throw new Error(`--seed: "${values.seed}" is no whole number`);
    return { once: values.once, seed };
  } catch (error) {
    process.stderr.write(`${reasonOf(error)}\nUse: npm run demo -- [--once] [--seed N]\n`);
    process.exit(2);
  }
}

const { once, seed } = readArguments();
const log = createLog(process.env["LOG_LEVEL"] ?? (once ? "warn" : "info"), destination({ dest: 2, sync: true }));
const dist = new URL("../console/dist/", import.meta.url).pathname;
const consoleFolder = existsSync(dist) ? dist : null;

if (once) process.exit(await tellOnce());
else await keepRunning();

async function tellOnce(): Promise<number> {
  const startedAt = performance.now();
  const clock = new ShiftableClock(STORY_STARTS_AT);
  let house: DemoHouse | null = null;
  let end: Record<string, unknown>;
  try {
    house = await raiseHouse({
      clock,
      seed,
      log,
      start: STORY_STARTS_AT,
      pollSeconds: 900,
      httpPort: 0,
      controlPort: 0,
      mqttPort: 0,
      consoleFolder,
      env: process.env,
    });
    const story = await tell(house, clock, say);
    const ok = story.money.difference === "0.00" && story.money.held === "0.00" && story.transports.length === 3;
    end = { ok, seed, ...story };
  } catch (error) {
    process.stderr.write(`the story broke: ${reasonOf(error)}\n`);
    if (process.env["LOG_LEVEL"] !== undefined && error instanceof Error) process.stderr.write(`${error.stack ?? ""}\n`);
    end = { ok: false, seed, broken: reasonOf(error) };
  }
  await house?.close();
  say(JSON.stringify({ ...end, wallMs: Math.round(performance.now() - startedAt) }));
  return end["ok"] === true ? 0 : 1;
}

async function keepRunning(): Promise<void> {
  const house = await raiseHouse({
    clock: systemClock,
    seed,
    log,
    pollSeconds: 5,
    httpPort: 8_080,
    controlPort: 9_090,
    mqttPort: 1_883,
    consoleFolder,
    env: process.env,
  });
  await house.gateway.pollAll();
  const desk = new Desk(house.gateway.url, systemClock);
  for (const { meter, account } of residents) if (meter.model === "remote-ledger") await desk.pay(account, "1.00"); // soon used up: then the rules act
  house.street.resumeHouseholds();
  for (const note of house.notes) say(note);
  say(`The street is up: 10 meters on serial, TCP and MQTT.`);
  say(`  console       ${house.gateway.url}/`);
  say(`  API           ${house.gateway.url}/docs`);
  say(`  control door  http://127.0.0.1:${house.street.controlPort ?? 0}/meters   (break meters, press buttons)`);
  say(`Try: npm run -s meterctl -- pay 1000000001 100.00 --watch --api ${house.gateway.url}`);
  say("Ctrl-C ends it and removes its data.");
  // Under npm one Ctrl-C comes twice, from the terminal and passed on: the second must not cut the clearing up short.
  await new Promise<void>((resolve) => {
    for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.on(signal, () => resolve());
    void orphanedByNpm(new AbortController().signal).then(resolve);
  });
  say("ending …");
  await house.close();
  process.exit(0);
}
