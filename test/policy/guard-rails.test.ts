/** Guard rails of the whole site: what a drawn day of debts, persons and failures may never lead to, counted by hand at the wire. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { hours, minutes, seconds } from "../../src/kernel/clock.ts";
import { isFault } from "../../src/kernel/faults.ts";
import type { MeterAddress } from "../../src/kernel/ids.ts";
import { canaryOf, nextStep, type RunMember } from "../../src/policy/batch-run.ts";
import { failuresInARow } from "../../src/policy/cut-ends.ts";
import { amongDue, atTheWire, type SiteFigures } from "../../src/policy/guard-rails.ts";
import { approvalLimit, brakeLimit, guardRailsShape, usualRails } from "../../src/policy/guard-settings.ts";
import { addressOf, MONDAY_MORNING, raiseRailsHouse, type RailsHouse } from "./rails-house.ts";

const figures = (changes: Partial<SiteFigures> = {}): SiteFigures => ({
  ...{ now: MONDAY_MORNING, meters: 1_000, stop: false, brake: false, failures: 0, importAt: null },
  ...{ left: { automatic: 0, approved: 0 }, ...changes },
});

describe("limits", () => {
  test("are shares of a large site, and floors beneath which a street is not stopped by its first debtor", () => {
    const of = (meters: number) => [approvalLimit(usualRails, meters), brakeLimit(usualRails, meters)];
    expect([10, 100, 300, 400, 1_000, 20_000].map(of)).toEqual([
      [5, 10],
      [5, 10],
      [15, 10],
      [20, 12],
      [20, 30],
      [20, 600],
    ]);
  });

  test("are none where the site takes them away, and a site that says nothing has them", () => {
    const off = guardRailsShape.parse({ approval: null, brake: null });
    expect([approvalLimit(off, 1_000), brakeLimit(off, 1_000)]).toEqual([null, null]);
    expect(guardRailsShape.parse({})).toEqual(usualRails);
    expect(usualRails.approval).not.toBe(null);
    expect(usualRails.brake).not.toBe(null);
  });
});

describe("at the wire", () => {
  const thirty = { automatic: 30, approved: 0 };
  test.each([
    ["an ordinary cut", {}, "rule", null],
    ["one more than three per cent of the rules' own", { left: thirty }, "rule", { held: "brake", trips: "too-many" }],
    [
      "one beside an approved list that fills the minutes",
      { left: { automatic: 1, approved: 29 } },
      "rule",
      { held: "cut-pace" },
    ],
    ["one of an approved list", { left: { automatic: 1, approved: 29 } }, "approved", { held: "cut-pace" }],
    ["one of a list that raised the brake", { left: thirty }, "raised", null],
    ["after five failures in a row", { failures: 5 }, "rule", { held: "brake", trips: "failures" }],
    ["after five failures, of a raised list too", { failures: 5 }, "raised", { held: "brake", trips: "failures" }],
    ["while the brake stands", { brake: true }, "raised", { held: "brake" }],
    ["a person's while the brake stands", { brake: true, failures: 9, left: thirty }, "person", null],
    ["a person's under an emergency stop", { stop: true }, "person", { held: "emergency-stop" }],
  ] as const)("%s", (_, changes, origin, refusal) => {
    expect(atTheWire(figures(changes), usualRails, origin)).toEqual(refusal);
  });

  test("a ledger into which nobody brought payments for too long trips the brake, where the site counts on imports", () => {
    const rails = guardRailsShape.parse({ brake: { importHours: 26 } });
    const at = (ago: number) => atTheWire(figures({ importAt: (MONDAY_MORNING - ago) as never }), rails, "rule");
    expect(at(hours(26))).toBe(null);
    expect(at(hours(26) + 1)).toEqual({ held: "brake", trips: "import-stale" });
    expect(atTheWire(figures(), rails, "rule")).toEqual({ held: "brake", trips: "import-stale" });
    expect(atTheWire(figures(), usualRails, "rule")).toBe(null);
  });
});

test("failures in a row are those the meters did not show; who paid meanwhile tells nothing, and one that is shown begins anew", () => {
  const failed = { state: "unanswered", because: "stuck", before: null } as const;
  const paid = { state: "unanswered", because: "in-credit", before: null } as const;
  const shown = { state: "confirmed", because: null, before: null } as const;
  expect(failuresInARow([failed, paid, failed, shown, failed])).toBe(2);
  expect(failuresInARow([{ ...failed, before: failed }, failed]), "known to be stuck").toBe(1);
  expect(failuresInARow([{ ...failed, before: shown }, failed])).toBe(2);
  expect(failuresInARow([shown, failed])).toBe(0);
});

test("who is on a list that waits, or was declined, counts for those that come later: portions are one mass", () => {
  const due = (n: number, list: "proposed" | "declined" | null) =>
    Array.from({ length: n }, (_, at) => ({ meter: addressOf(at + (list === null ? 0 : 500)), asked: false, list }));
  expect(amongDue(figures(), usualRails, due(3, null), 0).propose).toEqual([]);
  for (const list of ["proposed", "declined"] as const)
    expect(amongDue(figures(), usualRails, [...due(20, list), ...due(3, null)], 0).propose).toHaveLength(3);
});

describe("the first of an approved list", () => {
  const member = (n: number, line: string, changes: Partial<RunMember> = {}): RunMember => ({
    ...{ meter: addressOf(n), line, isCanary: false, state: "waiting", ...changes },
  });
  test("are spread over the lines", () => {
    const members = ["a", "a", "a", "a", "b", "b", "c"].map((line, n) => member(n, line));
    expect(canaryOf(members, [], 4).map((meter) => members.find((one) => one.meter === meter)!.line)).toEqual([
      "a",
      "b",
      "c",
      "a",
    ]);
  });

  test("are proved before anybody else is asked for, and one that fails ends it all", () => {
    const of = (members: readonly RunMember[], changes = {}) =>
      nextStep({
        ...{ state: "canary", members, canary: 2, room: 100, halted: null },
        ...{ now: MONDAY_MORNING, goodUntil: (MONDAY_MORNING + 1) as never, ...changes },
      });
    const rest = [2, 3, 4].map((n) => member(n, "a"));
    const canary = (n: number, state: RunMember["state"]) => member(n, "a", { isCanary: true, state });
    expect(of([canary(0, "cut"), canary(1, "asked"), ...rest])).toEqual({ step: "wait" });
    expect(of([canary(0, "cut"), canary(1, "failed"), ...rest])).toMatchObject({ step: "end", because: "canary-failed" });
    // he paid: another goes first
    expect(of([canary(0, "cut"), canary(1, "left-out"), ...rest])).toEqual({
      step: "ask",
      state: "canary",
      meters: [addressOf(2)],
    });
    expect(of([canary(0, "cut"), canary(1, "cut"), ...rest])).toMatchObject({ state: "running", meters: { length: 3 } });
    expect(of([canary(0, "cut"), canary(1, "cut"), ...rest], { room: 1 })).toMatchObject({ meters: [addressOf(2)] });
    expect(of([canary(0, "cut"), canary(1, "cut"), ...rest], { halted: "brake" })).toMatchObject({ state: "stopped" });
    expect(of(rest, { goodUntil: MONDAY_MORNING })).toMatchObject({ state: "lapsed" });
  });

  test("and whoever cannot be asked for just now takes nobody else's turn, and is waited for at the end", () => {
    const of = (state: "canary" | "running", resting: readonly number[]) =>
      nextStep({
        ...{ state, members: [0, 1, 2].map((n) => member(n, "a")), canary: 1, room: 1, halted: null },
        ...{ resting: new Set(resting.map(addressOf)), now: MONDAY_MORNING, goodUntil: (MONDAY_MORNING + 1) as never },
      });
    for (const state of ["canary", "running"] as const) {
      expect(of(state, [0, 1])).toEqual({ step: "ask", state, meters: [addressOf(2)] });
      expect(of(state, [0, 1, 2])).toEqual({ step: "wait" });
    }
  });
});

/** A drawn day: debts, payments, wires, persons, and time. */
type Deed =
  | { readonly deed: "owe"; readonly from: number; readonly count: number }
  | { readonly deed: "pay"; readonly meter: number }
  | { readonly deed: "look" }
  | { readonly deed: "stop" }
  | { readonly deed: "propose" }
  | { readonly deed: "decline" }
  | { readonly deed: "send"; readonly count: number; readonly fails: boolean }
  | {
      readonly deed: "say";
      readonly who: number;
      readonly what: "approve" | "release-brake" | "release-stop";
      readonly raises: boolean;
    }
  | { readonly deed: "wait"; readonly ms: number };

