/** Are the right mistakes made? A mutant that does not parse would count as killed, and one that is forgotten as no mistake at all. */
import { readFileSync } from "node:fs";
import { stripTypeScriptTypes } from "node:module";
import { describe, expect, test } from "vitest";
import { equivalentsAmong } from "./equivalents.ts";
import { FILES } from "./files.ts";
import { mutantsOf } from "./mutants.ts";
import type { Mutant } from "./mutants.ts";
import { withCountedTurns } from "./turns.ts";

const mutated = (text: string, { start, end, replacement }: Pick<Mutant, "start" | "end" | "replacement">): string =>
  text.slice(0, start) + replacement + text.slice(end);
const mistakesIn = (text: string, tables: readonly string[] = []): string[] =>
  mutantsOf("some.ts", text, tables).map((mutant) => mutated(text, mutant));
/** As Node reads it: the types are stripped, and what does not parse is told. */
const isSound = (text: string): boolean => {
  try {
    return stripTypeScriptTypes(text) !== "";
  } catch {
    return false;
  }
};

describe("mistakes", () => {
  test.each([
    ["a < b;", ["a <= b;", "a >= b;", ";"]],
    ["a === b;", ["a !== b;", ";"]],
    ["x = a + b;", ["x = a - b;", ";"]],
    ["x = a && b ? c : d;", [";", "x = true ? c : d;", "x = false ? c : d;", "x = (a || b) ? c : d;", "x = a && b ? d : c;"]],
    ["const x = a ?? b;", ["const x = (a && b);"]],
    ["const x = a ?? b ?? c;", ["const x = ((a ?? b) && c);", "const x = (a && b) ?? c;"]],
    ["const x = 5;", ["const x = 6;", "const x = 4;", "const x = 0;"]],
    ["const x = 0n;", ["const x = 1n;", "const x = (-1n);"]],
    ["const x = -y;", ["const x = y;"]],
    ["const x = a?.b;", ["const x = a.b;"]],
    ["const x = a.trim();", ["const x = a;"]],
    ["const x = Math.max(a, b);", ["const x = Math.min(a, b);"]],
    ["const f = () => a;", ["const f = () => undefined;"]],
    ["function f() { return a; }", ["function f() { return undefined; }"]],
    ["if (a) b();", ["if (true) b();", "if (false) b();", "if (a) ;"]],
    ["while (a) b();", ["while (false) b();", "while (a) ;"]],
    ["const x = [a];", ["const x = [];"]],
    ["const x = { a: true };", ["const x = {};", "const x = { a: false };"]],
    ['const x = "a";', ['const x = "";']],
    ['const x = "";', ['const x = "mutated";']],
    ["const x = /^a*$/;", ["const x = /a*$/;", "const x = /^a*/;", "const x = /^a+$/;"]],
  ])("in %s", (text, mistakes) => {
    expect(mistakesIn(text).toSorted()).toEqual([...mistakes].toSorted());
  });

  test.each([
    'import { a } from "b";',
    'export { a } from "b";',
    'type A = "b" | 5;',
    "interface A { readonly b: true }",
    "function f(a: 5): void {}",
    "const x = a as 5;",
    "// a < b",
  ])("are not made where nothing runs: %s", (text) => {
    expect(mistakesIn(text)).toEqual([]);
  });

  test("are not made in sentences for people, but in the names and numbers beside them", () => {
    expect(mistakesIn('f(refuse("field", "a sentence"));')).toEqual([";", 'f(refuse("", "a sentence"));']);
    expect(mistakesIn("f(new Error(`not ${n - m}`));")).toEqual([";", "f(new Error(`not ${n + m}`));"]);
    expect(mistakesIn('f(is ? { why: "a sentence" } : a);')).not.toContain('f(is ? { why: "" } : a);');
  });

  test("are not made in the tables that are named", () => {
    expect(mistakesIn("const ROWS = [1]; const ROW = [2];", ["ROWS"]).every((text) => text.includes("ROWS = [1]"))).toBe(true);
  });

  test("can all be run, in every file that is mutated", () => {
    expect(isSound("const x = a && b ?? c;")).toBe(false);
    for (const { file, tables } of FILES) {
      const text = readFileSync(file, "utf8");
      const mutants = mutantsOf(file, text, tables);
      expect(mutants.length).toBeGreaterThan(5);
      // Parsing each by itself would take long: the first of each kind stands for the others.
      const kinds = new Map(mutants.map((mutant) => [`${mutant.kind} ${mutant.replacement}`, mutant]));
      expect([...kinds.values()].filter((mutant) => !isSound(mutated(text, mutant)))).toEqual([]);
    }
  });
});

test("a mutant that is no mistake is still where its reason says", () => {
  for (const { file, tables } of FILES) equivalentsAmong(file, mutantsOf(file, readFileSync(file, "utf8"), tables));
});

describe("turns", () => {
  test("are counted in every loop, with braces or without", () => {
    expect(withCountedTurns("for (;;) a();")).toBe("for (;;) { countTurn(); a(); }");
    expect(withCountedTurns("while (a) { for (const b of c) d(); }")).toBe(
      "while (a) { countTurn(); { for (const b of c) { countTurn(); d(); } } }",
    );
  });

  test("are counted around a mutant wherever it stands", () => {
    const text = "for (; a < b; ) c();";
    for (const mutant of mutantsOf("some.ts", text)) {
      const counted = withCountedTurns(text, mutant);
      expect(counted).toContain("countTurn();");
      expect(isSound(counted)).toBe(true);
      expect(counted.replace("{ countTurn(); ", "").replace(/ \}$/, "")).toBe(mutated(text, mutant));
    }
  });
});
