/** What tells of two meters under one address, and what only looks like it: a table of second answers, and one of unreadable ones. */
import { expect, test } from "vitest";
import { CALM_MS, GARBLED_MIN, SECOND_VOICE_REST_MS, TOGETHER_MS, Twins, type AddressDoubt } from "../../src/devices/twins.ts";
import { Instant, minutes } from "../../src/kernel/clock.ts";
import type { Frame } from "../../src/protocols/dlt645/index.ts";
import { A, B, readReplyTo, readRequest } from "./far-meter.ts";

const WINDOW_MS = 2_500;
const NUMBER = "04000402";
const ENERGY = "00010000";
const VOLTAGE = "02010100";
const reply = (item: string, value: string, address = A): Frame => readReplyTo(readRequest(address, item), value);
const NOISE = new Uint8Array(20);

/** Moments are counted from the beginning; `took` ends its exchange as an answer does. */
function listening() {
  const twins = new Twins(WINDOW_MS);
  const told: string[] = [];
  const doubts: AddressDoubt[] = [];
  twins.onDoubt((address, doubt) => {
    told.push(`${address} ${doubt.is}`);
    doubts.push(doubt);
  });
  const at = (ms: number): Instant => Instant(1_000_000 + ms);
  const took = (ms: number, item: string, value: string, address = A): void => {
    twins.asked();
    twins.took(reply(item, value, address), at(ms));
    twins.ended(address, "answered", at(ms));
  };
  const stray = (ms: number, item: string, value: string, address = A): void => twins.stray(reply(item, value, address), at(ms));
  const silent = (ms: number, noise?: Uint8Array, address = A): void => {
    twins.asked();
    if (noise !== undefined) twins.noise(noise);
    twins.ended(address, "silent", at(ms));
  };
  const rest = (address: string, ms: number): number => twins.restMs(address, at(ms));
  return { told, doubts, took, stray, silent, rest };
}
type Ear = ReturnType<typeof listening>;

const N1 = "202611220001";
const N2 = "202611220002";

const twinsByTheirNumbers: [string, (ear: Ear) => void][] = [
  [
    "another meter number",
    ({ took, stray }) => {
      took(0, NUMBER, N1);
      stray(200, NUMBER, N2);
    },
  ],
  [
    "another customer number",
    ({ took, stray }) => {
      took(0, "0400040E", N1);
      stray(200, "0400040E", N2);
    },
  ],
  [
    "another number during the question that follows",
    ({ took, stray }) => {
      took(0, NUMBER, N1);
      took(100, "0400040E", N1);
      stray(200, NUMBER, N2);
    },
  ],
  [
    "another number a while after a silence",
    ({ silent, took, stray }) => {
      silent(0);
      took(5_000, NUMBER, N1);
      stray(5_100, NUMBER, N2);
    },
  ],
];
test.each(twinsByTheirNumbers)("%s is proof at once", (_, tell) => {
  const ear = listening();
  tell(ear);
  expect(ear.told).toEqual([`${A} shared`]);
});

test("the proof says what was asked and what both said", () => {
  const { doubts, took, stray } = listening();
  took(0, NUMBER, N1);
  stray(200, NUMBER, N2);
  expect(doubts).toEqual([{ is: "shared", item: NUMBER, said: [N1, N2] }]);
});

const apart = ({ took, stray }: Ear, ms: number, more = 0): void => {
  took(ms, ENERGY, String(32_100 + more).padStart(8, "0"));
  stray(ms + 200, ENERGY, String(900 + more).padStart(8, "0"));
};

test("a register that lies apart asks for the numbers, and is proof at the third time within an hour", () => {
  const ear = listening();
  for (let n = 0; n < 3; n += 1) apart(ear, n * minutes(15), n);
  expect(ear.told).toEqual([`${A} perhaps-shared`, `${A} perhaps-shared`, `${A} shared`]);
});

test("after the answers of an address in doubt the line rests for an hour, and after no other's", () => {
  const ear = listening();
  apart(ear, 0);
  expect(ear.rest(A, 0)).toBe(SECOND_VOICE_REST_MS);
  expect(ear.rest(B, 0)).toBe(0);
  expect(ear.rest(A, TOGETHER_MS + 201)).toBe(0);
});

