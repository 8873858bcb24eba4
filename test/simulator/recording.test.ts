/** Everything heard and said is written down: what happened to it, whose it was, and no password; and the wires never wait for the disk. */
import { execFileSync } from "node:child_process";
import { createReadStream, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, onTestFinished, test } from "vitest";
import type { Logger } from "../../src/kernel/log.ts";
import { fromHex, hex, joined } from "../../simulator/bytes.ts";
import { FrameLog, EVENTS_MAX } from "../../simulator/frame-log.ts";
import type { HeaderLine } from "../../simulator/recording/header.ts";
import { lineOf } from "../../simulator/recording/line.ts";
import type { FrameLine, LineForm, NoiseLine, OrderLine, RecordedLine } from "../../simulator/recording/line.ts";
import { Recorder } from "../../simulator/recording/recorder.ts";
import type { Street } from "../../simulator/street.ts";
import { dataItemBytes, writeFrame } from "../../simulator/wire.ts";
import { HandClock } from "../transports/hand-clock.ts";
import { METER_A, plainOrder, StillClock, writeData } from "./support/frames.ts";
import { raise, readRequest, tcpClient, until } from "./support/street.ts";

const B = "202611220002";

const folder = (): string => {
  const path = mkdtempSync(join(tmpdir(), "recording-"));
  onTestFinished(() => rmSync(path, { recursive: true, force: true }));
  return path;
};

const linesOf = (street: Street, form: LineForm = {}): (FrameLine | NoiseLine | OrderLine)[] =>
  street.events.events().map((event) => lineOf(event, form));
const brief = (street: Street): string[] =>
  linesOf(street).map((line) =>
    line.what === "order"
      ? line.en
      : `${line.what === "frame" ? line.direction : "noise"} ${line.outcome} ${line.connection ?? "-"}`,
  );

const parse = (text: string): { header: HeaderLine; lines: RecordedLine[] } => {
  const [header, ...lines] = text
    .split("\n")
    .filter((line) => line !== "")
    .map((line) => JSON.parse(line) as unknown);
  return { header: header as HeaderLine, lines: lines as RecordedLine[] };
};

const twoMeters = {
  meters: [
    { address: METER_A, bus: "m" },
    { address: B, bus: "m" },
  ],
};
const calm = (): Promise<Street> =>
  raise({ clock: new StillClock(), buses: [{ id: "m", endpoint: { kind: "memory" } }], ...twoMeters });

