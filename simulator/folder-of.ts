/**
 * The folder a file is to stand in, made when it is not there. Step by step and each step once: `mkdir` with `recursive` goes round
 * for ever where a file system says "not there" to whatever is made in it, as /proc does.
 */
import { mkdir } from "node:fs/promises";
import { dirname } from "node:path";

const codeOf = (error: unknown): unknown => (error as { code?: unknown } | null)?.code;

export const makeFolderOf = (file: string): Promise<void> => made(dirname(file));

async function made(folder: string): Promise<void> {
  try {
    await mkdir(folder);
  } catch (error) {
    if (codeOf(error) === "EEXIST") return;
    const parent = dirname(folder);
    if (codeOf(error) !== "ENOENT" || parent === folder) throw error;
    await made(parent);
    await mkdir(folder);
  }
}
