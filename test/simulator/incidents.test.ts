/**
 * Every kind of fault, recorded and made into a test: the test fails while the trouble stands, and holds what was recorded. What a
 * replay cannot show stands in a table with its reason, and no kind is missing from both.
 */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, onTestFinished, test } from "vitest";
import { dataItemBytes, writeFrame } from "../../simulator/wire.ts";
import { faultKinds, mayStandOn, rowOf } from "../../simulator/faults.ts";
import { settled, wrongIn } from "../../simulator/replay/answers.ts";
import { mended, playIncident } from "../../simulator/replay/incident.ts";
import { makeIncident } from "../../simulator/replay/make-incident.ts";
import { readRecording } from "../../simulator/replay/reading.ts";
import { isSame, replay, replayReport } from "../../simulator/replay/replay.ts";
import { unshown } from "../../simulator/replay/unshown.ts";
import type { BusPlan, FaultKind, FaultOrder, Street } from "../../simulator/street.ts";
import { HandClock } from "../transports/hand-clock.ts";
import { authenticate, OPERATOR, plainOrder } from "./support/frames.ts";
import { joined } from "../../simulator/bytes.ts";
import { raise } from "./support/street.ts";
import { A, B, question } from "./faults/wire-bench.ts";

/** What makes a kind show at all in a few seconds of talk. */
const settings: Readonly<Partial<Record<FaultKind, Partial<FaultOrder>>>> = {
  "swapped-addresses": { with: B },
  "bit-errors": { rate: 0.05 },
  "frame-loss": { rate: 0.5 },
  "clock-drift": { msPerDay: 86_400_000 },
};

const endpointOf = (kind: FaultKind): BusPlan["endpoint"] => {
  switch (rowOf(kind).endpoints?.[0]) {
    case "tcp":
      return { kind: "tcp" };
    case "dial-in":
      return { kind: "dial-in", host: "127.0.0.1", port: 1 };
    case "mqtt":
      return { kind: "mqtt", url: "mqtt://127.0.0.1:1", payload: "json" };
    default:
      return { kind: "memory" };
  }
};

const order = writeFrame({ address: A, control: 0x1c, data: plainOrder(0x1a, { deadline: "991231235959" }) });
const purse = writeFrame({ address: A, control: 0x03, data: joined(dataItemBytes("078102FF"), OPERATOR) });
const questions = [
  ...["00900200", "0400010C"].map((di) => question(A, di)),
  order,
  ...["04000503", "04000501", "04000402", "0400040E", "00900200", "00010000"].map((di) => question(A, di)),
  purse,
];

interface Talked {
  readonly street: Street;
  readonly clock: HandClock;
  readonly file: string;
}

/** One question that is answered rightly, then the fault and all the questions. Without doors: what an endpoint does is in the lines. */
async function recorded(endpoint: BusPlan["endpoint"], bus: Partial<BusPlan>): Promise<Talked> {
  const clock = new HandClock();
  clock.advance(Date.parse("2026-11-22T10:00:00+08:00") - clock.now());
  const street = await raise({
    ...{ clock, start: clock.now(), offline: true },
    buses: [{ id: "b", endpoint, ...bus }],
    meters: [A, B].map((address) => ({ address, bus: "b", loadKw: 1 })),
  });
  const place = mkdtempSync(join(tmpdir(), "incidents-"));
  onTestFinished(() => rmSync(place, { recursive: true, force: true }));
  const file = join(place, "talk.jsonl");
  await street.recorder.start({ file, unmasked: true });
  return { street, clock, file };
}

async function pass(clock: HandClock, ms: number): Promise<void> {
  for (let left = ms; left > 0; left -= 50) {
    for (let turn = 0; turn < 4; turn += 1) await Promise.resolve();
    clock.advance(50);
  }
}

/** One question that is answered rightly, then the fault and all the questions. Without doors: what an endpoint does is in the lines. */
async function talked(kind: FaultKind, bus: Partial<BusPlan> = {}): Promise<Talked> {
  const { street, clock, file } = await recorded(endpointOf(kind), bus);
  const isRadio = street.bus("b").plan.endpoint.kind === "mqtt";
  const end = isRadio ? undefined : street.memoryEnd("b");
  const say = async (bytes: Uint8Array): Promise<void> => {
    if (end === undefined) street.bus("b").receiveFor(street.meter(A), bytes, () => undefined);
    else end.send(bytes);
    await pass(clock, 5_000);
  };
  await say(question(A));
  let proof: Uint8Array = new Uint8Array(0);
  authenticate({ meter: street.meter(A), ask: (control, data) => ((proof = data), { control, data: "" }) });
  await say(writeFrame({ address: A, control: 0x03, data: proof }));
  const where = mayStandOn(kind, "meter") ? { meter: A } : { bus: "b" };
  street.placeFault({ kind, ...settings[kind], ...where });
  if (kind === "hang-up") street.bus("b").turnAway("hang-up");
  for (const each of questions) await say(each);
  await street.recorder.stop();
  return { street, clock, file };
}

const kinds = Object.keys(faultKinds) as FaultKind[];

describe("a test made from an incident", () => {
  test.each(kinds.filter((kind) => unshown[kind] === undefined))(
    "fails while there is %s, and holds what was recorded",
    async (kind) => {
      const { file } = await talked(kind);
      const recording = await readRecording(file);
      expect(isSame(await replay(recording)), "the same again").toBe(true);
      const { incident, recorded: then } = await makeIncident(recording, {});
      const now = await playIncident(incident);
      const honest = await playIncident(mended(incident));
      expect(wrongIn(now, honest), "answers that are not what they should be").toBeGreaterThan(0);
      expect(now).toEqual(then);
    },
  );

  test.each([
    "late-reply",
    "split-reply",
    "slow-drip",
    "twin",
    "echo",
    "foreign-master",
    "bit-errors",
    "swapped-wires",
    "bus-short",
  ] as const)("does so on paced wires: %s", async (kind) => {
    const recording = await readRecording((await talked(kind, { baud: 2_400 })).file);
    expect(replayReport(await replay(recording))).toMatch(/, 0 differences$/);
    const { incident, recorded: then } = await makeIncident(recording, {});
    const now = await playIncident(incident);
    expect(wrongIn(now, await playIncident(mended(incident)))).toBeGreaterThan(0);
    expect(settled(now, then)).toEqual(then);
  });

  test("shows two masters who met on the wires: neither was answered, and an honest street answers both", async () => {
    const { street, clock, file } = await recorded({ kind: "memory" }, { baud: 2_400 });
    const [one, two] = [street.memoryEnd("b"), street.memoryEnd("b")];
    one.send(question(A));
    two.send(question(B));
    await pass(clock, 1_000);
    await street.recorder.stop();
    const { incident, recorded: then } = await makeIncident(await readRecording(file), {});
    const now = await playIncident(incident);
    expect(now).toEqual(then);
    expect(now.map(({ answers }) => answers)).toEqual([[], []]);
    expect(wrongIn(now, await playIncident(mended(incident)))).toBe(2);
  });

  test.each(Object.entries(unshown))("cannot show %s: %s", async (kind) => {
    const { file } = await talked(kind as FaultKind);
    const { incident } = await makeIncident(await readRecording(file), {});
    expect(wrongIn(await playIncident(incident), await playIncident(mended(incident)))).toBe(0);
  });
});
