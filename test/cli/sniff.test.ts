/** `meterctl sniff`: listens to a pseudo-terminal and to a TCP line, shows rows of sixteen bytes and what they mean, and never sends. */
import { spawn } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { makeIncident } from "../../simulator/replay/make-incident.ts";
import { readRecording } from "../../simulator/replay/reading.ts";
import { buildStreet, type Street } from "../../simulator/street.ts";
import { main } from "../../src/cli/meterctl.ts";
import { systemClock } from "../../src/kernel/clock.ts";
import { bytesOfHex } from "../../src/protocols/dlt645/index.ts";
import { until } from "../simulator/support/street.ts";
import { freePort } from "../support/servers.ts";
import { openPtyPair, type PtyPair } from "../transports/pty-pair.ts";
import { ENTRY, meterctl } from "./terminal.ts";

const A = "202611220001";
const ASKED = "FEFEFEFE 680100221126206811043335C333BD16";
const ANSWERED = "680100221126206891083335C333338333335D16";
/** Relay order by password 939271, level 02, and its yes. */
const ORDERED = "68010022112620681C1035A4C5C6343333334D33336343554459";

interface Sniffing {
  readonly lines: string[];
  readonly errors: string[];
  /** Ctrl-C. */
  stop(): Promise<number>;
  readonly ended: Promise<number>;
}

function sniffing(link: string, ...more: readonly string[]): Sniffing {
  const [lines, errors, stop] = [[] as string[], [] as string[], new AbortController()];
  const terminal = {
    out: (text: string) => lines.push(...text.split("\n")),
    error: (text: string) => errors.push(text),
    env: {},
    stop: stop.signal,
  };
  const ended = main(["sniff", "--link", link, ...more], terminal);
  return {
    lines,
    errors,
    ended,
    stop: () => {
      stop.abort();
      return ended;
    },
  };
}

function pty(): PtyPair & { sent: number; say(hex: string): void } {
  const pair = openPtyPair();
  onTestFinished(() => pair.vanish());
  const end = { ...pair, sent: 0, say: (hex: string) => pair.send(bytesOfHex(hex.replaceAll(" ", ""))) };
  pair.onReceived((bytes) => (end.sent += bytes.length));
  return end;
}

/** A port that is not open yet loses what is said to it: speak until something was heard. */
async function heard(end: ReturnType<typeof pty>, sniffed: Sniffing): Promise<void> {
  await until("the first byte is told", async () => {
    end.say("FE");
    await systemClock.wait(100);
    return sniffed.lines.length > 0;
  });
  sniffed.lines.length = 0;
  end.sent = 0; // until it was opened raw, the terminal itself gave back what was said to it
}

test("rows of sixteen bytes, a short one after a pause, and each frame beneath the row in which it ended", async () => {
  const end = pty();
  const me = sniffing(`serial://${end.path}`);
  await heard(end, me);
  end.say(ASKED);
  await until("the question is told", () => me.lines.length === 3);
  end.say(ANSWERED);
  await until("the answer is told", () => me.lines.length === 6);
  expect(await me.stop()).toBe(0);
  const clock = String.raw`\d\d:\d\d:\d\d\.\d{3}  [0-9A-F]{6}  `;
  expect(me.lines[0]).toMatch(new RegExp(`^${clock}FE FE FE FE 68 01 00 22 11 26 20 68 11 04 33 35$`));
  expect(me.lines[1]).toMatch(new RegExp(`^${clock}C3 33 BD 16$`));
  expect(me.lines[2]!.trim()).toBe(`→ ${A} read data 00900200 balance`);
  expect(me.lines[3]).toMatch(new RegExp(`^${clock}68 01 00 22 11 26 20 68 91 08 33 35 C3 33 33 83$`));
  expect(me.lines[5]!.trim()).toBe(`← ${A} read data 00900200 balance 50.00 yuan`);
  expect(me.lines.slice(6)).toEqual([
    `${A}  1 requests, 1 replies`,
    expect.stringMatching(/^\d+ bytes: 1 requests, 1 replies, 0 bytes that belong to no frame$/),
  ]);
  expect(end.sent).toBe(0);
});

test("a frame in pieces with pauses is one frame, and rows wait until it is known what they hold", async () => {
  const end = pty();
  const me = sniffing(`serial://${end.path}`, "--lang", "zh");
  await heard(end, me);
  const bytes = ASKED.replaceAll(" ", "");
  for (const at of [0, 10, 24]) {
    end.say(bytes.slice(at, at === 24 ? undefined : at === 0 ? 10 : 24));
    await systemClock.wait(100);
  }
  await until("it is told", () => me.lines.some((line) => line.includes("→")));
  expect(me.lines.filter((line) => line.includes("→")).map((line) => line.trim())).toEqual([
    `→ ${A} 读数据 00900200 (当前)剩余金额`,
  ]);
  expect(await me.stop()).toBe(0);
});

