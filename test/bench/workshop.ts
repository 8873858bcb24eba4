/**
 * Where a bench works: a temporary folder of its own and the processes it started, all gone when it has ended, also after
 * SIGINT or SIGTERM. Only what was started here is ended here.
 */
import { fork, spawn, type ChildProcess } from "node:child_process";
import { chmodSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { once } from "node:events";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { seconds, systemClock } from "../../src/kernel/clock.ts";
import { silentLog } from "../../src/kernel/log.ts";
import { startEmbeddedPostgres, type EmbeddedPostgres } from "../../src/stores/embedded-postgres.ts";

const ROOT = join(import.meta.dirname, "../..");
const READY_MS_MAX = seconds(60);
const STOP_MS_MAX = seconds(20);
const ERRORS_KEPT = 4_000;

export interface Street {
  readonly pid: number;
  readonly tcp: number | undefined;
  readonly serial: string | undefined;
  readonly control: string;
  stop(): Promise<void>;
}

/** A meter as the street's control door shows it, as far as benches look. */
export interface MeterPicture {
  readonly address: string;
  readonly purchaseCount: number;
  readonly credited: string;
  readonly heard: number;
}

export class Workshop {
  readonly folder: string;
  readonly #closers: (() => Promise<void>)[] = [];
  /** One line for somebody who waits. */
  readonly say: (sentence: string) => void;

  constructor(say: (sentence: string) => void) {
    this.say = say;
    this.folder = mkdtempSync(join(tmpdir(), "fee-control-bench-"));
    chmodSync(this.folder, 0o755); // as root, the embedded PostgreSQL runs under another account and has to get in
  }

  /** What is to be undone at the end, last first. Undoing by hand before that is fine: closing twice must be. */
  later(close: () => Promise<void>): void {
    this.#closers.push(close);
  }

  async close(): Promise<void> {
    for (const close of this.#closers.splice(0).reverse()) await close().catch(() => undefined);
    rmSync(this.folder, { recursive: true, force: true, maxRetries: 5 });
  }

  async postgres(): Promise<EmbeddedPostgres> {
    const server = await startEmbeddedPostgres({ dataFolder: join(this.folder, "postgres"), log: silentLog, clock: systemClock });
    this.later(() => server.stop());
    return server;
  }

  /** The simulator as a person starts it, in a process of its own. */
  async street(argv: readonly string[]): Promise<Street> {
    const child = this.#started(
      spawn(process.execPath, [join(ROOT, "simulator/main.ts"), ...argv, "--control", "0"], {
        stdio: ["ignore", "pipe", "pipe"],
        env: { ...process.env, LOG_LEVEL: "warn" },
      }),
    );
    const line = await this.#within("the simulator", child, lineStarting(child, "ready "));
    const ready = JSON.parse(line) as { tcp?: number; serial?: string; control: number };
    const stop = stopper(child);
    this.later(stop);
    return {
      pid: child.pid!,
      tcp: ready.tcp,
      serial: ready.serial,
      control: `http://127.0.0.1:${ready.control}`,
      stop,
    };
  }

  /** A program of this folder that speaks by messages; it ends when its channel does. */
  async helper(
    file: string,
    order: object,
    options: { readonly profile?: string | undefined } = {},
  ): Promise<{
    readonly ready: unknown;
    ask<Answer>(question: object): Promise<Answer>;
    stop(): Promise<void>;
    readonly pid: number;
  }> {
    const profiling = options.profile === undefined ? [] : ["--cpu-prof", `--cpu-prof-dir=${options.profile}`];
    const child = this.#started(
      fork(join(import.meta.dirname, file), [JSON.stringify(order)], {
        execArgv: profiling,
        stdio: ["ignore", "ignore", "pipe", "ipc"],
      }),
    );
    const stop = stopper(child);
    this.later(stop);
    const answer = async <T>(): Promise<T> => {
      const [message] = (await once(child, "message")) as [{ answer: T } | { fault: string }];
      if ("fault" in message) throw new Error(`${file}: ${message.fault}`);
      return message.answer;
    };
    const ready = await this.#within(file, child, answer<unknown>());
    return {
      ready,
      pid: child.pid!,
      ask: (question) => {
        const answered = this.#within(file, child, answer());
        child.send(question);
        return answered as Promise<never>;
      },
      stop,
    };
  }

  /** The real gateway, as `npm start` runs it, from spawn to its first line about being ready. */
  gateway(siteFile: string): { readonly child: ChildProcess; readonly pid: number; stop(): Promise<void> } {
    const child = this.#started(
      spawn(process.execPath, [join(ROOT, "src/main.ts")], {
        stdio: ["ignore", "ignore", "pipe"],
        env: { PATH: process.env["PATH"], GATEWAY_CONFIG: siteFile, LOG_LEVEL: "warn" },
      }),
    );
    const stop = stopper(child);
    this.later(stop);
    return { child, pid: child.pid!, stop };
  }

  #started<Child extends ChildProcess>(child: Child): Child {
    const errors = { text: "" };
    child.stderr?.on("data", (chunk: Buffer) => (errors.text = (errors.text + chunk.toString()).slice(-ERRORS_KEPT)));
    lastWords.set(child, errors);
    return child;
  }

  /** What it answers, or why it does not: too late, or dead with its last words. */
  async #within<T>(who: string, child: ChildProcess, answer: Promise<T>): Promise<T> {
    const done = new AbortController();
    const late = systemClock.wait(READY_MS_MAX, done.signal).then(() => {
      throw new Error(`${who} says nothing for ${READY_MS_MAX / 1_000} s`);
    });
    const dead = once(child, "exit", { signal: done.signal }).then(([code]) => {
      throw new Error(`${who} ended with code ${String(code)}: ${lastWords.get(child)?.text.trim() ?? ""}`);
    });
    try {
      return await Promise.race([answer, late, dead]);
    } finally {
      for (const promise of [late, dead, answer]) promise.catch(() => undefined);
      done.abort();
    }
  }
}

