/** An incident as a vitest file: the street, what was asked, what should be answered. Written once, then anybody's to edit. */
import { dirname, relative, resolve, sep } from "node:path";
import { DELAY_TOLERANCE_MS } from "./answers.ts";
import type { Asked } from "./answers.ts";
import type { Incident } from "./incident.ts";

export interface TestFile {
  readonly incident: Incident;
  readonly expected: readonly Asked[];
  /** Where it will stand. */
  readonly path: string;
  /** What should have been: "honest" as a street without faults answers, "recorded" as it was. */
  readonly expect: "honest" | "recorded";
}

export async function testFileText(file: TestFile): Promise<string> {
  return pretty(textOf(file), file.path);
}

function textOf({ incident, expected, path, expect }: TestFile): string {
  const { steps, faults } = incident;
  const span = `${incident.at} to ${steps.at(-1)?.at ?? incident.at}`;
  const broken =
    faults.length === 0
      ? "Nothing stood broken when it began."
      : `What stood broken when it began is in \`faults\`: ${faults.map(({ kind, meter, bus }) => `${kind} on ${meter ?? bus ?? ""}`).join(", ")}.`;
  const wish =
    expect === "honest"
      ? "The expectation is what the same street answers without any fault: the test fails until the trouble is mended."
      : "The expectation is what was answered then.";
  return `/**
 * An incident made from a recording: ${span}, by the street's time.
 * ${broken}
 * ${wish}
 * A delay (+800 ms) may be ${DELAY_TOLERANCE_MS} ms off.
 */
import { expect, test } from "vitest";
import { playIncident, settled } from "${importPath(path)}";

const incident = ${JSON.stringify(incident, null, 2)};

const expected = ${JSON.stringify(expected, null, 2)};

test("the meters answer as they should, ${span}", async () => {
  expect(settled(await playIncident(incident), expected)).toEqual(expected);
});
`;
}

function importPath(path: string): string {
  const way = relative(dirname(resolve(path)), resolve(import.meta.dirname, "incident.ts"))
    .split(sep)
    .join("/");
  return way.startsWith(".") ? way : `./${way}`;
}

/** In the project's own style where its formatter is installed. */
async function pretty(text: string, path: string): Promise<string> {
  try {
    const { format, resolveConfig } = await import("prettier");
    return await format(text, { ...(await resolveConfig(path)), parser: "typescript" });
  } catch {
    return text;
  }
}
