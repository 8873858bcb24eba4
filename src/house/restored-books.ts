/** Books that came back from a backup: the doubt they are in is looked up once at the start, and every meter is compared as soon as lines are open. */
import { RestoredBooks } from "../commands/restored.ts";
import type { Comparison } from "../exceptions/comparison.ts";
import type { Clock } from "../kernel/clock.ts";
import { reasonOf } from "../kernel/faults.ts";
import type { Logger } from "../kernel/log.ts";
import type { Database } from "../stores/database.ts";
import { PostgresRestoredStore } from "../stores/restored-store.ts";

export async function restoredBooksOf(db: Database, clock: Clock, log: Logger): Promise<RestoredBooks> {
  const restored = await RestoredBooks.look(new PostgresRestoredStore(db, clock), log);
  if (await restored.holdsRules())
    log.warn(
      { metersInDoubt: restored.metersInDoubt.size },
      "these books were restored: no rule cuts anybody until the item books-restored is closed, and credits are looked at before they are sent",
    );
  return restored;
}

/** Who is ahead of the books is named now, and not only in the night. What cannot be reached yet is compared then. */
export function compareRestored(restored: RestoredBooks, comparison: Comparison, log: Logger): void {
  if (restored.metersInDoubt.size === 0) return;
  comparison.begin("restore", restored.metersInDoubt).catch((error: unknown) => {
    log.warn(
      { reason: reasonOf(error) },
      "the meters of the restored books could not be compared now; the nightly comparison will",
    );
  });
}
