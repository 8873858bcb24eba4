/** Two meters change places between two polls, and no line notices: the first register that cannot be makes the gateway ask who is there. */
import { afterEach, expect, test } from "vitest";
import { hours, minutes } from "../../src/kernel/clock.ts";
import { at, raiseStreetHouse, type StreetHouse } from "../collection/street-house.ts";

let house: StreetHouse | undefined;
afterEach(() => house?.stop());

test.each([
  { one: "1000.00", other: "1100.00" },
  { one: "1270.00", other: "1000.00" },
])(
  "meters with like registers that change places, $one and $other, are asked before either is believed: nobody is billed what lies between",
  async ({ one, other }) => {
    house = await raiseStreetHouse({
      start: at("2026-11-23T08:00:00"),
      meters: [{ energyKwh: one }, { energyKwh: other }],
      pollEveryMs: hours(5),
    });
    const { addresses, db, stores, street } = house;
    await house.pass(hours(6));
    street.setFault(addresses[0]!, { kind: "swapped-addresses", with: addresses[1]! });
    await house.pass(hours(5));
    for (const meter of addresses) {
      expect((await stores.meters.meter(null, meter))!.identity).toBe("quarantined");
      expect(0n - (db.books.positions.find(null, `available/${meter.slice(2)}`)?.amount ?? 0n)).toBeLessThan(600n); // eleven hours at one kilowatt
    }
    // whichever was read first told whose numbers it carries, so the other was asked before its register was looked at
    const suspects = db.books.readings.all(null).filter(({ suspect }) => suspect !== null);
    expect(suspects).toHaveLength(1);
  },
);

test("a register that is not believed has its meter asked for its numbers: crossed meters are quarantined, and what they used is billed to nobody else", async () => {
  house = await raiseStreetHouse({
    start: at("2026-11-23T08:00:00"),
    meters: [{ energyKwh: "25500.00" }, { energyKwh: "70400.00" }],
    pollEveryMs: minutes(30),
  });
  const { addresses, db, stores, street } = house;
  const [one, other] = addresses as [(typeof addresses)[0], (typeof addresses)[0]];
  await house.pass(hours(2));
  const identityOf = async (meter: typeof one): Promise<string> => (await stores.meters.meter(null, meter))!.identity;
  expect([await identityOf(one), await identityOf(other)]).toEqual(["confirmed", "confirmed"]);
  const chargedTo = (): bigint[] =>
    addresses.map((meter) => 0n - (db.books.positions.find(null, `available/${meter.slice(2)}`)?.amount ?? 0n));
  street.setFault(one, { kind: "swapped-addresses", with: other });
  await house.pass(hours(2));
  expect([await identityOf(one), await identityOf(other)]).toEqual(["quarantined", "quarantined"]);
  for (const fen of chargedTo()) expect(fen).toBeLessThan(200n); // two kWh and a half at one kilowatt, at most
  street.clearFaults(one);
  await house.pass(hours(3));
  expect([await identityOf(one), await identityOf(other)]).toEqual(["confirmed", "confirmed"]);
  // seven hours at one kilowatt: nothing of it is lost, and nothing of the other's is in it
  for (const fen of chargedTo()) {
    expect(fen).toBeGreaterThan(330n);
    expect(fen).toBeLessThanOrEqual(375n);
  }
});
