/** Two meters change places between two polls, and no line notices: the first register that cannot be makes the gateway ask who is there. */
import { afterEach, expect, test } from "vitest";
import { hours, minutes } from "../../src/kernel/clock.ts";
import { at, raiseStreetHouse, type StreetHouse } from "../collection/street-house.ts";

let house: StreetHouse | undefined;
afterEach(() => house?.stop());

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