test("passwords and bytes that belong to no frame are dots, named all the same; unmasked they are there", async () => {
  for (const unmasked of [false, true]) {
    const end = pty();
    const me = sniffing(`serial://${end.path}`, ...(unmasked ? ["--unmasked"] : []));
    await heard(end, me);
    const sum = [...bytesOfHex(ORDERED)].reduce((total, byte) => (total + byte) & 0xff, 0);
    end.say(`${ORDERED}${sum.toString(16).toUpperCase().padStart(2, "0")}16`);
    await until("the order is told", () => me.lines.some((line) => line.includes("→")));
    end.say(ORDERED);
    await until("the torn one is named", () => me.lines.some((line) => line.includes("✗")));
    await me.stop();
    const said = me.lines.join("\n");
    expect(said.includes("A4 C5 C6")).toBe(unmasked);
    expect(said).toMatch(/→ 202611220001 trip, close, alarm, protect .*order disconnect/);
    expect(said).toMatch(/✗ 26 bytes, the beginning of a frame/);
    if (!unmasked) expect(said).toContain("1C 10 35 •• ••");
  }
});

test("garbage is summed up with what to do about it", async () => {
  const end = pty();
  const me = sniffing(`serial://${end.path}`);
  await heard(end, me);
  end.say("F8F8F8F8809E0680001806068078860078");
  await until("it is named", () => me.lines.some((line) => line.includes("✗ 17 bytes, stray bytes")));
  await me.stop();
  expect(me.lines.at(-1)).toMatch(/wrong speed or parity\? meterctl doctor/);
});

async function tcpStreet(): Promise<{ street: Street; link: string }> {
  const street = await buildStreet({
    clock: systemClock,
    seed: 7,
    buses: [{ id: "line-1", endpoint: { kind: "tcp", port: 0 } }],
    meters: [{ address: A, bus: "line-1", balance: "50.00" }],
  });
  onTestFinished(() => street.close());
  return { street, link: `tcp://127.0.0.1:${String(street.endpoints[0]!.at)}` };
}

test("what is exported is a recording that the street replays and cuts an incident from", async () => {
  const folder = mkdtempSync(join(tmpdir(), "sniff-"));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const file = join(folder, "line.jsonl");
  const { link } = await tcpStreet();
  const me = sniffing(link, "--json", "--export", file);
  await until("it listens", async () => {
    await meterctl(["read", A, "balance", "--link", link]);
    return me.lines.length >= 5;
  });
  await until("the last row is told", () => me.lines.filter((line) => line.includes('"reply"')).length > 0);
  expect(await me.stop()).toBe(0);
  const told = me.lines.map((line) => JSON.parse(line) as { what: string });
  expect(new Set(told.map(({ what }) => what))).toEqual(new Set(["row", "frame", "summary"]));
  expect(told.find(({ what }) => what === "frame")).toMatchObject({
    direction: "request",
    meter: A,
    function: "read",
    di: "00900200",
  });
  expect(told.at(-1)).toMatchObject({ what: "summary", export: file, meters: [{ address: A }] });
  const recording = await readRecording(file);
  expect(recording.header).toMatchObject({
    from: "unknown",
    unmasked: false,
    street: { meters: [{ address: A, bus: "line-1" }] },
  });
  const { incident, recorded } = await makeIncident(recording, {});
  expect(incident.steps.every((step) => "request" in step)).toBe(true);
  expect(recorded.length).toBe(recording.lines.filter((line) => line.what === "frame" && line.direction === "request").length);
  expect(readFileSync(file, "utf8")).toMatch(/"zh":"← 202611220001 读数据/);
}, 30_000);

test("it ends by itself where it is wished, with 3 when the link closes or nobody is there", async () => {
  const { street, link } = await tcpStreet();
  expect((await meterctl(["sniff", "--link", link, "--for", "0.05"])).code).toBe(0);
  const me = sniffing(link);
  await until("it listens", async () => {
    await meterctl(["read", A, "balance", "--link", link]);
    return me.lines.length > 0;
  });
  await street.close();
  expect(await me.ended).toBe(3);
  expect(me.errors.join("\n")).toMatch(/link closed.*requests/s);
  expect((await meterctl(["sniff", "--link", `tcp://127.0.0.1:${await freePort()}`])).code).toBe(3);
});

test("as a process it ends with Ctrl-C, sums up, and is done", async () => {
  const { link } = await tcpStreet();
  const child = spawn(process.execPath, [ENTRY, "sniff", "--link", link], {
    env: { PATH: process.env["PATH"] ?? "" },
    timeout: 25_000,
  });
  let out = "";
  child.stdout.on("data", (chunk: Buffer) => (out += chunk.toString()));
  const code = new Promise<number | null>((resolve) => child.on("close", resolve));
  await until(
    "it listens",
    async () => {
      await meterctl(["read", A, "balance", "--link", link]);
      return out.includes("←");
    },
    20_000,
  );
  child.kill("SIGINT");
  expect(await code).toBe(0);
  expect(out).toMatch(/\d+ bytes: \d+ requests, \d+ replies, 0 bytes that belong to no frame\n$/);
}, 30_000);
