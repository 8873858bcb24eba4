/**
 * How fast bytes become meaning. Beside every figure stands a loop written by hand for that one item, which returns the same
 * objects: it says what the tables cost. And the deframer, on a clean line, on noise, and on the worst noise there is.
 *
 * All in one process, without a wire: no meter will ever be asked this fast.
 */
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { seededChance } from "../../src/kernel/chance.ts";
import {
  Deframer,
  FRAME_BYTES_MAX,
  bytesOfHex,
  decodeFrame,
  encodeFrame,
  itemOf,
  readItem,
  requests,
} from "../../src/protocols/dlt645/index.ts";
import type { Field, Frame, Item, Member } from "../../src/protocols/dlt645/index.ts";
import { median, rounded, spread, type Bench, type Findings, type Table } from "./bench.ts";
import { blockByHand, exchangeByHand, valueByHand } from "./codec-by-hand.ts";

const ROUNDS = 9;
const ROUND_MS = 120;
/** Promised: at least half as fast as the loop by hand. */
const SHARE_MIN = 0.5;
const REPLIES_PER_SECOND_MIN = 1_000_000;
const BLOCKS_PER_SECOND_MIN = 300_000;
const MB_PER_SECOND_MIN = 60;
const NOISE_FACTOR_MAX = 3;
const CHUNK_BYTES = 64 * 1024;

/** A line's meters are asked in turn, as a poller does: one alone would flatter whatever the codec keeps of the last. */
const ADDRESSES: readonly string[] = Array.from({ length: 16 }, (_, i) => String(202611220001 + i));
const BALANCE_DI = "00900200";
const BLOCK_DI = "0001FF00";

/** Where results go, so that nothing is optimised away; looked at when the rounds are over. */
const kept: { last: unknown } = { last: undefined };

interface Contestant {
  readonly name: string;
  readonly run: () => unknown;
}

/** Turns of each contestant one after the other, round by round: the machine's moods hit all of them alike. */
function perSecond(contestants: readonly Contestant[]): readonly (readonly number[])[] {
  const results = contestants.map((): number[] => []);
  for (let round = -2; round < ROUNDS; round += 1) {
    for (const [i, contestant] of contestants.entries()) {
      const from = performance.now();
      let turns = 0;
      while (performance.now() - from < ROUND_MS) {
        for (let burst = 0; burst < 1_000; burst += 1) kept.last = contestant.run();
        turns += 1_000;
      }
      if (round >= 0) results[i]!.push((turns / (performance.now() - from)) * 1_000);
    }
  }
  return results;
}

function collector(): () => void {
  setFlagsFromString("--expose-gc");
  return runInNewContext("gc") as () => void;
}

/** Heap bytes that one run leaves behind, whether or not they are garbage by then. */
function bytesPerRun(run: () => unknown, collect: () => void): number {
  const rounds = Array.from({ length: 5 }, () => {
    collect();
    const before = process.memoryUsage();
    for (let turn = 0; turn < 2_000; turn += 1) kept.last = run();
    const after = process.memoryUsage();
    return (after.heapUsed + after.arrayBuffers - before.heapUsed - before.arrayBuffers) / 2_000;
  });
  return Math.round(median(rounds));
}

function members(request: Frame, reply: Uint8Array, item: Item): readonly Member[] {
  const decoded = decodeFrame(reply);
  if (!("frame" in decoded)) throw new Error(decoded.fault);
  const answer = readItem(request, decoded.frame, item);
  if (answer.is !== "values") throw new Error(`the reply is ${answer.is}`);
  return answer.members;
}

const itemNamed = (di: string): Item => itemOf(di) ?? raise(`no item ${di}`);
const raise = (why: string): never => {
  throw new Error(why);
};

interface Rate {
  readonly title: string;
  readonly ours: readonly number[];
  readonly byHand: readonly number[];
  readonly allocated: number;
}

/** One meter: what it answers, and the questions answered. */
interface Asked {
  readonly address: string;
  readonly reply: Uint8Array;
  readonly block: Uint8Array;
  readonly askedBalance: Frame;
  readonly askedBlock: Frame;
}

function measureValues(): { readonly exchange: Rate; readonly value: Rate; readonly block: Rate } {
  const balance = itemNamed(BALANCE_DI);
  const tariffs = itemNamed(BLOCK_DI);
  const [balanceField] = balance.shape.fields as [Field];
  const [tariffField] = tariffs.shape.fields as [Field];
  const asked: readonly Asked[] = ADDRESSES.map((address) => ({
    address,
    reply: replyFrame(address, BALANCE_DI, "45230000"),
    block: replyFrame(address, BLOCK_DI, "50200100 25100000 00400000 25500000 00200000"),
    askedBalance: requests.read(address, BALANCE_DI),
    askedBlock: requests.read(address, BLOCK_DI),
  }));
  const inTurn = (run: (of: Asked) => unknown): (() => unknown) => {
    let turn = 0;
    return () => run(asked[(turn = (turn + 1) % asked.length)]!);
  };
  const contestants: readonly Contestant[] = [
    {
      name: "exchange",
      run: inTurn(({ address, reply }) => {
        const request = requests.read(address, BALANCE_DI);
        kept.last = encodeFrame(request);
        return members(request, reply, balance);
      }),
    },
    { name: "exchange by hand", run: inTurn(({ address, reply }) => exchangeByHand(address, BALANCE_DI, reply, balanceField)) },
    { name: "value", run: inTurn(({ askedBalance, reply }) => members(askedBalance, reply, balance)) },
    { name: "value by hand", run: inTurn(({ address, reply }) => valueByHand(address, BALANCE_DI, reply, balanceField)) },
    { name: "block", run: inTurn(({ askedBlock, block }) => members(askedBlock, block, tariffs)) },
    {
      name: "block by hand",
      run: inTurn(({ address, block }) => blockByHand(address, BLOCK_DI, block, tariffNames, tariffField)),
    },
  ];
  for (const [ours, byHand] of [
    [0, 1],
    [2, 3],
    [4, 5],
  ] as const)
    agree(contestants[ours]!.run(), contestants[byHand]!.run());
  const rates = perSecond(contestants);
  const collect = collector();
  const rate = (title: string, at: number): Rate => ({
    title,
    ours: rates[at]!,
    byHand: rates[at + 1]!,
    allocated: bytesPerRun(() => contestants[at]!.run(), collect),
  });
  return {
    exchange: rate("encode a request, decode its reply", 0),
    value: rate("decode a reply", 2),
    block: rate("decode a reply with five values", 4),
  };
}