test("where the question behind an answer is spoilt three times, of whomever, the line listens longer after that meter", () => {
  const { took, silent, rest } = listening();
  for (const [ms, asked] of [
    [0, A],
    [5_000, B],
    [10_000, A],
  ] as const) {
    expect(rest(A, ms)).toBe(0);
    took(ms, VOLTAGE, "2300");
    silent(ms + 250, NOISE, asked);
  }
  expect(rest(A, 11_000)).toBe(SECOND_VOICE_REST_MS);
  expect(rest(B, 11_000)).toBe(0);
});

test("one that is heard in between begins the count anew", () => {
  const { took, silent, rest } = listening();
  for (let n = 0; n < 12; n += 1) {
    took(n * 10_000, VOLTAGE, "2300");
    if (n % 3 === 2) took(n * 10_000 + 100, VOLTAGE, "2300", B);
    else silent(n * 10_000 + 250, NOISE);
  }
  expect(rest(A, 120_000)).toBe(0);
});

test("what is spoilt long after an answer, or behind another silence, is nobody's second voice", () => {
  const { took, silent, rest } = listening();
  for (let n = 0; n < 4; n += 1) {
    took(n * 10_000, VOLTAGE, "2300");
    silent(n * 10_000 + WINDOW_MS + 1, NOISE);
    silent(n * 10_000 + WINDOW_MS + 250, NOISE);
  }
  expect(rest(A, 50_000)).toBe(0);
});

test("a block is judged by its first register, and a midnight stands still", () => {
  for (const item of ["0001FF00", "00020000", "05060101"]) {
    const ear = listening();
    ear.took(0, item, "00032100");
    ear.stray(200, item, "00000900");
    expect(ear.told, item).toEqual([`${A} perhaps-shared`]);
  }
});

test("three times in a day are three times once", () => {
  const ear = listening();
  for (let n = 0; n < 3; n += 1) apart(ear, n * (TOGETHER_MS + 1), n);
  expect(ear.told).toEqual([`${A} perhaps-shared`, `${A} perhaps-shared`, `${A} perhaps-shared`]);
});

test("one answer has one second voice, however often it speaks", () => {
  const ear = listening();
  ear.took(0, ENERGY, "00032100");
  for (let n = 1; n < 8; n += 1) ear.stray(n * 100, ENERGY, `0000090${n}`);
  expect(ear.told).toEqual([`${A} perhaps-shared`]);
});

/** Each is played six times, a quarter of an hour apart for the meter and near enough to count together. */
const noTwins: [string, (ear: Ear, ms: number, n: number) => void][] = [
  [
    "a copy of the answer",
    ({ took, stray }, ms) => {
      took(ms, ENERGY, "00032100");
      stray(ms + 50, ENERGY, "00032100");
    },
  ],
  [
    "a copy of a number",
    ({ took, stray }, ms) => {
      took(ms, NUMBER, N1);
      stray(ms + 50, NUMBER, N1);
    },
  ],
  [
    "a question delivered twice by the broker: the register ticked in between",
    ({ took, stray }, ms, n) => {
      took(ms, ENERGY, `0003210${n}`);
      stray(ms + 900, ENERGY, `0003211${n}`);
    },
  ],
  [
    "a question delivered twice: voltage and current are never the same",
    ({ took, stray }, ms) => {
      took(ms, VOLTAGE, "00002201");
      stray(ms + 900, VOLTAGE, "00002407");
    },
  ],
  [
    "a neighbour's answer",
    ({ took, stray }, ms) => {
      took(ms, NUMBER, N1);
      stray(ms + 50, NUMBER, N2, B);
    },
  ],
  [
    "an answer to another question",
    ({ took, stray }, ms) => {
      took(ms, ENERGY, "00032100");
      stray(ms + 50, "00020000", "00000900");
    },
  ],
  [
    "another master's conversation, long after our own question",
    ({ took, stray }, ms) => {
      took(ms, ENERGY, "00032100");
      stray(ms + WINDOW_MS + 1, ENERGY, "00039900");
    },
  ],
  ["a number nobody asked for", ({ stray }, ms) => stray(ms, NUMBER, N2)],
  [
    "digits that are none",
    ({ took, stray }, ms) => {
      took(ms, ENERGY, "00032100");
      stray(ms + 50, ENERGY, "FFFFFFFF");
    },
  ],
  [
    "a clock that was set back",
    ({ took, stray }, ms) => {
      took(ms + 60_000, NUMBER, N1);
      stray(ms, NUMBER, N2);
    },
  ],
];
test.each(noTwins)("%s is no twin", (_, tell) => {
  const ear = listening();
  for (let n = 0; n < 6; n += 1) tell(ear, n * minutes(11), n);
  expect(ear.told).toEqual([]);
});

