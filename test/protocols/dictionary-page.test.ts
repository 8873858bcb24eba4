/** The page of data items is what the table says, and says all of it. */
import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { TABLE } from "../../src/protocols/dlt645/dictionary.ts";
import { TABLE_1997 } from "../../src/protocols/dlt645/dictionary-1997.ts";
import { printDictionary } from "../../src/protocols/dlt645/print-dictionary.ts";

const page = readFileSync("docs/data-items.md", "utf8");
const lines = page.split("\n");

test("docs/data-items.md is printed from the table: npm run docs:items", () => {
  expect(page === printDictionary(), "docs/data-items.md is old; run `npm run docs:items`").toBe(true);
});

test("every row stands on the page once, in a class of its own", () => {
  for (const { di } of [...TABLE, ...TABLE_1997]) {
    const rows = lines.filter((line) => line.startsWith(`| ${di} |`));
    // Word 3 and the supply are one identifier.
    expect(rows, di).toHaveLength(di === "04000503" ? 2 : 1);
  }
  expect(page).not.toContain("## Others");
});

test("every row is told in Chinese", () => {
  const rows = lines.filter((line) => /^\| [0-9A-Z]{4,8} \| [a-z]/.test(line));
  expect(rows).toHaveLength(TABLE.length + TABLE_1997.length);
  for (const row of rows) expect(row.split(" | ")[3]).toMatch(/\p{Script=Han}/u);
});

test("tables have as many cells in each line as in their head", () => {
  for (const [i, line] of lines.entries()) {
    if (!line.startsWith("| ---")) continue;
    const width = line.split("|").length;
    for (let at = i - 1; lines[at]?.startsWith("|") === true; at += 1)
      expect(lines[at]!.replaceAll("\\|", "").split("|").length, lines[at]).toBe(width);
  }
});
