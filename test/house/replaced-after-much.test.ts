/** A meter whose last word before it is replaced is much at once: by that the last bill would be made, and it cannot be asked when it hangs no more. */
import { afterEach, expect, test } from "vitest";
import { hours, minutes, seconds } from "../../src/kernel/clock.ts";
import { AccountId, BusId } from "../../src/kernel/ids.ts";
import { addressOf, at, raiseStreetHouse, type StreetHouse } from "../collection/street-house.ts";
import { answerIn, isAbout, liedBy } from "../months/lies.ts";

let house: StreetHouse | undefined;
afterEach(() => house?.stop());

const LIE = 3_000;
/** A street of one, read for a day; then a replacement is begun, and the old meter tells so many times that it has turned 30 kWh further. */
async function replacedWhileLying(times: number) {
  let left = 0;
  house = await raiseStreetHouse({
    start: at("2026-11-23T08:00:00"),
    meters: [{ energyKwh: "1000.00", loadKw: 0.1 }],
    spares: [{ customerNumber: `00${addressOf(0).slice(2)}`, loadKw: 0, energyKwh: "0.00" }],
    pollEveryMs: hours(24),
    feeder: "transformer-7",
    changed: (bytes) => {
      const frame = left > 0 ? answerIn(bytes) : null;
      if (frame === null || !isAbout.poll(frame.di) || frame.address !== addressOf(0)) return bytes;
      left -= 1;
      return liedBy(LIE, frame)!.bytes;
    },
  });
  const { engine, stores, street } = house;
  await house.pass(minutes(10));
  street.patch(addressOf(0), { loadKw: 0 });
  await house.pass(minutes(1));
  left = times;
  const { replacing, transactor } = engine.doors;
  const same = { bus: BusId("line-1"), model: "remote-ledger", customerNumber: `00${addressOf(0).slice(2)}` } as const;
  const [old] = house.lines.meters();
  const newMeter = { ...same, address: addressOf(1), meterNumber: addressOf(1) };
  const { id } = await transactor.transact((tx) =>
    replacing.service.begin(tx, old!, { newMeter, given: null, reason: "its time is over", askedByName: "li" }),
  );
  replacing.nudge();
  const standing = async () => (await stores.replacements.find(null, id))!;
  const told = (): number => times - left;
  return { house, standing, told, account: AccountId(addressOf(0).slice(2)) };
}
const billed = async ({ stores }: StreetHouse, account: AccountId): Promise<number> =>
  Number((await stores.billing.days(account, 10)).reduce((sum, { energy }) => sum + energy, 0n));

test.each([1, 2])("told %d times it is found false before the meter goes, and nobody is billed for it", async (times) => {
  const { house, standing, told, account } = await replacedWhileLying(times);
  await house.pass(seconds(20));
  expect(told()).toBe(times);
  if (times > 1) expect(await standing()).toMatchObject({ step: "begun", waitingFor: "old-meter-once-more" });
  await house.pass(minutes(2));
  const { step, final } = await standing();
  expect(step).toBe("done");
  expect(house.lines.meters(), "what is said of the feeder protects the new one too").toMatchObject([
    { address: addressOf(1), feeder: "transformer-7" },
  ]);
  expect(Number(final!.energy)).toBeLessThan(1_000.1);
  expect(await billed(house, account)).toBeLessThan(10);
});

test("told again a minute later it is believed, and the old meter is not asked without end until then", async () => {
  const { house, standing, account } = await replacedWhileLying(1_000);
  const heard = (): number => house.street.snapshot(addressOf(0)).heard;
  await house.pass(seconds(20));
  const before = heard();
  await house.pass(seconds(30));
  expect(heard() - before).toBeLessThan(5);
  await house.pass(minutes(2));
  expect(await standing()).toMatchObject({ step: "done" });
  expect(await billed(house, account)).toBeGreaterThan(LIE);
});

test("a gateway that ends while the replacement waits, and is begun again, bears nothing out by what it said before", async () => {
  const { house, standing, told, account } = await replacedWhileLying(4);
  await house.pass(seconds(20));
  expect(told()).toBe(2);
  expect(await standing()).toMatchObject({ step: "begun", waitingFor: "old-meter-once-more" });
  await house.stop();
  await house.begin();
  await house.pass(minutes(2));
  expect(told()).toBe(4);
  const { step, final } = await standing();
  expect([step, Number(final!.energy) < 1_000.1]).toEqual(["done", true]);
  expect(await billed(house, account)).toBeLessThan(10);
});
