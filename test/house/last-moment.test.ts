/**
 * The last moment before a cut leaves, on a street with the real engine: what somebody is just saying of the household comes before the bytes
 * or after them, and never in between.
 */
import { afterEach, expect, test, vi } from "vitest";
import { hours, later, minutes } from "../../src/kernel/clock.ts";
import { AccountId, type MeterAddress } from "../../src/kernel/ids.ts";
import type { Transaction } from "../../src/kernel/transaction.ts";
import { at, raiseStreetHouse, type StreetHouse } from "../collection/street-house.ts";

let house: StreetHouse | undefined;
afterEach(() => house?.stop());

/** One household that owes, and whose cut waits before a line that is pulled out of the wall. */
async function cutThatWaits() {
  const street = (house = await raiseStreetHouse({
    ...{ start: at("2026-11-23T08:00:00"), meters: [{ loadKw: 1 }], rules: "live" },
  }));
  const { db, stores, clock } = street;
  const [meter] = street.addresses as [MeterAddress];
  const cut = () => db.books.commands.all(null).find(({ command }) => command.kind === "disconnect")?.command;
  await street.pass(minutes(10));
  street.unplugged.add("line-1");
  await db.statement(null, (on) => {
    const book = `available/${meter.slice(2)}`;
    return db.books.positions.upsert(on, book, () => ({ book, amount: -500n }));
  });
  for (let n = 0; n < 30 && cut() === undefined; n += 1) await street.pass(minutes(1));
  expect(cut()).toMatchObject({ sentAt: null, endedAt: null });
  const hold = (tx: Transaction): Promise<void> =>
    stores.exemptions.insert(tx, {
      ...{ id: "00000000-0000-7000-9000-000000000001", account: AccountId(meter.slice(2)), kind: "hold" },
      ...{ from: clock.now(), until: later(clock.now(), hours(24)), reason: "a mistake is looked into", madeBy: "anna" },
      ...{ endedAt: null, endedBy: null, remindedAt: null },
    });
  return { house: street, meter, cut, hold };
}

test("a hold that is being written while the order waits for its wire: no frame leaves, and the order is taken back", async () => {
  const { house: street, meter, cut, hold } = await cutThatWaits();
  let written: () => void = () => undefined;
  const saying = street.db.transact(async (tx) => {
    await hold(tx);
    await new Promise<void>((resolve) => (written = resolve));
  });
  street.unplugged.delete("line-1");
  await street.pass(minutes(30));
  expect(street.street.snapshot(meter).obeyed.disconnects, "it waits behind the household's row").toBe(0);
  written();
  await saying;
  await street.pass(hours(3));
  expect(street.street.snapshot(meter)).toMatchObject({ relay: "connected", obeyed: { disconnects: 0 } });
  expect(cut()).toMatchObject({ state: "cancelled", because: "exempt-hold", sentAt: null });
});

test("whenever on the way to the wire a hold is said, no attempt begins after it", async () => {
  const before = { left: 0, held: 0 };
  const tooLate: number[] = [];
  for (let nth = 1; nth <= 12; nth += 1) {
    const { house: street, hold } = await cutThatWaits();
    let isSaid = false;
    let calls = 0;
    const transact = street.db.transact.bind(street.db);
    vi.spyOn(street.db, "transact").mockImplementation(async (work) => {
      if (++calls === nth) {
        await transact(hold);
        isSaid = true;
      }
      return transact(work);
    });
    const begin = street.stores.commands.beginAttempt.bind(street.stores.commands);
    vi.spyOn(street.stores.commands, "beginAttempt").mockImplementation(async (...given) => {
      const outcome = await begin(...given);
      if (outcome === "begun" && isSaid) tooLate.push(nth);
      before.left += 1;
      return outcome;
    });
    street.unplugged.delete("line-1");
    await street.pass(hours(2));
    expect(isSaid).toBe(true);
    if (street.db.books.attempts.all(null).length === 0) before.held += 1;
    await street.stop();
    house = undefined;
  }
  expect(tooLate, "said before this transaction, and it left").toEqual([]);
  expect(before.held, "some were in time").toBeGreaterThan(0);
  expect(before.left, "and some too late, or nothing was looked at").toBeGreaterThan(0);
});
