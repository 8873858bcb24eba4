/**
 * One register too high, told again when it was asked for again: it is believed, it is charged, and by it somebody who had paid is cut. As soon as
 * the meter tells the truth he has supply; and when a person has looked at the meter, his money.
 */
import { afterEach, expect, test } from "vitest";
import { hours, minutes } from "../../src/kernel/clock.ts";
import { AccountId } from "../../src/kernel/ids.ts";
import { parseYuan } from "../../src/kernel/money.ts";
import { Ledger } from "../../src/ledger/ledger.ts";
import { at, raiseStreetHouse, type StreetHouse } from "../collection/street-house.ts";
import { answerIn, isAbout, lied } from "../months/lies.ts";

let house: StreetHouse | undefined;
afterEach(() => house?.stop());

test("one broken answer brings nobody supply who owes: he is read again at once, and told the truth he stays cut", async () => {
  let [lies, asked] = [0, 0];
  house = await raiseStreetHouse({
    start: at("2026-11-23T08:00:00"),
    meters: [{ energyKwh: "1000.00", loadKw: 1 }],
    pollEveryMs: hours(4),
    rules: "live",
    changed: (bytes) => {
      const frame = answerIn(bytes);
      if (frame === null || !isAbout.poll(frame.di)) return bytes;
      asked += 1;
      if (lies === 0) return bytes;
      lies -= 1;
      return lied("backwards", frame)!.bytes;
    },
  });
  const [meter] = house.addresses as [(typeof house.addresses)[number]];
  await house.pass(hours(6));
  expect(house.street.snapshot(meter)).toMatchObject({ relay: "disconnected", obeyed: { disconnects: 1 } });
  lies = 1;
  const before = asked;
  await house.pass(hours(4));
  expect([lies, asked - before], "the lie, and what was read again").toEqual([0, 2]);
  expect(house.street.snapshot(meter)).toMatchObject({
    relay: "disconnected",
    obeyed: { disconnects: 1, reconnects: 0, arms: 0 },
  });
});

test("supply comes back with the first true register, and the money with a person's word", async () => {
  let lies = false;
  house = await raiseStreetHouse({
    start: at("2026-11-23T08:00:00"),
    meters: [{ energyKwh: "1000.00", loadKw: 0.1 }],
    pollEveryMs: hours(4),
    rules: "live",
    changed: (bytes) => {
      const frame = lies ? answerIn(bytes) : null;
      return frame === null || !isAbout.poll(frame.di) ? bytes : lied("too-much", frame)!.bytes;
    },
  });
  const { addresses, db, stores, street, clock } = house;
  const [meter] = addresses as [(typeof addresses)[number]];
  const account = AccountId(meter.slice(2));
  const ledger = new Ledger({ store: stores.ledger, clock });
  const available = async (): Promise<number> => Number((await ledger.position(null, account)).available);
  const because = (kind: string): (string | null)[] =>
    db.books.commands.all(null).flatMap(({ command }) => (command.kind === kind ? [command.reason] : []));
  const amount = parseYuan("20.00");
  await db.transact((tx) => ledger.receive(tx, { account, amount, channel: "test", reference: "one" }));
  await house.pass(hours(5));
  lies = true;
  await house.pass(hours(5));
  expect(street.snapshot(meter)).toMatchObject({ relay: "disconnected", obeyed: { disconnects: 1 } });
  expect(await available()).toBeLessThan(-3_000);

  lies = false;
  await house.pass(hours(5));
  expect(because("arm")).toEqual(["cut-contradicted"]);
  expect(street.pressButton(meter)).toBe(true);
  await house.pass(hours(5));
  expect(street.snapshot(meter)).toMatchObject({ relay: "connected", obeyed: { disconnects: 1 } }); // the doubt holds the next cut back
  expect(await available()).toBeLessThan(-3_000);

  const believed = (await stores.validation.validated([meter])).get(meter)!;
  const nothing = { rates: null, billedTo: null, energy: null, days: 7, takenAt: null } as const;
  const register = street.meters.get(meter)!.energySteps;
  const wish = {
    kind: "correct",
    register,
    insteadOf: believed.register,
    ...nothing,
    reason: "seen at its display",
    by: "Wang",
  } as const;
  await db.transact((tx) => house!.entries.enter(tx, meter, wish));
  const used = Math.round((Number(register) - 100_000) * 0.5283);
  expect(await available()).toBe(2_000 - used);
  await house.pass(hours(9));
  expect((await stores.validation.doubt(null, meter))?.open ?? false).toBe(false);
  await house.until(at("2026-11-25T01:00:00"));
  await house.pass(minutes(30));
  const days = await stores.billing.billOf(account, "2026-11-23", "2026-11-24");
  expect(days.map(({ state }) => state)).toEqual(["settled", "settled"]);
  expect(because("disconnect")).toHaveLength(1);
});
