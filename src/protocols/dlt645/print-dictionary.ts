/**
 * The dictionary as a page for people, `docs/data-items.md`: every row of both editions by class, the letters of their patterns, and
 * the bits of every word. Pure: text out, nothing written. `npm run docs:items` writes it, and a test compares it with what is there.
 */
import { TABLE } from "./dictionary.ts";
import { TABLE_1997 } from "./dictionary-1997.ts";
import { BAUDS } from "./formats/bauds.ts";
import { freezeMode, profileMode, reportMode, reportState, runFeature } from "./formats/feature-bytes.ts";
import type { FlagRow } from "./formats/bit-words.ts";
import { phaseFaults, runStateWord1, runStateWord2, runStateWord7 } from "./formats/status-words.ts";
import { describe } from "./table/describe.ts";
import { diOf, itemAt, patternTitle } from "./table/row.ts";
import type { TableRow } from "./table/row.ts";
import { word3Layouts } from "./word3-layouts.ts";

/** By DI3, the highest byte. */
const CLASSES: readonly (readonly [heads: RegExp, title: string])[] = [
  [/^00/, "00 · Energy, consumption, purse · 电能量"],
  [/^01/, "01 · Maximum demand with its time · 最大需量及发生时间"],
  [/^02/, "02 · Measured now · 变量"],
  [/^03(?!3[2-4])/, "03 · Events · 事件记录"],
  [/^033[2-4]/, "0332 to 0334 · Purchases and refunds · 购电和退费记录"],
  [/^04/, "04 · Parameters · 参变量"],
  [/^05/, "05 · Freezes · 冻结量"],
  [/^06/, "06 · Load profiles and curves · 负荷记录"],
  [/^07/, "07 · Security, function 03 · 安全认证"],
  [/^(1[0-9ABCF]|2)/, "10 to 22 · Events of the supplements · 扩展事件记录"],
  [/^1[DE]/, "1D and 1E · Relay · 跳闸和合闸记录"],
];

const HEAD = `# Data items

Printed from the table in \`src/protocols/dlt645/table/\` by \`npm run docs:items\`; do not edit. How to add one is told in
[add-a-data-item.md](add-a-data-item.md).

- **DI** is written DI3 DI2 DI1 DI0; letters are told under each table. FF in place of a letter is the block of all, in one place at most.
- **Name** is how values are called in the API and on the command line, for the first item of a family.
- **Format**: X and N are decimal digits or the hex digits of bits, \`x 3\` is three times, \`(k+1)\` the total and k tariffs. **±**: the top bit is a sign.
- **Sure** is how well the sources agree: high two of them, medium one, low recalled or seen in one firmware.
`;

const cells = (...values: readonly string[]): string => `| ${values.map((value) => value.replaceAll("|", "\\|")).join(" | ")} |`;
const table = (heads: readonly string[], rows: readonly (readonly string[])[]): string =>
  [cells(...heads), cells(...heads.map(() => "---")), ...rows.map((row) => cells(...row))].join("\n");

function rowCells(row: TableRow): readonly string[] {
  const first = row.variables.map((variable) => variable.first);
  const last = row.variables.map((variable) => variable.last);
  const { shape } = itemAt(row, diOf(row, last), last);
  const { format, bytes, unit, signed } = describe(shape);
  return [
    row.di,
    itemAt(row, diOf(row, first), first).name,
    patternTitle(row, "en"),
    patternTitle(row, "zh"),
    format,
    bytes === null ? "" : String(bytes),
    unit,
    signed ? "±" : "",
    row.access + (row.blockAccess === undefined || row.blockAccess === row.access ? "" : `, block ${row.blockAccess}`),
    row.confidence,
    row.note,
  ];
}
const ITEM_HEADS = ["DI", "Name", "English", "中文", "Format", "Bytes", "Unit", "±", "Access", "Sure", "Note"];

function section(title: string, rows: readonly TableRow[]): string {
  const letters = new Set(rows.flatMap(({ variables }) => variables.map(({ letters, says }) => `- **${letters}** ${says}`)));
  return [`## ${title}`, table(ITEM_HEADS, rows.map(rowCells)), ...(letters.size === 0 ? [] : [[...letters].join("\n")])].join(
    "\n\n",
  );
}

const flagTable = (title: string, rows: readonly FlagRow<string>[]): string =>
  [
    `### ${title}`,
    table(
      ["Bit", "English", "中文"],
      rows.map(([bit, name, zh]) => [String(bit), name, zh]),
    ),
  ].join("\n\n");

const layoutTable = (layout: keyof typeof word3Layouts): string =>
  [
    `### Word 3, ${layout}`,
    table(
      ["Bit", "Name", "中文", "Values"],
      word3Layouts[layout].map(({ bit, name, zh, values }) => [
        values.length === 4 ? `${bit}-${bit + 1}` : String(bit),
        name,
        zh,
        values.map(([en, chinese], i) => `${i} ${en} ${chinese}`).join(", "),
      ]),
    ),
  ].join("\n\n");

const bitPages = (): readonly string[] => [
  "## Bits · 特征字和状态字",
  flagTable("Run-state word 1, 04000501", runStateWord1.table),
  flagTable("Run-state word 2, 04000502, 1 is reverse", runStateWord2.table),
  ...(Object.keys(word3Layouts) as (keyof typeof word3Layouts)[]).map(layoutTable),
  flagTable("Run-state words 4 to 6, 04000504 to 06, one phase each", phaseFaults.table),
  flagTable("Run-state word 7, 04000507", runStateWord7.table),
  flagTable(
    "Baud byte, 04000701 to 05 and function 17",
    BAUDS.map((rate, i) => [i + 1, `${rate} baud`, `${rate}波特`] as const),
  ),
  flagTable("Load-profile mode, 04000901", profileMode.table),
  flagTable("Freeze modes, 04000902 to 06", freezeMode.table),
  flagTable("Run feature 1, 04001101", runFeature.table),
  flagTable("Active-report mode, 04001104", reportMode.table),
  flagTable("Active-report state, 04001501 and 04001503", reportState.table),
];

export function printDictionary(): string {
  const left = new Set(TABLE);
  const sections = CLASSES.map(([heads, title]) => {
    const rows = TABLE.filter((row) => heads.test(row.di));
    for (const row of rows) left.delete(row);
    return section(title, rows);
  });
  // A new class of identifiers wants a title above; until then its rows are not lost.
  if (left.size > 0) sections.push(section("Others · 其他", [...left]));
  return `${[HEAD.trimEnd(), ...sections, ...bitPages(), section("The edition of 1997 · DL/T 645-1997", TABLE_1997)].join("\n\n")}\n`;
}
