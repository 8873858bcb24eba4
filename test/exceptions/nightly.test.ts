/** What is compared when: each meter once a night, and the books with the first of them. On virtual time. */
import { expect, test } from "vitest";
import type { Comparison } from "../../src/exceptions/comparison.ts";
import type { ComparisonStore, MeterToCompare } from "../../src/exceptions/comparison-store.ts";
import { Nightly } from "../../src/exceptions/nightly.ts";
import type { Street } from "../../src/devices/meter.ts";
import { hours, Instant, minutes } from "../../src/kernel/clock.ts";
import { AccountId, MeterAddress } from "../../src/kernel/ids.ts";
import { silentLog } from "../../src/kernel/log.ts";
import { VirtualClock } from "../support/virtual-clock.ts";

const EVENING = Instant(Date.parse("2026-11-25T22:00:30.250Z"));

test("the books are added up once a night, not again with each meter that could not be compared before", async () => {
  const clock = new VirtualClock(EVENING);
  const heard = MeterAddress("202611220001");
  const silent = MeterAddress("202611220002");
  const comparedAt = new Map<MeterAddress, Instant>([heard, silent].map((meter) => [meter, EVENING]));
  const begun: { readonly meters: number; readonly withSums: boolean | undefined }[] = [];
  const nightly = new Nightly({
    comparison: {
      begin: (_by: string, only: ReadonlySet<string>, withSums?: boolean) => {
        begun.push({ meters: only.size, withSums });
        if (only.has(heard)) comparedAt.set(heard, clock.now());
        return Promise.resolve({ done: Promise.resolve() });
      },
    } as unknown as Comparison,
    store: {
      meters: () =>
        Promise.resolve(
          [...comparedAt].map(([meter, at]) => ({ meter, account: AccountId("1000000001"), comparedAt: at }) as MeterToCompare),
        ),
    } as unknown as ComparisonStore,
    street: {} as Street,
    ...{ clock, log: silentLog, timeZone: "UTC", at: 120 },
  });
  nightly.start();
  await clock.pass(hours(4) + minutes(45));
  const first = begun.splice(0);
  expect(first).toEqual([
    { meters: 2, withSums: true },
    { meters: 1, withSums: false },
  ]);
  await clock.pass(hours(24));
  expect(begun.filter(({ withSums }) => withSums)).toEqual([{ meters: 2, withSums: true }]);
  const stopped = nightly.stop();
  await clock.pass(minutes(1));
  await stopped;
});
