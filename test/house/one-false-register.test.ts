/**
 * One register too high, told once and with a right checksum: by it somebody is in arrears, and by the next true one he is not. Between the
 * two the rules want his supply cut.
 */
import { afterEach, expect, test } from "vitest";
import { hours } from "../../src/kernel/clock.ts";
import { parseYuan } from "../../src/kernel/money.ts";
import { Ledger } from "../../src/ledger/ledger.ts";
import { AccountId } from "../../src/kernel/ids.ts";
import { at, raiseStreetHouse, type StreetHouse } from "../collection/street-house.ts";
import { answerIn, isAbout, lied } from "../months/lies.ts";

let house: StreetHouse | undefined;
afterEach(() => house?.stop());

test("is asked for again before the cut: no order leaves, and the true arrears of another are cut as ever", async () => {
  const [paid, owing] = [0, 1];
  let isLie = false;
  let told = 0;
  house = await raiseStreetHouse({
    start: at("2026-11-23T08:00:00"),
    meters: [
      { energyKwh: "1000.00", loadKw: 0.1 },
      { energyKwh: "2000.00", loadKw: 1 },
    ],
    pollEveryMs: hours(4),
    rules: "live",
    changed: (bytes) => {
      const frame = answerIn(bytes);
      if (!isLie || frame === null || !isAbout.poll(frame.di) || !frame.address.endsWith("1")) return bytes;
      isLie = false;
      told += 1;
      return lied("too-much", frame)!.bytes;
    },
  });
  const { addresses, db, stores, street, clock } = house;
  const account = AccountId(addresses[paid]!.slice(2));
  const ledger = new Ledger({ store: stores.ledger, clock });
  const amount = parseYuan("20.00");
  await db.transact((tx) => ledger.receive(tx, { account, amount, channel: "test", reference: "one" }));
  await house.pass(hours(5));
  isLie = true;
  await house.pass(hours(5));
  expect(told).toBe(1);
  const cuts = db.books.commands.all(null).filter(({ command }) => command.kind === "disconnect");
  const of = (n: number) => cuts.filter(({ command }) => command.meter === addresses[n]);
  expect(of(paid).map(({ command }) => [command.state, command.because])).toEqual([["cancelled", "reading-in-doubt"]]);
  expect(street.snapshot(addresses[paid]!)).toMatchObject({ relay: "connected", obeyed: { disconnects: 0 } });
  expect(street.snapshot(addresses[owing]!)).toMatchObject({ relay: "disconnected", obeyed: { disconnects: 1 } });
});
