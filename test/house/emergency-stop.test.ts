/**
 * Guard rails on a street of meters, with the real engine and the real bytes: an emergency stop between queue and wire, a ledger gone wrong,
 * and a gateway that begins anew while the brake stands.
 */
import { afterEach, expect, test } from "vitest";
import { hours, minutes } from "../../src/kernel/clock.ts";
import { AccountId, type MeterAddress } from "../../src/kernel/ids.ts";
import { parseYuan } from "../../src/kernel/money.ts";
import { guardRailsShape } from "../../src/policy/guard-settings.ts";
import { at, raiseStreetHouse, type StreetHouse } from "../collection/street-house.ts";

let house: StreetHouse | undefined;
afterEach(() => house?.stop());

const relays = (of: StreetHouse): number =>
  of.addresses.filter((address) => of.street.snapshot(address).relay === "disconnected").length;
const obeyed = (of: StreetHouse): number =>
  of.addresses.reduce((sum, one) => sum + of.street.snapshot(one).obeyed.disconnects, 0);
const pays = (of: StreetHouse, meter: MeterAddress): Promise<unknown> =>
  of.db.transact((tx) =>
    of.engine.doors.payments.take(tx, {
      ...{ account: AccountId(meter.slice(2)), amount: parseYuan("100.00"), channel: "bank", orderId: `of ${meter}` },
    }),
  );

test("between queue and wire an emergency stop lets no order leave, also not when the line is back; restores go", async () => {
  house = await raiseStreetHouse({
    ...{ start: at("2026-11-23T08:00:00"), meters: Array.from({ length: 4 }, () => ({ loadKw: 1 })), lines: 2, rules: "live" },
    guardRails: guardRailsShape.parse({}),
  });
  const street = house;
  const [dark] = street.addresses as [MeterAddress];
  for (const one of street.addresses.slice(1)) await pays(street, one);
  await street.pass(hours(2));
  expect([street.street.snapshot(dark).relay, obeyed(street)]).toEqual(["disconnected", 1]);
  // the others have used it up, and their orders wait before a line that is down
  for (const line of ["line-1", "line-2"]) street.unplugged.add(line);
  const { books } = street.db;
  for (const one of street.addresses.slice(1))
    await street.db.statement(null, (on) => {
      const book = `available/${one.slice(2)}`;
      return books.positions.upsert(on, book, () => ({ book, amount: -500n }));
    });
  const waiting = (): number =>
    books.commands
      .all(null)
      .filter(({ command }) => command.kind === "disconnect" && ["accepted", "queued"].includes(command.state)).length;
  for (let n = 0; n < 40 && waiting() < 3; n += 1) await street.pass(minutes(1));
  expect(waiting()).toBe(3);
  await street.db.transact((tx) => street.engine.doors.cuts.halts.stop(tx, { actor: "anna", note: "smoke" }));
  for (const line of ["line-1", "line-2"]) street.unplugged.delete(line);
  await pays(street, dark);
  await street.pass(hours(3));
  expect(obeyed(street), "no frame of theirs was heard").toBe(1);
  expect(waiting()).toBe(0);
  const ends = new Set(
    books.commands.all(null).map(({ command }) => `${command.kind} ${command.state} ${command.because ?? ""}`.trim()),
  );
  expect(ends).toContain("disconnect cancelled emergency-stop");
  expect(street.street.snapshot(dark).relay, "allowed to restore in the middle of it").toBe("armed");
});

test("a ledger gone wrong darkens ten of forty and no more, and a gateway that begins anew leaves it at that", async () => {
  house = await raiseStreetHouse({
    ...{ start: at("2026-11-23T08:00:00"), meters: Array.from({ length: 40 }, () => ({ loadKw: 1 })), lines: 4, rules: "live" },
    guardRails: guardRailsShape.parse({ approval: null }),
  });
  await house.pass(hours(2));
  expect([relays(house), obeyed(house)]).toEqual([10, 10]);
  await house.stop();
  await house.begin();
  await house.pass(hours(3));
  expect([relays(house), obeyed(house)]).toEqual([10, 10]);
  expect((await house.stores.guards.standing(null)).map(({ because }) => because)).toEqual(["too-many"]);
});
