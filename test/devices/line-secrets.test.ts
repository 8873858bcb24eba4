/**
 * Passwords, keys and MACs are planted in frames of every shape, which pass a line whole, as an echo, torn, with a bit turned or between
 * noise, in pieces of any size; then everything that is kept or told is searched for them, as they travelled and less 33H, both ways round.
 */
import fc from "fast-check";
import fastify from "fastify";
import { serializerCompiler, validatorCompiler } from "fastify-type-provider-zod";
import { expect, test } from "vitest";
import type { ApiParts } from "../../src/api/books.ts";
import { busRoutes } from "../../src/api/routes/buses.ts";
import { LineSniffer } from "../../src/devices/line-sniffer.ts";
import { Line } from "../../src/devices/line.ts";
import { frameLine, noiseLine } from "../../src/devices/recorded-line.ts";
import { tapeRecording, tapeRow } from "../../src/devices/tape-view.ts";
import { later, minutes, systemClock } from "../../src/kernel/clock.ts";
import { reasonOf } from "../../src/kernel/faults.ts";
import type { Logger } from "../../src/kernel/log.ts";
import { Secret } from "../../src/kernel/secret.ts";
import { encodeFrame, maskedHex, type Frame } from "../../src/protocols/dlt645/index.ts";
import { MemoryWire } from "../../src/transports/memory.ts";
import { raiseHouse } from "./house.ts";

const A = "202611220001";
const hexOf = (bytes: readonly number[]): string => bytes.map((byte) => (byte & 0xff).toString(16).padStart(2, "0")).join("");