const METERS = 60;
const PERSONS = ["anna", "bo", "loopback"];
const deeds: fc.Arbitrary<Deed> = fc.oneof(
  {
    weight: 3,
    arbitrary: fc.record({
      deed: fc.constant("owe" as const),
      from: fc.integer({ min: 0, max: METERS - 1 }),
      count: fc.oneof(fc.integer({ min: 1, max: 3 }), fc.integer({ min: 4, max: METERS })),
    }),
  },
  { weight: 2, arbitrary: fc.record({ deed: fc.constant("pay" as const), meter: fc.integer({ min: 0, max: METERS - 1 }) }) },
  { weight: 4, arbitrary: fc.constant({ deed: "look" as const }) },
  { weight: 1, arbitrary: fc.constantFrom("stop", "decline", "propose", "propose", "propose").map((deed) => ({ deed })) },
  {
    weight: 4,
    arbitrary: fc.record({
      deed: fc.constant("send" as const),
      count: fc.integer({ min: 1, max: 30 }),
      fails: fc.integer({ min: 0, max: 7 }).map((n) => n === 0),
    }),
  },
  {
    weight: 6,
    arbitrary: fc.record({
      deed: fc.constant("say" as const),
      who: fc.integer({ min: 0, max: PERSONS.length - 1 }),
      what: fc.constantFrom("approve" as const, "approve" as const, "release-brake" as const, "release-stop" as const),
      raises: fc.boolean(),
    }),
  },
  { weight: 2, arbitrary: fc.record({ deed: fc.constant("wait" as const), ms: fc.integer({ min: 1, max: minutes(20) }) }) },
);

