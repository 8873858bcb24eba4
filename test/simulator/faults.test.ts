/** Every kind of the fault table, on the wire: no row without a test, and the page in the README is the table itself. */
import { describe, test } from "vitest";
import { rowOf } from "../../simulator/faults.ts";
import type { FaultKind } from "../../simulator/street.ts";
import { busCases } from "./faults/bus-cases.ts";
import { meterCases } from "./faults/meter-cases.ts";
import { replyCases } from "./faults/reply-cases.ts";

const cases: Readonly<Record<string, () => Promise<void>>> = { ...replyCases, ...meterCases, ...busCases };

describe("each kind does what its row says", () => {
  test.each(Object.keys(cases).map((kind) => [kind, rowOf(kind as FaultKind).meaning]))("%s: %s", async (kind) => {
    await cases[kind]!();
  });
});
