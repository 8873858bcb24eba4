/** Whether an account can reach a folder is tried there, also while somebody else tries: a command line at the books, a gateway that was killed. */
import { mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { canWrite } from "../../src/stores/postgres-account.ts";

test("thirty who try a folder at the same time can all write there, and leave nothing behind", async () => {
  const folder = await mkdtemp(join(tmpdir(), "fee-control-reach-"));
  try {
    const told = await Promise.all(Array.from({ length: 30 }, () => canWrite(null, folder)));
    expect(told.filter((can) => !can)).toEqual([]);
    expect(await readdir(folder)).toEqual([]);
    expect(await canWrite(null, join(folder, "not-there"))).toBe(false);
  } finally {
    await rm(folder, { recursive: true });
  }
});
