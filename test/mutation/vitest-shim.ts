/**
 * As much of vitest as the tests of the codec use: `describe`, `test`, `test.each`, and its own `expect`, which works outside a
 * runner. What is missing here is missing loudly: a test file that imports more does not load, and then nothing is measured.
 *
 * Tests are run one after the other, and the first failure is the end: a mutant dies once.
 */
export { expect } from "vitest";

interface Collected {
  readonly title: string;
  readonly run: () => unknown;
}
const collected: Collected[] = [];

export function describe(_title: string, body: () => void): void {
  body();
}

type Body = (...given: never[]) => unknown;

export const test = Object.assign((title: string, run: () => unknown): void => void collected.push({ title, run }), {
  each:
    (rows: readonly unknown[]) =>
    (title: string, body: Body): void => {
      for (const row of rows) {
        const given = (Array.isArray(row) ? row : [row]) as never[];
        collected.push({ title: `${title} ${String(given[0])}`, run: () => body(...given) });
      }
    },
});

/** Runs what has been collected since the last call; answers the title of the first test that fails. */
export async function firstFailure(): Promise<string | undefined> {
  const tests = collected.splice(0);
  if (tests.length === 0) throw new Error("a test file without tests proves nothing");
  for (const { title, run } of tests)
    try {
      await run();
    } catch (error) {
      return `${title}: ${error instanceof Error ? error.message : String(error)}`;
    }
  return undefined;
}
