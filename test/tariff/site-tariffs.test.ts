/** Tariffs of the site file: what they mean, and how each mistake is told. */
import { describe, expect, test } from "vitest";
import { parse } from "yaml";
import { buildConfig, tariffOfClass } from "../../src/config.ts";
import { isFault } from "../../src/kernel/faults.ts";

const site = (text: string): ReturnType<typeof buildConfig> =>
  buildConfig(parse(`buses: []\nmeters: []\n${text}`), { file: "gateway.yaml", env: {} });
const complaintsOf = (text: string): string => {
  try {
    site(text);
  } catch (error) {
    if (isFault(error)) return JSON.stringify(error.context);
    throw error;
  }
  return "none";
};

const HOME = `
tariffs:
  - { id: flat, price: "0.5283" }
  - id: home
    exported: "0.4153"
    versions:
      - { from: "2026-01-01", price: "0.5283" }
      - { from: "2026-07-01", price: "0.4883", steps: { every: year, startsOn: "01-01", upTo: ["2880.00", "4800.00"], add: ["0.0000", "0.0500", "0.3000"] } }
      - from: "2027-01-01"
        rates: { prices: ["0.9283", "0.7283", "0.5283", "0.2783"],
                 day: ["00:00 4", "08:00 3", "10:00 2", "12:00 3", "17:00 2", "19:00 1", "21:00 3", "23:00 4"],
                 holidays: { days: ["2027-02-06"], day: ["00:00 4"] } }
        steps: { every: month, startsOn: 15, upTo: ["200"], add: ["0.0000", "0.1000"] }
`;

test("versions, steps, rates and the old form are read as they are meant", () => {
  const { tariffs } = site(HOME);
  expect(tariffs.get("flat")!.versions).toEqual([
    { from: "2000-01-01", prices: [5_283n], steps: null, timetable: null, exported: null },
  ]);
  const [first, second, third] = tariffs.get("home")!.versions;
  expect(first).toEqual({ from: "2026-01-01", prices: [5_283n], steps: null, timetable: null, exported: 4_153n });
  expect(second!.steps).toEqual({
    every: "year",
    startsOn: { month: 1, day: 1 },
    upTo: [288_000n, 480_000n],
    add: [0n, 500n, 3_000n],
  });
  expect(third).toMatchObject({ prices: [9_283n, 7_283n, 5_283n, 2_783n], steps: { every: "month", startsOn: { day: 15 } } });
  expect(third!.timetable!.day[1]).toEqual({ minute: 480, rate: 3 });
  expect(third!.timetable!.holidays).toEqual({ days: ["2027-02-06"], day: [{ minute: 0, rate: 4 }] });
});

test("an account has its own tariff, else its class's, else the first", () => {
  const config = site(`${HOME}
classes: { residential: { tariff: home } }
accounts:
  - { account: "1", mode: remote }
  - { account: "2", mode: remote, class: shop }
  - { account: "3", mode: remote, tariff: flat }
`);
  expect(config.accounts.map(({ tariff }) => tariff)).toEqual(["home", "flat", "flat"]);
  expect([tariffOfClass(config, "residential"), tariffOfClass(config, "shop")]).toEqual(["home", "flat"]);
});

const version = (text: string): string => `tariffs: [ { id: t, versions: [ ${text} ] } ]`;
const steps = (text: string): string => version(`{ from: "2026-01-01", price: "0.5", steps: ${text} }`);
const rates = (text: string): string => version(`{ from: "2026-01-01", rates: ${text} }`);

describe("is refused by path, with what is allowed:", () => {
  test.each([
    ["five decimals", 'tariffs: [ { id: t, price: "0.52831" } ]', /tariffs\[0\]\.price.*four decimals/],
    ["neither price nor versions", "tariffs: [ { id: t } ]", /tariffs\[0\]\.price.*either price, or versions/],
    [
      "both price and versions",
      'tariffs: [ { id: t, price: "1", versions: [ { from: "2026-01-01", price: "1" } ] } ]',
      /either price, or versions/,
    ],
    ["a version without price", version('{ from: "2026-01-01" }'), /tariffs\[0\]\.versions\[0\]\.price.*either price, or rates/],
    ["a version with both", version('{ from: "2026-01-01", price: "1", rates: { prices: ["1"] } }'), /either price, or rates/],
    ["no day", version('{ from: "2026-02-30", price: "1" }'), /versions\[0\]\.from.*a day of the calendar/],
    [
      "versions out of order",
      version('{ from: "2026-07-01", price: "1" }, { from: "2026-07-01", price: "2" }'),
      /versions\[1\]\.from.*a later day/,
    ],
    [
      "thresholds that do not rise",
      steps('{ every: year, upTo: ["200", "200.00"], add: ["0", "0", "0"] }'),
      /upTo\[1\].*more than the threshold before/,
    ],
    ["a threshold of nothing", steps('{ every: year, upTo: ["0.00"], add: ["0", "0"] }'), /upTo\[0\].*more than/],
    [
      "too few additions",
      steps('{ every: year, upTo: ["200", "300"], add: ["0", "0"] }'),
      /steps\.add.*one more than thresholds: 3/,
    ],
    [
      "a year that starts on a leap day",
      steps('{ every: year, startsOn: "02-29", upTo: ["1"], add: ["0", "0"] }'),
      /startsOn.*every year has/,
    ],
    [
      "a month that starts on the 31st",
      steps('{ every: month, startsOn: 31, upTo: ["1"], add: ["0", "0"] }'),
      /startsOn.*1 to 28/,
    ],
    ["steps by week", steps('{ every: week, upTo: ["1"], add: ["0", "0"] }'), /every.*year/],
    ["no prices", rates("{ prices: [] }"), /rates\.prices/],
    ["five prices", rates('{ prices: ["1", "1", "1", "1", "1"] }'), /rates\.prices.*one to four/],
    ["a day that begins later", rates('{ prices: ["1", "2"], day: ["08:00 1"] }'), /day\[0\].*begins at 00:00/],
    ["slots out of order", rates('{ prices: ["1", "2"], day: ["00:00 1", "09:00 2", "08:00 1"] }'), /day\[2\].*later than/],
    ["a rate without price", rates('{ prices: ["1", "2"], day: ["00:00 3"] }'), /day\[0\].*rates are 1 to 2/],
    ["no time of day", rates('{ prices: ["1", "2"], day: ["00:00 1", "24:00 2"] }'), /day\[1\].*like .*08:00 3/],
    [
      "a holiday that is no day",
      rates('{ prices: ["1"], day: ["00:00 1"], holidays: { days: ["2027-13-01"], day: ["00:00 1"] } }'),
      /holidays\.days\[0\]/,
    ],
    [
      "an unknown tariff of an account",
      'accounts: [ { account: "1", mode: remote, tariff: gold } ]',
      /accounts\[0\]\.tariff.*gold.*flat/,
    ],
    ["an unknown tariff of a class", "classes: { shop: { tariff: gold } }", /classes\.shop\.tariff.*gold.*flat/],
    ["two of one name", 'tariffs: [ { id: t, price: "1" }, { id: t, price: "2" } ]', /tariffs\[1\]\.id.*stands already/],
    ["an unknown word", 'tariffs: [ { id: t, price: "1", colour: red } ]', /tariffs\[0\].*unknown: colour/],
  ])("%s", (_what, text, complaint) => {
    expect(complaintsOf(text)).toMatch(complaint);
  });
});
