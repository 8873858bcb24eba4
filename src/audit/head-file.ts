/**
 * The chain's heads in the data folder, one JSON line each, only ever added to: whoever cuts the tail of the chain in the database, or
 * writes it anew from some place on, would have to change this file as well, and every copy that was made of it.
 */
import { appendFileSync, chmodSync, createReadStream, existsSync, statSync } from "node:fs";
import { createInterface } from "node:readline";
import { Fault } from "../kernel/faults.ts";
import type { NotedHead } from "./audit-row.ts";

export const HEADS_FILE = "audit-heads.jsonl";
const OURS_ALONE = 0o600;
const OTHERS_WRITE = 0o022;

/** What is wrong with the file's rights; null when only its owner may write it. */
export function headFileTrouble(file: string): string | null {
  if (process.platform === "win32" || !existsSync(file)) return null;
  const { mode } = statSync(file);
  return (mode & OTHERS_WRITE) === 0 ? null : `${file} may be written by others; chmod 600 it`;
}

export function headWriter(file: string): (head: NotedHead) => void {
  if (!existsSync(file)) {
    appendFileSync(file, "", { mode: OURS_ALONE });
    chmodSync(file, OURS_ALONE);
  }
  return ({ sequence, hash, at }) => appendFileSync(file, `${JSON.stringify({ sequence, hash, at })}\n`, { flush: true });
}

/**
 * Line by line: a year has millions. The file is what it is at the call, before anything of the database is looked at: a gateway that
 * works meanwhile adds heads of links that the picture of the database does not know yet.
 */
export function readHeads(file: string): AsyncGenerator<NotedHead> {
  return linesOf(file, statSync(file).size);
}

async function* linesOf(file: string, bytes: number): AsyncGenerator<NotedHead> {
  if (bytes === 0) return;
  let number = 0;
  for await (const line of createInterface({ input: createReadStream(file, { end: bytes - 1 }), crlfDelay: Infinity })) {
    number += 1;
    if (line.trim() !== "") yield headOf(line, `${file}, line ${number}`);
  }
}

function headOf(line: string, where: string): NotedHead {
  const wrong = (): Fault =>
    new Fault("invalid-request", {
      where,
      problem: 'no head; a line looks like {"sequence":17,"hash":"64 hex digits","at":"…"}',
    });
  let found: Partial<NotedHead>;
  try {
    found = JSON.parse(line) as Partial<NotedHead>;
  } catch {
    throw wrong();
  }
  const { sequence, hash, at } = found;
  if (!Number.isSafeInteger(sequence) || typeof hash !== "string" || !/^[0-9a-f]{64}$/.test(hash) || typeof at !== "string")
    throw wrong();
  return { sequence: sequence!, hash, at };
}
