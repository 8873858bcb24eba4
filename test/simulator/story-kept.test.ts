/** A street with a story, a calendar that was set back and meters nobody has looked at: saved, loaded and played again it is the same. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { Instant, hours } from "../../src/kernel/clock.ts";
import { makeIncident } from "../../simulator/replay/make-incident.ts";
import { mended, playIncident } from "../../simulator/replay/incident.ts";
import { readRecording } from "../../simulator/replay/reading.ts";
import { isSame, replay } from "../../simulator/replay/replay.ts";
import type { StreetState } from "../../simulator/state/street-state.ts";
import type { StreetOptions } from "../../simulator/street.ts";
import { linesSince, recordingOf, START, stormyStreet, talk } from "./support/recorded.ts";
import type { StormyStreet } from "./support/recorded.ts";

const NOON = 12 * 60;
const ASKED = "202611220002";
const UNSEEN = ["202611220101", "202611220102", "202611220103"];

const storied: Partial<StreetOptions> = {
  weather: { faultsPerHour: 0 },
  meters: [
    ...[1, 2, 3, 4, 5, 6, 7].map((number) => ({ address: `20261122000${number}`, bus: number % 2 === 0 ? "n" : "m" })),
    ...UNSEEN.map((address) => ({ address, bus: "n", balance: "20.00" })),
  ],
  story: [
    { at: "+0s", say: "A day begins." },
    { at: "+90m17s", do: "fault", meter: ASKED, kind: "bad-checksum", times: 3 },
    { at: "+3h", do: "power", meter: "202611220003", powered: false },
    { at: "+5h7m", do: "power", meter: "202611220003", powered: true },
    { at: "+6h", do: "clock", set: { at: "2026-11-22T03:00" } },
    { at: "+13h3m", do: "fault", bus: "m", kind: "bad-checksum", times: 2 },
    { at: "+14h", do: "clock", set: { households: "paused" } },
    { at: "+15h30m", do: "patch", meter: ASKED, set: { balance: "0.00" } },
  ],
};
const throughJson = <T>(value: T): T => JSON.parse(JSON.stringify(value)) as T;
const loaded = (state: StreetState, wall: Instant): Promise<StormyStreet> => stormyStreet({ ...storied, state }, wall);

function written(text: string): string {
  const folder = mkdtempSync(join(tmpdir(), "story-"));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  const file = join(folder, "talk.jsonl");
  writeFileSync(file, text);
  return file;
}

test("saved at noon it goes on to the byte, story and calendar too, and nobody is made for it", async () => {
  const a = await stormyStreet(storied);
  await talk(a, 0, NOON);
  const unseen = UNSEEN.slice(1);
  // Everybody was called once (a broadcast), but for those who are named here nobody was looked at by a save.
  const state = throughJson(a.street.state());
  const made = [...a.street.meters.keys()].filter((address) => a.street.madeMeter(address) !== undefined);
  expect(Object.keys(state.meters).filter((address) => state.meters[address] !== null)).toEqual(made);
  const b = await loaded(state, Instant(START + hours(99_999)));
  expect([b.street.time.setBackMs, b.street.story.told]).toEqual([hours(3), a.street.story.told]);
  const count = a.street.events.count;
  await talk(a, NOON, 18 * 60);
  await talk(b, NOON, 18 * 60);
  expect(linesSince(b, count)).toBe(linesSince(a, count));
  expect(b.street.story.told).toEqual(a.street.story.told);
  expect(b.street.story.told.map(({ failed }) => failed ?? "done")).toEqual(Array(8).fill("done"));
  expect(unseen.map((address) => b.street.snapshot(address))).toEqual(unseen.map((address) => a.street.snapshot(address)));
  expect(throughJson(b.street.state())).toEqual(throughJson(a.street.state()));
});

test("a meter that nobody had looked at lives the same life after loading, the calendar set back or not", async () => {
  const alone = { ...storied, story: [] };
  const a = await stormyStreet(alone);
  a.street.advance(hours(30));
  a.street.jumpTo(START);
  a.street.pauseHouseholds();
  a.street.advance(hours(2));
  a.street.resumeHouseholds();
  const state = throughJson(a.street.state());
  expect(UNSEEN.map((address) => state.meters[address] === null)).toEqual([false, true, true]);
  const b = await stormyStreet({ ...alone, state }, Instant(START + hours(5)));
  for (const { street } of [a, b]) street.advance(hours(40 * 24));
  expect(UNSEEN.map((address) => b.street.snapshot(address))).toEqual(UNSEEN.map((address) => a.street.snapshot(address)));
  expect(throughJson(b.street.state())).toEqual(throughJson(a.street.state()));
});

test.each([
  ["with the moments of the wall", { unmasked: true }],
  ["without them", { unmasked: true, withoutWall: true }],
])("played again, the story plays by itself and every answer is the same, %s", async (_what, form) => {
  const house = await stormyStreet(storied);
  await talk(house, 0, NOON);
  house.street.step(60_000);
  house.street.jumpTo(Instant(house.street.time.now() - hours(1)));
  house.street.pauseHouseholds();
  house.street.setSpeed(1);
  await talk(house, NOON, 16 * 60);
  const text = recordingOf(house, form);
  for (const word of ['"do":"step"', '"do":"jump"', '"do":"households"', '"isOfStory":true']) expect(text).toContain(word);
  const result = await replay(await readRecording(written(text)));
  expect(result.differences.slice(0, 2)).toEqual([]);
  expect([isSame(result), result.played > 800]).toEqual([true, true]);
});

test("an incident of such a day answers as it did, and without what the story breaks when it is mended", async () => {
  const house = await stormyStreet(storied);
  await talk(house, 0, 16 * 60);
  const recording = await readRecording(written(recordingOf(house, { unmasked: true })));
  // What the calendar showed around the fault of the bus, three hours behind.
  const [from, to] = [Instant(START + hours(9.5)), Instant(START + hours(11))];
  const { incident, recorded } = await makeIncident(recording, { from, to });
  expect(await playIncident(throughJson(incident))).toEqual(recorded);
  expect(await playIncident(throughJson(mended(incident)))).not.toEqual(recorded);
});
