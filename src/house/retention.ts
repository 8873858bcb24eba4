/** The keeper of old rows in a house on PostgreSQL; its months are made when this resolves. */
import { systemElapsed } from "../kernel/clock.ts";
import { RetentionKeeper, type RetentionParts } from "../retention/keeper.ts";
import type { Database } from "../stores/database.ts";
import { PostgresRetentionStore } from "../stores/retention-store.ts";
import type { Closers } from "./closers.ts";

export async function retentionOf(
  parts: Omit<RetentionParts, "store" | "elapsed"> & { readonly db: Database; readonly closers: Pick<Closers, "add"> },
): Promise<RetentionKeeper> {
  const keeper = new RetentionKeeper({ ...parts, store: new PostgresRetentionStore(parts.db), elapsed: systemElapsed });
  await keeper.start();
  parts.closers.add("retention", () => keeper.stop());
  return keeper;
}
