/** Runs meterctl as people do, as a process of its own, and as programs do, by its main function. */
import { spawn } from "node:child_process";
import { join } from "node:path";
import { main } from "../../src/cli/meterctl.ts";

export const ENTRY = join(import.meta.dirname, "../../src/cli/meterctl.js");

/** All that a process is given of our environment: where programs are, and what the run has compiled already. */
const KEPT = ["PATH", "NODE_COMPILE_CACHE"];
/** Nothing is proved by it: by then a process hangs, whatever else the machine has to do. */
const HANGS_MS = 90_000;

export interface Said {
  readonly code: number;
  readonly out: string;
  readonly error: string;
}

type Environment = Readonly<Record<string, string>>;

export async function meterctl(args: readonly string[], env: Environment = {}): Promise<Said> {
  const out: string[] = [];
  const error: string[] = [];
  const code = await main(args, { out: (text) => out.push(text), error: (text) => error.push(text), env });
  return { code, out: out.join("\n"), error: error.join("\n") };
}

export function asProcess(
  args: readonly string[],
  options: { readonly node?: string; readonly env?: Environment; readonly entry?: string } = {},
): Promise<Said> {
  const { node = process.execPath, env = {}, entry = ENTRY } = options;
  return new Promise((resolve, reject) => {
    const own = Object.fromEntries(KEPT.map((name) => [name, process.env[name] ?? ""]));
    const child = spawn(node, [entry, ...args], { env: { ...own, ...env }, timeout: HANGS_MS });
    let out = "";
    let error = "";
    child.stdout.on("data", (chunk: Buffer) => (out += chunk.toString()));
    child.stderr.on("data", (chunk: Buffer) => (error += chunk.toString()));
    child.on("error", reject);
    child.on("close", (code) => resolve({ code: code ?? -1, out, error }));
  });
}
