/**
 * One gateway per folder: a file `owner` that names the process, by pid and birth, that may start PostgreSQL here.
 *
 * It is made by linking a finished file to its name, so it is never half written and only one of two starters gets it. An
 * owner that died leaves the file behind; whoever comes next sees that this process is no more and takes it over.
 */
import { randomUUID } from "node:crypto";
import { link, readFile, rename, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { Clock } from "../kernel/clock.ts";
import { Fault } from "../kernel/faults.ts";
import { lookAt } from "./postgres-processes.ts";

/** A process that is killed needs a moment to be gone. */
const PATIENCE_MS = 3_000;
const LOOK_AGAIN_MS = 25;

export interface Ownership {
  release(): Promise<void>;
}

export async function own(base: string, clock: Clock): Promise<Ownership> {
  const file = join(base, "owner");
  const draft = join(base, `owner.${randomUUID()}`);
  const mine = JSON.stringify({ pid: process.pid, born: (await lookAt(process.pid))?.born });
  await writeFile(draft, mine, { mode: 0o600 });
  try {
    const until = clock.now() + PATIENCE_MS;
    while (!(await linked(draft, file))) {
      const holder = await readFile(file, "utf8").catch(() => null);
      if (holder === null) continue;
      if (!(await lives(holder))) await takeAway(file, holder);
      else if (clock.now() >= until) throw new Fault("another-gateway", { folder: base, pid: pidOf(holder) });
      else await clock.wait(LOOK_AGAIN_MS);
    }
  } finally {
    await rm(draft, { force: true });
  }
  return {
    async release() {
      if ((await readFile(file, "utf8").catch(() => null)) === mine) await rm(file, { force: true });
    },
  };
}

async function linked(draft: string, file: string): Promise<boolean> {
  try {
    await link(draft, file);
    return true;
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "EEXIST") return false;
    throw error;
  }
}

/** Two may see the same corpse at once: what was taken away is looked at, and put back if it is another's living mark. */
async function takeAway(file: string, holder: string): Promise<void> {
  const aside = `${file}.${randomUUID()}`;
  if (
    !(await rename(file, aside).then(
      () => true,
      () => false,
    ))
  )
    return;
  if ((await readFile(aside, "utf8").catch(() => holder)) !== holder) await link(aside, file).catch(() => undefined);
  await rm(aside, { force: true });
}

async function lives(holder: string): Promise<boolean> {
  try {
    const { pid, born } = JSON.parse(holder) as { pid: number; born: string };
    return (await lookAt(pid))?.born === born;
  } catch {
    return false; // an empty file after a power cut
  }
}

const pidOf = (holder: string): unknown => (JSON.parse(holder) as { pid?: unknown }).pid;
