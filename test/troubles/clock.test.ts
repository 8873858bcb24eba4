/**
 * The clock is set by an hour, forward and back, in the middle of everything: through the port, since nobody may set the machine's.
 * Nothing comes twice, nothing waits for an hour, and no meter is given an order whose deadline has passed.
 */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { SESSION_MS, Sessions } from "../../src/api/sessions.ts";
import { LeaseKeeper } from "../../src/devices/lease-keeper.ts";
import type { Thing } from "../../src/demo/desk.ts";
import { hours, iso, later, minutes, systemClock, systemElapsed } from "../../src/kernel/clock.ts";
import { silentLog } from "../../src/kernel/log.ts";
import { PostgresLineLeases } from "../../src/stores/line-leases-store.ts";
import { testDatabase } from "../support/database.ts";
import { raiseTestHouse, type TestHouse } from "../support/test-house.ts";
import { addresses, creditedOnce, payOnce, payUntilTaken, until } from "./desk.ts";
import { SteppingClock } from "./stepping-clock.ts";

const STEPS = [
  { title: "forward", byMs: hours(1) },
  { title: "back", byMs: -hours(1) },
] as const;
/** What a silent meter is left alone for at first, and a lost job, and a machine that has much to do. */
const IN_SPITE_OF_IT_MS = 25_000;

describe("the clock of the house is set by an hour", () => {
  const clock = new SteppingClock();
  const all = addresses(4, 20);
  let house: TestHouse;
  let used = 0;
  const fresh = (count: number): readonly string[] => all.slice(used, (used += count));

  beforeAll(async () => {
    const meters = all.map((address) => ({ address, balance: "10.00", loadKw: 0 }));
    house = await raiseTestHouse({ meters, clock, streetClock: systemClock });
    house.street.pauseHouseholds();
  });
  afterAll(() => house.close());

  test.each(STEPS)(
    "$title, while orders wait, travel and are looked after: each arrives once, and soon",
    async ({ title, byMs }) => {
      const [lost, unheard, silent, next] = fresh(4);
      house.street.setFault(lost!, { kind: "lost-reply", function: "03", di: "070102FF" });
      house.street.setFault(unheard!, { kind: "lost-request", function: "03", di: "070102FF" });
      const silence = house.street.setFault(silent!, { kind: "silence" });
      const pay = (address: string): Promise<string> => payUntilTaken(house, address, `${title} ${address}`);
      const waiting = await pay(silent!);
      await until("it to wait for its meter", async () =>
        (await house.desk.get(`/v1/commands/${waiting}`))["waitingFor"] === "meter-online" ? true : null,
      );
      const commands = [waiting, await pay(lost!), await pay(unheard!)];
      await until("the meter to obey", () => (house.street.snapshot(lost!).obeyed.topUps === 1 ? true : null));
      clock.step(byMs);
      house.street.clearFaults(silent!, silence);
      commands.push(await pay(next!));
      for (const command of commands) await house.desk.commandIn(command, "confirmed", IN_SPITE_OF_IT_MS);
      creditedOnce(house, [lost!, unheard!, silent!, next!]);
    },
    90_000,
  );

  test.each(STEPS)(
    "$title: the same order id and the same key still answer the same",
    async ({ title, byMs }) => {
      const [address] = fresh(1);
      const command = await payUntilTaken(house, address!, `again ${title}`);
      const keyed = () =>
        fetch(`${house.gateway.url}/v1/meters/${address!}/relay`, {
          method: "POST",
          headers: { "content-type": "application/json", "idempotency-key": `key ${title}` },
          body: JSON.stringify({ order: "protect", reason: "a clock is set" }),
        }).then((answer) => answer.json() as Promise<Thing>);
      const first = await keyed();
      clock.step(byMs);
      expect((await payOnce(house.gateway.url, address!, `again ${title}`)).json["command"]).toMatchObject({ id: command });
      expect(await keyed()).toEqual(first);
      await house.desk.commandIn(command, "confirmed", IN_SPITE_OF_IT_MS);
      creditedOnce(house, [address!]);
    },
    60_000,
  );

  test("forward, past the deadline of a cut for a silent meter: the meter never hears of it", async () => {
    const [address] = fresh(1);
    const silence = house.street.setFault(address!, { kind: "silence" });
    const order = async (): Promise<string> => {
      const body = { order: "disconnect", reason: "a clock is set", notAfter: iso(later(clock.now(), minutes(30))) };
      return String(((await house.desk.post(`/v1/meters/${address!}/relay`, body))["command"] as Thing)["id"]);
    };
    let command = await order();
    await until("it to wait for its meter", async () => {
      const { state, waitingFor } = await house.desk.get(`/v1/commands/${command}`);
      // The clock was set back directly before, and that was noticed only now: whoever wants the cut still orders it again.
      if (state === "expired") command = await order();
      return waitingFor === "meter-online" ? true : null;
    });
    clock.step(hours(1));
    house.street.clearFaults(address!, silence);
    await house.desk.commandIn(command, "expired", IN_SPITE_OF_IT_MS);
    expect(house.street.snapshot(address!)).toMatchObject({ relay: "connected", obeyed: { disconnects: 0 } });
  }, 60_000);
});

