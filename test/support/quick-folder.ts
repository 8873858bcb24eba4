/**
 * Where the servers of tests keep their files: in memory where the machine has room there, else in the temporary folder.
 *
 * A commit waits for the disk, some milliseconds each time, and a top-up commits a dozen times: that was most of what a story on
 * real books waited for. PostgreSQL works as it always does; only the waiting is gone. Memory outlives every death that is dealt
 * out here, because processes are killed and never the machine. What a full disk does is told by troubles/disk-full.test.ts.
 */
import { accessSync, constants, mkdtempSync, statfsSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

const MEMORY = "/dev/shm";
/** Containers are often given 64 MB, which one database fills. */
const ROOM_BYTES_MIN = 2 * 1024 ** 3;

function hasRoom(): boolean {
  try {
    accessSync(MEMORY, constants.W_OK | constants.X_OK);
    const { bavail, bsize } = statfsSync(MEMORY);
    return bavail * bsize >= ROOM_BYTES_MIN;
  } catch {
    return false;
  }
}

/** A new folder of its own; whoever asked removes it. */
export const quickFolder = (prefix: string): string => mkdtempSync(join(hasRoom() ? MEMORY : tmpdir(), prefix));