/** As it may turn up: with and without the 33H, in the order of the wire and turned round, with spaces and without. */
function disguises(secret: readonly number[]): readonly string[] {
  const turned = [...secret].reverse();
  return [secret, turned].flatMap((bytes) => [bytes, bytes.map((byte) => byte + 0x33)]).map(hexOf);
}
/** Everything told, without what separates bytes, and without moments, in whose digits a password would stand by chance. */
const searched = (told: readonly unknown[]): string =>
  told
    .map((one) =>
      typeof one === "string"
        ? one
        : JSON.stringify(one, (key, value: unknown) => (["at", "wall", "start"].includes(key) ? undefined : value)),
    )
    .join("\n")
    .toLowerCase()
    .replaceAll(/[ ,"]/g, "");

function expectNone(told: readonly unknown[], secrets: readonly (readonly number[])[]): void {
  const text = searched(told);
  for (const secret of secrets) for (const disguise of disguises(secret)) expect(text).not.toContain(disguise);
}

/** Bytes that stand nowhere else in these frames: neither in addresses nor identifiers, levels, amounts or the marks of a frame. */
const secretByte = fc.constantFrom(
  0x71,
  0x82,
  0x93,
  0x74,
  0x85,
  0x96,
  0x73,
  0x84,
  0x95,
  0x76,
  0x87,
  0x98,
  0x79,
  0xa7,
  0xb8,
  0xc9,
  0xda,
  0xeb,
);
const secretOf = (length: number): fc.Arbitrary<number[]> =>
  fc.array(secretByte, { minLength: length, maxLength: length }).filter((bytes) => new Set(bytes).size >= Math.min(3, length));

interface Planted {
  readonly frame: Frame;
  readonly secrets: readonly (readonly number[])[];
}
/** Open bytes as hex, `n` bytes of a secret as a number. */
const shape = (control: number, ...parts: readonly (string | number)[]): fc.Arbitrary<Planted> =>
  fc
    .tuple(...parts.map((part) => (typeof part === "number" ? secretOf(part) : fc.constant([...Buffer.from(part, "hex")]))))
    .map((bytes) => ({
      frame: { address: A, control, data: Uint8Array.from(bytes.flat()) },
      secrets: bytes.filter((_, i) => typeof parts[i] === "number"),
    }));

const OPERATOR = "01000000";
const frames: Readonly<Record<string, fc.Arbitrary<Planted>>> = {
  "a write by password": shape(0x14, "01100004", "02", 3, OPERATOR, "00050000"),
  "a write of a password": shape(0x14, "030c0004", "02", 3, OPERATOR, "04", 3),
  "a write with a MAC": shape(0x14, "01100004", "99000000", OPERATOR, "00050000", 4),
  "a ciphered write": shape(0x14, "06100004", "98000000", OPERATOR, 16, 4),
  "a ciphered write of two blocks": shape(0x14, "ff060504", "98000000", OPERATOR, 32, 4),
  "a change of password": shape(0x18, "030c0004", "02", 3, "02", 3),
  "its answer": shape(0x98, "02", 3),
  "a clearing by password": shape(0x1a, "02", 3, OPERATOR),
  "a ciphered clearing": shape(0x1b, "98000000", OPERATOR, 20),
  "a clearing of demand": shape(0x19, "04", 3, OPERATOR),
  "a relay order by password": shape(0x1c, "02", 3, OPERATOR, "1a00", "000030102211"),
  "a secured relay order": shape(0x1c, "98000001", OPERATOR, 20),
  "a relay order cut short": shape(0x1c, "02", 3),
  "a proof of identity": shape(0x03, "ff000007", OPERATOR, 8, "1011121314151617", "0100221126200000"),
  "a top-up": shape(0x03, "ff020107", OPERATOR, "88130000", "08000000", 4, "010022112600", 4),
  "a vendor's top-up": shape(0x03, "ff020107", OPERATOR, "88130000", 4, "08000000", 8, 4),
  "an update of a key": shape(0x03, "ff020207", OPERATOR, "00000000", 4, 32),
  "an update of keys": shape(0x03, "ff010307", OPERATOR, 32, "01000004", 4),
  "what nobody knows": shape(0x03, "ff77a007", OPERATOR, 24),
  "the purse, read back": shape(0x83, "ff028107", "88130000", 4, "08000000", 4, "010022112600", "00000001"),
  "a password, shown": shape(0x91, "030c0004", "02", 3),
  "a write of 1997": shape(0x04, "10c0", "02", 3, "22112604"),
  "a change of password of 1997": shape(0x0f, "02", 3, "02", 3),
};

/** What the wires make of it. */
const fates = fc.oneof(
  fc.constant((bytes: readonly number[]) => [...bytes]),
  // More than the two wake-up bytes before it, of which no word is said.
  fc.nat().map((at) => (bytes: readonly number[]) => bytes.slice(0, 3 + (at % (bytes.length - 3)))),
  fc.nat().map((at) => (bytes: readonly number[]) => bytes.slice(at % bytes.length)),
  fc.tuple(fc.nat(), fc.integer({ min: 0, max: 7 })).map(
    ([at, bit]) =>
      (bytes: readonly number[]) =>
        bytes.with(at % bytes.length, bytes[at % bytes.length]! ^ (1 << bit)),
  ),
  fc.tuple(fc.nat(), fc.uint8Array({ maxLength: 6 })).map(
    ([at, noise]) =>
      (bytes: readonly number[]) =>
        bytes.toSpliced(at % bytes.length, 0, ...noise),
  ),
  fc.nat().map((at) => (bytes: readonly number[]) => bytes.toSpliced(at % bytes.length, 1)),
);

const passing = fc.array(fc.tuple(fc.oneof(...Object.values(frames)), fates, fc.boolean()), { minLength: 1, maxLength: 5 });
const pieces = fc.array(fc.integer({ min: 1, max: 40 }), { minLength: 1, maxLength: 8 });

function cut(bytes: readonly number[], sizes: readonly number[]): readonly Uint8Array[] {
  const chunks: Uint8Array[] = [];
  for (let at = 0, n = 0; at < bytes.length; n += 1) {
    const size = sizes[n % sizes.length]!;
    chunks.push(Uint8Array.from(bytes.slice(at, at + size)));
    at += size;
  }
  return chunks;
}

const recorder = (): { log: Logger; said: unknown[] } => {
  const said: unknown[] = [];
  const note = (fields: object, message: string): void => void said.push(fields, message);
  const log: Logger = { debug: note, info: note, warn: note, error: note, child: () => log };
  return { log, said };
};
const timing = { turnaroundMs: 0, answerMs: 1, quietMs: 0, byteMs: 0 };

async function openLine(log: Logger): Promise<{ line: Line; wire: MemoryWire }> {
  const wire = new MemoryWire();
  const transport = wire.transport();
  await transport.open();
  const link = {
    name: transport.name,
    why: null,
    isOpen: true,
    start: () => Promise.resolve(),
    send: (bytes: Uint8Array) => transport.send(bytes),
    close: () => transport.close(),
    onReceived: (listener: (bytes: Uint8Array) => void) => transport.onReceived(listener),
    onDropped: (listener: (why: string) => void) => transport.onClosed(listener),
  };
  return { line: new Line({ id: "line", link, timing, clock: systemClock, log }), wire };
}

test("what passes a line is on its tape, in its export and its log without passwords, keys and MACs", async () => {
  await fc.assert(
    fc.asyncProperty(passing, pieces, async (all, sizes) => {
      const { log, said } = recorder();
      const { line, wire } = await openLine(log);
      const secrets = all.flatMap(([{ secrets: planted }]) => planted);
      for (const [{ frame }, fate, isOurs] of all) {
        const bytes = [...encodeFrame(frame, { preamble: 2 })];
        const heard = fate(bytes);
        if (isOurs) {
          const answered = line.ask({ frame, preamble: 2, priority: 0 });
          await Promise.resolve();
          for (const chunk of cut(heard, sizes)) wire.far.send(chunk);
          await answered;
        } else {
          for (const chunk of cut(heard, sizes)) wire.far.send(chunk);
        }
      }
      await systemClock.wait(0);
      await line.close();
      const entries = line.tape.entries({ limit: 1_000 });
      expect(entries.length).toBeGreaterThan(0);
      const told = [...entries.map(tapeRow), tapeRecording(entries, { bus: "line", timeZone: "Asia/Shanghai" }), ...said];
      expectNone(told, secrets);
      expectNone(
        all.map(([{ frame }]) => maskedHex(encodeFrame(frame, { preamble: 4 }))),
        secrets,
      );
    }),
    { numRuns: 60 },
  );
}, 60_000);

test("what is sniffed is shown and exported without them; unmasked it is all there", async () => {
  await fc.assert(
    fc.asyncProperty(passing, pieces, async (all, sizes) => {
      const secrets = all.flatMap(([{ secrets: planted }]) => planted);
      const bytes = all.flatMap(([{ frame }, fate]) => fate([...encodeFrame(frame, { preamble: 2 })]));
      for (const unmasked of [false, true]) {
        const rows: string[] = [];
        const told: unknown[] = [];
        const sniffer = new LineSniffer({
          clock: systemClock,
          unmasked,
          explaining: {},
          tell: (one) => {
            const passed = { n: 1, at: one.at, bus: "line", timeZone: "Asia/Shanghai" };
            if (one.what === "row") rows.push(one.hex.join(""));
            else if (one.what === "frame") told.push(one, frameLine(passed, one.row));
            else told.push(one, noiseLine(passed, one.looks, one.hex, one.shape.length));
          },
        });
        for (const chunk of cut(bytes, sizes)) sniffer.hear(chunk);
        await sniffer.end();
        if (unmasked) expect(rows.join("").toLowerCase()).toBe(hexOf(bytes));
        else expectNone([...told, rows.join("")], secrets);
        expect(rows.slice(0, -1).every((row) => row.length === 32)).toBe(true);
      }
    }),
    { numRuns: 200 },
  );
}, 60_000);

test("real orders leave none in evidence, logs, faults, the list of lines, and what the tape's door answers", async () => {
  const passwords = fc
    .uniqueArray(fc.constantFrom("71", "82", "93", "74", "85", "96", "73", "84", "95"), { minLength: 3, maxLength: 3 })
    .map((pairs) => pairs.join(""));
  await fc.assert(
    fc.asyncProperty(
      passwords,
      fc.constantFrom("password", "time", "secured", "top-up", "write", "write-with-mac", "refund"),
      fc.constantFrom("right", "lost-reply", "torn-reply", "bad-checksum", "echo", "noise", "slow-drip"),
      async (password, order, story) => {
        const { log, said } = recorder();
        const house = await raiseHouse({
          log,
          bus: { replyDeadlineMs: 150, quietMs: 5 },
          meters: [{ passwords: { "02": password, "04": "111111" } }],
          ...(order === "password" || order === "time"
            ? { records: (record) => ({ ...record, relayPassword: { level: "02" as const, secret: new Secret(password) } }) }
            : {}),
        });
        if (["lost-reply", "torn-reply", "bad-checksum"].includes(story))
          house.simulator.setFault(A, { kind: story as "lost-reply", function: FUNCTION_OF[order] });
        if (["echo", "noise", "slow-drip"].includes(story)) house.simulator.setBusFault("bus-1", { kind: story as "echo" });
        const session = await house.session();
        const options = { notAfter: later(systemClock.now(), minutes(1)) };
        const ways: Record<typeof order, () => Promise<unknown>> = {
          password: () => session.orderRelay("warn", options),
          secured: () => session.orderRelay("warn", options),
          time: () => session.setClock("write", systemClock.now(), options),
          "top-up": () => session.topUp({ amount: 5_000n as never, count: 1, opening: false }, options),
          write: () => session.writeSecured("04001401", Uint8Array.of(0x15, 0), options),
          "write-with-mac": () => session.writeSecured("04001001", Uint8Array.of(0, 0x30, 0, 0), options),
          refund: () => session.writeSecured("04001006", Uint8Array.of(0xe8, 0x03, 0, 0), options),
        };
        const outcome: unknown = await ways[order]().catch(reasonOf);
        await session.close();
        const app = fastify();
        app.setValidatorCompiler(validatorCompiler);
        app.setSerializerCompiler(serializerCompiler);
        busRoutes(app, { street: house.street, timeZone: "Asia/Shanghai" } as ApiParts);
        const answers = [];
        for (const url of ["/v1/buses", "/v1/buses/bus-1/tape?limit=1000", "/v1/buses/bus-1/tape?format=jsonl"])
          answers.push((await app.inject({ url })).body);
        await app.close();
        // Everything secret that really travelled, by where the standard puts it.
        const secrets = house.simulator.events
          .events()
          .flatMap((event) => (event.what === "frame" ? secretsOn([...event.bytes]) : []));
        await house.close();
        expect(answers[1]).toMatch(/"direction":"sent"/);
        expect(secrets.length).toBeGreaterThan(0);
        expectNone([...said, session.evidence, outcome, ...answers], secrets);
      },
    ),
    { numRuns: 70 },
  );
}, 120_000);

const FUNCTION_OF = {
  password: "1C",
  secured: "1C",
  "top-up": "03",
  time: "14",
  write: "14",
  "write-with-mac": "14",
  refund: "14",
} as const;

/**
 * Clauses 5.4, 5.11 and 5.13: the password of 14 or 1C, or its cipher and MAC; ciphers and MACs of 070000FF, 070102FF and 078102FF. Written
 * apart from ours.
 */
function secretsOn(bytes: readonly number[]): readonly (readonly number[])[] {
  const start = bytes.findIndex((byte, i) => byte === 0x68 && bytes[i + 7] === 0x68);
  const data = bytes.slice(start + 10, -2).map((byte) => (byte - 0x33) & 0xff);
  const di = hexOf(data.slice(0, 4));
  const part = (from: number, length: number): number[] => data.slice(from, from + length);
  const places: readonly (readonly [control: number, di: string | null, ...parts: readonly (readonly number[])[]])[] = [
    [
      0x14,
      null,
      ...({ 0x98: [part(12, data.length - 16), part(data.length - 4, 4)], 0x99: [part(data.length - 4, 4)] }[data[4]!] ?? [
        part(5, 3),
      ]),
    ],
    [0x1c, null, data[0] === 0x98 ? part(8, 20) : part(1, 3)],
    [0x03, "ff000007", part(8, 8)],
    [0x03, "ff020107", part(16, 4), part(26, 4)],
    [0x83, "ff028107", part(8, 4), part(16, 4)],
  ];
  const control = bytes[start + 8];
  return places
    .filter(([wanted, item]) => wanted === control && (item === null || item === di))
    .flatMap(([, , ...parts]) => parts)
    .filter((secret) => secret.length >= 3 && new Set(secret).size >= 3);
}
