/**
 * A diagonal of the crash matrix: each step of a command's life once, each victim, both stores of the queue and both ways to keep the
 * books. The whole matrix is `npm run crash-matrix`.
 */
import { describe, expect, test } from "vitest";
import { suiteNeeding } from "../support/servers.ts";
import { printRig, rigKinds, runRig, type RigKind } from "./matrix.ts";
import type { Victim } from "./rig.ts";

/** Which victim dies at which step. A gateway that dies on a named PostgreSQL waits for its leases, so that is done once. */
const diagonals: readonly (readonly [RigKind, readonly (readonly [Victim, string])[]])[] = [
  [
    rigKinds[0]!,
    [
      ["postgres", "accepting"],
      ["postgres", "written"],
      ["gateway", "settled"],
    ],
  ],
  [
    rigKinds[2]!,
    [
      ["gateway", "sent"],
      ["group", "obeyed"],
      ["group", "heard"],
      ["postgres", "shown"],
    ],
  ],
];
const onRedis: (typeof diagonals)[number] = [
  rigKinds[1]!,
  [
    ["redis", "job-adding"],
    ["redis", "not-taken"],
    ["broker", "sent"],
    ["postgres", "verifying"],
  ],
];

function holds([kind, groups]: (typeof diagonals)[number]): void {
  const at = groups.map(([victim, step]) => `${victim} when ${step}`).join(", ");
  test.concurrent(
    `books ${kind.books}, queue on ${kind.queue}: every order ends as if nothing had died (${at})`,
    async () => {
      const wanted = {
        orders: () => true,
        groups: (_rig: RigKind, victim: Victim, step: { name: string }) =>
          groups.some(([one, name]) => one === victim && name === step.name),
      };
      const result = await runRig(kind, wanted, () => undefined);
      expect(result.broken, printRig(result)).toBeNull();
      expect(
        result.cells.filter(({ wrong }) => wrong !== null),
        printRig(result),
      ).toEqual([]);
      expect(new Set(result.cells.map(({ step, victim }) => `${victim} ${step}`)).size).toBe(groups.length);
    },
    240_000,
  );
}

describe("killed with -9 at a named step", () => {
  for (const diagonal of diagonals) holds(diagonal);
});
suiteNeeding(["redis-server", "mosquitto"], "killed with -9 at a named step, with Redis and Mosquitto", () => holds(onRedis));
