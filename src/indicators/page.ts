/** docs/indicators.md, written from the two tables. A test holds the page beside this. */
import { sheetNames, sheetOf } from "./sheets.ts";
import { indicatorNames, indicatorOf, type Target, type Unit } from "./table.ts";

const units: Readonly<Record<Unit, string>> = { share: "share", count: "count", seconds: "seconds" };

const HEAD = `# Indicators 指标: how the gateway is judged, and how to judge it yourself

Every number of \`GET /v1/indicators\`, \`meterctl indicators\` and the console's page 指标 is computed by the gateway from the rows of a **sheet**. The same sheet can be
taken along, as CSV or as JSON lines, and holds everything that is needed to compute the number again:

\`\`\`
meterctl indicators --from 2026-11 --by class
meterctl indicators rows collection-rate --from 2026-11 > midnights.csv
GET /v1/indicators?from=2026-11-01&to=2026-11-30&by=class
GET /v1/indicators/collection-rate/rows?from=2026-11&format=csv
\`\`\`

- A period is whole days of the site, both ends in it; a month may be named, \`2026-11\`. Left out: this month up to today. At most 92 days.
- A **share** is (rows that are meant) ÷ (rows that count), cut off after four decimals: 1 means all of them. Nothing to count: no value. A **count** is the number of rows that are meant. **Seconds** are measured between two
  moments of a row; a percentile is the nearest rank, a time that was really measured.
- \`by\` parts the rows by their column class, bus or model; nothing else changes.
- Books are looked at as they are known when the sheet is drawn up: what was posted, corrected or taken back since is in it.
- No row names a customer: no name, account, order id, amount or free text. A meter's address stays, so that a row can be looked at on the wall.
- Moments are ISO 8601 with milliseconds and offset, energy is in kWh; an empty cell means that there is none. Names of columns do not change; new ones come at the end of the table of their sheet.

This page is written from \`src/indicators/table.ts\` and \`src/indicators/sheets.ts\`.

## The numbers
`;

const targetText = (target: Target | null): string =>
  target === null ? "none" : `${target.way === "at-least" ? "at least" : "at most"} ${target.value}; ${target.source}`;

const indicatorLines = indicatorNames.flatMap((name) => {
  const { title, sheet, of, is, unit, target } = indicatorOf(name);
  return [
    `### \`${name}\` — ${title.en} · ${title.zh}`,
    "",
    `- sheet: [${sheet}](#sheet-${sheet}); unit: ${units[unit]}`,
    `- counts: ${of}`,
    `- meant: ${is}`,
    `- target: ${targetText(target)}`,
    "",
  ];
});

const sheetLines = sheetNames.flatMap((name) => {
  const { title, when, columns } = sheetOf(name);
  return [
    `### Sheet ${name}`,
    "",
    `${title.en} · ${title.zh}. In the period by: ${when}.`,
    "",
    "| column | kind | what it says |",
    "| --- | --- | --- |",
    ...Object.entries(columns).map(([column, { kind, means }]) => `| ${column} | ${kind} | ${means} |`),
    "",
  ];
});

export const indicatorsPage = (): string =>
  [HEAD, ...indicatorLines, "## The sheets", "", ...sheetLines].join("\n").replace(/\n+$/, "\n");
