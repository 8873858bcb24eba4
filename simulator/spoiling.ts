/**
 * What a fault does to the answer of one exchange: a table from kind to bytes. The cruellest is `lost-reply`: by the time
 * nothing is said, the meter has obeyed. What the meter does at all stands in `obeying.ts`; faults that are not here leave
 * the bytes alone.
 */
import type { Chance } from "../src/kernel/chance.ts";
import { asksForMore } from "./behaviours/control-block.ts";
import { joined } from "./bytes.ts";
import type { FaultKind, StandingFault } from "./faults.ts";
import { actsOn, aimsAt, setting } from "./faults.ts";
import { ordersOnly, withDataItem } from "./faults/sense.ts";
import type { Spoken } from "./spoken.ts";
import { spoken } from "./spoken.ts";
import type { Frame } from "./wire.ts";
import { dataItemOf, FunctionCode, writeFrame } from "./wire.ts";

export const nextAddress = (address: string): string =>
  ((BigInt(address) + 1n) % 1_000_000_000_000n).toString().padStart(12, "0");

/** What a fault may be aimed at. */
export const exchangeOf = ({ control, data }: Frame): { function: number; di: string | undefined } => ({
  function: control,
  di: withDataItem.includes(control) && data.length >= 4 ? dataItemOf(data) : undefined,
});

/** What the wires do to a request that nobody hears. */
const withoutHearer: readonly FaultKind[] = ["echo", "dead-line"];
/** What strikes a meter, or its wires, whether it answers or not. */
const withoutAnswer: readonly FaultKind[] = [
  ...withoutHearer,
  ...(["lost-request", "silence", "foreign-master", "count-jump", "expired-session", "clock-jump", "power-loss"] as const),
];
export const strikesUnanswered = (kind: FaultKind): boolean => withoutAnswer.includes(kind);

/** Who is there for a request: nobody, some that will not answer (a broadcast), or somebody who may. */
export type Reach = "nobody" | "listeners" | "answerer";

/** An exchange that cannot be spoiled uses nothing up: a scan past absent meters, a clock for everybody. */
export function fitsExchange(fault: StandingFault, request: Frame, reach: Reach = "answerer"): boolean {
  const { kind } = fault;
  if (actsOn(kind) !== "exchange" || !aimsAt(fault, exchangeOf(request)) || !canBeSaid(fault, request)) return false;
  if (reach === "nobody" && !withoutHearer.includes(kind)) return false;
  if (reach === "listeners" && !strikesUnanswered(kind)) return false;
  return !ordersOnly.includes(kind) || isOrder(request);
}

/** An error of two bytes is for answers that have two. */
const canBeSaid = ({ error = "" }: StandingFault, request: Frame): boolean =>
  request.control === FunctionCode.security || asksForMore(request) || Number.parseInt(error || "01", 16) <= 0xff;

function isOrder(request: Frame): boolean {
  const { function: code, di } = exchangeOf(request);
  return (
    code === FunctionCode.write ||
    code === FunctionCode.control ||
    (code === FunctionCode.security && di?.startsWith("0701") === true)
  );
}

export interface Around {
  readonly wakeUps: number;
  readonly chance: Chance;
  /** What this meter said the time before. */
  readonly previous: Uint8Array | undefined;
  /** The meter has wires of its own, and what it says travels in messages. */
  readonly isRadio: boolean;
}

/** The right bytes, and how they came about. */
interface Reply extends Around {
  readonly frame: Frame;
  readonly bytes: Uint8Array;
}
type Spoiler = (reply: Reply, fault: StandingFault) => Spoken[];

const nothing: Spoiler = () => [];
const said = (...bytes: Uint8Array[]): Spoken[] => bytes.map((each) => spoken(each));
/** The same answer with something else in the frame; the checksum fits. */
const rewritten =
  (change: (frame: Frame) => Partial<Frame>): Spoiler =>
  ({ frame, wakeUps }) =>
    said(writeFrame({ ...frame, ...change(frame) }, wakeUps));

/** Where the parts of a frame stand, behind the wake-up bytes. */
const SECOND_START = 7;
const LENGTH_BYTE = 9;
const DATA = 10;
const DATA_ITEM_BYTES = 4;
const WAKE_UPS_AT_LEAST = 4;

const sumOf = (bytes: Uint8Array): number => bytes.reduce((sum, byte) => (sum + byte) & 0xff, 0);

const wrongWindow: Spoiler = ({ frame, bytes, wakeUps }, fault) => {
  const window = setting(fault, "window");
  // Without wake-up bytes there would be nothing to sum wrongly.
  const fe = window === "with-wake-ups" ? Math.max(wakeUps, WAKE_UPS_AT_LEAST) : wakeUps;
  const whole = fe === wakeUps ? bytes : writeFrame(frame, fe);
  const body = whole.subarray(fe, whole.length - 2);
  const sum = {
    "from-second-68": sumOf(body.subarray(SECOND_START)),
    "without-address": sumOf(body) - sumOf(body.subarray(1, SECOND_START)),
    "with-wake-ups": sumOf(whole.subarray(0, whole.length - 2)),
  }[window];
  whole[whole.length - 2] = sum & 0xff;
  return said(whole);
};

