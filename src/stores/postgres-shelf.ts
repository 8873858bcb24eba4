/**
 * A folder of root's own that ordinary accounts can reach: for what cannot stay where the clone or the data folder is.
 *
 * What must last goes under /var/lib, because /var/tmp is swept of files that nobody touched for a month, and old pages of a
 * database are such files. What belongs to a temporary folder is as passing as that folder.
 */
import { lstat, mkdir } from "node:fs/promises";
import { Fault } from "../kernel/faults.ts";

const uid = (): number => process.getuid?.() ?? 0;
const SHELVES = {
  lasting: ["/var/lib/fee-control-gateway", `/var/tmp/fee-control-gateway-${uid()}`],
  passing: [`/var/tmp/fee-control-gateway-${uid()}`],
};

export async function ownShelf(kind: keyof typeof SHELVES): Promise<string> {
  for (const shelf of SHELVES[kind]) {
    await mkdir(shelf, { mode: 0o755 }).catch(() => undefined);
    const found = await lstat(shelf).catch(() => null);
    // somebody else may have prepared a folder under /var/tmp: what we run and write there must be ours alone
    if (found?.isDirectory() === true && found.uid === uid() && (found.mode & 0o022) === 0) return shelf;
  }
  throw new Fault("data-folder-unreachable", {
    why: `no reachable folder of our own: ${SHELVES[kind].join(", ")} cannot be made, or belongs to somebody else`,
    do: "give the gateway a data folder that ordinary accounts can enter (GATEWAY_DATA), run it as an ordinary user, or set DATABASE_URL",
  });
}