/** Two days with something of everything that is held back, whatever else is drawn. */
const oneList: Deed[] = [
  { deed: "owe", from: 0, count: 30 },
  { deed: "look" },
  { deed: "say", who: 0, what: "approve", raises: true },
  { deed: "say", who: 1, what: "approve", raises: true },
  { deed: "look" },
  { deed: "send", count: 30, fails: false },
  { deed: "look" },
  { deed: "send", count: 30, fails: false },
  { deed: "pay", meter: 0 },
  { deed: "look" },
  { deed: "send", count: 5, fails: false },
  { deed: "stop" },
];
const tooMany: Deed[] = [{ deed: "owe", from: 0, count: METERS }, { deed: "look" }, { deed: "send", count: 30, fails: false }];

/** What the two persons of a list said, as the test heard it. */
interface Said {
  readonly who: string;
  readonly raises: boolean;
}

test("whatever is drawn: no cut under a stop or a brake, no more within ten minutes than the brake allows, no mass without two different persons, the canary first", async () => {
  const seen = { cuts: 0, lists: 0, ofLists: 0, restores: 0, stop: 0, brake: 0 };
  await fc.assert(
    fc.asyncProperty(fc.array(deeds, { minLength: 20, maxLength: 60 }), fc.boolean(), async (day, asks) => {
      const rails = { brake: { failures: 3 }, ...(asks ? {} : { approval: null }) };
      const house = await raiseRailsHouse({ meters: METERS, lines: 3, rails });
      const { brake, canary } = house.rails;
      const limit = brakeLimit(house.rails, METERS)!;
      const free = approvalLimit(house.rails, METERS) ?? METERS;
      let [stopAsked, brakeAsked] = [null as string | null, null as string | null];
      let releasedAt = -Infinity;
      const words = new Map<string, Said[]>();
      const sent: { at: number; meter: MeterAddress; list: string | null; raised: boolean; vain: boolean }[] = [];
      const quietly = async (work: () => Promise<unknown>): Promise<boolean> => {
        try {
          await work();
          return true;
        } catch (error) {
          if (!isFault(error)) throw error;
          return false;
        }
      };
      const halts = async () => new Set((await house.stores.guards.standing(null)).map(({ kind }) => kind));
      const listOf = async (command: string) => house.db.transact((tx) => house.stores.guards.batchOf(tx, command as never));
      for (const one of day) {
        house.pass(seconds(1));
        if (one.deed === "owe") await house.owe(...house.meters.slice(one.from, one.from + one.count));
        else if (one.deed === "pay")
          await house.pays(house.left[one.meter % Math.max(1, house.left.length)]?.meter ?? house.meters[one.meter]!, "100.00");
        else if (one.deed === "wait") house.pass(one.ms);
        else if (one.deed === "look") await house.rules.reconcile();
        else if (one.deed === "stop") {
          await house.db.transact((tx) => house.rooms.halts.stop(tx, { actor: "anna", note: "smoke" }));
        } else if (one.deed === "propose") {
          await quietly(() =>
            house.db.transact(async (tx) => {
              const wish = { actor: "anna", reason: "all", raisesBrake: true, of: null };
              const { batch } = await house.rooms.batches.propose(tx, wish);
              words.set(batch.id, [{ who: "anna", raises: true }]);
            }),
          );
        } else if (one.deed === "decline") {
          const [open] = await house.stores.guards.liveBatches(null);
          if (open !== undefined)
            await quietly(() => house.db.transact((tx) => house.rooms.batches.decline(tx, open.id, { actor: "bo", note: "no" })));
        } else if (one.deed === "say") {
          const who = PERSONS[one.who]!;
          if (one.what === "approve") {
            const open = (await house.stores.guards.liveBatches(null)).find(({ state }) => state === "proposed");
            if (open === undefined) continue;
            const verdict = { actor: who, note: "yes", raisesBrake: one.raises };
            if (await quietly(() => house.db.transact((tx) => house.rooms.batches.approve(tx, open.id, verdict))))
              words.set(open.id, [...(words.get(open.id) ?? []), { who, raises: one.raises }]);
          } else {
            const kind = one.what === "release-stop" ? "stop" : "brake";
            const stood = (await halts()).has(kind);
            const took = await quietly(() =>
              house.db.transact((tx) => house.rooms.halts.release(tx, kind, { actor: who, note: "ok" })),
            );
            const first = kind === "stop" ? stopAsked : brakeAsked;
            if (took && stood && !(await halts()).has(kind)) {
              expect(first, "two different persons released it").not.toBe(null);
              expect([who, first]).not.toContain("loopback");
              expect(who).not.toBe(first);
              if (kind === "brake") releasedAt = house.now();
            }
            if (!took) continue;
            const next = (await halts()).has(kind) ? who : null;
            if (kind === "stop") stopAsked = next;
            else brakeAsked = next;
          }
        } else {
          for (const { id, meter, kind } of house.unsent().slice(0, one.count)) {
            const before = await halts();
            if (kind !== "disconnect") {
              seen.restores += 1;
              expect(await house.leaves(id), "a restore passes through all of it").toBe(null);
              await house.ends(id);
              continue;
            }
            const list = await listOf(id);
            if ((await house.leaves(id)) !== null) continue;
            expect([...before], "nothing leaves while something stands").toEqual([]);
            await checkLeft(house, { meter, list: list?.id ?? null });
            await house.ends(id, one.fails ? "stuck" : "confirmed");
            if (one.fails) sent.at(-1)!.vain = true;
          }
        }
      }
      seen.cuts += house.left.length;
      for (const { kind } of await house.stores.guards.halts(100)) seen[kind] += 1;
      seen.lists += words.size;

      async function checkLeft(of: RailsHouse, cut: { meter: MeterAddress; list: string | null }): Promise<void> {
        const said = cut.list === null ? [] : (words.get(cut.list) ?? []);
        const raised = said.length > 1 && said.every(({ raises }) => raises);
        sent.push({ at: of.now(), ...cut, raised, vain: false });
        const since = Math.max(of.now() - minutes(brake!.minutes), releasedAt);
        const counted = sent.filter(({ at, raised: isRaised }) => at > since && !isRaised).length;
        expect(counted, "within the brake's minutes").toBeLessThanOrEqual(limit);
        if (cut.list === null) {
          const alone = sent.filter(({ at, list, vain }) => list === null && !vain && at > of.now() - hours(1));
          // a mass is many households: whoever is cut, pays and owes again within the hour is one of them
          const households = new Set(alone.map(({ meter }) => meter));
          expect(households.size, "by the rules alone within an hour").toBeLessThanOrEqual(free);
          return;
        }
        seen.ofLists += 1;
        expect(new Set(said.map(({ who }) => who)).size, "two different persons").toBe(2);
        expect(said.some(({ who }) => who === "loopback")).toBe(false);
        const members = await of.stores.guards.members(null, cut.list);
        const proved = members.filter(({ isCanary, state }) => isCanary && state === "cut").length;
        const isCanary = members.find(({ meter }) => meter === cut.meter)!.isCanary;
        expect(isCanary || proved >= canary, "the canary is proved first").toBe(true);
      }
    }),
    {
      numRuns: 50,
      endOnFailure: true,
      examples: [
        [oneList, true],
        [tooMany, false],
      ],
    },
  );
  expect(seen.cuts).toBeGreaterThan(50);
  // of everything that is held back there was enough to hold
  for (const count of Object.values(seen)) expect(count, JSON.stringify(seen)).toBeGreaterThan(0);
});
