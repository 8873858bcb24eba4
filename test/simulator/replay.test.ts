/** A recording is played again and gives the same; what gives something else is named; and an incident becomes a failing test. */
import { execFile } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, relative } from "node:path";
import { describe, expect, onTestFinished, test } from "vitest";
import { Instant, hours } from "../../src/kernel/clock.ts";
import { replayOrder, runReplayCommand } from "../../simulator/replay/command.ts";
import { readRecording } from "../../simulator/replay/reading.ts";
import { isSame, replay, replayReport } from "../../simulator/replay/replay.ts";
import type { Street } from "../../simulator/street.ts";
import { writeFrame } from "../../simulator/wire.ts";
import { METER_A, plainOrder, StillClock } from "./support/frames.ts";
import { loadedStreet, recordingOf, START, stormyStreet, talk } from "./support/recorded.ts";
import { raise, readRequest } from "./support/street.ts";

const B = "202611220002";

function folder(under = tmpdir()): string {
  const path = mkdtempSync(join(under, "replay-"));
  onTestFinished(() => rmSync(path, { recursive: true, force: true }));
  return path;
}

function written(text: string): string {
  const file = join(folder(), "talk.jsonl");
  writeFileSync(file, text);
  return file;
}

interface Ended {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

const run = (file: string, ...argv: string[]): Promise<Ended> =>
  new Promise((resolve) => {
    execFile(process.execPath, [file, ...argv], (error, out, err) =>
      resolve({ code: error === null ? 0 : typeof error.code === "number" ? error.code : 1, out, err }),
    );
  });

describe("a stormy day, played again", () => {
  test.each([
    ["with the moments of the wall", { unmasked: true }],
    ["without them", { unmasked: true, withoutWall: true }],
  ])("gives every answer again, %s", async (_what, form) => {
    const house = await stormyStreet();
    await talk(house, 0, 12 * 60);
    const result = await replay(await readRecording(written(recordingOf(house, form))));
    expect(replayReport({ ...result, differences: result.differences.slice(0, 3) })).toMatch(
      /^\d+ requests played, \d+ the same, 0 differences$/,
    );
    expect(isSame(result)).toBe(true);
    expect(result.played).toBeGreaterThan(600);
  });

  test("gives them also where the recording begins at noon, with the state of noon", async () => {
    const house = await stormyStreet();
    await talk(house, 0, 12 * 60);
    const file = join(folder(), "afternoon.jsonl");
    await house.street.recorder.start({ file, unmasked: true });
    await talk(house, 12 * 60, 20 * 60);
    await house.street.recorder.stop();
    const result = await replay(await readRecording(file));
    expect([isSame(result), result.played > 400]).toEqual([true, true]);
  });

  test("gives them also of a street that was loaded", async () => {
    const before = await stormyStreet();
    await talk(before, 0, 2 * 60);
    const house = await loadedStreet(before.street.state(), Instant(START + hours(1_000)));
    await talk(house, 2 * 60, 8 * 60);
    const file = join(folder(), "loaded.jsonl");
    await house.street.recorder.start({ file, sinceRaised: true, replace: true, unmasked: true });
    await house.street.recorder.stop();
    expect(isSame(await replay(await readRecording(file)))).toBe(true);
  });

  test("at another speed, through jumps of the clock and with everything the door can do", async () => {
    const clock = new StillClock();
    const street = await raise({
      ...{ clock, start: clock.now(), speed: 7.3, controlPort: undefined },
      buses: [{ id: "m", endpoint: { kind: "memory" } }],
      meters: [METER_A, B].map((address) => ({ address, bus: "m", loadKw: 1 })),
    });
    const end = street.memoryEnd("m");
    const deeds: ((street: Street) => unknown)[] = [
      (s) => s.advance(3_600_000),
      (s) => s.setSpeed(100),
      (s) => s.patch(METER_A, { balance: "0.10" }),
      (s) => s.setFault(B, { kind: "refusal" }),
      (s) => s.setBusFault("m", { kind: "echo" }),
      (s) => s.clearBusFaults("m"),
      (s) => s.pauseHouseholds(),
      (s) => s.resumeHouseholds(),
      (s) => s.powerOff(B),
      (s) => s.powerOn(B),
      (s) => s.pressButton(METER_A),
      (s) => s.changeWeather({ seed: 2, faultsPerHour: 3 }),
      (s) => s.clearAllFaults(),
      (s) => s.clearFaults(METER_A),
      (s) => s.setSpeed(0),
      (s) => s.setSpeed(0.5),
    ];
    for (const deed of deeds) {
      clock.ms += 1_237;
      deed(street);
      clock.ms += 1_231;
      for (const di of ["00900200", "0400010C", "04000503", "00010000"])
        for (const address of [METER_A, B]) end.send(readRequest(address, di));
    }
    const file = join(folder(), "door.jsonl");
    await street.recorder.start({ file, sinceRaised: true, replace: true });
    await street.recorder.stop();
    const result = await replay(await readRecording(file));
    expect(replayReport(result)).toBe("128 requests played, 128 the same, 0 differences");
  });
});

describe("what is not the same is said", () => {
  async function talked(form = { unmasked: true }): Promise<string> {
    const clock = new StillClock();
    const street = await raise({
      ...{ clock, start: clock.now() },
      buses: [{ id: "m", endpoint: { kind: "memory" } }],
      meters: [{ address: METER_A, bus: "m", loadKw: 0 }],
    });
    const end = street.memoryEnd("m");
    end.send(readRequest(METER_A, "00900200"));
    end.send(writeFrame({ address: METER_A, control: 0x1c, data: plainOrder(0x1a) }));
    end.send(readRequest(METER_A, "04000503"));
    return recordingOf({ street }, form);
  }

  test("an answer that differs, with both", async () => {
    const text = (await talked()).replace("50.00 yuan", "49.00 yuan");
    const result = await replay(await readRecording(written(text)));
    expect(result).toMatchObject({ played: 3, same: 2, differences: [{ line: { n: 1 } }] });
    const report = replayReport(result);
    expect(report).toContain("49.00 yuan");
    expect(report).toContain("50.00 yuan");
    expect(report.split("\n").at(-1)).toBe("3 requests played, 2 the same, 1 differences");
  });

  test("an answer that does not come any more", async () => {
    const lines = (await talked()).split("\n");
    const order = {
      what: "order",
      n: 99,
      at: "2026-11-22T10:00:00.000+08:00",
      order: { do: "set-fault", meter: METER_A, fault: { kind: "silence" } },
    };
    const text = [lines[0], JSON.stringify({ ...order, en: "! silence", zh: "!" }), ...lines.slice(1)].join("\n");
    const result = await replay(await readRecording(written(text)));
    expect(result.differences.map(({ now }) => now.length)).toEqual([1, 1, 1]);
  });

  test("a password that is dots is not played, and nothing is called the same for it", async () => {
    const result = await replay(await readRecording(written(await talked({ unmasked: false }))));
    expect(result).toMatchObject({ played: 2, skipped: 1, differences: [{ line: { n: 5 } }] });
    expect(isSame(result)).toBe(false);
    expect(replayReport(result)).toContain("1 not played: their passwords are dots (record with --unmasked)");
  });

  test("lines that are missing, and a beginning that is missing", async () => {
    const [header, ...lines] = (await talked()).split("\n");
    const text = [header!.replace('"from":"raised"', '"from":"unknown"'), '{"what":"gap","dropped":7}', ...lines].join("\n");
    const result = await replay(await readRecording(written(text)));
    expect([isSame(result), replayReport(result)]).toEqual([
      false,
      expect.stringMatching(/7 lines are missing: the disk was too slow; something before the first line is missing/),
    ]);
  });

  test.each([
    ["", "its first line is a street"],
    ["{", "line 1"],
    ['{"what":"frame"}', "line 1: what"],
  ])("a file that is none: %j", async (text, named) => {
    await expect(readRecording(written(text))).rejects.toThrow(named);
  });

  test("a line that is none is named by its number", async () => {
    await expect(readRecording(written((await talked()).replace(/"hex":"68/, '"hex":"XY')))).rejects.toThrow(/line 2: hex/);
  });
});

describe("as a program", () => {
  test("replay: 0 and one line when all is the same, 1 and the difference when not, 2 for wrong use", async () => {
    const clock = new StillClock();
    const street = await raise({
      ...{ clock, start: clock.now() },
      buses: [{ id: "m", endpoint: { kind: "memory" } }],
      meters: [{ address: METER_A, bus: "m" }],
    });
    street.memoryEnd("m").send(readRequest(METER_A, "00900200"));
    const text = recordingOf({ street }, {});
    const [good, bad] = [written(text), written(text.replace("50.00", "51.00"))];
    expect(await run("simulator/main.ts", "replay", good)).toEqual({
      code: 0,
      out: "1 requests played, 1 the same, 0 differences\n",
      err: "",
    });
    const different = await run("simulator/main.ts", "replay", bad, "--json");
    expect(different).toMatchObject({ code: 1, err: "" });
    expect(JSON.parse(different.out)).toMatchObject({ played: 1, differences: [{}] });
    expect(await run("simulator/main.ts", "replay")).toMatchObject({ code: 2 });
    expect(await run("simulator/main.ts", "replay", "/no/such/file.jsonl")).toMatchObject({ code: 1 });
  }, 120_000);

  test.each([
    [["make-test", "x.jsonl"], "--out"],
    [["make-test", "x.jsonl", "--out", "x.ts"], "--out"],
    [["make-test", "x.jsonl", "--out", "x.test.ts", "--expect", "luck"], "--expect"],
    [["make-test", "x.jsonl", "--out", "x.test.ts", "--from", "noon"], "--from"],
    [["replay", "x.jsonl", "y.jsonl"], "one recording"],
    [["replay", "x.jsonl", "--fast"], "--fast"],
  ] as const)("%j is wrong use, and says why", ([command, ...argv], why) => {
    expect(() => replayOrder(command, argv)).toThrow(why);
  });
});

describe("an incident becomes a test", () => {
  /** Ten o'clock: a read that is right; five past: the same, with a checksum that is wrong; ten past: right again. */
  async function incident(): Promise<string> {
    const clock = new StillClock();
    const street = await raise({
      ...{ clock, start: clock.now() },
      buses: [{ id: "m", endpoint: { kind: "memory" } }],
      meters: [METER_A, B].map((address) => ({ address, bus: "m", loadKw: 2 })),
    });
    const end = street.memoryEnd("m");
    const file = join(folder(), "incident.jsonl");
    await street.recorder.start({ file, unmasked: true });
    end.send(readRequest(METER_A, "00900200"));
    street.setFault(METER_A, { kind: "bad-checksum" });
    clock.ms += 5 * 60_000;
    end.send(readRequest(METER_A, "00900200"));
    end.send(writeFrame({ address: METER_A, control: 0x1c, data: plainOrder(0x1a) }));
    clock.ms += 5 * 60_000;
    end.send(readRequest(METER_A, "04000503"));
    await street.recorder.stop();
    return file;
  }

  const made = async (file: string, ...argv: string[]): Promise<{ out: string; said: string }> => {
    // In the tests' own folder, or nothing would find vitest; outside of what the running suite has collected.
    const place = folder(join(import.meta.dirname, ".."));
    const out = join(place, "mended.test.ts");
    const said: string[] = [];
    const order = replayOrder("make-test", [file, "--out", out, ...argv]);
    if (order === "help") throw new Error("no order");
    expect(await runReplayCommand(order, (line) => said.push(line))).toBe(0);
    return { out, said: said.join() };
  };

  /** Without the suite's PostgreSQL, which no incident needs. */
  function vitest(out: string): Promise<Ended> {
    const config = join(out, "..", "vitest.config.ts");
    writeFileSync(config, `export default { test: { include: ["**/*.test.ts"], root: ${JSON.stringify(join(out, ".."))} } };\n`);
    return run("node_modules/vitest/vitest.mjs", "run", "--config", config, "--root", join(out, ".."));
  }

  test("that fails now, names the answer, and passes when the trouble is mended", async () => {
    const { out, said } = await made(await incident(), "--from", "2026-11-22T10:05:00", "--to", "2026-11-22T10:06:00");
    expect(said).toContain("it fails today: 1 of 2 answers are not what they should be");
    const text = readFileSync(out, "utf8");
    expect(text).toContain(`bad-checksum on ${METER_A}`);
    expect(text).not.toContain(B);
    const failing = await vitest(out);
    expect(failing.code).toBe(1);
    expect(failing.out + failing.err).toContain("a frame whose checksum is wrong");

    // Mended: nothing is broken on that meter any more.
    const healed = text.replace(/faults: \[[^\]]*\]/, "faults: []");
    expect(healed).not.toBe(text);
    writeFileSync(out, healed);
    expect(await vitest(out)).toMatchObject({ code: 0 });
  }, 180_000);

  test("that is written as the project writes, and never over a file", async () => {
    const file = await incident();
    const { out } = await made(file);
    const checked = await run("node_modules/prettier/bin/prettier.cjs", "--check", relative(process.cwd(), out));
    expect(checked).toMatchObject({ code: 0 });
    const order = replayOrder("make-test", [file, "--out", out]);
    if (order === "help") throw new Error("no order");
    await expect(runReplayCommand(order, () => undefined)).rejects.toThrow("--replace");
    expect(existsSync(out)).toBe(true);
  });

  test("that holds what was recorded, where that is wanted", async () => {
    const { said } = await made(await incident(), "--expect", "recorded");
    expect(said).toContain("it passes today");
  });

  test.each([
    ["nothing stood broken", "2026-11-22T10:10:00", /nothing stood broken in this stretch/],
    ["what stood broken touched nothing", "2026-11-22T10:06:00", /dead-line: changed no answer to what was asked/],
  ] as const)("that shows no trouble is said so, with exit code 1: %s", async (_what, from, why) => {
    const file = await incident();
    if (from.includes("10:06")) {
      const order = { do: "set-fault", bus: "m", fault: { kind: "dead-line", function: "14" } };
      const line = { what: "order", n: 90, at: "2026-11-22T10:06:00.000+08:00", order, en: "!", zh: "!" };
      writeFileSync(file, readFileSync(file, "utf8").replace(/(?=\{"what":"frame","n":7)/, `${JSON.stringify(line)}\n`));
    }
    const place = folder(join(import.meta.dirname, ".."));
    const said: string[] = [];
    const order = replayOrder("make-test", [file, "--from", from, "--out", join(place, "none.test.ts")]);
    if (order === "help") throw new Error("no order");
    expect(await runReplayCommand(order, (line) => said.push(line))).toBe(1);
    expect(said.join("\n")).toMatch(/it passes today/);
    expect(said.join("\n")).toMatch(why);
  });

  test("not out of passwords that are dots, and not out of silence", async () => {
    const file = await incident();
    const masked = written(readFileSync(file, "utf8").replace(/("hex":"68(?:..){7}1C(?:..){2})(..)/, "$1••"));
    await expect(made(masked)).rejects.toThrow("--unmasked");
    await expect(made(file, "--from", "2026-11-23")).rejects.toThrow("from");
  });
});
