/**
 * Begins a run with the files that take longest, so that it does not end with one core waiting for a long file alone. By default the
 * order is that of the last run, and on a fresh clone that of the files' sizes, which says nothing about the time they take.
 */
import { BaseSequencer, type TestSpecification } from "vitest/node";

/** Longest first, as measured; whoever is not named takes a few seconds. A new one that takes half a minute or more belongs in here. */
const LONG: readonly string[] = [
  "crash/crash-matrix",
  "crash/payments",
  "cli/scan",
  "troubles/redis",
  "journeys/mqtt",
  "journeys/serial",
  "journeys/kill",
  "console/console",
  "journeys/backup",
  "cli/start-up",
  "journeys/crash-sweep",
  "cli/backup",
  "journeys/paid-twice",
  "journeys/two-gateways",
  "journeys/crash-sweep-changes",
  "journeys/relay",
  "journeys/top-up",
  "troubles/clock",
  "journeys/kill-replacement",
  "journeys/queues",
  "storms/storms",
];

const placeOf = (file: TestSpecification): number => {
  const place = LONG.findIndex((name) => file.moduleId.endsWith(`test/${name}.test.ts`));
  return place === -1 ? LONG.length : place;
};

export default class LongestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    return (await super.sort(files)).sort((one, other) => placeOf(one) - placeOf(other));
  }
}
