/** How long rows are kept, as the site file says it, with every default and its reason. */
import { z } from "zod";

const days = z.int().min(1).max(36_500);
/** Fewer would take readings from under the bills of the running year, and from under people who look at last month. */
const DAYS_MIN = 40;

export const retentionShape = z
  .strictObject({
    readings: z
      .strictObject({
        // Every reading: a year and a month, so that this month can be laid beside the same month of last year.
        all: days.min(DAYS_MIN).default(400),
        // One a day of each meter and item: ten years, as long as a bill may be asked about.
        daily: days.min(DAYS_MIN).default(3_650),
      })
      .refine(({ all, daily }) => daily >= all, { path: ["daily"], error: "at least as many days as readings.all" })
      .prefault({}),
    // Bytes of readings and relay orders; those of orders that moved money are kept for ever.
    frames: days.min(DAYS_MIN).default(400),
    // What the rules wanted, and what meters say has happened to them.
    events: days.min(DAYS_MIN).default(3_650),
    // A person has looked at the clock and at the calendar: rows before this day may go, however many days that are at once.
    goOnTo: z.iso.date().nullable().default(null),
  })
  .prefault({});

export type Retention = z.output<typeof retentionShape>;