describe("the clock is set back under an order of a person", () => {
  test("a cut that waits for its meter has no more time than it was given, and a restore has", async () => {
    const clock = new SteppingClock();
    const [dark, light] = addresses(2, 40) as [string, string];
    const house = await raiseTestHouse({
      meters: [dark, light].map((address) => ({ address, balance: "10.00", loadKw: 0 })),
      clock,
      streetClock: systemClock,
    });
    try {
      const silences = [dark, light].map((address) => house.street.setFault(address, { kind: "silence" }));
      const order = async (address: string, what: string): Promise<string> => {
        const body = { order: what, reason: "a clock is set", notAfter: iso(later(clock.now(), minutes(30))) };
        const command = (await house.desk.post(`/v1/meters/${address}/relay`, body))["command"] as Thing;
        return String(command["id"]);
      };
      const state = async (id: string): Promise<Thing> => house.desk.get(`/v1/commands/${id}`);
      const [cut, restore] = [await order(dark, "disconnect"), await order(light, "protect")];
      for (const id of [cut, restore])
        await until("it to wait for its meter", async () => ((await state(id))["waitingFor"] === "meter-online" ? true : null));
      const before = Date.parse(String((await state(cut))["notAfter"]));
      clock.step(-hours(1));
      await until("its deadline to come back with the clock", async () =>
        Math.abs(Date.parse(String((await state(cut))["notAfter"])) - (before - hours(1))) <= 1_000 ? true : null,
      );
      clock.step(minutes(31)); // so long after it was given
      for (const [index, address] of [dark, light].entries()) house.street.clearFaults(address, silences[index]);
      await house.desk.commandIn(cut, "expired", IN_SPITE_OF_IT_MS);
      await house.desk.commandIn(restore, "confirmed", IN_SPITE_OF_IT_MS);
      expect(house.street.snapshot(dark)).toMatchObject({ relay: "connected", obeyed: { disconnects: 0 } });
    } finally {
      await house.close();
    }
  }, 90_000);
});

describe("the clock of leases and sessions is set", () => {
  test.each(STEPS)(
    "$title: a holder never believes a lease longer than it lasts, and has its lines again at once",
    async ({ byMs }) => {
      const clock = new SteppingClock();
      const database = await testDatabase();
      const keeper = (holder: string) =>
        new LeaseKeeper({
          leases: new PostgresLineLeases(database.db),
          me: { holder, buses: ["rs485-1"] },
          clock,
          elapsed: systemElapsed,
          log: silentLog,
          alone: false,
        });
      const ours = keeper("ours");
      const theirs = keeper("theirs");
      try {
        await ours.start();
        expect(ours.holds("rs485-1")).toBe(true);
        clock.step(byMs);
        expect(ours.holds("rs485-1")).toBe(byMs < 0); // forward: perhaps the machine slept, so it is not believed any more
        await theirs.start();
        expect(theirs.holds("rs485-1")).toBe(false);
        await until("the line to be held as before", () => (ours.holds("rs485-1") ? true : null), 10_000);
        expect(theirs.holds("rs485-1")).toBe(false);
      } finally {
        await ours.stop();
        await theirs.stop();
        await database.drop();
      }
    },
    30_000,
  );

  test("a session is not cut short when the clock goes back, and never lasts longer than it may by the clock", () => {
    const clock = new SteppingClock();
    const sessions = new Sessions(clock);
    const token = sessions.begin("bank");
    clock.step(-hours(1));
    expect(sessions.ownerOf(token)).toBe("bank");
    clock.step(hours(1));
    expect(sessions.ownerOf(token)).toBe("bank");
    clock.step(SESSION_MS);
    expect(sessions.ownerOf(token)).toBeNull();
    sessions.endAll();
  });
});
