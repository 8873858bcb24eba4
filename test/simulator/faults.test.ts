/** Every kind of the fault table, on the wire: no row without a test. */
import { describe, expect, test } from "vitest";
import { faultKinds, rowOf } from "../../simulator/faults.ts";
import type { FaultKind } from "../../simulator/street.ts";
import { busCases } from "./faults/bus-cases.ts";
import { meterCases } from "./faults/meter-cases.ts";
import { mqttCases } from "./faults/mqtt-cases.ts";
import { replyCases } from "./faults/reply-cases.ts";
import { socketCases } from "./faults/socket-cases.ts";

const cases: Readonly<Record<FaultKind, () => Promise<void>>> = {
  ...replyCases,
  ...meterCases,
  ...busCases,
  ...socketCases,
  ...mqttCases,
};

test("the table has at least thirty kinds, and each of them has its test here", () => {
  expect(Object.keys(faultKinds).length).toBeGreaterThanOrEqual(30);
  expect(Object.keys(cases).sort()).toEqual(Object.keys(faultKinds).sort());
});

describe("each kind does what its row says", () => {
  test.each(Object.entries(cases).map(([kind, run]) => [kind, rowOf(kind as FaultKind).meaning, run] as const))(
    "%s: %s",
    async (_kind, _meaning, run) => run(),
  );
});
