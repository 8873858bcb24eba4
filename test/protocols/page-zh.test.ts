/** The page of an explained frame says the same in Chinese as in English, down to the names of values and the bits of words. */
import { expect, test } from "vitest";
import { TABLE } from "../../src/protocols/dlt645/dictionary.ts";
import { explain } from "../../src/protocols/dlt645/explain.ts";
import { formNames, formNamed } from "../../src/protocols/dlt645/forms.ts";
import type { Layout } from "../../src/protocols/dlt645/forms/layout.ts";
import { bytesOfHex } from "../../src/protocols/dlt645/frame.ts";
import { printExplanation } from "../../src/protocols/dlt645/print-explanation.ts";
import { diOf, itemAt } from "../../src/protocols/dlt645/table/row.ts";
import { nameZh } from "../../src/protocols/dlt645/words-zh.ts";
import { goldenFrame, goldenFrames } from "./golden-frames.ts";

/** What stays as it is in any language: units, names of things, hex. */
const KEPT =
  /\b(?:kWh|kvarh|kVAh|kvar|kVA|kW|imp|Hz|Ah|FEN|MAC\d?|ESAM|CPU|SERR|ERR|BCD|ASCII|CT|H)\b|220V|DDZY\w+|V\d[\w.]*|[0-9A-F]{4,}/g;
const english = (page: string): string[] => page.replaceAll(KEPT, "").match(/[A-Za-z]{3,}/g) ?? [];

test.each(goldenFrames().map((frame) => [frame.key, frame.bytes] as const))("%s leaves no English word behind", (_key, bytes) => {
  const page = printExplanation(explain(bytes), "zh");
  expect({ page, english: english(page) }).toEqual({ page, english: [] });
});

test("every name of a value that the dictionary or a form can show has a Chinese one", () => {
  const names = new Set<string>();
  for (const row of TABLE) {
    const values = row.variables.map(({ last }) => last);
    const { name, shape } = itemAt(row, diOf(row, values), values);
    // A value that is all there is of its item has the item's title.
    for (const field of shape.fields) if (field.name !== name) names.add(field.name);
  }
  for (const name of formNames)
    for (const side of ["request", "reply"] as const)
      for (const { name: place } of (formNamed(name)[side] as Layout).places) names.add(place);
  expect([...names].filter((name) => nameZh(name) === undefined)).toEqual([]);
  expect(names.size).toBeGreaterThan(300);
});

test("a page reads like this", () => {
  const lines = printExplanation(explain(goldenFrame("F2 balance")), "zh")
    .split("\n")
    .map((line) => line.trim().split(/\s{2,}/));
  expect(lines).toEqual([
    ["线上字节", "字段", "减33H", "含义"],
    ["68", "起始符"],
    ["01 00 22 11 26 20", "地址域", "202611220001"],
    ["68", "起始符"],
    ["91", "控制码", "读数据, 应答 (2007)"],
    ["08", "数据域长度", "数据域8字节"],
    ["33 35 C3 33", "数据标识", "00 02 90 00", "(当前)剩余金额"],
    ["78 56 33 33", "(当前)剩余金额", "45 23 00 00", "(当前)剩余金额 23.45 元"],
    ["75", "校验码", "正确"],
    ["16", "结束符"],
  ]);
});

test("what is wrong with a frame is said in Chinese with the same numbers", () => {
  const page = (hex: string): string => printExplanation(explain(bytesOfHex(hex)), "zh").split("\n")[0]!;
  const balance = "68 01 00 22 11 25 20 68 91 08 33 35 C3 33 83 56 34 33 80 16";
  expect(page(balance.replace("80 16", "81 16"))).toBe("✗ 校验码(偏移18)为81,应为80");
  expect(page(balance.slice(0, 38))).toBe("✗ 帧不完整:共20字节,只有13字节");
  expect(page(balance.replace("20 68 91", "20 69 91"))).toBe("✗ 第二个起始符(偏移7)为69,不是68");
  expect(page("41 54 0D")).toBe("✗ 杂散字节");
});
