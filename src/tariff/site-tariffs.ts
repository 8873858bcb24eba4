/**
 * Tariffs as the site file says them, and as the house has them. The old form, one price for ever, stays what it was.
 * Every complaint names its path and what is allowed; the whole list is told at once.
 */
import { z } from "zod";
import { CentiKwh } from "../kernel/energy.ts";
import { parsePrice, parseYuan } from "../kernel/money.ts";
import { isDay } from "./days.ts";
import { flatTariff, type Slot, type Steps, type Tariff, type TariffVersion } from "./tariff.ts";

/** A meter holds as many slots a day, DL/T 645 table A.2 (04000203). */
const SLOTS_MAX = 14;
const RATES_MAX = 4;
const STEPS_MAX = 12;
/** Every month has it. */
const MONTH_DAY_MAX = 28;

const price = z.string().regex(/^\d{1,6}(\.\d{1,4})?$/, 'yuan per kWh with at most four decimals, in quotes, like "0.5283"');
const energy = z.string().regex(/^\d{1,9}(\.\d{1,2})?$/, 'kWh with at most two decimals, in quotes, like "2880.00"');
const day = z.string().refine(isDay, 'a day of the calendar, in quotes, like "2026-07-01"');
const id = z.string().regex(/^[0-9A-Za-z._-]{1,40}$/, "1 to 40 letters, digits, dots or dashes");
const slot = z.string().regex(/^([01]\d|2[0-3]):[0-5]\d [1-4]$/, 'a time of day and the rate that begins then, like "08:00 3"');

const slots = z
  .array(slot)
  .min(1)
  .max(SLOTS_MAX, `at most ${SLOTS_MAX}: meters hold no more`)
  .superRefine((list, context) => {
    if (!list[0]!.startsWith("00:00 "))
      context.addIssue({ code: "custom", path: [0], message: 'the first slot begins at 00:00, like "00:00 4"', input: list[0] });
    list.forEach((each, index) => {
      if (index > 0 && each.slice(0, 5) <= list[index - 1]!.slice(0, 5))
        context.addIssue({ code: "custom", path: [index], message: "later than the slot before it", input: each });
    });
  });

const rates = z
  .strictObject({
    prices: z.array(price).min(1).max(RATES_MAX, "one to four: sharp, peak, flat, valley"),
    day: slots.optional(),
    holidays: z.strictObject({ days: z.array(day).min(1), day: slots }).optional(),
  })
  .superRefine(({ prices, day: table, holidays }, context) => {
    const lists = [
      { path: ["day"], list: table ?? [] },
      { path: ["holidays", "day"], list: holidays?.day ?? [] },
    ];
    for (const { path, list } of lists)
      list.forEach((each, index) => {
        if (Number(each.slice(-1)) > prices.length)
          context.addIssue({
            code: "custom",
            path: [...path, index],
            message: `this rate has no price; rates are 1 to ${prices.length}`,
            input: each,
          });
      });
    if (holidays !== undefined && table === undefined)
      context.addIssue({ code: "custom", path: ["day"], message: "holidays differ from a day: say it, too", input: table });
  });

const steps = z
  .strictObject({
    every: z.enum(["year", "month"]),
    // of a year "MM-DD", of a month its day; left out: the first
    startsOn: z.union([z.string(), z.int()], { error: 'every year: like "01-01"; every month: a day like 1' }).optional(),
    upTo: z
      .array(energy)
      .min(1)
      .max(STEPS_MAX - 1),
    add: z.array(price).min(2).max(STEPS_MAX),
  })
  .superRefine((given, context) => {
    if (startOf(given) === null)
      context.addIssue({
        code: "custom",
        path: ["startsOn"],
        message:
          given.every === "year"
            ? 'month and day that every year has, in quotes, like "01-01"'
            : `a day that every month has, 1 to ${MONTH_DAY_MAX}`,
        input: given.startsOn,
      });
    given.upTo.forEach((text, index) => {
      const before = index === 0 ? 0n : parseYuan(given.upTo[index - 1]!);
      if (parseYuan(text) <= before)
        context.addIssue({ code: "custom", path: ["upTo", index], message: "more than the threshold before it", input: text });
    });
    if (given.add.length !== given.upTo.length + 1)
      context.addIssue({
        code: "custom",
        path: ["add"],
        message: `one more than thresholds: ${given.upTo.length + 1}, the last for all that is used beyond the last threshold`,
        input: given.add,
      });
  });

