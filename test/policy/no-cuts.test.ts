/** Bad weather and outages as staff say them: from when to when, for whom, and that no cut of a rule leaves in one, at any gateway. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { Instant } from "../../src/kernel/clock.ts";
import { hours, iso, later, minutes } from "../../src/kernel/clock.ts";
import { isFault } from "../../src/kernel/faults.ts";
import { heldUntil, scopesOver, stateOf, timesOf, type NoCutKind, type NoCutSpan } from "../../src/policy/no-cuts.ts";
import type { NoCutRooms } from "../../src/house/no-cuts.ts";
import { cutFrom } from "../../src/notices/telling.ts";
import { now, owing, strategyOf, ZONE } from "./a-case.ts";
import { accountOf, MONDAY_MORNING, raiseRailsHouse, type Gateway, type RailsHouse } from "./rails-house.ts";

const days = (n: number): number => hours(24 * n);
const text = (ms: number): string => iso(later(now, ms), ZONE);
const aSpan = (changes: Partial<NoCutSpan> = {}): NoCutSpan => ({
  ...{ id: "s", kind: "bad-weather", scope: "site", from: now, until: later(now, hours(6)), reason: "typhoon" },
  ...{ saidAt: now, saidBy: "anna", endedAt: null, endedBy: null, endReason: null },
  ...changes,
});

describe("from when to when", () => {
  test.each([
    ["bad-weather", undefined, text(hours(6)), 0, hours(6)],
    ["bad-weather", text(hours(2)), text(days(7)), hours(2), days(7)],
    ["bad-weather", text(-hours(2)), text(hours(1)), 0, hours(1)], // nobody says what has been
    ["bad-weather", undefined, "2026-11-23", 0, hours(14)], // a day is meant whole, in the site's zone
    ["maintenance", "2027-11-23", "2027-11-23", days(365) - hours(10), days(365) + hours(14)],
    ["maintenance", undefined, text(days(31)), 0, days(31)],
  ] as const)("%s from %s until %s", (kind, from, until, begins, ends) => {
    expect(timesOf({ kind, from, until }, now, ZONE)).toEqual({ from: later(now, begins), until: later(now, ends) });
  });

  test.each([
    ["bad-weather", undefined, undefined, "until"],
    ["bad-weather", undefined, text(0), "until"],
    ["bad-weather", undefined, text(days(7) + minutes(1)), "until"],
    ["bad-weather", text(hours(3)), text(hours(2)), "until"],
    ["maintenance", text(days(9)), text(days(40) + minutes(1)), "until"],
    ["maintenance", "2027-02-30", text(days(9)), "from"],
    ["maintenance", undefined, "2026-11-23T18:00", "until"], // nobody knows whose six o'clock
  ] as const)("%s from %s until %s is refused, and its %s named", (kind, from, until, field) => {
    try {
      timesOf({ kind: kind, from, until }, now, ZONE);
      expect.unreachable();
    } catch (error) {
      if (!isFault(error, "no-cut-span")) throw error;
      expect(error.context).toMatchObject({ field });
    }
  });

  test("what was said for now holds at once, also where a clock is behind; what was ended holds nowhere", () => {
    expect(stateOf(aSpan(), later(now, -minutes(5)))).toBe("standing");
    const planned = aSpan({ from: later(now, hours(1)) });
    expect([0, hours(1), hours(6)].map((ms) => stateOf(planned, later(now, ms)))).toEqual(["coming", "standing", "past"]);
    expect(stateOf(aSpan({ endedAt: later(now, 1) }), now)).toBe("past");
  });

  test("a meter is of its site, its class, its bus, and its feeder, or where none is named its bus once more", () => {
    expect(scopesOver({ class: "key", bus: "tcp-1" })).toEqual(["site", "class key", "feeder tcp-1", "bus tcp-1"]);
    expect(scopesOver({ class: null, bus: "tcp-1", feeder: "T7" })).toEqual(["site", "feeder T7", "bus tcp-1"]);
    expect(scopesOver({ class: null, bus: null })).toEqual(["site"]);
  });

  test("the moment that a notice tells lies in none of them, whatever was said", () => {
    const spans = fc.array(
      fc.record({ begins: fc.integer({ min: -300, max: 3_000 }), lasts: fc.integer({ min: 1, max: 900 }) }),
      { maxLength: 5 },
    );
    fc.assert(
      fc.property(spans, fc.integer({ min: 0, max: 120 }), (drawn, noticeMinutes) => {
        const noCuts = drawn.map(({ begins, lasts }) => {
          const from = later(now, minutes(begins));
          return aSpan({ from, until: later(from, minutes(lasts)), saidAt: later(now, -hours(6)) });
        });
        const strategy = strategyOf({ notices: "required", noticeMinutes });
        const from = cutFrom({ facts: { ...owing, noCuts }, strategy }, now);
        expect(heldUntil(noCuts, from)).toBe(null);
        expect(strategy.calendar.at(from).codes).toEqual([]);
        expect(from).toBeGreaterThanOrEqual(now + minutes(noticeMinutes));
      }),
      { numRuns: 300 },
    );
  });
});

const say = (
  house: RailsHouse,
  wish: { kind?: NoCutKind; from?: number; until?: number; scope?: Parameters<NoCutRooms["desk"]["say"]>[1]["scope"] } = {},
  gateway: Gateway = house,
): Promise<NoCutSpan> => {
  const { kind = "bad-weather", from, until = hours(6), scope = {} } = wish;
  const at = (ms: number): string => iso(later(house.now(), ms), ZONE);
  return house.db.transact((tx) =>
    gateway.noCuts.desk.say(tx, {
      ...{ kind, from: from === undefined ? undefined : at(from), until: at(until), scope, reason: "typhoon", by: "anna" },
    }),
  );
};
const end = (house: RailsHouse, id: string) =>
  house.db.transact((tx) => house.noCuts.desk.end(tx, id, { by: "bo", reason: "the sky is clear" }));
const cuts = (house: RailsHouse) => house.commands().filter(({ kind }) => kind === "disconnect");
const refusal = async (work: Promise<unknown>): Promise<string> =>
  work.then(
    () => "taken",
    (error: unknown) => (isFault(error) ? error.code : Promise.reject(error as Error)),
  );

describe("a site", () => {
  test("cuts nobody from the moment it is said, cuts again when it is over, and restores all the time", async () => {
    const house = await raiseRailsHouse({ meters: 100 });
    const [one, other] = house.meters as [(typeof house.meters)[0], (typeof house.meters)[0]];
    await house.owe(one);
    await house.rules.reconcile();
    await house.sendAll();
    await say(house);
    await house.owe(other);
    await house.rules.reconcile();
    expect(cuts(house)).toHaveLength(1);
    const [kept] = await house.stores.policy.decisionsOf(accountOf(other), 1);
    expect(kept).toMatchObject({
      ...{ want: "as-is", because: "bad-weather", blocks: ["bad-weather"], nextAt: MONDAY_MORNING + hours(6) },
      facts: {
        protectedTime: "bad-weather",
        noCuts: [{ kind: "bad-weather", scope: "site", saidBy: "anna", reason: "typhoon" }],
      },
    });
    await house.pays(one, "10.00");
    expect(house.unsent().map(({ kind, meter }) => [kind, meter])).toEqual([["reconnect", one]]);
    house.pass(hours(6));
    await house.reads();
    await house.rules.reconcile();
    expect(cuts(house).map(({ meter }) => meter)).toEqual([one, other]);
  });

  test("lets no cut leave that waited for its line, at neither of its gateways, before any rule looks again", async () => {
    const house = await raiseRailsHouse({ meters: 100 });
    const twin = house.twin();
    await house.owe(house.meters[0]!, house.meters[1]!);
    await house.rules.reconcile();
    const [first, second] = house.unsent();
    await say(house, {}, twin);
    expect(await house.leaves(first!.id)).toBe("bad-weather");
    await twin.rules.reconcile();
    expect(house.commands().find(({ id }) => id === second!.id)).toMatchObject({ state: "cancelled", because: "bad-weather" });
    expect(house.left).toEqual([]);
  });

  test("lets a person cut all the same: who orders it knows of the weather", async () => {
    const house = await raiseRailsHouse({ meters: 100 });
    await say(house);
    const meter = house.meters[0]!;
    const order = await house.db.transact((tx) =>
      house.service.accept(tx, {
        ...{ kind: "disconnect", meter, account: accountOf(meter), payment: null, params: {} },
        ...{ askedBy: "person", askedByName: "anna", reason: "fire" },
      }),
    );
    expect(await house.leaves(order.id)).toBe(null);
  });

  test("says it of a class, a line or what feeds a meter alone; a name that nobody has is refused", async () => {
    const house = await raiseRailsHouse({ meters: 100, lines: 4, classOf: (n) => (n === 1 ? "shop" : "residential") });
    const due = house.meters.slice(0, 4);
    await house.owe(...due);
    await say(house, { scope: { class: "shop" } });
    await say(house, { scope: { bus: "line-3" }, kind: "maintenance" });
    await say(house, { scope: { feeder: "line-4" } });
    for (const scope of [{ class: "shops" }, { bus: "line-5" }, { feeder: "line-5" }])
      expect(await refusal(say(house, { scope }))).toBe("unknown-no-cut-scope");
    expect(await refusal(say(house, { scope: { bus: "line-1", class: "shop" } }))).toBe("invalid-request");
    await house.rules.reconcile();
    expect(cuts(house).map(({ meter }) => meter)).toEqual([due[0]]);
    const held = (await house.rooms.preview.draw("meter", "asc")).rows.map((row) => row.held);
    expect(held).toEqual([[], ["bad-weather"], ["maintenance"], ["bad-weather"]]);
  });

  test("hears of an outage before it begins, and is woken by its beginning and its end", async () => {
    const house = await raiseRailsHouse({ meters: 100 });
    const span = await say(house, { kind: "maintenance", from: hours(1), until: hours(2) });
    await house.owe(house.meters[0]!);
    await house.rules.reconcile();
    const [asked] = house.unsent();
    house.pass(hours(1) - 1);
    expect(await house.db.transact((tx) => house.rooms.gate.mayLeave(tx, asked!, 1))).toBe(null);
    house.pass(1);
    expect(await house.leaves(asked!.id)).toBe("maintenance");
    const [kept] = await house.stores.policy.decisionsOf(accountOf(house.meters[0]!), 1);
    expect(kept).toMatchObject({ stage: "cut-due", nextAt: span.from, facts: { noCuts: [] } });
  });

  test("ends it early by a person, once; then the rules go on, and what was said stays in the list", async () => {
    const house = await raiseRailsHouse({ meters: 100 });
    const span = await say(house);
    await house.owe(house.meters[0]!);
    await house.rules.reconcile();
    expect(cuts(house)).toEqual([]);
    expect(await end(house, span.id)).toMatchObject({ endedBy: "bo", endReason: "the sky is clear" });
    expect(await refusal(end(house, span.id))).toBe("no-cut-over");
    expect(await refusal(end(house, "01920000-0000-7000-8000-999999999999"))).toBe("unknown-no-cut");
    await house.rules.reconcile();
    expect(cuts(house)).toHaveLength(1);
    expect(await house.noCuts.desk.list({ limit: 9, before: null })).toMatchObject([{ id: span.id, endedAt: house.now() }]);
    expect(house.told.filter(({ type }) => type === "cuts")).toMatchObject([
      { about: "no-cut", id: span.id, state: "said" },
      { about: "no-cut", id: span.id, state: "ended" },
    ]);
  });

  test("leaves whoever stands on an approved list out when it is said before his turn", async () => {
    const house = await raiseRailsHouse({ meters: 100, lines: 4 });
    await house.owe(...house.meters.slice(0, 20));
    await house.rules.reconcile();
    const [list] = await house.stores.guards.batches(1, null);
    for (const actor of ["anna", "bo"])
      await house.db.transact((tx) => house.rooms.batches.approve(tx, list!.id, { actor, note: "seen", raisesBrake: false }));
    await say(house);
    for (let step = 0; step < 9; step += 1) await house.rules.reconcile();
    const members = await house.stores.guards.members(null, list!.id);
    expect(new Set(members.map(({ state, because }) => `${state}: ${because}`))).toEqual(new Set(["left-out: bad-weather"]));
    expect(cuts(house)).toEqual([]);
  });
});

test("whatever is said, for whomever, by either gateway: no cut leaves in a time that holds", async () => {
  const step = fc.oneof(
    fc.record({
      do: fc.constant("say" as const),
      begins: fc.integer({ min: 0, max: 90 }),
      lasts: fc.integer({ min: 1, max: 90 }),
      line: fc.option(fc.integer({ min: 1, max: 3 })),
    }),
    fc.record({ do: fc.constant("end" as const), which: fc.nat(9) }),
    fc.record({ do: fc.constant("pass" as const), minutes: fc.integer({ min: 1, max: 60 }) }),
    fc.record({ do: fc.constant("look" as const) }),
    fc.record({ do: fc.constant("send" as const) }),
  );
  const seen = { left: 0, held: 0 };
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 10, maxLength: 30 }), async (steps) => {
      const house = await raiseRailsHouse({ meters: 9, lines: 3, rails: { approval: null, brake: null } });
      const gateways = [house, house.twin()];
      await house.owe(...house.meters);
      const said: { id: string; line: number | null; from: Instant; until: Instant; over: boolean }[] = [];
      const isHeld = (n: number): boolean =>
        said.some(
          ({ line, from, until, over }) =>
            !over && from <= house.now() && house.now() < until && (line === null || line === (n % 3) + 1),
        );
      for (const [n, each] of steps.entries()) {
        const gateway = gateways[n % 2]!;
        if (each.do === "say") {
          const [from, until] = [minutes(each.begins), minutes(each.begins + each.lasts)];
          const { id } = await say(
            house,
            { from, until, scope: each.line === null ? {} : { bus: `line-${each.line}` } },
            gateway,
          );
          said.push({ id, line: each.line, from: later(house.now(), from), until: later(house.now(), until), over: false });
        }
        if (each.do === "end" && said[each.which] !== undefined) {
          const one = said[each.which]!;
          if ((await refusal(end(house, one.id))) === "taken") one.over = true;
        }
        if (each.do === "pass") {
          house.pass(minutes(each.minutes));
          await house.reads();
        }
        if (each.do === "look") await gateway.rules.reconcile();
        if (each.do === "send")
          for (const { id, meter } of house.unsent()) {
            const held = await house.leaves(id, gateway);
            expect(held !== null).toBe(isHeld(house.meters.indexOf(meter)));
            if (held === null) await house.ends(id);
            seen[held === null ? "left" : "held"] += 1;
          }
      }
    }),
    { numRuns: 60 },
  );
  expect(Math.min(seen.left, seen.held), JSON.stringify(seen)).toBeGreaterThan(0);
});
