/**
 * One process for one mutant: `node child.ts '{"tests": […], "file": …, "text": …, "turnsMax": …}'`. The file is given its text while Node
 * loads it, so the disk is never touched, and `vitest` is our shim, so no runner has to start.
 *
 * Exit codes: 0 all tests passed, the turns of loops on stdout · 1 a test failed, or the text could not even be loaded; what failed is on
 * stdout · 3 it turned too often.
 */
import { registerHooks } from "node:module";
import { resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { firstFailure } from "./vitest-shim.ts";
import { TOO_MANY_TURNS, type Order } from "./run.ts";

const { tests, file, text, turnsMax } = JSON.parse(process.argv[2]!) as Order;
const urlOf = (path: string): string => pathToFileURL(resolve(path)).href;
const SHIM = new URL("./vitest-shim.ts", import.meta.url).href;
const given = urlOf(file);

registerHooks({
  resolve: (specifier, context, next) =>
    specifier === "vitest" && context.parentURL !== SHIM ? next(SHIM, context) : next(specifier, context),
  load: (url, context, next) =>
    url === given ? { format: "module-typescript", source: text, shortCircuit: true } : next(url, context),
});

let turns = 0;
const countTurn = (): void => {
  turns += 1;
  if (turns > turnsMax) process.exit(TOO_MANY_TURNS);
};
Object.assign(globalThis, { countTurn });

async function run(): Promise<string | undefined> {
  const { default: fc } = await import("fast-check");
  // A property that fails need not look for the smallest example: that it fails is all we ask.
  fc.configureGlobal({ endOnFailure: true });
  for (const each of tests) {
    try {
      await import(urlOf(each));
    } catch (error) {
      return `${each} does not load: ${String(error)}`;
    }
    const failure = await firstFailure();
    if (failure !== undefined) return `${each}: ${failure}`;
  }
  return undefined;
}

const failure = await run();
process.stdout.write(failure ?? String(turns));
process.exitCode = failure === undefined ? 0 : 1;