describe("what happened to it", () => {
  test("heard, for nobody, lost, noise, torn, a wrong checksum: each is told, and from whom it came", async () => {
    const street = await calm();
    const [one, two] = [street.memoryEnd("m"), street.memoryEnd("m")];
    one.send(readRequest(METER_A, "00900200"));
    two.send(readRequest("202611229999", "00900200"));
    two.send(fromHex("0102AA"));
    one.send(fromHex("FEFEFEFE"));
    const broken = readRequest(METER_A, "00900200").slice(4);
    broken[broken.length - 2]! ^= 1;
    one.send(broken);
    two.send(readRequest(METER_A, "00900200").slice(4, 18));
    two.close();
    street.setFault(METER_A, { kind: "lost-request" });
    one.send(readRequest(METER_A, "00900200"));
    street.setFault(METER_A, { kind: "bad-checksum" });
    one.send(readRequest(METER_A, "00900200"));
    street.setFault(METER_A, { kind: "torn-reply" });
    one.send(readRequest(METER_A, "00900200"));
    expect(brief(street)).toEqual([
      ...["request heard 1", "reply said -", "request nobody 2", "noise noise 2", "noise wrong-checksum 1", "noise torn 2"],
      ...[`! ${METER_A} fault set: lost-request`, "request not-heard 1"],
      ...[`! ${METER_A} fault set: bad-checksum`, "request heard 1", "reply wrong-checksum -"],
      ...[`! ${METER_A} fault set: torn-reply`, "request heard 1", "reply torn -"],
    ]);
  });

  test("noise before a frame in one piece is told apart from it, and wake-up bytes are no noise", async () => {
    const street = await calm();
    street.memoryEnd("m").send(joined(fromHex("110068FE22FEFE"), readRequest(METER_A, "00900200")));
    expect(linesOf(street).map((line) => ("hex" in line ? line.hex : ""))).toEqual([
      "110068FE22",
      hex(readRequest(METER_A, "00900200").slice(4)),
      expect.stringMatching(/^68/),
    ]);
  });

  test("two at once collide, and nobody hears either", async () => {
    const clock = new HandClock();
    const street = await raise({ clock, buses: [{ id: "m", endpoint: { kind: "memory" }, baud: 2_400 }], ...twoMeters });
    street.memoryEnd("m").send(readRequest(METER_A, "00900200"));
    street.memoryEnd("m").send(readRequest(B, "00900200"));
    clock.advance(1_000);
    await until("both are noted", () => street.events.count === 2);
    expect(brief(street)).toEqual(["request collision 2", "request collision 1"]);
  });

  test("each TCP client has a number, and an answer names the request it answers", async () => {
    const street = await raise({
      buses: [{ id: "t", endpoint: { kind: "tcp", port: 0 } }],
      meters: [{ address: METER_A, bus: "t" }],
    });
    const port = street.endpoints[0]!.at as number;
    const [first, second] = [await tcpClient(port), await tcpClient(port)];
    first.socket.write(readRequest(METER_A, "00900200"));
    await first.reply();
    second.socket.write(readRequest(METER_A, "00010000"));
    await second.reply(2);
    const frames = linesOf(street) as FrameLine[];
    expect(frames.map(({ n, connection, re }) => [n, connection, re])).toEqual([
      [1, "1", undefined],
      [2, undefined, 1],
      [3, "2", undefined],
      [4, undefined, 3],
    ]);
    expect(frames[1]).toMatchObject({ meter: METER_A, en: `← ${METER_A} read 00900200 balance: 50.00 yuan` });
  });

  test("GET /frames is what it was: frames alone, whole", async () => {
    const street = await calm();
    const end = street.memoryEnd("m");
    end.send(fromHex("0102"));
    street.patch(METER_A, { balance: "1.00" });
    end.send(writeFrame({ address: METER_A, control: 0x1c, data: plainOrder(0x2a, { password: "123456" }) }));
    expect(street.frames().map(({ direction, hex: bytes }) => [direction, bytes.length])).toEqual([
      ["request", 56],
      ["reply", 26],
    ]);
    expect(JSON.stringify(street.frames())).not.toContain("•");
  });

  test("the ring keeps the last events and knows that the first are gone", () => {
    const clock = new StillClock();
    const log = new FrameLog(() => clock.now());
    for (let i = 0; i < EVENTS_MAX + 5; i += 1) log.addNoise({ bus: "m", bytes: new Uint8Array(2_000) });
    expect([log.events().length, log.events()[0]?.seq, log.events().at(-1)?.seq]).toEqual([EVENTS_MAX, 6, EVENTS_MAX + 5]);
    expect(log.isComplete).toBe(false);
    expect(log.events()[0]).toMatchObject({ size: 2_000, bytes: new Uint8Array(1_024) });
  });
});

describe("secrets", () => {
  const secret = "123456";
  const onWire = "896745";

  test("a password is in no line, and not in the head; unmasked it is in both", async () => {
    const street = await raise({
      clock: new StillClock(),
      buses: [{ id: "m", endpoint: { kind: "memory" } }],
      meters: [{ address: METER_A, bus: "m", passwords: { "02": secret } }],
    });
    const end = street.memoryEnd("m");
    for (const data of [plainOrder(0x2a, { password: secret })]) end.send(writeFrame({ address: METER_A, control: 0x1c, data }));
    end.send(writeFrame({ address: METER_A, control: 0x14, data: writeData("04001001", "00000100", { password: secret }) }));
    const place = folder();
    const [masked, open] = [join(place, "masked.jsonl"), join(place, "open.jsonl")];
    await street.recorder.start({ file: masked, sinceRaised: true });
    await street.recorder.stop();
    await street.recorder.start({ file: open, sinceRaised: true, unmasked: true });
    await street.recorder.stop();
    const [hidden, shown] = [readFileSync(masked, "utf8"), readFileSync(open, "utf8")];
    for (const text of [secret, onWire]) {
      expect(hidden).not.toContain(text);
      expect(shown).toContain(text);
    }
    expect(parse(hidden).header).toMatchObject({ unmasked: false, from: "raised" });
    expect(parse(hidden).lines).toHaveLength(4);
  });

  test("a broker's account is in no head", async () => {
    const street = await raise({
      clock: new StillClock(),
      offline: true,
      buses: [
        { id: "q", endpoint: { kind: "mqtt", url: "mqtt://anna:geheim@127.0.0.1:1883", username: "anna", password: "geheim" } },
      ],
      meters: [{ address: METER_A, bus: "q" }],
    });
    expect(JSON.stringify(street.plan)).not.toMatch(/anna|geheim/);
  });
});

