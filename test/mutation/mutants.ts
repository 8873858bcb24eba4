/**
 * All the small mistakes one could make in a file, as changes of its text: found in TypeScript's syntax tree by the rules of `rules.ts`.
 *
 * Skipped, because no test could see it: types, interfaces, imports, comments. Skipped by choice: the tables of rows named in `files.ts`,
 * and sentences for people, the texts handed to `refuse`, `Error` and their like (what is computed inside them is changed all the same).
 */
import ts from "typescript";
import { changesOf } from "./rules.ts";

export interface Mutant {
  readonly file: string;
  readonly start: number;
  readonly end: number;
  readonly replacement: string;
  readonly kind: string;
  /** From 1. */
  readonly line: number;
  /** The whole line as it stands, without its indent, and what is replaced in it. */
  readonly lineText: string;
  readonly original: string;
}

export function mutantsOf(file: string, text: string, tables: readonly string[] = []): Mutant[] {
  const source = ts.createSourceFile(file, text, ts.ScriptTarget.Latest, true);
  const found = new Map<string, Mutant>();
  const visit = (node: ts.Node): void => {
    if (isWithoutEffect(node) || isTable(node, tables)) return;
    for (const { kind, start, end, replacement } of changesOf(node, source)) {
      const original = text.slice(start, end);
      const { line } = source.getLineAndCharacterOfPosition(start);
      const lineText = text.split("\n")[line]!.trim();
      const key = `${start} ${end} ${replacement}`;
      if (replacement !== original && !found.has(key))
        found.set(key, { file, start, end, replacement, kind, line: line + 1, lineText, original });
    }
    ts.forEachChild(node, visit);
  };
  visit(source);
  return [...found.values()].sort((one, other) => one.start - other.start || one.end - other.end);
}

/** Types, imports and what is passed on by name: gone before anything runs, or linked and not run. */
const isWithoutEffect = (node: ts.Node): boolean =>
  ts.isTypeNode(node) ||
  ts.isInterfaceDeclaration(node) ||
  ts.isTypeAliasDeclaration(node) ||
  ts.isTypeParameterDeclaration(node) ||
  ts.isImportDeclaration(node) ||
  ts.isExportDeclaration(node);

const isTable = (node: ts.Node, tables: readonly string[]): boolean =>
  ts.isVariableDeclaration(node) && ts.isIdentifier(node.name) && tables.includes(node.name.text);

/** "length <= 0 → length < 0": a change on one line, long pieces cut in the middle. */
export const changeOf = ({ original, replacement }: Mutant): string => `${short(original)} → ${short(replacement)}`;

function short(text: string): string {
  const line = text.replaceAll(/\s+/g, " ").trim();
  return line.length <= 70 ? line : `${line.slice(0, 45)} … ${line.slice(-22)}`;
}