const lastWords = new WeakMap<ChildProcess, { text: string }>();

function lineStarting(child: ChildProcess, start: string): Promise<string> {
  return new Promise((resolve) => {
    const lines = createInterface({ input: child.stdout! });
    lines.on("line", (line) => {
      if (line.startsWith(start)) resolve(line.slice(start.length));
    });
  });
}

/** Asks to end, and ends by force what does not. */
function stopper(child: ChildProcess): () => Promise<void> {
  const ended = new Promise<void>((resolve) => child.once("exit", () => resolve()));
  return async () => {
    if (child.exitCode !== null || child.signalCode !== null) return;
    child.kill("SIGTERM");
    const late = new AbortController();
    void systemClock.wait(STOP_MS_MAX, late.signal).then(() => {
      if (!late.signal.aborted) child.kill("SIGKILL");
    });
    await ended;
    late.abort();
  };
}

const CLOCK_TICK_MS = 10; // USER_HZ is 100 wherever Linux runs

/** CPU time of a process and all its children, in ms; Linux tells, elsewhere it is not known. */
export function cpuMs(pid: number): number {
  const ticks = new Map<number, { readonly parent: number; readonly ticks: number }>();
  try {
    for (const name of readdirSync("/proc")) {
      if (!/^\d+$/.test(name)) continue;
      const stat = textOf(`/proc/${name}/stat`);
      const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
      if (fields.length > 15)
        ticks.set(Number(name), { parent: Number(fields[1]), ticks: Number(fields[11]) + Number(fields[12]) });
    }
  } catch {
    return Number.NaN;
  }
  const family = new Set([pid]);
  for (let size = 0; size !== family.size;) {
    size = family.size;
    for (const [child, { parent }] of ticks) if (family.has(parent)) family.add(child);
  }
  return [...family].reduce((sum, member) => sum + (ticks.get(member)?.ticks ?? 0), 0) * CLOCK_TICK_MS;
}

/** Resident memory in MB; not known outside Linux. */
export function residentMb(pid: number): number {
  const kilobytes = /^VmRSS:\s+(\d+) kB/m.exec(textOf(`/proc/${pid}/status`))?.[1];
  return kilobytes === undefined ? Number.NaN : Number(kilobytes) / 1_024;
}

function textOf(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return ""; // it has just ended
  }
}
