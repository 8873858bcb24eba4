/** The fair share: no bus without a holder, nobody far above his share, and no line that goes to and fro. */
import { describe, expect, test } from "vitest";
import fc from "fast-check";
import { shareOf } from "../../src/devices/lease-share.ts";
import type { GatewayPresence, LeasePicture } from "../../src/devices/line-leases.ts";

const lines = (count: number): string[] => Array.from({ length: count }, (_, n) => `tcp-${String(n).padStart(3, "0")}`);
const picture = (gateways: readonly GatewayPresence[], held: Readonly<Record<string, string | null>>): LeasePicture => ({
  gateways,
  leases: new Map(Object.entries(held).map(([bus, holder]) => [bus, { holder, fencing: 1n }])),
});
const all = (buses: readonly string[], holder: string): Record<string, string> =>
  Object.fromEntries(buses.map((bus) => [bus, holder]));

describe("the share of a gateway", () => {
  test.each<[string, number, Record<string, string>, { take: number; giveUp: number }]>([
    ["alone, everything", 1, {}, { take: 200, giveUp: 0 }],
    ["of two that come at once, half", 2, {}, { take: 100, giveUp: 0 }],
    ["when another one came, half is given up", 2, all(lines(200), "a"), { take: 0, giveUp: 100 }],
    ["when it has its half, nothing changes", 2, { ...all(lines(100), "a"), ...all(lines(200).slice(100), "b") }, { take: 0, giveUp: 0 }], // prettier-ignore
    ["of three, a third, rounded up", 3, {}, { take: 67, giveUp: 0 }],
  ])("%s", (_title, count, held, expected) => {
    const gateways = ["a", "b", "c"].slice(0, count).map((holder) => ({ holder, buses: lines(200) }));
    const share = shareOf(picture(gateways, held), "a");
    expect({ take: share.take.length, giveUp: share.giveUp.length }).toEqual(expected);
  });

  test("one line more or less is no reason to move one", () => {
    const gateways = ["a", "b"].map((holder) => ({ holder, buses: lines(3) }));
    const held = picture(gateways, { "tcp-000": "a", "tcp-001": "a", "tcp-002": "b" });
    for (const me of ["a", "b"]) expect(shareOf(held, me)).toEqual({ take: [], giveUp: [] });
  });

  test("what only we can drive is ours beyond any share, and what was free for long is taken by whoever sees it", () => {
    const gateways = [
      { holder: "a", buses: ["x", "y", "z"] },
      { holder: "b", buses: ["x", "y"] },
    ];
    expect(shareOf(picture(gateways, { x: "a", y: "a", z: null }), "a")).toEqual({ take: ["z"], giveUp: [] });
    expect(shareOf(picture(gateways, { x: "a", y: "a", z: "a" }), "a")).toEqual({ take: [], giveUp: ["x"] });
    const full = picture([gateways[0]!, { holder: "b", buses: ["x", "y"] }], { x: null, y: "b", z: "a" });
    expect(shareOf(full, "b").take).toEqual([]);
    expect(shareOf(full, "b", new Set(["x"])).take).toEqual(["x"]);
  });

  test("nothing is given up for a gateway that cannot drive it", () => {
    const gateways = [
      { holder: "a", buses: lines(10) },
      { holder: "b", buses: ["elsewhere"] },
    ];
    expect(shareOf(picture(gateways, all(lines(10), "a")), "a")).toEqual({ take: [], giveUp: [] });
  });
});

/** Everybody judges in turn and gets what is free; what is given up is free from then on. */
function settle(
  gateways: readonly GatewayPresence[],
  start: ReadonlyMap<string, string>,
): { held: Map<string, string>; moves: number[] } {
  const held = new Map(start);
  const free = new Map<string, number>();
  const moves: number[] = [];
  const buses = [...new Set(gateways.flatMap((gateway) => gateway.buses))];
  for (let round = 0; round < 12; round += 1) {
    let moved = 0;
    for (const { holder } of gateways) {
      for (const bus of buses) free.set(bus, held.has(bus) ? 0 : (free.get(bus) ?? 0) + 1);
      const longFree = new Set(buses.filter((bus) => (free.get(bus) ?? 0) > 3 * gateways.length));
      const now = picture(gateways, Object.fromEntries(buses.map((bus) => [bus, held.get(bus) ?? null])));
      const { take, giveUp } = shareOf(now, holder, longFree);
      for (const bus of take) if (!held.has(bus)) held.set(bus, holder);
      for (const bus of giveUp) if (held.get(bus) === holder) held.delete(bus);
      moved += take.length + giveUp.length;
    }
    moves.push(moved);
  }
  return { held, moves };
}

describe("whatever the gateways can drive and whatever they hold at first", () => {
  const names = ["a", "b", "c", "d"];
  const gateways = fc
    .array(fc.subarray(lines(12), { minLength: 1 }), { minLength: 1, maxLength: 4 })
    .map((sets) => sets.map((buses, n): GatewayPresence => ({ holder: names[n]!, buses })));

  test("each line gets a holder that can drive it, and then nothing moves any more", () => {
    fc.assert(
      fc.property(gateways, fc.array(fc.nat(3), { minLength: 12, maxLength: 12 }), (present, draw) => {
        const start = new Map<string, string>();
        lines(12).forEach((bus, n) => {
          const who = present[draw[n]!];
          if (who?.buses.includes(bus)) start.set(bus, who.holder);
        });
        const { held, moves } = settle(present, start);
        for (const bus of new Set(present.flatMap(({ buses }) => buses)))
          expect(present.find(({ holder }) => holder === held.get(bus))?.buses).toContain(bus);
        expect(moves.slice(-3)).toEqual([0, 0, 0]);
      }),
      { numRuns: 500 },
    );
  });

  test("gateways that are alike end with shares that differ by one line at most", () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 4 }), fc.integer({ min: 1, max: 40 }), fc.nat(), (count, size, seed) => {
        const present = names.slice(0, count).map((holder) => ({ holder, buses: lines(size) }));
        const start = new Map(
          lines(size).flatMap((bus, n) => ((seed >> (n % 16)) & 1 ? [[bus, names[n % count]!] as const] : [])),
        );
        const shares = present.map(
          ({ holder }) => [...settle(present, start).held.values()].filter((who) => who === holder).length,
        );
        expect(Math.max(...shares) - Math.min(...shares)).toBeLessThanOrEqual(1);
      }),
      { numRuns: 200 },
    );
  });
});
