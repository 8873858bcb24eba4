/** What the site file may say of collection, and every default with its reason. */
import { z } from "zod";

export const collectionFile = z
  .strictObject({
    // Totals on the hour, from the meter's own hourly freezes: a curve for whoever wants one; twenty-four exchanges a day and meter.
    hourly: z.boolean().default(false),
    // A clock that is more than five minutes off is an exception; true: it is also set, by a command clock-set, never across midnight.
    setClocks: z.boolean().default(false),
    // Where a meter keeps no midnight, the reading nearest to it stands for it when it is no further away than this.
    nearMidnightMinutes: z.int().min(1).max(720).default(30),
    // The meter's own records of power failures, programming, clearing, covers and its relay, once a day.
    events: z.boolean().default(true),
  })
  .prefault({});

export type CollectionSettings = z.output<typeof collectionFile>;
