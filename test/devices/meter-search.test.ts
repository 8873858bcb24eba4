/** The search for meters on wires of cardboard: every set of addresses is found, whatever they share. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { shapeOf } from "../../src/devices/byte-shape.ts";
import { searchMeters, type SearchStep } from "../../src/devices/meter-search.ts";
import type { Heard } from "../../src/devices/wire-probe.ts";
import { addressFits, type Frame } from "../../src/protocols/dlt645/index.ts";

const nothing: Heard = { echoes: 0, replies: [], strangers: [], noise: [] };
const garbled: Heard = { ...nothing, noise: [{ looks: "a damaged frame", shape: shapeOf(new Uint8Array(20)) }] };
const said = (...addresses: readonly string[]): Heard => ({
  ...nothing,
  replies: addresses.map((address) => ({ frame: { address, control: 0x91, data: new Uint8Array(10) }, afterMs: 40 })),
});

/** Meters that answer at once spoil each other. */
const wires =
  (meters: readonly string[]) =>
  (frame: Frame): Promise<Heard> => {
    const own = meters.filter((address) => addressFits(frame.address, address));
    return Promise.resolve(own.length === 0 ? nothing : own.length === 1 ? said(own[0]!) : garbled);
  };

const addresses = fc
  .uniqueArray(
    fc
      .tuple(fc.constantFrom("00", "20", "99"), fc.constantFrom("26", "00"), fc.integer({ min: 0, max: 99_999_999 }))
      .map(([top, next, low]) => top + next + String(low).padStart(8, "0")),
    { maxLength: 12 },
  )
  .filter((all) => !all.includes("999999999999"));

test("whatever addresses hang on a line, exactly those are found, and each was asked by its name", async () => {
  await fc.assert(
    fc.asyncProperty(addresses, async (all) => {
      const { meters, complete, unreadable } = await searchMeters({ ask: wires(all) });
      expect(meters.map(({ address }) => address)).toEqual([...all].sort());
      expect(meters.every(({ confirmed, doubled }) => confirmed && !doubled)).toBe(true);
      expect({ complete, unreadable }).toEqual({ complete: true, unreadable: [] });
    }),
    { numRuns: 60 },
  );
});

test("two that differ in their first digits alone are told apart on the sixth level, and no branch is asked for nothing", async () => {
  const steps: SearchStep[] = [];
  const { meters, asked } = await searchMeters({
    ask: wires(["000000000099", "100000000099"]),
    step: (step) => steps.push(step),
  });
  expect(meters).toHaveLength(2);
  expect(steps.filter(({ outcome }) => outcome === "several").map(({ ending }) => ending)).toEqual([
    "",
    "99",
    "0099",
    "000099",
    "00000099",
    "0000000099",
  ]);
  expect(steps).toHaveLength(1 + 6 * 100);
  expect(asked).toBe(2 * steps.length + 2);
  expect(steps.at(-1)).toMatchObject({ open: 0, found: 2 });
});

test("two meters of one address are asked down to the last digit and reported as such", async () => {
  const twins = wires(["202611220001", "202611220001"]);
  expect(await searchMeters({ ask: twins })).toMatchObject({
    meters: [{ address: "202611220001", confirmed: false, doubled: true }],
    unreadable: ["202611220001"],
  });
});

describe("chance does not lead astray:", () => {
  const from = (answers: readonly Heard[], then: (frame: Frame) => Promise<Heard>) => {
    let n = 0;
    return (frame: Frame) => (n < answers.length ? Promise.resolve(answers[n++]!) : then(frame));
  };

  test("a meter that misses the first question is found by the second", async () => {
    const { meters, asked } = await searchMeters({ ask: from([nothing], wires(["202611220001"])) });
    expect(meters).toHaveLength(1);
    expect(asked).toBe(3);
  });

  test("noise on an empty line is no meter", async () => {
    const { meters, asked } = await searchMeters({ ask: from([garbled], wires([])) });
    expect(meters).toEqual([]);
    expect(asked).toBe(3);
  });

  test("an answer that comes late belongs to no branch, and its meter is known all the same", async () => {
    const meters = ["202611220001", "202611220102"];
    let late: Heard = nothing;
    const slow = async (frame: Frame): Promise<Heard> => {
      const now = late;
      late = frame.address.length === 12 && !frame.address.startsWith("AA") ? nothing : await wires(meters)(frame);
      if (!frame.address.startsWith("AA")) return wires(meters)(frame);
      return late.noise.length > 0 ? late : now;
    };
    const { meters: found } = await searchMeters({ ask: slow });
    expect(found.map(({ address }) => address)).toEqual(meters);
  });

  test("what is ended early says so, and tells what was found", async () => {
    let branches = 0;
    const ask = wires(["202611220001", "202611220050"]);
    const result = await searchMeters({ ask, mayGoOn: () => (branches += 1) < 20 });
    expect(result).toMatchObject({ complete: false, meters: [{ address: "202611220001" }] });
  });
});
