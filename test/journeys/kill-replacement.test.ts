/**
 * The gateway dies while a meter takes another's place: its whole process group is killed with -9, and it is started again at once,
 * with the old site file. Whatever the moment, the account goes over once and its money arrives once.
 */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { Desk, Thing } from "../../src/demo/desk.ts";
import { raiseProcessHouse, type ProcessHouse } from "../support/process-house.ts";

const LIMIT_MS = 60_000;
const TEST_MS = 150_000;
const [first, second, third, firstNew, secondNew, thirdNew] = [1, 2, 3, 4, 5, 6].map((n) => `20261122031${n}`) as [
  string,
  string,
  string,
  string,
  string,
  string,
];
let house: ProcessHouse;

beforeAll(async () => {
  house = await raiseProcessHouse({
    meters: [first, second, third, firstNew, secondNew, thirdNew],
    named: [first, second, third],
    bus: { replyDeadlineMs: 700 },
  });
});
afterAll(() => house.close());

const desk = (): Desk => house.desk;

const wish = (address: string, more: Thing = {}): Thing => ({
  ...{ newMeter: { address, bus: "tcp-1", model: "standard-wallet" }, reason: "worn out", ...more },
});
async function begin(old: string, fresh: string): Promise<string> {
  const { replacement } = await desk().post(`/v1/meters/${old}/replacement`, wish(fresh));
  return String((replacement as Thing)["id"]);
}
const reaches = (id: string, what: Thing): Promise<Thing> =>
  desk().until(`replacement ${id} to be ${JSON.stringify(what)}`, LIMIT_MS, async () => {
    const found = await desk().get(`/v1/replacements/${id}`);
    return Object.entries(what).every(([field, value]) => found[field] === value) ? found : null;
  });
/** The new meters held 10.00 when they came. */
async function wentOverOnce(id: string, old: string, fresh: string): Promise<void> {
  await reaches(id, { step: "done" });
  expect(await house.street.meter(fresh)).toMatchObject({ balance: "20.00", purchaseCount: 1, obeyed: { topUps: 1 } });
  expect(await desk().get(`/v1/accounts/${old.slice(2)}`)).toMatchObject({ available: "0.00", held: "0.00" });
  expect(await desk().get(`/v1/meters/${fresh}`)).toMatchObject({ account: old.slice(2), identity: "confirmed" });
}

describe("killed with -9 and started again at once", () => {
  test(
    "directly after a replacement was asked for: it goes on by itself",
    async () => {
      const id = await begin(first, firstNew);
      await house.dieAndRise();
      await wentOverOnce(id, first, firstNew);
    },
    TEST_MS,
  );

  test(
    "after the new meter obeyed and before its answer came: the rest is carried once, though the site file still names the old one",
    async () => {
      await house.street.fault(secondNew, { kind: "lost-reply", function: "03", di: "070102FF" });
      const id = await begin(second, secondNew);
      await desk().until("the new meter to obey", LIMIT_MS, async () =>
        (await house.street.meter(secondNew)).obeyed["topUps"] === 1 ? true : null,
      );
      await house.dieAndRise();
      await wentOverOnce(id, second, secondNew);
    },
    TEST_MS,
  );

  test(
    "while it waits for a person's readings: it waits again, and nothing has moved",
    async () => {
      await house.street.fault(third, { kind: "silence", times: 10_000 });
      const id = await begin(third, thirdNew);
      const waiting = { step: "begun", waitingFor: "final-readings" };
      await reaches(id, waiting);
      await house.dieAndRise();
      await reaches(id, waiting);
      expect(await house.street.meter(thirdNew)).toMatchObject({ balance: "10.00", obeyed: { topUps: 0 } });
      const shown = String((await house.street.meter(third))["energyKwh"]);
      await desk().post(`/v1/meters/${third}/replacement`, wish(thirdNew, { finalReading: shown, finalBalance: "10.00" }));
      await wentOverOnce(id, third, thirdNew);
    },
    TEST_MS,
  );
});
