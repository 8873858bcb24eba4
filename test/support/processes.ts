/** The street and the gateway as real processes, each in a process group of its own, so that a test can kill them as the world does. */
import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { chmodSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { quickFolder } from "./quick-folder.ts";

const ROOT = join(import.meta.dirname, "../..");
const NODE = process.execPath;
/** A start takes two seconds; a machine with ten times its load takes ten times as long. */
const READY_MS_MAX = 60_000;

export interface Folder {
  readonly path: string;
  file(name: string, text: string): string;
  remove(): void;
}

/** Reachable by other accounts: as root the embedded PostgreSQL runs under one. */
export function folder(): Folder {
  const path = quickFolder("fee-control-process-");
  chmodSync(path, 0o755);
  return {
    path,
    file: (name, text) => {
      writeFileSync(join(path, name), text);
      return join(path, name);
    },
    remove: () => rmSync(path, { recursive: true, force: true, maxRetries: 5 }),
  };
}

export interface Running {
  readonly child: ChildProcess;
  /** Everything it wrote so far, both streams. */
  readonly said: () => string;
  readonly ended: Promise<number | null>;
  /** To every process of its group. */
  kill(signal: NodeJS.Signals): void;
}

function run(args: readonly string[], env: Record<string, string>): Running {
  const child = spawn(NODE, args, {
    cwd: ROOT,
    env: { ...process.env, npm_lifecycle_event: undefined, ...env },
    detached: true,
    stdio: ["ignore", "pipe", "pipe"],
  });
  let said = "";
  for (const stream of [child.stdout, child.stderr]) stream.on("data", (chunk: Buffer) => (said += chunk.toString()));
  return {
    child,
    said: () => said,
    ended: once(child, "exit").then(([code]) => code as number | null),
    kill: (signal) => {
      try {
        process.kill(-child.pid!, signal);
      } catch {
        // the group has gone already
      }
    },
  };
}

async function lineOf(running: Running, what: string, find: (line: string) => string | null): Promise<string> {
  const lines = createInterface({ input: running.child.stdout! });
  const found = new Promise<string>((resolve) => {
    lines.on("line", (line) => {
      const hit = find(line);
      if (hit !== null) resolve(hit);
    });
  });
  const gone = running.ended.then((code) => {
    throw new Error(`it ended with ${String(code)} before ${what}:\n${running.said()}`);
  });
  const late = AbortSignal.timeout(READY_MS_MAX);
  const tooLate = new Promise<never>((_resolve, reject) =>
    late.addEventListener("abort", () => reject(new Error(`${what} did not come in time:\n${running.said()}`))),
  );
  return Promise.race([found, gone, tooLate]);
}

export interface StreetProcess extends Running {
  readonly ready: { readonly tcp?: number; readonly serial?: string; readonly mqtt?: string; readonly control: number };
  meter(address: string): Promise<Readonly<Record<string, unknown>> & { readonly obeyed: Readonly<Record<string, number>> }>;
  fault(address: string, fault: Readonly<Record<string, unknown>>): Promise<void>;
}

export async function startStreet(args: readonly string[]): Promise<StreetProcess> {
  const running = run(["simulator/main.ts", ...args, "--control", "0"], {});
  const ready = JSON.parse(
    await lineOf(running, "the ready line", (line) => (line.startsWith("ready ") ? line.slice(6) : null)),
  ) as StreetProcess["ready"];
  const door = `http://127.0.0.1:${ready.control}`;
  return {
    ...running,
    ready,
    meter: async (address) =>
      (await (await fetch(`${door}/meters/${address}`)).json()) as Awaited<ReturnType<StreetProcess["meter"]>>,
    fault: async (address, fault) => {
      const response = await fetch(`${door}/meters/${address}/faults`, {
        method: "POST",
        headers: { "content-type": "application/json" },
        body: JSON.stringify(fault),
      });
      if (!response.ok) throw new Error(await response.text());
    },
  };
}

export interface GatewayProcess extends Running {
  readonly url: string;
}

/** `npm start` without npm: resolves when it says that it is ready. */
export async function startGatewayProcess(siteFile: string, env: Record<string, string> = {}): Promise<GatewayProcess> {
  const running = run(["src/main.ts"], { GATEWAY_CONFIG: siteFile, HTTP_PORT: "0", ...env });
  const url = await lineOf(running, "its readiness", (line) => {
    if (!line.includes('"the gateway is ready"')) return null;
    return (JSON.parse(line) as { url: string }).url;
  });
  return { ...running, url };
}

/** Processes that have this folder in their command line or as their working folder's argument. */
export async function holdersOf(path: string): Promise<readonly string[]> {
  const ps = spawn("ps", ["-eo", "pid,stat,args"], { stdio: ["ignore", "pipe", "ignore"] });
  let out = "";
  ps.stdout.on("data", (chunk: Buffer) => (out += chunk.toString()));
  await once(ps, "close");
  return out.split("\n").filter((line) => line.includes(path) && !/^\s*\d+\s+Z/.test(line));
}