describe("at the control door", () => {
  async function door(): Promise<{ street: Street; call: (path: string, body?: unknown) => Promise<Response> }> {
    const street = await raise({
      clock: new StillClock(),
      controlPort: 0,
      buses: [
        { id: "m", endpoint: { kind: "memory" } },
        { id: "n", endpoint: { kind: "memory" } },
      ],
      meters: [
        { address: METER_A, bus: "m" },
        { address: B, bus: "n" },
      ],
    });
    const call = (path: string, body?: unknown): Promise<Response> =>
      fetch(
        `http://127.0.0.1:${street.controlPort!}${path}`,
        body === undefined ? {} : { method: "POST", body: JSON.stringify(body) },
      );
    return { street, call };
  }

  test("the ring comes as lines, of one meter, of one bus, since a moment, the last so many", async () => {
    const { street, call } = await door();
    const [m, n] = [street.memoryEnd("m"), street.memoryEnd("n")];
    m.send(readRequest(METER_A, "00900200"));
    n.send(readRequest(B, "00900200"));
    n.send(fromHex("010203"));
    await fetch(`http://127.0.0.1:${street.controlPort!}/meters/${METER_A}`, { method: "PATCH", body: '{"balance":"9.00"}' });
    await call("/clock", { advanceMs: 3_600_000 });
    m.send(readRequest(METER_A, "00900200"));
    const lines = async (query: string): Promise<string[]> => {
      const answer = await call(`/recording?format=jsonl${query}`);
      expect(answer.headers.get("content-type")).toContain("application/x-ndjson");
      return parse(await answer.text()).lines.map((line) => (line.what === "gap" ? "gap" : line.en.replace(/[^!-~]+/g, " ")));
    };
    const all = await lines("");
    expect(all).toHaveLength(9);
    expect(await lines(`&meter=${METER_A}`)).toEqual(all.filter((line) => !line.includes(B) && !line.includes("bytes")));
    expect(await lines("&bus=n")).toEqual([...all.slice(2, 5), ...all.slice(5, 7)]);
    for (const since of [
      "2026-11-22T11:00:00%2B08:00",
      "2026-11-22T11:00:00+08:00",
      "2026-11-22T11:00:00",
      "2026-11-22T03:00:00Z",
    ]) {
      expect(await lines(`&since=${since}`), since).toEqual(all.slice(7));
      expect(await (await call(`/frames?since=${since}`)).json(), since).toHaveLength(2);
    }
    expect(await lines("&limit=2")).toEqual(all.slice(7));
    const head = async (query: string): Promise<HeaderLine> =>
      parse(await (await call(`/recording?format=jsonl${query}`)).text()).header;
    expect([(await head("")).from, (await head("&limit=2")).from]).toEqual(["raised", "unknown"]);
    expect(await (await call("/recording?format=jsonl&wall=false")).text()).not.toContain('"wall"');
  });

  test.each([
    ["/recording?format=xml", "format"],
    ["/recording?format=jsonl&limit=0", "limit"],
    ["/recording?format=jsonl&since=yesterday", "since"],
  ])("%s is refused by its field", async (path, field) => {
    const { call } = await door();
    const answer = await call(path);
    expect([answer.status, ((await answer.json()) as { field: string }).field]).toEqual([400, field]);
  });

  test("a file is started and stopped; it begins with the street's state, and is not written over", async () => {
    const { street, call } = await door();
    const file = join(folder(), "talk.jsonl");
    street.memoryEnd("m").send(readRequest(METER_A, "00900200"));
    expect(await (await call("/recording", { file })).json()).toMatchObject({ file, lines: 0 });
    expect((await call("/recording", { file: `${file}.jsonl` })).status).toBe(400);
    street.memoryEnd("m").send(readRequest(METER_A, "00010000"));
    expect(await (await call("/recording")).json()).toEqual({ recording: { file, lines: 2, dropped: 0 }, kept: 4 });
    expect(await (await call("/recording/stop", {})).json()).toEqual({ file, lines: 2, dropped: 0 });
    expect((await call("/recording/stop", {})).status).toBe(404);
    const { header, lines } = parse(readFileSync(file, "utf8"));
    expect(header).toMatchObject({ from: "state", state: { events: 2, meters: { [METER_A]: { wallet: {} } } } });
    expect(lines).toHaveLength(2);
    expect((await call("/recording", { file })).status).toBe(400);
    expect((await call("/recording", { file: "/etc/passwd" })).status).toBe(400);
    expect((await call("/recording", { file: "/proc/no/such.jsonl" })).status).toBe(400);
    const old = await call("/recording", { file });
    expect(await old.json()).toMatchObject({ field: "file", error: expect.stringContaining('"replace": true') as string });
    expect((await call("/recording", { file, replace: true })).status).toBe(200);
    await call("/recording/stop", {});
    expect(parse(readFileSync(file, "utf8")).lines).toEqual([]);
    const deep = join(folder(), "not", "there", "yet.jsonl");
    expect((await call("/recording", { file: deep })).status).toBe(200);
    await call("/recording/stop", {});
    expect(existsSync(deep)).toBe(true);
  });

  test("the state is shown and saved", async () => {
    const { street, call } = await door();
    const file = join(folder(), "noon.json");
    const shown: unknown = await (await call("/state")).json();
    expect(shown).toMatchObject({ what: "street-state", state: { at: "2026-11-22T10:00:00.000+08:00" } });
    expect(await (await call("/state/save", { file })).json()).toEqual({ file, at: "2026-11-22T10:00:00.000+08:00", meters: 2 });
    expect(JSON.parse(readFileSync(file, "utf8"))).toEqual(shown);
    expect((await call("/state/save", { file })).status).toBe(400);
    expect((await call("/state/save", { file, replace: true })).status).toBe(200);
    const deep = join(folder(), "not", "there", "yet.json");
    expect((await call("/state/save", { file: deep })).status).toBe(200);
    expect(JSON.parse(readFileSync(deep, "utf8"))).toEqual(shown);
    expect(street.events.count).toBe(0);
  });
});

