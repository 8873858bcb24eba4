/** Who is charged for what a meter counts, and by which tariff, while tenants and tariffs come and go. Days are of October 2026, in Shanghai; the site file is brought in anew each time. */
import { expect, test } from "vitest";
import { systemClock, type Instant } from "../../src/kernel/clock.ts";
import { BusId, type AccountId } from "../../src/kernel/ids.ts";
import { parsePrice } from "../../src/kernel/money.ts";
import type { EnergyUse } from "../../src/kernel/reading.ts";
import { Billing } from "../../src/ledger/billing.ts";
import { Ledger } from "../../src/ledger/ledger.ts";
import { MeteredUse } from "../../src/policy/metered-use.ts";
import { InMemoryDatabase } from "../../src/stores/in-memory/database.ts";
import { storesInMemory } from "../../src/stores/in-memory/stores.ts";
import { flatTariff } from "../../src/tariff/tariff.ts";
import { ANNA, BEN, dayName, METER, moment, ZONE } from "../ledger/billing-world.ts";

function aHouse() {
  let now = moment(1);
  const clock = { ...systemClock, now: (): Instant => now };
  const db = new InMemoryDatabase(clock);
  const stores = storesInMemory(db, clock, "test");
  const ledger = new Ledger({ store: stores.ledger, clock });
  const tariffs = new Map(["flat", "dear"].map((id) => [id, flatTariff(id, parsePrice(id === "flat" ? "0.5000" : "1.0000"))]));
  const billing = new Billing({ store: stores.billing, ledger, tariffs, timeZone: ZONE });
  const metered = new MeteredUse({ billing, meters: stores.meters, outbox: stores.outbox, clock, timeZone: ZONE });
  const use = (given: EnergyUse): Promise<void> => db.transact((tx) => metered.energy(tx, given));
  return {
    stores,
    /** The site file says so from now on. */
    livesThere: (account: AccountId | null, mode: "local" | "remote" = "remote", tariff = "flat") =>
      stores.meters.bringIn(account === null ? [] : [{ account, name: "", class: "residential", mode, tariff }], [
        {
          ...{ address: METER, account, meterNumber: "", customerNumber: "", bus: BusId("b") },
          ...{ model: "remote-ledger", relayPassword: null },
        },
      ]),
    /** The gateway is started again then. */
    startsOn: (day: number) => void (now = moment(day, 9)),
    read: (day: number, hour: number, register: bigint, more: Partial<EnergyUse> = {}) => {
      now = moment(day, hour);
      return use({ meter: METER, takenAt: now, register, ...more });
    },
    /** Fetched on this day at noon: what the meter kept at the midnight with which `of` begins. */
    midnight: (day: number, of: number, register: bigint) => {
      now = moment(day, 12);
      return use({ meter: METER, takenAt: moment(of), register, midnightOf: dayName(of) });
    },
    /** Day, energy and whether it is settled. */
    bill: async (account: AccountId) =>
      (await stores.billing.billOf(account, "2000-01-01", "2100-01-01")).map(
        ({ day, energy, state }) => `${day.slice(8)} ${energy} ${state}`,
      ),
  };
}

test("whoever left is billed to the first register that is read then; what is used before the next one comes is on nobody's bill", async () => {
  const house = aHouse();
  await house.livesThere(ANNA);
  await house.read(1, 8, 1_000n);
  await house.read(1, 20, 1_100n);
  await house.livesThere(null);
  await house.read(2, 8, 1_150n);
  await house.read(2, 9, 1_900n);
  await house.read(9, 9, 5_000n);
  expect(await house.bill(ANNA)).toEqual(["01 100 settled", "02 50 settled"]);
  await house.livesThere(BEN);
  await house.read(20, 9, 9_000n);
  await house.read(20, 10, 9_010n);
  expect(await house.bill(ANNA)).toEqual(["01 100 settled", "02 50 settled"]);
  expect(await house.bill(BEN)).toEqual(["20 10 provisional"]);
});

test("and comes back: a new bill begins, with nothing of what lies between", async () => {
  const house = aHouse();
  await house.livesThere(ANNA);
  await house.read(1, 8, 1_000n);
  await house.livesThere(null);
  await house.read(2, 8, 1_150n);
  await house.read(3, 8, 4_000n);
  await house.livesThere(ANNA);
  await house.read(4, 8, 4_500n);
  await house.read(4, 9, 4_520n);
  expect((await house.bill(ANNA)).map((line) => line.slice(0, 6))).toEqual(["01 0 p", "02 150", "04 20 "]);
});

test("a midnight of days when he lived there ends no bill, and one that comes late still tells which day used what", async () => {
  const house = aHouse();
  await house.livesThere(ANNA);
  await house.read(1, 8, 1_000n);
  await house.livesThere(null); // while the gateway stood still
  await house.midnight(4, 2, 1_100n);
  await house.midnight(4, 3, 1_300n);
  await house.read(4, 13, 1_400n); // the first that was read
  await house.read(4, 14, 3_000n);
  expect((await house.bill(ANNA)).map((line) => line.slice(0, 6))).toEqual(["01 100", "02 200", "03 50 ", "04 50 "]);
  await house.midnight(5, 4, 1_310n);
  await house.midnight(5, 5, 3_500n);
  expect((await house.bill(ANNA)).map((line) => line.slice(0, 6))).toEqual(["01 100", "02 200", "03 10 ", "04 90 "]);
});

test("a wallet in the meter is charged by nobody but itself: the next one's ends the bill of who left, his own does not", async () => {
  const house = aHouse();
  await house.livesThere(ANNA);
  await house.read(1, 8, 1_000n);
  await house.read(1, 9, 1_100n);
  await house.livesThere(ANNA, "local");
  await house.read(1, 10, 1_150n);
  expect(await house.bill(ANNA)).toEqual(["01 100 provisional"]);
  await house.livesThere(BEN, "local");
  await house.read(1, 11, 1_200n);
  await house.read(2, 9, 2_000n);
  expect((await house.bill(ANNA)).map((line) => line.slice(0, 6))).toEqual(["01 200"]);
  expect(await house.bill(BEN)).toEqual([]);
});

test("what is not believed to be this meter, or was not read, ends no bill", async () => {
  const house = aHouse();
  await house.livesThere(ANNA);
  await house.read(1, 8, 1_000n);
  await house.livesThere(null);
  await house.read(1, 9, 1_300n, { estimated: true });
  await house.stores.meters.setIdentity(null, METER, "quarantined", "another number");
  await house.read(1, 10, 7_000n);
  expect(await house.bill(ANNA)).toEqual(["01 0 provisional"]);
  await house.stores.meters.setIdentity(null, METER, "confirmed", null);
  await house.read(1, 11, 1_200n);
  await house.read(1, 12, 1_900n);
  expect(await house.bill(ANNA)).toEqual(["01 200 settled"]);
});

test("a meter that was silent while its account got another tariff: the days before are billed by the one they had", async () => {
  const house = aHouse();
  await house.livesThere(ANNA);
  await house.read(1, 8, 1_000n);
  house.startsOn(8);
  await house.livesThere(ANNA, "remote", "dear");
  house.startsOn(9);
  await house.livesThere(ANNA, "remote", "dear");
  await house.read(10, 12, 1_900n);
  const days = await house.stores.billing.billOf(ANNA, "2000-01-01", "2100-01-01");
  expect(days.map(({ day, tariff }) => `${day.slice(8)} ${tariff}`)).toEqual([
    ...["01", "02", "03", "04", "05", "06", "07"].map((day) => `${day} flat`),
    ...["08", "09", "10"].map((day) => `${day} dear`),
  ]);
});