const tariffNames = itemNamed(BLOCK_DI)
  .shape.members(new Uint8Array(20))
  .map(({ name }) => name);

function replyFrame(address: string, di: string, wire: string): Uint8Array {
  const data = bytesOfHex(di).reverse();
  return encodeFrame({ address, control: 0x91, data: Uint8Array.of(...data, ...bytesOfHex(wire)) });
}

/** The two must return the same, or their race says nothing. */
function agree(ours: unknown, byHand: unknown): void {
  const text = (value: unknown): string =>
    JSON.stringify(value, (_, part: unknown) => (typeof part === "bigint" ? `${part}n` : part));
  if (text(ours) !== text(byHand)) throw new Error(`the loop by hand returns something else: ${text(byHand)}, not ${text(ours)}`);
}

interface Stream {
  readonly title: string;
  readonly chunk: Uint8Array;
  readonly rounds: number[];
}

function measureStreams(): readonly Stream[] {
  const frame = encodeFrame({ address: ADDRESSES[0]!, control: 0x91, data: new Uint8Array(12).fill(0x21) });
  const clean = Uint8Array.from({ length: CHUNK_BYTES }, (_, i) => frame[i % frame.length]!);
  const streams: readonly Stream[] = [
    { title: `frames of ${frame.length} bytes`, chunk: clean, rounds: [] },
    { title: "noise, any bytes", chunk: seededChance(645).bytes(CHUNK_BYTES), rounds: [] },
    { title: "noise, start bytes alone", chunk: new Uint8Array(CHUNK_BYTES).fill(0x68), rounds: [] },
  ];
  for (let round = -2; round < ROUNDS; round += 1) {
    for (const { chunk, rounds } of streams) {
      const deframer = new Deframer();
      const from = performance.now();
      let bytes = 0;
      while (performance.now() - from < ROUND_MS) {
        kept.last = deframer.push(chunk);
        bytes += chunk.length;
      }
      if (deframer.heldBytes >= FRAME_BYTES_MAX) throw new Error(`the deframer holds ${deframer.heldBytes} bytes`);
      if (round >= 0) rounds.push(bytes / 1_000 / (performance.now() - from));
    }
  }
  return streams;
}

const shareOf = ({ ours, byHand }: Rate): number => median(ours.map((each, i) => each / byHand[i]!));

export const codec: Bench = {
  title: "bytes become meaning: one core, no wire",
  run: () => Promise.resolve(measure()),
};

function measure(): Findings {
  const values = measureValues();
  const streams = measureStreams();
  const [clean, ...noises] = streams;
  const complaints: string[] = [];
  const atLeast = (what: string, measured: number, bound: number): void => {
    if (measured < bound) complaints.push(`${what}: ${rounded(measured, 3)}, promised ${bound}`);
  };
  atLeast("share of the loop by hand, request and reply", shareOf(values.exchange), SHARE_MIN);
  atLeast("replies per second", median(values.value.ours), REPLIES_PER_SECOND_MIN);
  atLeast("blocks of five per second", median(values.block.ours), BLOCKS_PER_SECOND_MIN);
  atLeast("deframer, clean, MB/s", median(clean!.rounds), MB_PER_SECOND_MIN);
  for (const { title, rounds } of noises) {
    const share = median(rounds.map((each, i) => each / clean!.rounds[i]!));
    atLeast(`deframer, ${title}, share of a clean line`, share, 1 / NOISE_FACTOR_MAX);
  }
  const rates = Object.values(values);
  return {
    tables: [valueTable(rates), streamTable(streams)],
    notes: [],
    complaints,
    figures: {
      values: Object.fromEntries(
        Object.entries(values).map(([name, rate]) => [
          name,
          {
            perSecond: Math.round(median(rate.ours)),
            byHandPerSecond: Math.round(median(rate.byHand)),
            share: rounded(shareOf(rate)),
            allocatedBytes: rate.allocated,
          },
        ]),
      ),
      deframerMbPerSecond: Object.fromEntries(streams.map(({ title, rounds }) => [title, rounded(median(rounds), 1)])),
    },
  };
}

const thousands = (values: readonly number[]): string =>
  `${spread(
    values.map((value) => value / 1_000),
    0,
  )} k`;

const valueTable = (rates: readonly Rate[]): Table => ({
  title: "Into named, exact values, per second",
  head: ["", "ours", "by hand", "share", "bytes allocated"],
  rows: rates.map((rate) => [
    rate.title,
    thousands(rate.ours),
    thousands(rate.byHand),
    shareOf(rate).toFixed(2),
    String(rate.allocated),
  ]),
});

const streamTable = (streams: readonly Stream[]): Table => ({
  title: "The deframer, views without copies",
  head: ["stream", "MB/s"],
  rows: streams.map(({ title, rounds }) => [title, spread(rounds, 0)]),
});
