/**
 * Runs the tests of one changed file in a process of its own and says how it ended. A mutant may turn for ever or eat memory, so a process
 * has a limit of turns, of time and of memory; what is ended by the first two is told apart from what a test has noticed.
 */
import { spawn } from "node:child_process";
import { fileURLToPath } from "node:url";

export interface Order {
  readonly tests: readonly string[];
  readonly file: string;
  /** What the file says this time. */
  readonly text: string;
  readonly turnsMax: number;
}
export const TOO_MANY_TURNS = 3;

export type Ending =
  | { readonly is: "survived"; readonly turns: number }
  | { readonly is: "timed out" }
  | { readonly is: "killed"; readonly by: string };

export interface Limits {
  readonly limitMs: number;
  readonly signal: AbortSignal;
  /** A folder for what Node has compiled: nearly all of a process is the same as in the one before. */
  readonly compiled: string;
}

const CHILD = fileURLToPath(new URL("./child.ts", import.meta.url));
/** A mutant that makes things without end shall fall over before the machine does. */
const HEAP_MB_MAX = 256;

export function run(order: Order, { limitMs, signal, compiled }: Limits): Promise<Ending> {
  const child = spawn(process.execPath, [`--max-old-space-size=${HEAP_MB_MAX}`, CHILD, JSON.stringify(order)], {
    stdio: ["ignore", "pipe", "ignore"],
    timeout: limitMs,
    killSignal: "SIGKILL",
    signal,
    env: { ...process.env, NODE_COMPILE_CACHE: compiled },
  });
  let said = "";
  child.stdout.setEncoding("utf8").on("data", (text: string) => (said += text));
  return new Promise((done, failed) => {
    child.on("error", failed);
    child.on("close", (code, killedBy) => {
      if (code === 0) done({ is: "survived", turns: Number(said) });
      else if (code === TOO_MANY_TURNS || killedBy === "SIGKILL") done({ is: "timed out" });
      else done({ is: "killed", by: said === "" ? `the process ended with ${killedBy ?? code}` : said.split("\n")[0]! });
    });
  });
}