describe("the disk", () => {
  const silent = (said: string[]): Logger => {
    const log: Logger = {
      ...{ debug: () => undefined, info: () => undefined, warn: () => undefined },
      error: (_fields, message) => void said.push(message),
      child: () => log,
    };
    return log;
  };

  test.skipIf(!existsSync("/usr/bin/mkfifo"))(
    "the wires do not wait for it: what it is too slow for is counted, and said",
    async () => {
      const street = await calm();
      const pipe = join(folder(), "slow.jsonl");
      execFileSync("mkfifo", [pipe]);
      const recorder = new Recorder(street, silent([]), { queueMax: 100 });
      // Opened, and not read: after some 64 KB the pipe is full.
      const reader = createReadStream(pipe, { highWaterMark: 1_024 });
      await recorder.start({ file: pipe, replace: true });
      const question = readRequest(METER_A, "00900200").slice(4);
      for (let i = 0; i < 1_000; i += 1) street.bus("m").hearAgain(question);
      expect(street.events.count).toBe(2_000);
      expect(recorder.status!.dropped).toBeGreaterThan(0);
      let text = "";
      reader.on("data", (chunk) => (text += chunk.toString()));
      const read = new Promise<void>((resolve) => reader.once("close", resolve));
      await new Promise<void>((resolve) => setImmediate(resolve));
      street.bus("m").hearAgain(question);
      const { lines, dropped } = (await recorder.stop())!;
      await read;
      const gaps = parse(text).lines.filter((line) => line.what === "gap");
      expect(gaps.reduce((sum, gap) => sum + gap.dropped, 0)).toBe(dropped);
      expect(lines + dropped).toBe(2_002);
      expect(parse(text).lines).toHaveLength(lines + gaps.length);
    },
  );

  test.skipIf(!existsSync("/dev/full"))("a disk that is full ends the recording and is said; the street goes on", async () => {
    const street = await calm();
    const said: string[] = [];
    const recorder = new Recorder(street, silent(said));
    await recorder.start({ file: "/dev/full", replace: true });
    await until("the failure is said", () => said.length > 0);
    expect(said).toEqual(["the recording has ended: its file cannot be written"]);
    expect(recorder.status).toBeNull();
    street.memoryEnd("m").send(readRequest(METER_A, "00900200"));
    expect(street.events.count).toBe(2);
  });

  test("closing the street closes the file with everything in it", async () => {
    const street = await calm();
    const file = join(folder(), "whole.jsonl");
    writeFileSync(file, "old");
    await street.recorder.start({ file, sinceRaised: true, replace: true });
    street.memoryEnd("m").send(writeFrame({ address: METER_A, control: 0x11, data: dataItemBytes("00900200") }));
    await street.close();
    expect(parse(readFileSync(file, "utf8")).lines).toHaveLength(2);
  });
});
