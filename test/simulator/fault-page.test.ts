/** The README's fault table is the table itself. */
import { readFileSync, writeFileSync } from "node:fs";
import { expect, test } from "vitest";
import { faultTable } from "../../simulator/faults/page.ts";

const FILE = "simulator/README.md";
const START = "<!-- prettier-ignore-start -->\n";
const END = "<!-- prettier-ignore-end -->\n<!-- /faults -->";

test("the README shows the fault table as it is", () => {
  const page = readFileSync(FILE, "utf8");
  const [from, to] = [page.indexOf(START) + START.length, page.indexOf(END)];
  expect([from, to], "the marks around the table").not.toContain(-1);
  const shown = page.slice(from, to).trim();
  if (process.env["UPDATE_PAGES"] === "1" && shown !== faultTable())
    writeFileSync(FILE, `${page.slice(0, from)}\n${faultTable()}\n\n${page.slice(to)}`);
  else expect(shown).toBe(faultTable());
});
