/** What the site file says of tariffs that are pushed into meters. */
import { z } from "zod";

/** Prices are money: a site may want a second person before they leave for a meter (commands/two-persons.ts). */
export const tariffPushShape = z.strictObject({ approval: z.enum(["one", "two-persons"]).default("one") }).prefault({});