function withFlips({ bytes, wakeUps, chance }: Reply, count: number): Uint8Array {
  let left: number[] = [];
  for (let i = 0; i < count; i += 1) {
    if (left.length === 0) left = Array.from({ length: bytes.length - wakeUps }, (_, at) => wakeUps + at);
    const [at] = left.splice(Math.floor(chance.next() * left.length), 1) as [number];
    bytes[at]! ^= 1 << Math.floor(chance.next() * 8);
  }
  return bytes;
}

/** One data bit goes up, its like in another byte goes down: the sum of a mod-256 checksum cannot tell. */
const unseen: Spoiler = ({ bytes, wakeUps, frame }) => {
  const first = wakeUps + DATA + (frame.data.length > DATA_ITEM_BYTES + 1 ? DATA_ITEM_BYTES : 0);
  const last = wakeUps + DATA + frame.data.length;
  for (let bit = 1; bit < 0x100; bit <<= 1) {
    const places = Array.from({ length: last - first }, (_, i) => first + i);
    const [high, low] = [places.find((at) => (bytes[at]! & bit) !== 0), places.find((at) => (bytes[at]! & bit) === 0)];
    if (high === undefined || low === undefined) continue;
    bytes[high]! ^= bit;
    bytes[low]! ^= bit;
    return said(bytes);
  }
  // All bytes are alike: the second turned bit is one of the checksum's.
  if (last > first) {
    const by = (bytes[first]! & 1) === 0 ? 1 : -1;
    bytes[first]! ^= 1;
    bytes[bytes.length - 2]! += by;
  }
  return said(bytes);
};

const inPieces: Spoiler = ({ bytes }, fault) => {
  const size = Math.max(1, Math.ceil(bytes.length / setting(fault, "pieces")));
  const afterMs = setting(fault, "gapMs");
  return Array.from({ length: Math.ceil(bytes.length / size) }, (_, i) =>
    spoken(bytes.slice(i * size, (i + 1) * size), { afterMs: i === 0 ? 0 : afterMs }),
  );
};

const noisy: Spoiler = ({ bytes, chance, wakeUps }, fault) => {
  const noise = chance.bytes(setting(fault, "bytes"));
  const middle = wakeUps + Math.floor((bytes.length - wakeUps) / 2);
  return said(
    {
      before: joined(noise, bytes),
      inside: joined(bytes.subarray(0, middle), noise, bytes.subarray(middle)),
      after: joined(bytes, noise),
    }[setting(fault, "where")],
  );
};

const spoilers: Readonly<Partial<Record<FaultKind, Spoiler>>> = {
  "lost-reply": nothing,
  "dropped-connection": nothing,
  "connection-reset": nothing,
  "bad-checksum": ({ bytes }) => {
    bytes[bytes.length - 2]! ^= 0x55;
    return said(bytes);
  },
  "wrong-checksum-window": wrongWindow,
  "wrong-length": ({ bytes, wakeUps }) => {
    bytes[wakeUps + LENGTH_BYTE]! += 1;
    bytes[bytes.length - 2]! += 1;
    return said(bytes);
  },
  "bit-flips": (reply, fault) => said(withFlips(reply, setting(fault, "bits"))),
  "unseen-corruption": unseen,
  "late-reply": ({ bytes }, fault) => [spoken(bytes, { lateMs: setting(fault, "delayMs") })],
  "duplicate-reply": ({ bytes }) => said(joined(bytes, bytes)),
  "unasked-reply": ({ bytes }, fault) => [spoken(bytes), spoken(bytes, { lateMs: setting(fault, "delayMs") })],
  "stale-reply": ({ bytes, previous }) => said(previous ?? bytes),
  "torn-reply": ({ bytes, wakeUps }, { bytes: count = Math.floor((bytes.length - wakeUps) / 2) }) =>
    said(bytes.slice(0, wakeUps + count)),
  "split-reply": inPieces,
  "wrong-address": rewritten(({ address }) => ({ address: nextAddress(address) })),
  "wrong-function": rewritten(({ control }) => {
    const other = (control & 0x1f) === FunctionCode.read ? FunctionCode.readOn : FunctionCode.read;
    return { control: (control & 0xe0) | other };
  }),
  "wrong-item": rewritten(({ data }) => ({
    data: data.length < DATA_ITEM_BYTES ? data : data.map((byte, i) => (i === 0 ? (byte + 1) & 0xff : byte)),
  })),
  noise: noisy,
  "idle-noise": ({ bytes, chance }, fault) => [
    spoken(bytes),
    spoken(chance.bytes(setting(fault, "bytes")), { lateMs: Math.max(1, setting(fault, "delayMs")) }),
  ],
  "stray-text": ({ bytes, isRadio }, fault) => {
    const text = new TextEncoder().encode(setting(fault, "text"));
    return isRadio ? said(text, bytes) : said(joined(text, bytes));
  },
};

/** What reaches the wires instead of the right answer. */
export function spoil(frame: Frame, fault: StandingFault | undefined, around: Around): Spoken[] {
  const bytes = writeFrame(frame, around.wakeUps);
  const spoiler = fault === undefined ? undefined : spoilers[fault.kind];
  return spoiler === undefined ? said(bytes) : spoiler({ ...around, frame, bytes }, fault!);
}
