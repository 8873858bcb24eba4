/** Many items in one request: each is looked at by itself, a few at a time, and what is wrong with one is its own answer. */
import type { z } from "zod";
import { isFault, reasonOf } from "../kernel/faults.ts";
import { problemOf } from "./replies.ts";
import type * as shape from "./schemas.ts";

/** A thousand items of full length. */
export const BATCH_BYTES_MAX = 1_024 * 1_024;
/** Transactions of one batch at a time: the database has more to do than this one file. */
const SIDE_BY_SIDE = 4;
/** Where an item alone is at fault. What is wrong with the house itself ends the whole request. */
const LAST_STATUS_OF_AN_ITEM = 499;

export function problemOfItem(error: unknown): z.output<typeof shape.problem> {
  if (!isFault(error)) throw error;
  const problem = problemOf(error);
  if ((problem["status"] as number) > LAST_STATUS_OF_AN_ITEM) throw error;
  return problem as z.output<typeof shape.problem>;
}

/** In the order given; a few at a time; the first that throws ends it, when those under way have ended. */
export async function sideBySide<T, R>(given: readonly T[], work: (one: T) => Promise<R>): Promise<R[]> {
  const results: R[] = [];
  let next = 0;
  const lane = async (): Promise<void> => {
    while (next < given.length) {
      const index = next++;
      try {
        results[index] = await work(given[index]!);
      } catch (error) {
        next = given.length; // the house itself is in trouble: nobody begins another one
        throw error;
      }
    }
  };
  const ends = await Promise.allSettled(Array.from({ length: Math.min(SIDE_BY_SIDE, given.length) }, lane));
  const failed = ends.find((end) => end.status === "rejected");
  if (failed !== undefined)
    throw isFault(failed.reason) ? failed.reason : new Error(reasonOf(failed.reason), { cause: failed.reason });
  return results;
}
