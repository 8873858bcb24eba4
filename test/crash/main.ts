/**
 * `npm run crash-matrix`: every order at every named step, and each process it needs killed there with -9.
 *
 *     -- --only top-up/postgres/sent    order / victim / step; a part may be * or left out at the end
 *     -- --queue redis|postgres         one of the queue's stores
 *     -- --books named|embedded         one way to keep the books
 *     -- --json                         one object for machines
 *
 * Exit codes: 0 every cell holds, 1 one does not or was not reached, 2 wrong use.
 */
import { parseArgs } from "node:util";
import { reasonOf } from "../../src/kernel/faults.ts";
import { findProgram } from "../support/servers.ts";
import { printRig, rigKinds, runRig, type RigResult, type Wanted } from "./matrix.ts";
import { orderKinds } from "./orders.ts";
import { closeAllRigs, victims } from "./rig.ts";
import { steps } from "./steps.ts";

const tell = (line: string): void => void process.stderr.write(`${line}\n`);

interface Wish extends Wanted {
  readonly rigs: typeof rigKinds;
  readonly json: boolean;
}

function part(given: string | undefined, allowed: readonly string[], what: string): (name: string) => boolean {
  if (given === undefined || given === "" || given === "*" || given === "…") return () => true;
  if (!allowed.includes(given)) throw new Error(`there is no ${what} "${given}"; there are: ${[...new Set(allowed)].join(", ")}`);
  return (name) => name === given;
}

function readArguments(): Wish {
  const { values } = parseArgs({
    args: process.argv.slice(2),
    options: {
      only: { type: "string", default: "" },
      queue: { type: "string" },
      books: { type: "string" },
      json: { type: "boolean", default: false },
    },
  });
  const [order, victim, step] = values.only.split("/");
  const isVictim = part(victim, victims, "victim");
  const names = steps.map(({ name }) => name);
  const isStep = part(step, names, "step");
  const isQueue = part(values.queue, ["postgres", "redis"], "queue");
  const isBooks = part(values.books, ["named", "embedded"], "way to keep the books");
  return {
    orders: part(
      order,
      orderKinds.map(({ name }) => name),
      "order",
    ),
    groups: (_rig, one, { name }) => isVictim(one) && isStep(name),
    rigs: rigKinds.filter(({ queue, books }) => isQueue(queue) && isBooks(books)),
    json: values.json,
  };
}

/** What is not installed is left out aloud. */
function missing(): readonly string[] {
  const said: Record<string, string> = {
    "redis-server": "no rig with its queue on Redis",
    mosquitto: "the broker is one of our own and is not killed",
    postgres: "the named PostgreSQL is the packaged one",
  };
  return Object.entries(said).flatMap(([name, so]) => (findProgram(name) === null ? [`${name} is not installed: ${so}`] : []));
}

async function main(): Promise<number> {
  for (const signal of ["SIGINT", "SIGTERM"] as const)
    process.once(signal, () => {
      tell(`crash-matrix: stopped by ${signal}`);
      void closeAllRigs().finally(() => process.exit(1));
    });
  let wish: Wish;
  try {
    wish = readArguments();
  } catch (error) {
    tell(`crash-matrix: ${reasonOf(error)}`);
    return 2;
  }
  for (const line of missing()) tell(`crash-matrix: ${line}`);
  const rigs = wish.rigs.filter(({ queue }) => queue !== "redis" || findProgram("redis-server") !== null);
  const results = (await Promise.all(rigs.map((rig) => runRig(rig, wish, tell)))).filter(
    ({ cells, broken }) => cells.length > 0 || broken !== null,
  );
  if (wish.json) process.stdout.write(`${JSON.stringify({ rigs: results })}\n`);
  else process.stdout.write(`\n${results.map(printRig).join("\n\n")}\n${legend()}\n`);
  return results.length > 0 && results.every(holds) ? 0 : 1;
}

const holds = ({ cells, broken }: RigResult): boolean => broken === null && cells.every(({ wrong }) => wrong === null);
const legend = (): string =>
  `\n✓ as if nothing had died   ✗ not so   ? the step was not reached\n${[...new Map(steps.map((s) => [s.name, s.tells]))]
    .map(([name, tells]) => `  ${name.padEnd(12)}${tells}`)
    .join("\n")}`;

process.exitCode = await main();
