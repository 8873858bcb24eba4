/** The invariants of a storm can be broken: a group of commands with one that is open or disputed is looked at as any other. */
import { expect, test } from "vitest";
import type { CommandState } from "../../src/commands/command.ts";
import { purchasesFit } from "./invariants.ts";

test.each<[readonly CommandState[], number, boolean]>([
  [["confirmed"], 1, true],
  [["confirmed"], 0, false],
  [["confirmed"], 2, false],
  [["refused"], 0, true],
  [["refused"], 1, false],
  [["refused", "confirmed"], 1, true],
  [["disputed"], 0, true],
  [["disputed"], 1, true],
  [["disputed"], 2, false],
  [["disputed", "confirmed"], 0, false],
  [["disputed", "confirmed"], 1, true],
  [["disputed", "confirmed"], 2, false],
  [["verifying", "refused"], 1, true],
  [["verifying", "confirmed"], 0, false],
])("%j, obeyed %i times: %s", (states, obeyed, fits) => {
  expect(
    purchasesFit(
      states.map((state) => ({ state })),
      obeyed,
    ),
  ).toBe(fits);
});
