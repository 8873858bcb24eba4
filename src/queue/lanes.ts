/**
 * Bus → lane. A lane is the waiting line of commands, and survives a restart; a line actor orders single exchanges on the
 * wire, and lives only in the process that holds the line. Each gateway has lanes of its own, named by its number among the
 * living ones: whatever is put there is for lines it holds. One lane is enough on PostgreSQL: most commands only wait for their
 * line, and many are taken at once.
 */
import { createHash } from "node:crypto";

/** Jobs one process looks at side by side, over all lanes; each only gives its command a place (line-desk.ts). */
export const CONCURRENCY = 256;

export const lanesOf = (count: number, gateway = 1): readonly string[] =>
  Array.from({ length: count }, (_, index) => `lane-${gateway}-${index + 1}`);

export const laneOf = (line: string, lanes: readonly string[]): string =>
  lanes[createHash("sha256").update(line).digest().readUInt32LE(0) % lanes.length]!;