const ONE_OF_TWO = "either price, or rates with one price for each";
const version = z
  .strictObject({ from: day, price: price.optional(), rates: rates.optional(), steps: steps.optional() })
  .refine((given) => (given.price === undefined) !== (given.rates === undefined), { path: ["price"], error: ONE_OF_TWO });

/** One tariff of the site file. */
export const tariffShape = z
  .strictObject({ id, price: price.optional(), exported: price.optional(), versions: z.array(version).min(1).optional() })
  .superRefine((given, context) => {
    if ((given.price === undefined) === (given.versions === undefined))
      context.addIssue({
        code: "custom",
        path: ["price"],
        message: "either price, or versions that have one each",
        input: given.price,
      });
    given.versions?.forEach(({ from }, index) => {
      if (index > 0 && from <= given.versions![index - 1]!.from)
        context.addIssue({
          code: "custom",
          path: ["versions", index, "from"],
          message: "a later day than the version before it begins with",
          input: from,
        });
    });
  });

/** What of a class of customers belongs to its tariff. */
export const classTariff = { tariff: id.optional() };

type Given = z.output<typeof tariffShape>;
type GivenVersion = NonNullable<Given["versions"]>[number];
type GivenSteps = NonNullable<GivenVersion["steps"]>;

/** Pure: what the file means. */
export function tariffOf(given: Given): Tariff {
  const exported = given.exported === undefined ? null : parsePrice(given.exported);
  if (given.versions === undefined) return flatTariff(given.id, parsePrice(given.price!), exported);
  const versions = given.versions.map((each): TariffVersion => ({
    from: each.from,
    prices: each.rates === undefined ? [parsePrice(each.price!)] : each.rates.prices.map((text) => parsePrice(text)),
    steps: each.steps === undefined ? null : stepsOf(each.steps),
    timetable: timetableOf(each.rates),
    exported,
  }));
  return { id: given.id, versions };
}

function timetableOf(given: GivenVersion["rates"]): TariffVersion["timetable"] {
  if (given?.day === undefined) return null;
  const { holidays } = given;
  return {
    day: given.day.map(slotOf),
    holidays: holidays === undefined ? null : { days: holidays.days, day: holidays.day.map(slotOf) },
  };
}

const slotOf = (text: string): Slot => ({
  minute: Number(text.slice(0, 2)) * 60 + Number(text.slice(3, 5)),
  rate: Number(text.slice(-1)),
});

const stepsOf = (given: GivenSteps): Steps => ({
  every: given.every,
  startsOn: startOf(given)!,
  upTo: given.upTo.map((text) => CentiKwh(parseYuan(text))),
  add: given.add.map((text) => parsePrice(text)),
});

/** Null: no day that every year or month has. */
function startOf({ every, startsOn }: Pick<GivenSteps, "every" | "startsOn">): Steps["startsOn"] | null {
  const text = String(startsOn ?? (every === "year" ? "01-01" : "1"));
  if (every === "month") {
    const date = /^\d{1,2}$/.test(text) ? Number(text) : 0;
    return date >= 1 && date <= MONTH_DAY_MAX ? { month: 1, day: date } : null;
  }
  // of a year that has no 29 February
  return /^\d\d-\d\d$/.test(text) && isDay(`2027-${text}`)
    ? { month: Number(text.slice(0, 2)), day: Number(text.slice(3)) }
    : null;
}