/** Each again six times: reasons to ask, and never proof. */
const onlyAsked: [string, (ear: Ear, ms: number, n: number) => void][] = [
  [
    "a stale copy: the answer of before, more than a kWh ago",
    ({ took, stray }, ms, n) => {
      took(ms, ENERGY, String(32_100 + 500 * n).padStart(8, "0"));
      if (n > 0) stray(ms + 50, ENERGY, String(32_100 + 500 * (n - 1)).padStart(8, "0"));
    },
  ],
  [
    "the late answer to a question that was met with silence, of long before",
    ({ silent, took, stray }, ms) => {
      silent(ms);
      took(ms + CALM_MS - 100, ENERGY, "00032100");
      stray(ms + CALM_MS - 50, ENERGY, "00030000");
    },
  ],
  [
    "the late answer of a meter that was taken down: another number right after a silence",
    ({ silent, took, stray }, ms) => {
      silent(ms);
      took(ms + 500, NUMBER, N1);
      stray(ms + 600, NUMBER, N2);
    },
  ],
];
test.each(onlyAsked)("%s asks for the numbers and proves nothing", (_, tell) => {
  const ear = listening();
  for (let n = 0; n < 6; n += 1) tell(ear, n * minutes(11), n);
  expect(new Set(ear.told)).toEqual(new Set([`${A} perhaps-shared`]));
});

test("an error frame and a short answer are no second voice", () => {
  const { told, took } = listening();
  const twins = new Twins(WINDOW_MS);
  twins.onDoubt((address) => told.push(address));
  twins.took(reply(NUMBER, N1), Instant(0));
  twins.stray({ address: A, control: 0xd1, data: Uint8Array.of(2) }, Instant(10));
  twins.stray({ address: A, control: 0x91, data: reply(NUMBER, N2).data.subarray(0, 6) }, Instant(20));
  took(0, NUMBER, N1);
  expect(told).toEqual([]);
});

/** Garbled so often in a row, the neighbour answering in between as often as said. */
const garble = (ear: Ear, times: number, answersBetween = 1, everyMs = minutes(1)): void => {
  for (let n = 0; n < times; n += 1) {
    ear.silent(n * everyMs, NOISE);
    for (let m = 1; m <= answersBetween; m += 1) ear.took(n * everyMs + m * 1_000, ENERGY, "00012345", B);
  }
};

test("answers nobody can read, while a neighbour is read in between, are told once for so many", () => {
  const ear = listening();
  garble(ear, GARBLED_MIN - 1);
  expect(ear.told).toEqual([]);
  ear.silent(minutes(GARBLED_MIN), NOISE);
  expect(ear.told).toEqual([`${A} garbled`]);
  expect(ear.doubts).toEqual([{ is: "garbled", times: GARBLED_MIN }]);
});

const noSuspicion: [string, (ear: Ear) => void][] = [
  ["where nobody else is read either", (ear) => garble(ear, 20, 0)],
  ["spread over a day", (ear) => garble(ear, 20, 1, minutes(20))],
  [
    "with an answer in between",
    (ear) => {
      for (let n = 0; n < 4; n += 1) {
        garble(ear, GARBLED_MIN - 1);
        ear.took(0, ENERGY, "00012345");
      }
    },
  ],
  [
    "with plain silence in between",
    (ear) => {
      for (let n = 0; n < 4; n += 1) {
        garble(ear, GARBLED_MIN - 1);
        ear.silent(0);
      }
    },
  ],
  [
    "where the neighbour's are garbled too",
    (ear) => {
      for (let n = 0; n < 20; n += 1) {
        ear.silent(n * 1_000, NOISE);
        ear.silent(n * 1_000, NOISE, B);
        ear.took(n * 1_000, ENERGY, "00012345", B);
      }
    },
  ],
  [
    "where a spike is all there is",
    (ear) => {
      for (let n = 0; n < 20; n += 1) {
        ear.silent(n, NOISE.subarray(0, 3));
        ear.took(n, ENERGY, "00012345", B);
      }
    },
  ],
];
test.each(noSuspicion)("garbled answers %s accuse nobody", (_, tell) => {
  const ear = listening();
  tell(ear);
  expect(ear.told).toEqual([]);
});
