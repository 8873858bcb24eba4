/**
 * Bus → lane. A lane is the waiting line of commands, and survives a restart; a line actor orders single exchanges on the
 * wire, and lives only in the process that owns the line. The map is fixed, so that a lane and its lines can be leased
 * together one day. One lane is enough for one process: most commands only wait for their line, and many are taken at once.
 */
import { createHash } from "node:crypto";

/** Jobs one process looks at side by side, over all lanes; each only gives its command a place (line-desk.ts). */
export const CONCURRENCY = 256;

export const lanesOf = (count: number): readonly string[] => Array.from({ length: count }, (_, index) => `lane-${index + 1}`);

export const laneOf = (line: string, lanes: readonly string[]): string =>
  lanes[createHash("sha256").update(line).digest().readUInt32LE(0) % lanes.length]!;
