/**
 * A mutant may turn for ever. Waiting for it by the clock costs seconds each, and on a busy machine a clock proves nothing; so the turns of
 * all loops in the mutated file are counted, and a mutant that turns many times as often as the sound file is ended at once.
 */
import ts from "typescript";
import type { Mutant } from "./mutants.ts";

/** Called in every turn; `child.ts` defines it. */
const COUNT = "countTurn();";

type Change = Pick<Mutant, "start" | "end" | "replacement">;

/** The text of a file, with a count in each of its loops, and with the change of a mutant. */
export function withCountedTurns(text: string, mutant?: Change): string {
  const source = ts.createSourceFile("counted.ts", text, ts.ScriptTarget.Latest, true);
  const changes: Change[] = mutant === undefined ? [] : [mutant];
  const insert = (at: number, what: string): void => {
    // Inside of what is replaced there is nothing left to count.
    if (mutant === undefined || at <= mutant.start || at >= mutant.end) changes.push({ start: at, end: at, replacement: what });
  };
  const visit = (node: ts.Node): void => {
    if (ts.isForStatement(node) || ts.isForOfStatement(node) || ts.isWhileStatement(node) || ts.isDoStatement(node)) {
      insert(node.statement.getStart(source), `{ ${COUNT} `);
      insert(node.statement.end, " }");
    }
    ts.forEachChild(node, visit);
  };
  visit(source);
  // From the end, so that places do not move; what is inserted where a mutant begins comes to stand before it.
  changes.sort((one, other) => other.start - one.start || other.end - one.end);
  return changes.reduce((done, { start, end, replacement }) => done.slice(0, start) + replacement + done.slice(end), text);
}
